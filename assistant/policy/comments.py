"""Comments and appeals on rules: a signed, redacted file from a user, counts for an issuer.

A file says which rules, of whose policy in which version, and the user's own words, dated
by the day. It is signed by the home's key of ``policy attest``: two files of one home can
be told to be of one home (so that nobody is counted twice), and an altered one is refused.
No name, path or host is in it; addresses and numbers within the words are redacted. Names
of people in running text are not recognised, so the user is shown what leaves. Nothing is
sent by the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from assistant.errors import BundleUnverified, UsageError
from assistant.policy.attest import read_signed, signed
from assistant.policy.comment import Day, RuleComment
from assistant.policy.loader import Places
from assistant.policy.storage import Disk

FORMAT: Final = "policy-comments/1"
MAX_FILE: Final = 4 * 1024 * 1024
MAX_COMMENTS: Final = 1_000
REDACTED: Final = "[redacted]"


class CommentFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The signed statement."""

    format: Literal["policy-comments/1"]
    written: Day
    comments: Annotated[tuple[RuleComment, ...], msgspec.Meta(max_length=MAX_COMMENTS)]


@dataclass(frozen=True, slots=True)
class RuleCount:
    """How often a rule was spoken of; ``homes`` is from how many different homes."""

    issuer: str
    rule: str
    comments: int
    appeals: int
    homes: int
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by rule, most spoken of first; ``refused`` are files and what was wrong."""

    homes: int
    rules: tuple[RuleCount, ...]
    refused: tuple[tuple[str, str], ...]
    superseded: int


_TRACES = re.compile(
    r"""[\w.+-]+@[\w-]+(?:\.[\w-]+)+            # e-mail
    |\b(?:https?|ftp)://\S+|\bwww\.\S+           # addresses
    |(?:/(?:home|Users|root)/|[A-Za-z]:\\Users\\)\S+   # folders with a name in them
    |\b[A-Z]{2}\d{2}(?:\ ?[A-Z0-9]{4}){3,8}\b    # IBAN
    |(?<!\w)@\w{2,}                              # handles
    |\b(?:\d{1,3}\.){3}\d{1,3}\b                 # IPv4
    |(?<![\w.])\+?\(?\d(?:[\ ().\-/]*\d){6,}     # telephone, card and account numbers
    """,
    re.VERBOSE,
)


def redacted(text: str) -> str:
    """The text without addresses, handles, folders and long numbers."""
    return _TRACES.sub(REDACTED, text)


def export_comments(places: Places, comments: Iterable[RuleComment], day: str, disk: Disk) -> bytes:
    """The signed file. Texts are redacted here, whatever the caller did.

    Raises:
        UsageError: no comments, or too many. StorageError: no key could be kept.
    """
    kept = [msgspec.structs.replace(one, text=redacted(one.text)) for one in comments]
    if not kept or len(kept) > MAX_COMMENTS:
        raise UsageError(f"There are {len(kept)} comments; a file holds 1 to {MAX_COMMENTS}.")
    file = msgspec.to_builtins(CommentFile(FORMAT, day, tuple(kept)))
    return signed(places, file, disk)


def read_comments(unverified_raw: bytes) -> tuple[str, CommentFile]:
    """The key id of a home and what it said, verified.

    Raises:
        BundleUnverified: altered, malformed, or too long.
    """
    keyid, statement = read_signed(unverified_raw, limit=MAX_FILE, what="file of comments")
    try:
        return keyid, msgspec.convert(statement, CommentFile)
    except msgspec.ValidationError as error:
        raise BundleUnverified("The file of comments is none of ours.") from error


def summarise(unverified_files: Iterable[tuple[str, bytes]]) -> Summary:
    """Counts by rule over many files; of several files of one home the latest counts."""
    latest: dict[str, CommentFile] = {}
    refused: list[tuple[str, str]] = []
    superseded = 0
    for name, raw in unverified_files:
        try:
            keyid, file = read_comments(raw)
        except BundleUnverified as error:
            refused.append((name, error.message))
            continue
        superseded += keyid in latest
        if keyid not in latest or file.written >= latest[keyid].written:
            latest[keyid] = file
    return Summary(len(latest), _counted(latest), tuple(refused), superseded)


def _counted(files: dict[str, CommentFile]) -> tuple[RuleCount, ...]:
    said: dict[tuple[str, str], list[tuple[str, RuleComment]]] = {}
    for keyid, file in files.items():
        for one in file.comments:
            said.setdefault((one.issuer, one.rule), []).append((keyid, one))
    counts = [
        RuleCount(
            issuer, rule,
            sum(one.kind == "comment" for _, one in found),
            sum(one.kind == "appeal" for _, one in found),
            len({keyid for keyid, _ in found}),
            tuple(one.text for _, one in found),
        )
        for (issuer, rule), found in said.items()
    ]  # fmt: skip
    return tuple(sorted(counts, key=lambda c: (-c.homes, -c.appeals, c.issuer, c.rule)))
