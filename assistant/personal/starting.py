"""At most ten starting comparisons: two answers that differ in one dimension each.

They give a new user a profile in a minute; every one can be skipped, and the rest with it.
The answers are examples written beforehand, so that nobody waits for a model. A pick is an
act of feedback: listed, taken back, and while it stands the point from which the slider of
its dimension starts. What the user sets by hand goes before it, and what is learned moves it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from assistant.personal.dimensions import ENDS, Dimension
from assistant.personal.profile import Profile, most_uncertain
from assistant.personal.styles import read_wishes
from assistant.vault.records import ProfileValue

PICKED = 0.5
"""Where a pick sets a dimension: clear enough to act, far from the end."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question and its answer at both ends of a dimension."""

    dimension: Dimension
    question: str
    low: str
    high: str


PAIRS = (
    Pair(
        Dimension.LENGTH,
        "Why do leaves change colour in autumn?",
        "The green pigment breaks down in the cold, and the yellow and red ones show.",
        "In summer leaves are full of chlorophyll, which is green. When days grow shorter and "
        "colder, trees stop making it and draw its nutrients back into the trunk. The yellow "
        "pigments, which were there all along, become visible, and some trees make red ones "
        "from the sugar left in the leaf. Sunny days with cold nights give the strongest reds.",
    ),
    Pair(
        Dimension.STRUCTURE,
        "What do I need for a day hike?",
        "You need good shoes, water and some food. Take a rain jacket and a map as well.",
        "- Good shoes\n- Water and food\n- A rain jacket\n- A map",
    ),
    Pair(
        Dimension.FORMALITY,
        "How do I ask for a refund?",
        "Hey, just tell them it's broken and you'd like your money back. They'll be cool.",
        "It is advisable to state the defect and, accordingly, to request a refund regarding the "
        "purchase; furthermore, enclose the receipt.",
    ),
    Pair(
        Dimension.DIRECTNESS,
        "How long do I boil an egg?",
        "Great question! Boil it for seven minutes. I hope this helps!",
        "Boil it for seven minutes.",
    ),
    Pair(
        Dimension.HEDGING,
        "Is coffee bad for sleep?",
        "Yes. Drunk after noon it makes sleep worse.",
        "It probably depends: it may perhaps disturb sleep, and for some people it might not.",
    ),
    Pair(
        Dimension.EXAMPLES,
        "What is a metaphor?",
        "It describes a thing as if it were another thing.",
        "It describes a thing as if it were another thing. For example: time is a thief.",
    ),
    Pair(
        Dimension.EMOJI,
        "Will it rain?",
        "No, it stays sunny all day.",
        "No, it stays sunny all day ☀ 😀",
    ),
    Pair(
        Dimension.READING_LEVEL,
        "What is inflation?",
        "Things cost more than they did. Your money buys less.",
        "Inflation denotes a sustained increase in the aggregate price level, diminishing the "
        "purchasing power of nominal currency.",
    ),
)


def pair_about(dimension: str) -> Pair | None:
    """The comparison about a dimension, or None for a name that has none."""
    return next((pair for pair in PAIRS if pair.dimension.value == dimension), None)


def open_dimensions(profile: Profile, stated: Iterable[str]) -> frozenset[Dimension]:
    """What a comparison may still ask about.

    Not what the user set, locked or picked, not what one of the ``stated`` preferences
    speaks of already, and not where a tier's bound leaves only one of the two ends.
    """
    spoken = {wish.style for text in stated for wish in read_wishes(text)}
    return frozenset(
        pair.dimension
        for pair in PAIRS
        if (state := profile[pair.dimension]).source in {"neutral", "learned"}
        and ENDS[pair.dimension].style not in spoken
        and (state.bound is None or state.bound.low <= -PICKED < PICKED <= state.bound.high)
    )


def next_pair(profile: Profile, offered: Collection[Dimension]) -> Pair | None:
    """Of those offered, the comparison about the dimension that is least certain, or None."""
    wanted = most_uncertain(profile, [d for d in Dimension if d not in offered])
    return next((pair for pair in PAIRS if pair.dimension is wanted), None)


def picked(pair: Pair, *, high: bool) -> ProfileValue:
    """Where a pick lets its slider start; not locked, so that later acts may move it."""
    return ProfileValue(pair.dimension.value, PICKED if high else -PICKED, locked=False)
