"""The style profile: what was learned, what the user set, what the tiers allow.

Built from scratch out of the acts of feedback that stand; removing an act and building
again equals never having had it. Every dimension carries its uncertainty and says where
its value comes from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from assistant.personal.dimensions import DIMENSIONS, ENDS, SHORT_LIST, Dimension
from assistant.personal.evidence import evidence_of
from assistant.personal.learning import PRIOR, Learned, learn
from assistant.personal.styles import SUITS_A_FACT, Style, Wish
from assistant.vault.records import Feedback, ProfileValue, Turn

CLEAR = 0.35
"""A value this far from the middle is worth an instruction."""

MAX_INSTRUCTIONS = 3
SET_STRENGTH = 2.0
_EDGE = 0.95


NO_PREFERENCE = "no preference"
"""In words, what is too near the middle to be one."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a tier allows of a dimension, from -1 to 1, and who says so and why."""

    low: float
    high: float
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class DimensionState:
    """One slider: ``value`` between -1 (the low end) and 1, its error bar, its source.

    ``source``: "neutral" (nothing proven or set), "learned", "picked" (in a comparison at
    the start), "set", "locked". ``acts``: whether it shapes answers. ``bound`` is the
    tier's bound where one exists; ``clamped`` says that it changed the value. ``weight`` is
    what ``choose`` uses.
    """

    dimension: Dimension
    value: float
    low: float
    high: float
    source: str
    acts: bool
    weight: float
    bound: Bound | None = None
    clamped: bool = False

    @property
    def words(self) -> str:
        """The value in words, for `why` and the card."""
        ends = ENDS[self.dimension]
        if abs(self.value) < CLEAR / 2:
            return NO_PREFERENCE
        return ends.low if self.value < 0 else ends.high


@dataclass(frozen=True, slots=True)
class Profile:
    """All dimensions in a fixed order, and what was learned to get there."""

    states: tuple[DimensionState, ...]
    learned: Learned

    def __getitem__(self, dimension: Dimension) -> DimensionState:
        return self.states[DIMENSIONS.index(dimension)]

    @property
    def weights(self) -> tuple[float, ...]:
        """What an answer's measures are multiplied with when candidates are compared."""
        return tuple(state.weight for state in self.states)

    def shown(self) -> tuple[tuple[str, str], ...]:
        """The dimensions that act, for `why`: name and value in words."""
        return tuple(
            (s.dimension.value, f"{s.words} ({s.value:+.2f}, {s.source})")
            for s in self.states
            if s.acts
        )


def build_profile(
    acts: Iterable[tuple[Feedback, Turn]],
    settings: Iterable[ProfileValue] = (),
    bounds: Mapping[str, Bound] | None = None,
    picks: Iterable[ProfileValue] = (),
) -> Profile:
    """Learn from ``acts`` (oldest first) around what the user set, inside ``bounds``.

    A dimension the user set, or else picked (``picks``), is the point learning starts from;
    a locked one stays there whatever is learned (at the middle where no value was set).
    Unknown names are passed over: they come from other versions.
    """
    by_hand = {s.dimension: s for s in settings}
    wishes = {p.dimension: p for p in picks} | by_hand
    means = tuple(_prior_mean(d, wishes.get(d.value)) for d in DIMENSIONS)
    learned = learn(evidence_of(acts), replace(PRIOR, mean=means))
    states = tuple(
        _state(d, learned, wishes.get(d.value), (bounds or {}).get(d.value)) for d in DIMENSIONS
    )
    named = tuple(
        replace(s, source="picked") if s.source == "set" and s.dimension not in by_hand else s
        for s in states
    )
    return Profile(named, learned)


def _scale(dimension: Dimension) -> float:
    """The weight that stands for a value of tanh(1): twice the prior's spread."""
    return 2.0 * PRIOR.sd[DIMENSIONS.index(dimension)]


def _value(weight: float, dimension: Dimension) -> float:
    return math.tanh(weight / _scale(dimension))


def _weight(value: float, dimension: Dimension) -> float:
    return math.atanh(max(-_EDGE, min(_EDGE, value))) * _scale(dimension)


def _prior_mean(dimension: Dimension, wish: ProfileValue | None) -> float:
    return _weight(wish.value, dimension) if wish is not None and wish.value is not None else 0.0


def _state(
    dimension: Dimension, learned: Learned, wish: ProfileValue | None, bound: Bound | None
) -> DimensionState:
    index = DIMENSIONS.index(dimension)
    mean, sd = learned.posterior.mean[index], learned.posterior.sd[index]
    is_set = wish is not None and wish.value is not None
    if wish is not None and wish.locked:
        mean, sd, source = _prior_mean(dimension, wish), 0.0, "locked"
    elif dimension in learned.used:
        mean, source = learned.fitted[index], "learned"
    else:
        source = "set" if is_set else "neutral"
        mean = learned.prior.mean[index] if is_set else mean
    value = _value(mean, dimension)
    kept = value if bound is None else max(bound.low, min(bound.high, value))
    acts = source == "learned" or (is_set and source != "neutral")
    clamped = kept != value
    acts = acts or (clamped and kept != 0.0)
    weight = _weight(kept, dimension) if acts else 0.0
    if source == "learned":
        weight = _trusted(weight, learned, dimension, bound)
    low, high = _value(mean - sd, dimension), _value(mean + sd, dimension)
    return DimensionState(
        dimension,
        round(kept, 4),
        round(min(low, kept), 4),
        round(max(high, kept), 4),
        source,
        acts,
        weight * (SET_STRENGTH if is_set else 1.0),
        bound,
        clamped,
    )


def _trusted(weight: float, learned: Learned, dimension: Dimension, bound: Bound | None) -> float:
    """As far from where learning started as it has proved itself, and inside the bound."""
    start = learned.prior.mean[DIMENSIONS.index(dimension)]
    moved = start + learned.trust * (weight - start)
    if bound is None:
        return moved
    return max(_weight(bound.low, dimension), min(_weight(bound.high, dimension), moved))


def instructions(
    profile: Profile, covered: Iterable[Style] = (), *, of_a_fact: bool = False
) -> tuple[str, ...]:
    """At most ``MAX_INSTRUCTIONS`` short sentences for the model, the clearest first.

    ``covered`` are styles a stated preference beside the question already speaks of: the
    user's own words win. ``of_a_fact`` leaves only what suits a question for a plain fact.
    """
    spoken = set(covered)
    clear = [
        s for s in profile.states
        if s.acts and abs(s.value) >= CLEAR and ENDS[s.dimension].style not in spoken
        and not (of_a_fact and _wish(s) not in SUITS_A_FACT)
    ]  # fmt: skip
    ranked = sorted(clear, key=lambda s: (-abs(s.value), s.dimension))
    lines: list[str] = []
    values = {s.dimension: s.value for s in ranked}
    both = values.get(Dimension.LENGTH, 0.0) < 0.0 < values.get(Dimension.STRUCTURE, 0.0)
    for state in ranked:
        if both and state.dimension in (Dimension.LENGTH, Dimension.STRUCTURE):
            line = SHORT_LIST
        else:
            ends = ENDS[state.dimension]
            line = ends.ask_low if state.value < 0 else ends.ask_high
        if line not in lines:
            lines.append(line)
    return tuple(lines[:MAX_INSTRUCTIONS])


def _wish(state: DimensionState) -> Wish:
    return Wish(ENDS[state.dimension].style, 1 if state.value > 0 else -1)


def most_uncertain(profile: Profile, asked: Iterable[Dimension] = ()) -> Dimension | None:
    """The unlocked dimension with the widest error bar not asked about yet, or None."""
    done = set(asked)
    open_ones = [s for s in profile.states if s.source != "locked" and s.dimension not in done]
    if not open_ones:
        return None
    return max(open_ones, key=lambda s: (s.high - s.low, -DIMENSIONS.index(s.dimension))).dimension
