"""The chain of roots: who an authority is, and whose keys count at the end of it.

The first root is trusted by its hash. Each later one is signed by a threshold of the one
before and of itself (TUF specification 1.0.31, section 5.3), and is held to a narrower
form: ed25519 keys only, no key counted twice, and the same claim of tier and issuer.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TypeVar

from assistant.errors import BundleUnverified, DocumentInvalid
from assistant.policy.model import Tier
from assistant.policy.sources import MAX_METADATA
from assistant.policy.strict_json import read_strict_json
from assistant.policy.tuf_edge import (
    Metadata,
    RepositoryError,
    Root,
    Snapshot,
    Targets,
    Timestamp,
)

AUTHORITY_FIELD = "x-policy-authority"
"""Where a root says, under its own signatures, for which tier and issuer it speaks."""
MAX_ROOTS = 256
_SIGNING_TIERS = (Tier.NATIONAL, Tier.ORGANISATION)
_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")

Role = TypeVar("Role", Root, Timestamp, Snapshot, Targets)


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


class RootChain:
    """Roots from the pinned first one upwards, each signed by the one before and itself."""

    def __init__(self, first: bytes) -> None:
        self.authority = authority_of(first)
        self.metadata = parse_metadata(first, Root)
        if self.root.version != 1:
            raise BundleUnverified("The first root of an authority has version 1.")
        verify_role(self.root, "root", self.metadata)
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
        verify_role(self.root, "root", newer)
        verify_role(newer.signed, "root", newer)
        if _claim(newer.signed) != (self.tier, self.issuer):
            raise BundleUnverified("A newer root claims another tier or issuer.")
        _check_keys(newer.signed)
        self.epochs.update(_replaced(self.root, newer.signed))
        self.metadata = newer


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


def verify_role(delegator: Root, role: str, metadata: Metadata[Role]) -> None:
    """Check that a threshold of the delegator's keys for ``role`` signed ``metadata``.

    Raises:
        BundleUnverified: fewer did, or the signatures are no signatures.
    """
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
