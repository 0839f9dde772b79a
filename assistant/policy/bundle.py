"""The trust core: bytes in, a verified bundle out, or an exception.

Everything a bundle claims is checked here offline, by ``tuf.api.metadata``: the chain
of roots from the pinned first one, the threshold of every role, versions, lengths and
hashes (TUF specification 1.0.31, sections 5.3 to 5.7). The clock plays no part: expiry
is returned as a fact, because an installation and a start judge it differently.

On top of TUF a policy bundle is held to a narrower form: ed25519 keys only, no key
counted twice, no delegations, plain target names, and the tier and issuer, which the
root's own keys have signed, never changing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from assistant.errors import BundleUnverified, DocumentInvalid
from assistant.policy.model import Tier
from assistant.policy.sources import BUNDLE_NAME, MAX_BUNDLE, MAX_METADATA, MAX_TARGET, BundleSource
from assistant.policy.strict_json import read_strict_json
from assistant.policy.tuf_edge import (
    Metadata,
    RepositoryError,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

DOCUMENT_NAME = "policy.json"
"""The target every bundle has: the policy document."""
AUTHORITY_FIELD = "x-policy-authority"
"""Where a root says, under its own signatures, for which tier and issuer it speaks."""
MAX_ROOTS = 256
MAX_VERSION = 999_999_999
"""No role gets here by itself: one version a second takes thirty years."""
_SIGNING_TIERS = (Tier.NATIONAL, Tier.ORGANISATION)
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")

Role = TypeVar("Role", Root, Timestamp, Snapshot, Targets)


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """What was verified about one role. ``digest`` is over the signed part.

    ``epoch`` is the root version at which so many of the role's keys were replaced that
    nothing signed before could still be valid: the only event after which a version may
    start again from a lower number (specification 5.3.11, recovery from fast-forward).
    """

    version: int
    digest: str
    expires: datetime
    epoch: int


@dataclass(frozen=True, slots=True)
class VerifiedBundle:
    """A bundle whose every byte that matters is covered by a threshold of signatures."""

    authority: str
    tier: Tier
    issuer: str
    root: RoleFacts
    timestamp: RoleFacts
    snapshot: RoleFacts
    targets: RoleFacts
    document: bytes
    document_epoch: int
    resources: Mapping[str, bytes]
    files: Mapping[str, bytes]

    @property
    def roles(self) -> Mapping[str, RoleFacts]:
        """The four roles by their TUF names."""
        return {
            "root": self.root,
            "timestamp": self.timestamp,
            "snapshot": self.snapshot,
            "targets": self.targets,
        }


@dataclass(frozen=True, slots=True)
class RootClaim:
    """What a first root says of itself; worth what the fingerprint is worth."""

    authority: str
    tier: Tier
    issuer: str


def authority_of(first_root: bytes) -> str:
    """The authority id: sha256 of the first root's bytes, as 64 hex digits."""
    return hashlib.sha256(first_root).hexdigest()


def read_root_claim(first_root: bytes) -> RootClaim:
    """Check that a root is a sound version 1, signed by itself, and read its claim.

    Raises:
        BundleUnverified: anything else. The caller still has to compare the fingerprint.
    """
    chain = RootChain(first_root)
    return RootClaim(chain.authority, chain.tier, chain.issuer)


def verify_bundle(source: BundleSource, authority: str) -> VerifiedBundle:
    """Verify everything under ``source`` against the pinned authority id.

    Raises:
        BundleUnverified: a signature, threshold, version, length, hash or form is wrong.
    """
    files: dict[str, bytes] = {}
    chain = _read_roots(source, authority, files)
    timestamp = _take(source, files, "timestamp.json", Timestamp, chain.root)
    meta = timestamp.signed.snapshot_meta
    snapshot = _take(source, files, f"{meta.version}.snapshot.json", Snapshot, chain.root)
    _must_match(meta.version, snapshot)
    _check_length_and_hashes(meta, files[f"{meta.version}.snapshot.json"])
    targets = _take_targets(source, files, snapshot, chain.root)
    contents = dict(_targets_of(source, files, targets))
    if DOCUMENT_NAME not in contents:
        raise BundleUnverified("The bundle holds no policy document.")
    epochs = chain.epochs
    return VerifiedBundle(
        authority=chain.authority,
        tier=chain.tier,
        issuer=chain.issuer,
        root=_facts(chain.metadata, 0),
        timestamp=_facts(timestamp, epochs["timestamp"]),
        snapshot=_facts(snapshot, epochs["snapshot"]),
        # Replaced snapshot keys free the versions the old snapshots listed.
        targets=_facts(targets, max(epochs["snapshot"], epochs["targets"])),
        document=contents.pop(DOCUMENT_NAME),
        document_epoch=epochs["targets"],
        resources=contents,
        files=files,
    )


class RootChain:
    """Roots from the pinned first one upwards, each signed by the one before and itself."""

    def __init__(self, first: bytes) -> None:
        self.authority = authority_of(first)
        self.metadata = parse_metadata(first, Root)
        if self.root.version != 1:
            raise BundleUnverified("The first root of an authority has version 1.")
        _verify(self.root, "root", self.metadata)
        self.tier, self.issuer = _claim(self.root)
        self.epochs = dict.fromkeys(("timestamp", "snapshot", "targets"), 0)
        _check_keys(self.root)

    @property
    def root(self) -> Root:
        """The newest root so far."""
        return self.metadata.signed

    def extend(self, raw: bytes) -> None:
        """Add the next root, or raise ``BundleUnverified`` and stay as before."""
        newer = parse_metadata(raw, Root)
        if newer.signed.version != self.root.version + 1:
            raise BundleUnverified("A root in the bundle has the wrong version.")
        _verify(self.root, "root", newer)
        _verify(newer.signed, "root", newer)
        if _claim(newer.signed) != (self.tier, self.issuer):
            raise BundleUnverified("A newer root claims another tier or issuer.")
        _check_keys(newer.signed)
        self.epochs.update(_replaced(self.root, newer.signed))
        self.metadata = newer


def _read_roots(source: BundleSource, authority: str, files: dict[str, bytes]) -> RootChain:
    first = source.read("1.root.json", MAX_METADATA)
    if first is None:
        raise BundleUnverified("The bundle has no first root.")
    if authority_of(first) != authority:
        raise BundleUnverified("The bundle belongs to another authority.")
    files["1.root.json"] = first
    chain = RootChain(first)
    for version in range(2, MAX_ROOTS + 2):
        raw = source.read(f"{version}.root.json", MAX_METADATA)
        if raw is None:
            return chain
        chain.extend(raw)
        files[f"{version}.root.json"] = raw
    raise BundleUnverified("The bundle has more roots than an authority can have.")


def _replaced(older: Root, newer: Root) -> dict[str, int]:
    """The roles for which too few old keys remain to reach the new threshold."""
    return {
        name: newer.version
        for name in ("timestamp", "snapshot", "targets")
        if len(_public(older, name) & _public(newer, name)) < newer.roles[name].threshold
    }


def _public(root: Root, role: str) -> set[str]:
    return {str(root.keys[keyid].keyval["public"]) for keyid in root.roles[role].keyids}


def _claim(root: Root) -> tuple[Tier, str]:
    claim = root.unrecognized_fields.get(AUTHORITY_FIELD)
    if not isinstance(claim, dict) or set(claim) != {"tier", "issuer"}:
        raise BundleUnverified("The root does not say for which tier and issuer it speaks.")
    tier, issuer = claim["tier"], claim["issuer"]
    if tier not in _SIGNING_TIERS or not isinstance(issuer, str) or not 0 < len(issuer) <= 200:
        raise BundleUnverified("The root names a tier or issuer that cannot be.")
    return Tier(tier), issuer


def _check_keys(root: Root) -> None:
    if root.consistent_snapshot is not True:
        raise BundleUnverified("The root does not use consistent snapshots.")
    for key in root.keys.values():
        public = key.keyval.get("public")
        if (key.keytype, key.scheme) != ("ed25519", "ed25519"):
            raise BundleUnverified("The root holds a key that is not ed25519.")
        if not isinstance(public, str) or not _PUBLIC_KEY.fullmatch(public):
            raise BundleUnverified("The root holds a key in the wrong form.")
    for name, role in root.roles.items():
        if any(keyid not in root.keys for keyid in role.keyids):
            raise BundleUnverified(f"The root names a {name} key it does not hold.")
        # One key under two ids would reach a threshold of two alone.
        if len(_public(root, name)) != len(role.keyids):
            raise BundleUnverified(f"The root counts one {name} key twice.")
        if len(role.keyids) < role.threshold:
            raise BundleUnverified(f"The root asks for more {name} keys than it has.")


def _take(
    source: BundleSource, files: dict[str, bytes], name: str, role: type[Role], root: Root
) -> Metadata[Role]:
    raw = source.read(name, MAX_METADATA)
    if raw is None:
        raise BundleUnverified(f"The bundle has no {name}.")
    metadata = parse_metadata(raw, role)
    _verify(root, role.type, metadata)
    files[name] = raw
    return metadata


def _take_targets(
    source: BundleSource, files: dict[str, bytes], snapshot: Metadata[Snapshot], root: Root
) -> Metadata[Targets]:
    if set(snapshot.signed.meta) != {"targets.json"}:
        raise BundleUnverified("The snapshot lists something that is not the targets.")
    meta = snapshot.signed.meta["targets.json"]
    name = f"{meta.version}.targets.json"
    targets = _take(source, files, name, Targets, root)
    _must_match(meta.version, targets)
    _check_length_and_hashes(meta, files[name])
    if targets.signed.delegations is not None:
        raise BundleUnverified("The targets delegate, which a policy bundle cannot.")
    return targets


def _targets_of(
    source: BundleSource, files: dict[str, bytes], targets: Metadata[Targets]
) -> Iterator[tuple[str, bytes]]:
    left = MAX_BUNDLE
    for name, target in targets.signed.targets.items():
        path = stored_target_name(name, target)
        raw = source.read(path, min(MAX_TARGET, left))
        if raw is None:
            raise BundleUnverified(f"The bundle lacks its file {name}.")
        _check_length_and_hashes(target, raw)
        left -= len(raw)
        files[path] = raw
        yield name, raw


def stored_target_name(name: str, target: TargetFile) -> str:
    """Where a target lies in a bundle: named by its hash, so that a cache may keep it.

    Raises:
        BundleUnverified: the name could leave the folder, or the hash is not sha256 alone.
    """
    path = f"targets/{target.hashes.get('sha256', '')}.{name}"
    if not BUNDLE_NAME.fullmatch(path) or set(target.hashes) != {"sha256"}:
        raise BundleUnverified("The targets list a file that no bundle can hold.")
    return path


def _must_match(version: int, metadata: Metadata[Role]) -> None:
    if metadata.signed.version != version:
        raise BundleUnverified("Two roles of the bundle do not belong together.")


def _check_length_and_hashes(meta: object, raw: bytes) -> None:
    try:
        meta.verify_length_and_hashes(raw)  # type: ignore[attr-defined]
    except RepositoryError as error:
        raise BundleUnverified("A file of the bundle is not the one that was signed.") from error


def _facts(metadata: Metadata[Role], epoch: int) -> RoleFacts:
    signed = metadata.signed
    if not isinstance(signed.version, int) or signed.version > MAX_VERSION:
        raise BundleUnverified("A role's version is higher than any real one.")
    return RoleFacts(signed.version, signed_digest(metadata), signed.expires, epoch)


def signed_digest(metadata: Metadata[Role]) -> str:
    """sha256 over the canonical form of what is signed: signatures may be added to it."""
    return hashlib.sha256(metadata.signed_bytes).hexdigest()


def _verify(delegator: Root, role: str, metadata: Metadata[Role]) -> None:
    try:
        delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError, TypeError, KeyError) as error:
        raise BundleUnverified(f"The {role} role lacks valid signatures.") from error


def parse_metadata(raw: bytes, role: type[Role]) -> Metadata[Role]:
    """Parse one metadata file strictly; its signatures are still unverified.

    Raises:
        BundleUnverified: not strict JSON, not TUF metadata, or another role.
    """
    try:
        # Two JSON readers of one signed file must never disagree.
        read_strict_json(raw, limit=MAX_METADATA)
        metadata = Metadata[role].from_bytes(raw)  # type: ignore[valid-type]
    except (RepositoryError, DocumentInvalid) as error:
        raise BundleUnverified(f"The {role.type} file is not TUF metadata.") from error
    if metadata.signed.type != role.type:
        raise BundleUnverified(f"The {role.type} file holds another role.")
    return metadata  # type: ignore[return-value]
