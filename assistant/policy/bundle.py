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
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from assistant.errors import BundleUnverified
from assistant.policy.model import Tier
from assistant.policy.root_chain import (
    MAX_ROOTS,
    Role,
    RootChain,
    authority_of,
    parse_metadata,
    verify_role,
)
from assistant.policy.sources import BUNDLE_NAME, MAX_BUNDLE, MAX_METADATA, MAX_TARGET, BundleSource
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
MAX_VERSION = 999_999_999
"""No role gets here by itself: one version a second takes thirty years."""


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


def _take(
    source: BundleSource, files: dict[str, bytes], name: str, role: type[Role], root: Root
) -> Metadata[Role]:
    raw = source.read(name, MAX_METADATA)
    if raw is None:
        raise BundleUnverified(f"The bundle has no {name}.")
    metadata = parse_metadata(raw, role)
    verify_role(root, role.type, metadata)
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
