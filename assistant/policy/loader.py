"""The one way policy comes into force, for every face, the tests and export.

At every start everything stored is verified again, offline. What is pinned but cannot be
verified is an alarm while a good copy of the same policy is there, and otherwise an error
that stops the chat: never "no policy". Expired policy keeps restricting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path

from assistant.errors import (
    AssistantError,
    BundleUnverified,
    PolicyError,
    PolicyInvalid,
    PolicyMissing,
)
from assistant.policy.admission import read_document
from assistant.policy.baseline import verify_baseline
from assistant.policy.bundle import VerifiedBundle, verify_bundle
from assistant.policy.clock import TrustedTime, trusted_now
from assistant.policy.document import PolicyDocument
from assistant.policy.effective import EffectivePolicy, Wishes
from assistant.policy.floors import FLOORS_FILE, Floors, read_floors, refuse_below
from assistant.policy.model import Tier
from assistant.policy.resolver import resolve
from assistant.policy.roots import (
    ManagedBy,
    Pin,
    SystemAuthority,
    all_pins,
    read_system_authorities,
    writable_by_others,
)
from assistant.policy.shelf import BUNDLE_COPY, BUNDLE_FILE, Kept, read_kept
from assistant.policy.sources import open_source


@dataclass(frozen=True, slots=True)
class Places:
    """Where policy lies. app.py passes the constants; nothing else chooses them."""

    home: Path
    system: Path
    baseline: Traversable


class Freshness(StrEnum):
    """``fresh``: synced or issued lately. ``stale``: the publisher's freshness ran out.
    ``expired``: the policy itself is past its date; it keeps restricting all the same."""

    FRESH = "fresh"
    STALE = "stale"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Found:
    """One pinned authority with what was found for it: a bundle, or a problem."""

    pin: Pin
    bundle: VerifiedBundle | None
    document: PolicyDocument | None
    problem: PolicyError | None
    alarm: str


@dataclass(frozen=True, slots=True)
class AuthorityState:
    """One authority in force, as `policy status` shows it. Times are UTC."""

    tier: Tier
    issuer: str
    version: int
    authority: str
    expires: datetime
    fresh_until: datetime
    freshness: Freshness
    last_import: datetime | None
    managed_by: ManagedBy
    alarm: str


@dataclass(frozen=True, slots=True)
class PolicyState:
    """Verified policy in force: documents in tier order, and everything to say about them.

    ``floors`` already include what is in force now; the caller stores them (``remember``)
    and gives the vault its copy. ``now`` is the trusted time.
    """

    documents: tuple[PolicyDocument, ...]
    resources: tuple[Mapping[str, bytes], ...]
    authorities: tuple[AuthorityState, ...]
    alarms: tuple[str, ...]
    floors: Floors
    now: datetime

    def effective(self, wishes: Wishes) -> EffectivePolicy:
        """The effective policy for what the user wishes.

        Raises:
            PolicyConflict: two tiers leave no allowed value for a bound.
        """
        return resolve(self.documents, wishes)


@dataclass(frozen=True, slots=True)
class Survey:
    """Everything there is, good or bad; `policy status` can show it even when it is bad."""

    found: tuple[Found, ...]
    floors: Floors
    time: TrustedTime
    alarms: tuple[str, ...]
    system: tuple[SystemAuthority, ...] = field(default=())

    def of(self, authority: str) -> Found | None:
        """What was found for one authority id; None when nothing pins it."""
        return next((one for one in self.found if one.pin.authority == authority), None)

    def documents(self, *, without: str = "") -> tuple[PolicyDocument, ...]:
        """The documents in force, highest tier first, leaving one authority out."""
        documents = [
            one.document
            for one in self.found
            if one.document is not None and one.pin.authority != without
        ]
        return tuple(sorted(documents, key=lambda document: document.authority_tier.rank))


def load_policy(
    policy_home: Path,
    system_folder: Path,
    baseline: Traversable,
    now: datetime,
    vault_floors: Floors | None,
) -> PolicyState:
    """Verify everything stored and return the policy in force; reads only.

    Raises:
        PolicyMissing: an authority is pinned and has no bundle. PolicyInvalid: it has one
        that does not verify, was rolled back or is not its own; or the baseline was
        altered. PolicyConflict: the tiers leave no allowed value. All exit 4.
    """
    found = survey(Places(policy_home, system_folder, baseline), now, vault_floors)
    for one in found.found:
        if one.problem is not None:
            raise one.problem
    state = _state_of(found)
    resolve(state.documents, Wishes())
    return state


def survey(places: Places, now: datetime, vault_floors: Floors | None) -> Survey:
    """Verify everything stored and report each authority's state without raising for it.

    Raises:
        PolicyInvalid: the baseline was altered, the system folder or both records of
        accepted policy cannot be read; without these nothing else can be judged.
    """
    base = _found_baseline(places.baseline)
    floors, alarms = _floors(places.home, vault_floors)
    system = read_system_authorities(places.system)
    if writable_by_others(places.system):
        alarms += ("The system policy folder can be changed by others than its owner.",)
    found = [base, *(_found(places, pin, system, floors) for pin in all_pins(system, floors))]
    time = trusted_now(now, floors.high_water, _issue_dates(found))
    if time.alarm:
        alarms += (time.alarm,)
    for one in found[1:]:
        if one.bundle is not None and one.document is not None:
            floors = floors.raised(one.bundle, one.document.version, None)
    return Survey(tuple(found), floors.seen(time.moment), time, alarms, system)


def _issue_dates(found: Iterable[Found]) -> Iterator[datetime]:
    for one in found:
        if one.document is not None:
            yield one.document.issued


def _found_baseline(folder: Traversable) -> Found:
    bundle = verify_baseline(folder)
    pin = Pin(bundle.authority, bundle.tier, bundle.issuer, ManagedBy.PACKAGE)
    return Found(pin, bundle, read_document(bundle), None, "")


def _floors(policy_home: Path, vault_floors: Floors | None) -> tuple[Floors, tuple[str, ...]]:
    floors, alarms = read_floors(policy_home)
    if vault_floors is None:
        return floors, alarms
    if floors == Floors() and vault_floors != Floors():
        lost = f"The record of accepted policy ({FLOORS_FILE}) is gone; the vault's copy is used."
        return vault_floors, (*alarms, lost)
    return floors.merged(vault_floors), alarms


def _found(places: Places, pin: Pin, system: Iterable[SystemAuthority], floors: Floors) -> Found:
    """The highest verified bundle of one authority that is not below its floors."""
    candidates = [*_from_system(pin, system), *read_kept(places.home, pin.authority)]
    good: list[tuple[VerifiedBundle, PolicyDocument]] = []
    problems: list[PolicyError] = []
    for candidate in candidates:
        try:
            good.append(_admitted(candidate, pin, floors))
        except PolicyError as error:
            problems.append(error)
    if not good:
        return Found(pin, None, None, _worst(pin, problems), "")
    bundle, document = max(good, key=lambda pair: _age(pair[0]))
    return Found(pin, bundle, document, None, _alarm(pin, candidates, good, bundle))


def _alarm(
    pin: Pin,
    candidates: Sequence[Kept],
    good: Sequence[tuple[VerifiedBundle, PolicyDocument]],
    chosen: VerifiedBundle,
) -> str:
    """Whether the home's first file is gone, damaged or older while something else serves."""
    kept = {candidate.name: candidate.bundle for candidate in candidates}
    first = kept.get(BUNDLE_FILE)
    if any(first is bundle for bundle, _ in good):
        return ""
    damaged = BUNDLE_FILE in kept and first is None
    # An older file beside a newer one of the administrator's is no damage.
    if damaged or kept.get(BUNDLE_COPY) is chosen:
        return f"The stored policy of {pin.issuer} is damaged or gone; a copy is in force."
    return ""


def _from_system(pin: Pin, system: Iterable[SystemAuthority]) -> Iterator[Kept]:
    for entry in system:
        if entry.pin.authority != pin.authority:
            continue
        try:
            source = open_source(entry.path)
            if source.read("timestamp.json", 1 << 20) is not None:
                yield Kept("system", verify_bundle(source, pin.authority), None)
        except PolicyError as error:
            yield Kept("system", None, error)
        except AssistantError as error:
            problem = BundleUnverified("The system's policy cannot be read.")
            problem.__cause__ = error
            yield Kept("system", None, problem)


def _admitted(candidate: Kept, pin: Pin, floors: Floors) -> tuple[VerifiedBundle, PolicyDocument]:
    if candidate.bundle is None:
        raise candidate.problem or PolicyInvalid("The stored policy cannot be read.")
    if (candidate.bundle.tier, candidate.bundle.issuer) != (pin.tier, pin.issuer):
        raise BundleUnverified("The bundle's tier or issuer is not the pinned one.")
    document = read_document(candidate.bundle)
    refuse_below(candidate.bundle, document.version, floors)
    return candidate.bundle, document


def _worst(pin: Pin, problems: list[PolicyError]) -> PolicyError:
    if problems:
        return problems[0]
    return PolicyMissing(f"There is no policy of {pin.issuer}, which this computer is bound to.")


def _age(bundle: VerifiedBundle) -> tuple[int, ...]:
    facts = (bundle.root, bundle.targets, bundle.snapshot, bundle.timestamp)
    return tuple(number for one in facts for number in (one.epoch, one.version))


def _state_of(found: Survey) -> PolicyState:
    whole = [one for one in found.found if one.bundle is not None and one.document is not None]
    whole.sort(key=lambda one: one.pin.tier.rank)
    alarms = (*found.alarms, *(one.alarm for one in whole if one.alarm))
    return PolicyState(
        documents=tuple(one.document for one in whole if one.document is not None),
        resources=tuple(one.bundle.resources for one in whole if one.bundle is not None),
        authorities=tuple(
            authority_state(one.pin, one.bundle, one.document, found, one.alarm)
            for one in whole
            if one.bundle is not None and one.document is not None
        ),
        alarms=alarms,
        floors=found.floors,
        now=found.time.moment,
    )


def authority_state(
    pin: Pin, bundle: VerifiedBundle, document: PolicyDocument, found: Survey, alarm: str
) -> AuthorityState:
    """What status says about one authority, judged at the trusted time."""
    return AuthorityState(
        tier=pin.tier,
        issuer=pin.issuer,
        version=document.version,
        authority=pin.authority,
        expires=min(document.expires, bundle.targets.expires, bundle.root.expires),
        fresh_until=min(bundle.snapshot.expires, bundle.timestamp.expires),
        freshness=freshness_of(bundle, document, found.time.moment),
        last_import=found.floors.of(pin.authority).imported_at,
        managed_by=pin.managed_by,
        alarm=alarm,
    )


def freshness_of(bundle: VerifiedBundle, document: PolicyDocument, moment: datetime) -> Freshness:
    """How current a bundle is at ``moment``; a role expires at its second, not after it."""
    if moment >= min(document.expires, bundle.targets.expires, bundle.root.expires):
        return Freshness.EXPIRED
    if moment >= min(bundle.snapshot.expires, bundle.timestamp.expires):
        return Freshness.STALE
    return Freshness.FRESH
