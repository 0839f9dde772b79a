"""Authoring a bundle: drafts that several people sign on several machines.

The unfinished directory travels from one signer to the next::

    roots/1.root.json …   the chain of roots; the last may lack signatures
    targets.json          the targets role of the current document; may lack signatures
    files/policy.json     the document, and any resource it needs beside it

A signature is added wherever the signer's key is asked for and nowhere else; what is
still missing is returned as data. Whether a document may be signed is decided before any
signature is made: it must parse, match its authority and pass its own tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assistant.errors import BundleUnverified, NoSuchItem, PolicyInvalid, UsageError
from assistant.policy.bundle import DOCUMENT_NAME
from assistant.policy.model import Tier
from assistant.policy.root_chain import (
    AUTHORITY_FIELD,
    MAX_ROOTS,
    Role,
    RootChain,
    authority_of,
    parse_metadata,
)
from assistant.policy.sources import MAX_METADATA, MAX_TARGET
from assistant.policy.storage import Disk, read_limited, replace_file
from assistant.policy.tuf_edge import (
    CryptoSigner,
    Key,
    Metadata,
    RepositoryError,
    Root,
    TargetFile,
    Targets,
)

PEOPLE_ROLES = ("root", "targets")
PUBLISHING_ROLES = ("snapshot", "timestamp")
_RESOURCE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long each role is valid; the author may set all (design.md section 5)."""

    root: timedelta = timedelta(days=5 * 365)
    targets: timedelta = timedelta(days=365)
    snapshot: timedelta = timedelta(days=30)
    timestamp: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Keyholders:
    """Who signs: people to a threshold, and one publishing key for freshness."""

    people: tuple[Key, ...]
    threshold: int
    publishing: Key


@dataclass(frozen=True, slots=True)
class Missing:
    """Signatures a role still needs: how many, and from which key ids they may come.

    ``before`` is set where those who held the keys until now have to sign the new list.
    """

    role: str
    version: int
    needed: int
    candidates: tuple[str, ...]
    before: bool = False


def begin_authority(
    work: Path,
    claim: tuple[Tier, str],
    holders: Keyholders,
    expires: datetime,
    disk: Disk,
) -> None:
    """Draft the first root for a tier and issuer. Its fingerprint is known once signed.

    Raises:
        UsageError: ``work`` has an authority already, or the threshold cannot be met.
    """
    if (work / "roots").exists():
        raise UsageError("That directory already holds an authority.")
    tier, issuer = claim
    root = Root(expires=_seconds(expires))
    root.unrecognized_fields[AUTHORITY_FIELD] = {"issuer": issuer, "tier": tier.value}
    _assign(root, holders)
    disk.make_folder(work / "roots")
    disk.make_folder(work / "files")
    replace_file(disk, work / "roots" / "1.root.json", Metadata(root).to_bytes())


def fingerprint(work: Path) -> str | None:
    """What users will type to enrol this authority; None until its first root is signed."""
    roots = read_roots(work)
    if len(roots) == 1 and _missing_root(roots):
        return None
    raw = read_limited(work / "roots" / "1.root.json", MAX_METADATA)
    return None if raw is None else authority_of(raw)


def _assign(root: Root, holders: Keyholders) -> None:
    if not 1 <= holders.threshold <= len(holders.people):
        raise UsageError("The threshold must lie between one and the number of people.")
    root.keys.clear()
    for role in (*PEOPLE_ROLES, *PUBLISHING_ROLES):
        root.roles[role].keyids.clear()
    for role in PEOPLE_ROLES:
        root.roles[role].threshold = holders.threshold
        for key in holders.people:
            root.add_key(key, role)
    for role in PUBLISHING_ROLES:
        root.roles[role].threshold = 1
        root.add_key(holders.publishing, role)


def draft_rotation(work: Path, holders: Keyholders, expires: datetime, disk: Disk) -> int:
    """Draft the next root with other keys; returns its version.

    It needs a threshold of the old keys and one of the new (specification 6.1), and the
    targets need the new people's signatures, so ``add_signatures`` asks for both.

    Raises:
        UsageError: the newest root still lacks signatures.
    """
    roots = read_roots(work)
    newest = roots[-1]
    if _missing_root(roots):
        raise UsageError("The newest root still lacks signatures; finish it first.")
    root = Root.from_dict(newest.signed.to_dict())
    root.version += 1
    root.expires = _seconds(expires)
    _assign(root, holders)
    disk.make_folder(work / "roots")
    replace_file(disk, work / "roots" / f"{root.version}.root.json", Metadata(root).to_bytes())
    return root.version


def draft_document(
    work: Path, raw: bytes, resources: Mapping[str, bytes], expires: datetime, disk: Disk
) -> int:
    """Put a document into the draft with a fresh targets role; returns its version.

    The caller has checked the document (``admission.check_for_signing``). The same files
    again keep the draft and its signatures, so that repeating a command is harmless.
    """
    files = {DOCUMENT_NAME: raw, **resources}
    check_names(files)
    entries = {name: TargetFile.from_data(name, data, ["sha256"]) for name, data in files.items()}
    before = read_targets(work)
    if before is not None and before.signed.targets == entries:
        return before.signed.version
    version = 1 if before is None else before.signed.version + 1
    targets = Targets(version=version, expires=_seconds(expires), targets=entries)
    disk.make_folder(work / "files")
    for name, data in files.items():
        replace_file(disk, work / "files" / name, data)
    replace_file(disk, work / "targets.json", Metadata(targets).to_bytes())
    return version


def check_names(files: Iterable[str]) -> None:
    """Raise UsageError unless every name is one a bundle can hold."""
    if any(not _RESOURCE.fullmatch(name) for name in files):
        raise UsageError("A resource's name is lower-case letters, digits, dots and dashes.")


def add_signatures(work: Path, signer: CryptoSigner, disk: Disk) -> tuple[str, ...]:
    """Sign, with one key, every role of the draft that asks for it.

    Returns the roles that were signed now. A root that is already complete is left as it
    is: its bytes may be an authority's fingerprint.

    Raises:
        UsageError: no role of this draft asks for that key.
    """
    roots = read_roots(work)
    newest, targets = roots[-1], read_targets(work)
    keyid = signer.public_key.keyid
    refuse_stranger(work, keyid)
    done: list[str] = []
    if keyid in _root_signers(roots) and _missing_root(roots) and keyid not in newest.signatures:
        newest.sign(signer, append=True)
        path = work / "roots" / f"{newest.signed.version}.root.json"
        replace_file(disk, path, newest.to_bytes())
        done.append("root")
    wanted = keyid in newest.signed.roles["targets"].keyids
    if targets is not None and wanted and keyid not in targets.signatures:
        targets.sign(signer, append=True)
        replace_file(disk, work / "targets.json", targets.to_bytes())
        done.append("targets")
    return tuple(done)


def refuse_stranger(work: Path, keyid: str) -> None:
    """Refuse a key that no role of the draft asks for, or asks for no longer.

    Raises:
        UsageError: it is such a key.
    """
    roots = read_roots(work)
    if keyid not in _root_signers(roots) | set(roots[-1].signed.roles["targets"].keyids):
        raise UsageError("Nothing in that directory asks for this key's signature.")


def missing_signatures(work: Path) -> tuple[Missing, ...]:
    """What still has to be signed before the draft can be published; empty when complete."""
    roots = read_roots(work)
    found = list(_missing_root(roots))
    targets = read_targets(work)
    if targets is not None:
        newest = roots[-1].signed
        found.extend(_missing(newest, "targets", targets))
    return tuple(found)


def _missing_root(roots: Sequence[Metadata[Root]]) -> tuple[Missing, ...]:
    newest = roots[-1]
    found = _missing(newest.signed, "root", newest)
    if len(roots) > 1:
        held = _missing(roots[-2].signed, "root", newest)
        found += tuple(replace(one, before=True) for one in held)
    return found


def _missing(delegator: Root, role: str, metadata: Metadata[Role]) -> tuple[Missing, ...]:
    result = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    if result.verified:
        return ()
    version = metadata.signed.version
    return (Missing(role, version, result.missing, tuple(sorted(result.unsigned))),)


def _root_signers(roots: Sequence[Metadata[Root]]) -> set[str]:
    signers = set(roots[-1].signed.roles["root"].keyids)
    # Those who were replaced are asked for one last time, until the new root is complete.
    if len(roots) > 1 and _missing_root(roots):
        signers |= set(roots[-2].signed.roles["root"].keyids)
    return signers


def read_roots(work: Path) -> list[Metadata[Root]]:
    """The draft's roots, oldest first; only the last may lack signatures.

    Raises:
        NoSuchItem: no authority in ``work``. BundleUnverified: the chain does not hold.
    """
    raws: list[bytes] = []
    for version in range(1, MAX_ROOTS + 1):
        raw = read_limited(work / "roots" / f"{version}.root.json", MAX_METADATA)
        if raw is None:
            break
        raws.append(raw)
    if not raws:
        raise NoSuchItem(
            "There is no authority in that directory.",
            hint="Begin one: `assistant policy sign` with --people, --threshold and --publishing.",
        )
    if len(raws) > 1:
        chain = RootChain(raws[0])
        for raw in raws[1:-1]:
            chain.extend(raw)
    return [parse_metadata(raw, Root) for raw in raws]


def read_targets(work: Path) -> Metadata[Targets] | None:
    """The draft's targets role, or None before a document was put in."""
    raw = read_limited(work / "targets.json", MAX_METADATA)
    return None if raw is None else parse_metadata(raw, Targets)


def read_file(work: Path, name: str, target: TargetFile) -> bytes:
    """A file of the draft, checked against its entry in the targets role.

    Raises:
        BundleUnverified: it changed since it was drafted. PolicyInvalid: it is gone.
    """
    raw = read_limited(work / "files" / name, MAX_TARGET)
    if raw is None:
        raise PolicyInvalid(f"The draft lacks its file {name}.", hint="Draft it again.")
    try:
        target.verify_length_and_hashes(raw)
    except RepositoryError as error:
        raise BundleUnverified(
            f"{name} changed since it was drafted.", hint="Draft it again and sign anew."
        ) from error
    return raw


def _seconds(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
