"""An organisation in memory: keys, roles and files, honest until a test makes it lie.

In the manner of python-tuf's repository simulator: every role is an object a test can
change, ``bundle()`` signs whatever is there, and nothing touches the disk until asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from assistant.policy.baseline import packaged_baseline
from assistant.policy.loader import Places
from assistant.policy.model import Tier
from assistant.policy.root_chain import AUTHORITY_FIELD, authority_of
from assistant.policy.sources import pack
from assistant.policy.tuf_edge import (
    CryptoSigner,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

NOW = datetime(2027, 3, 1, 12, 0, tzinfo=UTC)
ROLES = ("root", "targets", "snapshot", "timestamp")


def places(home: Path, system: Path | None = None) -> Places:
    """A home with the packaged baseline and, unless given, an empty system folder."""
    return Places(home, system or home.parent / "no-system-folder", packaged_baseline())


def document(version: int = 1, **changes: Any) -> dict[str, Any]:
    """A small valid tier-2 document; its rule's term names its version."""
    word = f"forbidden-{version}"
    return {
        "format": "bounds-policy/1",
        "id": "bank",
        "issuer": "Example Bank",
        "tier": "organisation",
        "version": version,
        "issued": "2027-01-01T00:00:00Z",
        "effective": "2027-01-01T00:00:00Z",
        "expires": "2028-01-01T00:00:00Z",
        "contact": "policy@bank.example",
        "appeal": "appeal@bank.example",
        "summary": "What an assistant may do in a bank.",
        "rules": [
            {
                "id": "word",
                "title": "A word",
                "reason": "It is forbidden here.",
                "where": ["input"],
                "match": {"terms": [word]},
                "effect": "block",
            }
        ],
        "tests": [
            {"text": f"say {word} now", "expect": "block", "rule": "word"},
            {"text": "good morning", "expect": "none"},
        ],
        **changes,
    }


def encoded(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode()


@dataclass
class Publisher:
    """One authority with its keys. Change a role, then call ``bundle``."""

    tier: Tier = Tier.ORGANISATION
    issuer: str = "Example Bank"
    threshold: int = 2
    now: datetime = NOW
    people: list[CryptoSigner] = field(default_factory=list)
    publishing: CryptoSigner = field(default_factory=CryptoSigner.generate_ed25519)

    def __post_init__(self) -> None:
        if not self.people:
            self.people = [CryptoSigner.generate_ed25519() for _ in range(3)]
        self.signers = {role: self._signers_of(role) for role in ROLES}
        self.root = Root(expires=self.now + timedelta(days=1825))
        self.root.unrecognized_fields[AUTHORITY_FIELD] = {
            "issuer": self.issuer,
            "tier": self.tier.value,
        }
        for role in ROLES:
            for signer in self.signers[role]:
                self.root.add_key(signer.public_key, role)
        for role in ("root", "targets"):
            self.root.roles[role].threshold = self.threshold
        self.targets = Targets(expires=self.now + timedelta(days=365))
        self.snapshot = Snapshot(expires=self.now + timedelta(days=30))
        self.timestamp = Timestamp(expires=self.now + timedelta(days=30))
        self.roots: list[bytes] = []
        self.contents: dict[str, bytes] = {}
        self.publish_root()
        self.put_document(encoded(document(1, issuer=self.issuer, tier=self.tier.value)))

    def _signers_of(self, role: str) -> list[CryptoSigner]:
        if role in ("root", "targets"):
            return self.people[: self.threshold]
        return [self.publishing]

    @property
    def authority(self) -> str:
        return authority_of(self.roots[0])

    def sign(self, role: str, signed: Any) -> bytes:
        metadata = Metadata(signed)
        for signer in self.signers[role]:
            metadata.sign(signer, append=True)
        return metadata.to_bytes()

    def publish_root(self) -> None:
        """Sign the root as it is and add it to the chain."""
        self.roots.append(self.sign("root", self.root))

    def next_root(self) -> None:
        """Publish the changed root under the next version."""
        self.root.version += 1
        self.publish_root()

    def rotate(self, role: str, new: Sequence[CryptoSigner]) -> None:
        """Replace a role's keys in the root; publish it with ``next_root``."""
        for keyid in list(self.root.roles[role].keyids):
            self.root.revoke_key(keyid, role)
        for signer in new:
            self.root.add_key(signer.public_key, role)
        if role != "root":
            self.signers[role] = list(new)

    def put_document(self, raw: bytes, name: str = "policy.json") -> None:
        self.contents[name] = raw
        self.targets.targets[name] = TargetFile.from_data(name, raw, ["sha256"])

    def update(self, version: int, **changes: Any) -> None:
        """A newer document under newer roles, all in order."""
        base = document(version, issuer=self.issuer, tier=self.tier.value)
        self.put_document(encoded({**base, **changes}))
        self.bump("targets", "snapshot", "timestamp")

    def bump(self, *roles: str) -> None:
        for role in roles:
            getattr(self, role).version += 1

    def bundle(self) -> dict[str, bytes]:
        """Every file of the bundle, consistently signed as the roles stand now."""
        files = {f"{number}.root.json": raw for number, raw in enumerate(self.roots, 1)}
        targets = self.sign("targets", self.targets)
        self.snapshot.meta = {
            "targets.json": MetaFile.from_data(self.targets.version, targets, ["sha256"])
        }
        snapshot = self.sign("snapshot", self.snapshot)
        self.timestamp.snapshot_meta = MetaFile.from_data(
            self.snapshot.version, snapshot, ["sha256"]
        )
        files[f"{self.targets.version}.targets.json"] = targets
        files[f"{self.snapshot.version}.snapshot.json"] = snapshot
        files["timestamp.json"] = self.sign("timestamp", self.timestamp)
        for name, target in self.targets.targets.items():
            files[f"targets/{target.hashes['sha256']}.{name}"] = self.contents[name]
        return files


def write_folder(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Lay a bundle out as a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def write_zip(path: Path, files: Mapping[str, bytes]) -> Path:
    """Put a bundle into one file."""
    path.write_bytes(pack(files))
    return path


def changed_json(raw: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    """The same JSON after ``change`` edited it in place, signatures left as they were."""
    value = json.loads(raw)
    change(value)
    return json.dumps(value).encode()
