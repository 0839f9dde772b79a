"""What was already accepted, so that nothing older is accepted again.

Floors lie in the policy home, outside the vault, because `policy sync` runs without a
passphrase; the vault keeps a second copy. The two are joined by taking, for every role,
the higher one, so removing either removes no protection the other still has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from assistant.errors import BundleRolledBack, PolicyInvalid, StorageError
from assistant.policy.bundle import VerifiedBundle
from assistant.policy.storage import Disk, read_limited, replace_files

FLOORS_FILE = "floors.json"
FLOORS_COPY = "floors.copy.json"
MAX_FLOORS = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, order=True)
class Floor:
    """The highest version seen of one thing, in the key epoch it was seen in."""

    epoch: int
    version: int
    digest: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An authority the user bound this home to."""

    tier: str
    issuer: str
    enrolled_at: datetime


@dataclass(frozen=True, slots=True)
class AuthorityFloors:
    """Floors of one authority by role name, with ``document`` beside the TUF roles."""

    roles: Mapping[str, Floor] = field(default_factory=dict)
    imported_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Floors:
    """Everything remembered between runs about policy.

    ``high_water`` is the latest time this home has believed; see ``clock.py``.
    """

    format: int = 1
    high_water: datetime | None = None
    authorities: Mapping[str, AuthorityFloors] = field(default_factory=dict)
    enrolled: Mapping[str, Enrolment] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The stored form: JSON with sorted keys."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=1)

    @classmethod
    def from_bytes(cls, unverified_raw: bytes) -> Floors:
        """Parse the stored form.

        Raises:
            PolicyInvalid: the bytes are not floors of a format this program knows.
        """
        try:
            found = msgspec.json.decode(unverified_raw, type=dict[str, Any])
            # Asked of the bytes, not of the default: an emptied record is a damaged one.
            if found.get("format") != 1:
                raise PolicyInvalid("The record of accepted policy is of an unknown format.")
            return msgspec.convert(found, cls)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise PolicyInvalid("The record of accepted policy is damaged.") from error

    def merged(self, other: Floors | None) -> Floors:
        """The higher of both for every role and for the high-water mark."""
        if other is None:
            return self
        names = {*self.authorities, *other.authorities}
        return replace(
            self,
            high_water=_later(self.high_water, other.high_water),
            authorities={name: _higher(self.of(name), other.of(name)) for name in names},
        )

    def of(self, authority: str) -> AuthorityFloors:
        """The floors of one authority; none at all for one never seen."""
        return self.authorities.get(authority, AuthorityFloors())

    def raised(self, bundle: VerifiedBundle, version: int, now: datetime | None) -> Floors:
        """Floors after ``bundle``, whose document has ``version``, was accepted at ``now``."""
        before = self.of(bundle.authority)
        roles = dict(before.roles)
        for name, floor in floors_of(bundle, version).items():
            roles[name] = max(floor, roles.get(name, floor))
        after = AuthorityFloors(roles, before.imported_at if now is None else now)
        return replace(self, authorities={**self.authorities, bundle.authority: after})

    def seen(self, moment: datetime) -> Floors:
        """Floors whose high-water mark is not before ``moment``."""
        return replace(self, high_water=_later(self.high_water, moment))


def floors_of(bundle: VerifiedBundle, document_version: int) -> dict[str, Floor]:
    """What accepting ``bundle`` would set as floors."""
    found = {
        name: Floor(facts.epoch, facts.version, facts.digest)
        for name, facts in bundle.roles.items()
    }
    digest = hashlib.sha256(bundle.document).hexdigest()
    found["document"] = Floor(bundle.document_epoch, document_version, digest)
    return found


def refuse_below(bundle: VerifiedBundle, document_version: int, floors: Floors) -> None:
    """Refuse a bundle older than one accepted before, or equal to it with other bytes.

    Raises:
        BundleRolledBack: names the role, so that an issuer can find the mistake.
    """
    known = floors.of(bundle.authority).roles
    for name, floor in floors_of(bundle, document_version).items():
        least = known.get(name)
        if least is None:
            continue
        if (floor.epoch, floor.version) < (least.epoch, least.version):
            raise BundleRolledBack(
                f"The {name} has version {floor.version}; {least.version} was accepted before."
            )
        if floor.version == least.version and floor.epoch == least.epoch:
            _refuse_other_bytes(name, floor, least)


def _refuse_other_bytes(name: str, floor: Floor, least: Floor) -> None:
    if floor.digest != least.digest:
        raise BundleRolledBack(
            f"The {name} has version {floor.version} like the accepted one, but other content."
        )


def read_floors(policy_home: Path) -> tuple[Floors, tuple[str, ...]]:
    """The stored floors and what is wrong with their storage; damage is never silent.

    The copy serves when the first is damaged or gone. With both damaged there is nothing
    to hold a bundle against, which only the vault's copy can mend.

    Raises:
        PolicyInvalid: both files are there and neither can be read.
    """
    found: list[Floors] = []
    damaged = 0
    for name in (FLOORS_FILE, FLOORS_COPY):
        try:
            raw = read_limited(policy_home / name, MAX_FLOORS)
            if raw is not None:
                found.append(Floors.from_bytes(raw))
        except (PolicyInvalid, StorageError):
            damaged += 1
    if damaged and not found:
        raise PolicyInvalid(
            "The record of accepted policy is damaged.",
            hint=f"Delete {FLOORS_FILE} and {FLOORS_COPY} and install every bundle again.",
        )
    if not found:
        return Floors(), ()
    alarms = ("The record of accepted policy was damaged; its copy is in use.",) if damaged else ()
    floors = found[0]
    for other in found[1:]:
        floors = floors.merged(other)
    return floors, alarms


def commit_floors(policy_home: Path, floors: Floors, disk: Disk) -> None:
    """Store the floors and their copy."""
    disk.make_folder(policy_home)
    replace_files(disk, floors_files(policy_home, floors))


def written_by_keeping(policy_home: Path) -> tuple[Path, Path]:
    """The files that storing floors changes, and nothing else."""
    return policy_home / FLOORS_FILE, policy_home / FLOORS_COPY


def floors_files(policy_home: Path, floors: Floors) -> list[tuple[Path, bytes]]:
    """What to write for these floors: the file before its copy."""
    raw = floors.to_bytes()
    return [(path, raw) for path in written_by_keeping(policy_home)]


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment is not None), default=None)


def _higher(one: AuthorityFloors, other: AuthorityFloors) -> AuthorityFloors:
    roles = dict(one.roles)
    for name, floor in other.roles.items():
        roles[name] = max(floor, roles.get(name, floor))
    return AuthorityFloors(roles, _later(one.imported_at, other.imported_at))
