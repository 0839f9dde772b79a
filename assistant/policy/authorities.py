"""What a person does with authorities: look at one, enrol it, leave it, see their state.

Plain functions over plain values for the command line. `enrol` binds this home and says
so; `leave` undoes exactly that and nothing an administrator did.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from assistant.errors import (
    AssistantError,
    BundleUnverified,
    ConfirmationMissing,
    NoSuchItem,
    PolicyRefusal,
    UsageError,
)
from assistant.policy.admission import read_document
from assistant.policy.bundle import verify_bundle
from assistant.policy.document import PolicyDocument
from assistant.policy.document_tests import require_passing
from assistant.policy.floors import Enrolment, Floors, commit_floors, read_floors, refuse_below
from assistant.policy.loader import (
    AuthorityState,
    Freshness,
    Places,
    Survey,
    authority_state,
    freshness_of,
    survey,
)
from assistant.policy.model import Tier
from assistant.policy.root_chain import RootClaim, read_root_claim
from assistant.policy.roots import ManagedBy, Pin, read_system_authorities
from assistant.policy.shelf import folder_of, put_root
from assistant.policy.sources import MAX_METADATA, open_source
from assistant.policy.storage import Disk, exclusive, read_limited

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Checked:
    """What `policy verify` found in a bundle. ``pinned_by`` is None for an unknown authority,
    whose soundness is worth only as much as the fingerprint somebody compares."""

    claim: RootClaim
    pinned_by: ManagedBy | None
    version: int
    roles: Mapping[str, int]
    expires: datetime
    fresh_until: datetime
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Problem:
    """A pinned authority without usable policy: the chat is refused until it is mended."""

    tier: Tier
    issuer: str
    authority: str
    managed_by: ManagedBy
    error: AssistantError


@dataclass(frozen=True, slots=True)
class PolicyStatus:
    """Everything about policy on this machine, good or bad, without a passphrase."""

    authorities: tuple[AuthorityState, ...]
    problems: tuple[Problem, ...]
    alarms: tuple[str, ...]
    now: datetime
    documents: tuple[PolicyDocument, ...]


def read_root(path: Path) -> tuple[RootClaim, bytes]:
    """The claim and bytes of a first root: a file, or a bundle folder or zip that has one.

    Raises:
        NoSuchItem: nothing is there. BundleUnverified: it is not a sound first root.
    """
    try:
        packed = path.suffix == ".zip" or path.is_dir()
    except OSError as error:
        raise BundleUnverified("The root cannot be read.", hint="Check the path.") from error
    if packed:
        raw = open_source(path).read("1.root.json", MAX_METADATA)
    else:
        raw = read_limited(path.resolve(), MAX_METADATA)
    if raw is None:
        raise NoSuchItem("There is no root at that path.", hint="Check the path.")
    return read_root_claim(raw), raw


def enrol(places: Places, path: Path, fingerprint: str | None, now: datetime, disk: Disk) -> Pin:
    """Bind this home to the authority whose first root is at ``path``.

    ``fingerprint`` is what the user typed: the sha256 of the first root, from a source
    other than the one the root came from. Spaces, colons and capitals do not matter.
    From now on this home does not chat without a valid bundle of that authority.

    Raises:
        ConfirmationMissing: no fingerprint. UsageError: it is not one.
        BundleUnverified: the root is not sound, or another's fingerprint was typed.
    """
    claim, raw = read_root(path)
    if fingerprint is None:
        raise ConfirmationMissing("Enrolling needs the authority's fingerprint.")
    typed = re.sub(r"[\s:]", "", fingerprint).lower().removeprefix("sha256")
    if not _FINGERPRINT.fullmatch(typed):
        raise UsageError("A fingerprint is 64 hexadecimal digits.")
    if typed != claim.authority:
        raise BundleUnverified(
            "The fingerprint is not this root's.",
            hint="Compare it with what the organisation told you by another way.",
        )
    with exclusive(places.home, disk):
        floors, _ = read_floors(places.home)
        put_root(places.home, raw, disk)
        entry = Enrolment(claim.tier.value, claim.issuer, now)
        enrolled = {**floors.enrolled, claim.authority: floors.enrolled.get(claim.authority, entry)}
        commit_floors(places.home, replace(floors, enrolled=enrolled), disk)
    return Pin(claim.authority, claim.tier, claim.issuer, ManagedBy.ENROLLED)


def leave(places: Places, chosen: str, disk: Disk) -> Pin:
    """Undo an enrolment, named by authority id, the start of one, or the issuer.

    Floors stay: enrolling the same authority again cannot bring an older policy back.

    Raises:
        NoSuchItem: nothing enrolled has that name. PolicyRefusal: an administrator set it.
        UsageError: several have it.
    """
    with exclusive(places.home, disk):
        floors, _ = read_floors(places.home)
        authority = _chosen(places, floors, chosen)
        entry = floors.enrolled[authority]
        left = {name: one for name, one in floors.enrolled.items() if name != authority}
        commit_floors(places.home, replace(floors, enrolled=left), disk)
        _remove(places, authority)
    return Pin(authority, Tier(entry.tier), entry.issuer, ManagedBy.ENROLLED)


def _chosen(places: Places, floors: Floors, chosen: str) -> str:
    system = {entry.pin.authority: entry.pin for entry in read_system_authorities(places.system)}
    known = {name: entry.issuer for name, entry in floors.enrolled.items()}
    names = [name for name, issuer in known.items() if _means(chosen, name, issuer)]
    if any(_means(chosen, pin.authority, pin.issuer) for pin in system.values()):
        raise PolicyRefusal(
            "The administrator of this computer set that authority.",
            hint="Only they can remove it, from the system policy folder.",
        )
    if not names:
        raise NoSuchItem(
            "No authority of that name is enrolled in this home.",
            hint="`assistant policy status` names them.",
        )
    if len(names) > 1:
        raise UsageError("Several enrolled authorities fit; name one by its id.")
    return names[0]


def _means(chosen: str, authority: str, issuer: str) -> bool:
    return chosen == issuer or (len(chosen) >= 8 and authority.startswith(chosen.lower()))


def _remove(places: Places, authority: str) -> None:
    # After the floors: killed in between, only unused files are left behind.
    folder = folder_of(places.home, authority)
    for path in folder.glob("*"):
        path.unlink(missing_ok=True)
    if folder.is_dir():
        folder.rmdir()


def verify(places: Places, path: Path, now: datetime) -> Checked:
    """Verify the bundle at ``path`` and run its document's own tests.

    For a pinned authority it is held against pin and floors too. That it expired or went
    stale is told, not raised: the same bundle may be in force and keep restricting.

    Raises:
        NoSuchItem, PolicyInvalid and its kinds: it cannot be trusted, and why.
        PolicyTestsFailed: its examples give other decisions than it says.
    """
    source = open_source(path)
    first = source.read("1.root.json", MAX_METADATA)
    if first is None:
        raise BundleUnverified("There is no bundle at that path: it has no first root.")
    claim = read_root_claim(first)
    bundle = verify_bundle(source, claim.authority)
    document = read_document(bundle)
    require_passing(document)
    known = survey(places, now, None)
    found = known.of(claim.authority)
    if found is not None:
        refuse_below(bundle, document.version, known.floors)
    return Checked(
        claim=claim,
        pinned_by=None if found is None else found.pin.managed_by,
        version=document.version,
        roles={name: facts.version for name, facts in bundle.roles.items()},
        expires=min(document.expires, bundle.targets.expires, bundle.root.expires),
        fresh_until=min(bundle.snapshot.expires, bundle.timestamp.expires),
        freshness=freshness_of(bundle, document, known.time.moment),
    )


def status(places: Places, now: datetime, vault_floors: Floors | None) -> PolicyStatus:
    """The state of every authority. Needs no passphrase; with the vault's floors it sees more.

    Raises:
        PolicyInvalid: the baseline was altered or the records cannot be read at all.
    """
    known = survey(places, now, vault_floors)
    return PolicyStatus(
        authorities=tuple(_states(known)),
        problems=tuple(
            Problem(one.pin.tier, one.pin.issuer, one.pin.authority, one.pin.managed_by, error)
            for one in known.found
            if (error := one.problem) is not None
        ),
        alarms=known.alarms,
        now=known.time.moment,
        documents=known.documents(),
    )


def _states(known: Survey) -> list[AuthorityState]:
    found = [
        authority_state(one.pin, one.bundle, one.document, known, one.alarm)
        for one in known.found
        if one.bundle is not None and one.document is not None
    ]
    return sorted(found, key=lambda state: state.tier.rank)


def remember(places: Places, floors: Floors, disk: Disk) -> None:
    """Store the floors and high-water mark of a policy that came into force at start.

    The enrolments on disk stay as they are: another process may have changed them.

    Raises:
        StorageError: they could not be written; the vault's copy then serves alone.
    """
    with exclusive(places.home, disk):
        stored, _ = read_floors(places.home)
        merged = stored.merged(floors)
        if stored == Floors():
            merged = replace(merged, enrolled=floors.enrolled)
        if merged != stored:
            commit_floors(places.home, merged, disk)
