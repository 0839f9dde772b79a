"""The alignment card: who and what this assistant is aligned to, from live state alone.

"Who are we aligning to?" is the question Kirk, Vidgen, Röttger and Hale, *Personalisation
within bounds* (2023), ask of every personalised model. ``card_of`` is pure and nothing of
its result is ever stored, so a card cannot say anything but what is in force and in the
vault at that moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.personal.profile import Profile
    from assistant.policy import EffectivePolicy, PolicyDocument, RuleSource, Tier
    from assistant.policy.loader import AuthorityState
    from assistant.vault.records import Feedback, Preference

TOP = 10
"""So many preferences are named; the counts are of all."""
# Words of the vault's own lists, which a command that only asks need not import.
INFERRED = frozenset({"edit", "choice", "proposed"})


@dataclass(frozen=True, slots=True)
class BaseModel:
    """The model underneath. ``origin`` and ``licence`` are empty where nobody states them."""

    id: str
    sha256: str
    origin: str = ""
    licence: str = ""


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One thing a tier says. ``effect`` is a rule's, as it is in force; ``raised_by`` names
    whoever made it stricter than its author did."""

    id: str
    says: str
    reason: str
    effect: str = ""
    raised_by: str = ""


@dataclass(frozen=True, slots=True)
class TierPart:
    """What one authority sets. Empty ``consulted`` means that it names nobody."""

    tier: str
    issuer: str
    version: int
    until: str
    freshness: str
    managed_by: str
    summary: str
    consulted: tuple[str, ...]
    contact: str
    appeal: str
    forbids: tuple[PolicyLine, ...]
    limits: tuple[PolicyLine, ...]
    requires: tuple[PolicyLine, ...]


@dataclass(frozen=True, slots=True)
class Taught:
    """A preference as the card names it."""

    id: str
    text: str
    source: str
    scope: str
    uses: int
    since: str


@dataclass(frozen=True, slots=True)
class Slider:
    """A dimension of the style profile, from -1 (``low_end``) to 1, with its error bar."""

    dimension: str
    value: float
    low: float
    high: float
    source: str
    acts: bool
    low_end: str
    high_end: str
    words: str
    bounded_by: str = ""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of everything the person taught it."""

    active: int
    stated: int
    inferred_and_accepted: int
    imported: int
    waiting: int
    rejected: int
    disabled: int
    expired: int
    feedback: tuple[tuple[str, int], ...]
    taken_back: int


@dataclass(frozen=True, slots=True)
class Consented:
    """A special category the person stated and agreed to keep."""

    preference: str
    categories: tuple[str, ...]
    since: str


@dataclass(frozen=True, slots=True)
class Card:
    """The whole card. ``change`` says what can be changed, and how."""

    made: str
    model: BaseModel
    tiers: tuple[TierPart, ...]
    counts: Counts
    top: tuple[Taught, ...]
    inferred_and_accepted: tuple[Taught, ...]
    never_used: tuple[Taught, ...]
    profile: tuple[Slider, ...]
    consents: tuple[Consented, ...]
    change: tuple[tuple[str, str], ...]


CHANGE = (
    ("the model", "assistant models use ID"),
    ("a preference", "assistant preferences edit ID TEXT, disable ID or delete ID"),
    ("a proposal", "assistant preferences proposals, then accept ID or reject ID"),
    ("the style profile", "assistant profile set DIMENSION VALUE, or release DIMENSION"),
    ("a consent", "assistant preferences revoke ID"),
    ("a rule of a tier", "assistant policy comment RULE TEXT --kind appeal, or its appeal address"),
    ("an authority you enrolled", "assistant policy leave ISSUER"),
)


def card_of(
    *,
    now: datetime,
    model: BaseModel,
    policy: EffectivePolicy,
    documents: Sequence[PolicyDocument],
    authorities: Sequence[AuthorityState],
    preferences: Sequence[Preference],
    feedback: Sequence[Feedback],
    profile: Profile,
    consents: Sequence[Consented],
) -> Card:
    """The card of this state: ``feedback`` with undone acts, ``preferences`` of every state."""
    live = [p for p in preferences if _acts(p, now)]
    ranked = sorted(live, key=lambda p: (-p.uses, p.created, p.id))
    return Card(
        made=now.isoformat(timespec="seconds"),
        model=model,
        tiers=tuple(
            _tier(tier, issuer, policy, documents, authorities)
            for tier, issuer in _authors(policy, documents)
        ),
        counts=_counts(preferences, live, feedback, now),
        top=_taught(ranked[:TOP]),
        inferred_and_accepted=_taught(p for p in ranked if p.source.value in INFERRED),
        never_used=_taught(p for p in live if p.uses == 0),
        profile=_sliders(profile),
        consents=tuple(consents),
        change=CHANGE,
    )


def _acts(preference: Preference, now: datetime) -> bool:
    return preference.state.value == "active" and not _over(preference, now)


def _over(preference: Preference, now: datetime) -> bool:
    return preference.expires is not None and preference.expires <= now


def _counts(
    preferences: Sequence[Preference],
    live: Sequence[Preference],
    feedback: Sequence[Feedback],
    now: datetime,
) -> Counts:
    states = Counter(p.state.value for p in preferences)
    sources = Counter(p.source.value for p in live)
    acts = Counter(act.kind.value for act in feedback if not act.undone)
    return Counts(
        active=len(live),
        stated=sources["stated"],
        inferred_and_accepted=sum(sources[source] for source in INFERRED),
        imported=sources["imported"],
        waiting=states["proposed"],
        rejected=states["rejected"],
        disabled=states["disabled"],
        expired=sum(p.state.value == "active" and _over(p, now) for p in preferences),
        feedback=tuple(sorted(acts.items())),
        taken_back=sum(act.undone for act in feedback),
    )


def taught_now(preferences: Sequence[Preference], now: datetime) -> tuple[Taught, ...]:
    """The preferences that act at that moment, as the card names them."""
    return _taught(p for p in preferences if _acts(p, now))


def _taught(preferences: Iterable[Preference]) -> tuple[Taught, ...]:
    return tuple(
        Taught(
            p.id, p.text, p.source.value,
            f"{p.scope.value}: {p.scope_ref}" if p.scope_ref else p.scope.value,
            p.uses, p.created.isoformat(timespec="seconds"),
        )
        for p in preferences
    )  # fmt: skip


def _sliders(profile: Profile) -> tuple[Slider, ...]:
    from assistant.personal.dimensions import ENDS

    return tuple(
        Slider(
            s.dimension.value, s.value, s.low, s.high, s.source, s.acts,
            ENDS[s.dimension].low, ENDS[s.dimension].high, s.words,
            s.bound.by if s.bound else "",
        )
        for s in profile.states
    )  # fmt: skip


# -- the tiers -----------------------------------------------------------------------------


def _authors(
    policy: EffectivePolicy, documents: Sequence[PolicyDocument]
) -> list[tuple[Tier, str]]:
    """Every authority that speaks, highest tier first, in the order of the documents."""
    from assistant.policy import Tier

    said = [(d.authority_tier, d.issuer) for d in documents]
    said += [(r.source.tier, r.source.issuer) for r in policy.rules]
    said += [(w.source.tier, w.source.issuer) for b in policy.bounds for w in b.wishes]
    said += [(r.source.tier, r.source.issuer) for r in policy.requirements]
    distinct = dict.fromkeys(one for one in said if one[0] is not Tier.USER)
    return sorted(distinct, key=lambda one: one[0].rank)


def _tier(
    tier: Tier,
    issuer: str,
    policy: EffectivePolicy,
    documents: Sequence[PolicyDocument],
    authorities: Sequence[AuthorityState],
) -> TierPart:
    document = next((d for d in documents if (d.authority_tier, d.issuer) == (tier, issuer)), None)
    state = next((a for a in authorities if (a.tier, a.issuer) == (tier, issuer)), None)

    def mine(source: RuleSource) -> bool:
        return (source.tier, source.issuer) == (tier, issuer)

    return TierPart(
        tier=tier.value,
        issuer=issuer,
        version=document.version if document else 0,
        until=(document.expires.isoformat(timespec="seconds") if document else ""),
        freshness=state.freshness.value if state else "",
        managed_by=state.managed_by.value if state else "",
        summary=document.summary if document else "",
        consulted=document.consulted if document else (),
        contact=document.contact if document else "",
        appeal=document.appeal if document else "",
        forbids=tuple(
            PolicyLine(
                r.rule.id, r.rule.title, r.rule.reason, r.effect.label,
                r.raised_by.issuer if r.raised_by else "",
            )
            for r in policy.rules if mine(r.source)
        ),
        limits=tuple(
            PolicyLine(w.source.rule_id, f"{b.key}: {w.value}", w.source.reason)
            for b in policy.bounds for w in b.wishes if mine(w.source)
        ),
        requires=tuple(
            PolicyLine(r.requirement.id, _requirement(r.requirement), r.requirement.reason)
            for r in policy.requirements if mine(r.source)
        ),
    )  # fmt: skip


def _requirement(requirement: object) -> str:
    from assistant.policy.document import Requirement

    assert isinstance(requirement, Requirement)
    about = f" on {', '.join(requirement.topics)}" if requirement.topics else ""
    after = f" after {requirement.minutes} minutes" if requirement.minutes is not None else ""
    said = f": {requirement.text}" if requirement.text else ""
    return f"{_KINDS[requirement.kind]}{about}{after}{said}"


_KINDS = {
    "instruct": "the model is told",
    "added_text": "answers end with",
    "disclosure": "said at the start of a chat",
    "session_notice": "a notice",
    "viewpoints": "several viewpoints",
    "recovery_key": "a recovery key was made",
}
