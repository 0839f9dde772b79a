"""What an author does, one call for each command: `policy sign` and `policy publish`.

Files and keys in, facts for the terminal out. Every signer's machine judges the document
again before its key is used, so nobody signs what only a colleague has tested.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from assistant.errors import BundleUnverified, NoSuchItem, PolicyRefusal, UsageError
from assistant.policy.adapters import beside, required_adapters
from assistant.policy.admission import check_for_signing
from assistant.policy.bundle import DOCUMENT_NAME
from assistant.policy.document import MAX_BYTES, PolicyDocument
from assistant.policy.keys import load_public, load_signer
from assistant.policy.meaning import MeaningScorer
from assistant.policy.model import Tier
from assistant.policy.publishing import Published, publish, renew
from assistant.policy.root_chain import AUTHORITY_FIELD
from assistant.policy.signing import (
    Keyholders,
    Lifetimes,
    Missing,
    add_signatures,
    begin_authority,
    check_names,
    draft_document,
    draft_rotation,
    fingerprint,
    missing_signatures,
    read_file,
    read_roots,
    read_targets,
    refuse_stranger,
)
from assistant.policy.sources import MAX_TARGET
from assistant.policy.storage import Disk, read_limited


@dataclass(frozen=True, slots=True)
class SignOrder:
    """What `policy sign` was asked to put into the draft before signing; all optional.

    ``people``, ``threshold`` and ``publishing`` begin an authority, or with ``rotate``
    replace its keys. The first document decides the authority's tier and issuer.
    """

    document: Path | None = None
    resources: tuple[Path, ...] = ()
    people: tuple[Path, ...] = ()
    threshold: int = 0
    publishing: Path | None = None
    rotate: bool = False
    lifetimes: Lifetimes = field(default_factory=Lifetimes)


@dataclass(frozen=True, slots=True)
class SignOutcome:
    """What was signed with this key, what is still missing, and the fingerprint once known."""

    signed: tuple[str, ...]
    missing: tuple[Missing, ...]
    fingerprint: str | None
    document_version: int | None


def sign_draft(
    work: Path,
    order: SignOrder,
    key: Path,
    passphrase: bytes | None,
    now: datetime,
    disk: Disk,
    scorer: MeaningScorer | None = None,
) -> SignOutcome:
    """Carry out an order in the unfinished directory and add this key's signatures.

    With a ``scorer`` the examples of rules by meaning are judged too.

    Raises:
        PolicyTestsFailed, DocumentInvalid, PolicyConflict: the document may not be signed.
        PolicyRefusal: its version is not above the draft's last. UsageError: the order
        contradicts itself or the directory. PolicyInvalid: the key cannot be used.
    """
    signer = load_signer(key, passphrase)
    keyid = signer.public_key.keyid
    raw = None if order.document is None else _read(order.document, MAX_BYTES)
    document = None if raw is None else check_for_signing(raw, scorer)
    # Whatever can be refused is refused before the first write, so that a failed command
    # leaves the draft as it was and can be repeated.
    resources = {} if document is None else _resources(order, document)
    if raw is not None and document is not None and (work / "roots").exists():
        _must_follow(work, raw, document)
    _keys_into_draft(work, order, document, keyid, now, disk)
    refuse_stranger(work, keyid)
    if raw is not None:
        draft_document(work, raw, resources, now + order.lifetimes.targets, disk)
    judged = _judge_draft(work, scorer)
    signed = add_signatures(work, signer, disk)
    version = None if judged is None else judged.version
    return SignOutcome(signed, missing_signatures(work), fingerprint(work), version)


def _keys_into_draft(
    work: Path,
    order: SignOrder,
    document: PolicyDocument | None,
    keyid: str,
    now: datetime,
    disk: Disk,
) -> None:
    if order.publishing is None:
        if order.people or order.rotate:
            raise UsageError("Name every person's key and the publishing key.")
        return
    people = tuple(load_public(path) for path in order.people)
    holders = Keyholders(people, order.threshold, load_public(order.publishing))
    expires = now + order.lifetimes.root
    if order.rotate:
        if keyid not in {person.keyid for person in people}:
            refuse_stranger(work, keyid)
        draft_rotation(work, holders, expires, disk)
        return
    if document is None:
        raise UsageError("A new authority begins with its document.")
    if keyid not in {person.keyid for person in people}:
        raise UsageError("Whoever begins an authority is one of its people.")
    begin_authority(work, (document.authority_tier, document.issuer), holders, expires, disk)


def _must_follow(work: Path, raw: bytes, document: PolicyDocument) -> None:
    """Refuse a document that is not this authority's, or no newer than the draft's other one."""
    _must_speak_for(work, document)
    before = _draft_document(work)
    if before is not None and before != raw:
        least = PolicyDocument.from_bytes(before).version
        if document.version <= least:
            # Machines that have the last one refuse the same version with other bytes.
            raise PolicyRefusal(
                f"The draft's document has version {least}; a changed one needs a higher number.",
                hint="Raise the document's version.",
            )


def _resources(order: SignOrder, document: PolicyDocument) -> dict[str, bytes]:
    """The files that travel with the document, all there that it names."""
    found = {path.name: _read(path, MAX_TARGET) for path in order.resources}
    if order.document is not None:
        found = {**beside(document, order.document.resolve().parent), **found}
    check_names(found)
    required_adapters(document, found)
    return found


def _judge_draft(work: Path, scorer: MeaningScorer | None) -> PolicyDocument | None:
    raw = _draft_document(work)
    if raw is None:
        return None
    document = check_for_signing(raw, scorer)
    required_adapters(document, _draft_resources(work))
    _must_speak_for(work, document)
    return document


def _must_speak_for(work: Path, document: PolicyDocument) -> None:
    claim = read_roots(work)[0].signed.unrecognized_fields[AUTHORITY_FIELD]
    if (document.authority_tier, document.issuer) != (Tier(claim["tier"]), claim["issuer"]):
        raise BundleUnverified(
            "The document's tier or issuer is not this authority's.",
            hint="Another tier or issuer is another authority, with its own directory and keys.",
        )


def _draft_document(work: Path) -> bytes | None:
    targets = read_targets(work)
    if targets is None:
        return None
    return read_file(work, DOCUMENT_NAME, targets.signed.targets[DOCUMENT_NAME])


def _draft_resources(work: Path) -> dict[str, bytes]:
    targets = read_targets(work)
    entries = {} if targets is None else targets.signed.targets
    return {
        name: read_file(work, name, entry)
        for name, entry in entries.items()
        if name != DOCUMENT_NAME
    }


def publish_draft(
    work: Path,
    folder: Path,
    key: Path,
    passphrase: bytes | None,
    now: datetime,
    disk: Disk,
    lifetimes: Lifetimes,
) -> Published:
    """`policy publish WORK FOLDER --key FILE`: see ``publishing.publish``."""
    return publish(work, folder, load_signer(key, passphrase), now, disk, lifetimes)


def renew_published(
    folder: Path,
    key: Path,
    passphrase: bytes | None,
    now: datetime,
    disk: Disk,
    lifetimes: Lifetimes,
) -> Published:
    """`policy publish --renew FOLDER --key FILE`: see ``publishing.renew``."""
    return renew(folder, load_signer(key, passphrase), now, disk, lifetimes)


def _read(path: Path, limit: int) -> bytes:
    raw = read_limited(path.resolve(), limit)
    if raw is None:
        raise NoSuchItem("There is no file at that path.", hint="Check the path.")
    return raw
