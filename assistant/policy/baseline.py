"""The packaged tier-1 baseline: trusted because it is part of the program.

Its digest is a constant here, so it cannot be exchanged without changing code. Both
constants are written by ``scripts/baseline``, which also builds the files and throws the
signing keys away: nobody can sign a successor, a newer program brings a newer baseline.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from assistant.errors import PolicyInvalid
from assistant.policy.bundle import VerifiedBundle, verify_bundle
from assistant.policy.sources import MAX_BUNDLE, MemorySource

BASELINE_AUTHORITY = "df2dc175e1601a824e2e056cd61d3ac8bba3dadc80ce23466605b47bc36f2052"
BASELINE_DIGEST = "e009633aca8a12066dc3e85f958c9bcdacc7c4f74a12543eaf3248a03ece0656"
_MAX_FILES = 64


def packaged_baseline() -> Traversable:
    """The folder inside the installed package."""
    return files("assistant.policy") / "baseline"


def verify_baseline(folder: Traversable) -> VerifiedBundle:
    """Compare the baseline with the constant, then verify it like any other bundle.

    Raises:
        PolicyInvalid: a file was altered, added or removed. The program refuses to chat.
    """
    try:
        found = dict(_read(folder, "", MAX_BUNDLE))
    except OSError as error:
        raise _altered() from error
    if digest_of(found) != BASELINE_DIGEST:
        raise _altered()
    return verify_bundle(MemorySource(found), BASELINE_AUTHORITY)


def digest_of(found: Mapping[str, bytes]) -> str:
    """sha256 over every file's name, length and content, in the order of names."""
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{len(name)}:{name}:{len(found[name])}:".encode())
        digest.update(found[name])
    return digest.hexdigest()


def _read(folder: Traversable, prefix: str, left: int) -> Iterator[tuple[str, bytes]]:
    for count, entry in enumerate(sorted(folder.iterdir(), key=lambda entry: entry.name)):
        if count >= _MAX_FILES or left < 0:
            raise _altered()
        if entry.is_dir():
            yield from _read(entry, f"{prefix}{entry.name}/", left)
            continue
        with entry.open("rb") as file:
            content = file.read(left + 1)
        left -= len(content)
        yield f"{prefix}{entry.name}", content


def _altered() -> PolicyInvalid:
    return PolicyInvalid(
        "The policy that came with this program was altered.",
        hint="Install the program again from its source.",
    )
