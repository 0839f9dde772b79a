"""The words policy is spoken in: tiers, effects, places, origins, decisions.

Plain values without behaviour of their own; everything else in this room is written in
them, and other rooms need no more than these to ask a question and read the answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final


class Tier(StrEnum):
    """Who set a value. The order of precedence is :data:`PRECEDENCE`, never a setting."""

    NATIONAL = "national"
    ORGANISATION = "organisation"
    USER = "user"

    @property
    def rank(self) -> int:
        """0 for the tier that outranks all others."""
        return PRECEDENCE.index(self)


PRECEDENCE: Final = (Tier.NATIONAL, Tier.ORGANISATION, Tier.USER)
"""Tier 1 over tier 2 over tier 3: a constant in code, by design.md section 5."""


class Effect(IntEnum):
    """What a rule does to text it matches; a higher one includes being stricter."""

    NONE = 0
    NOTE = 1
    WARN = 2
    CONFIRM = 3
    REDACT = 4
    BLOCK = 5

    @property
    def label(self) -> str:
        """The lower-case name used in documents and in ``--json`` output."""
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> Effect:
        """The effect with that label; ``KeyError`` for any other word."""
        return cls[label.upper()]


class Where(StrEnum):
    """A place where text is checked."""

    INPUT = "input"
    OUTPUT = "output"
    MEMORY = "memory"
    PREFERENCE = "preference"
    EXPORT = "export"


class Origin(StrEnum):
    """Where a segment of text comes from. ``TRUSTED`` segments are never checked."""

    USER = "user"
    PASTED = "pasted"
    RECALLED = "recalled"
    PREFERENCE = "preference"
    MODEL = "model"
    TRUSTED = "trusted"


def origin_at(where: Where) -> Origin:
    """Whose a text is that is said to stand there, where nobody says more."""
    return Origin.MODEL if where is Where.OUTPUT else Origin.USER


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of text with its origin."""

    text: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Who set a rule, bound or requirement, and why: what a person is shown."""

    tier: Tier
    issuer: str
    rule_id: str
    title: str
    reason: str
    appeal: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of the gate about some text.

    ``view`` names the canonical view that matched (``plain``, ``letters``, ``base64`` …),
    ``meaning`` or ``guard`` for statistical rules, ``unguarded`` where a guard model should
    have judged and there is none, ``fault`` when a mandatory stage failed,
    ``held`` when a stream held back too much, and is empty when nothing matched. ``score``
    is set by statistical rules alone. ``help`` is the rule's own text on what can be asked
    or where help is found. ``also`` holds the ids of the other rules that matched;
    ``unscored`` those that could not judge the text (its language is not theirs). No text
    of the user is in here, so a decision may be logged as it is.
    """

    effect: Effect
    source: RuleSource | None = None
    score: float | None = None
    view: str = ""
    help: str = ""
    also: tuple[str, ...] = field(default=())
    unscored: tuple[str, ...] = field(default=())

    @property
    def stops(self) -> bool:
        """Whether the text must not pass."""
        return self.effect is Effect.BLOCK


UNSCORED: Final = "unscored"
"""The view of a rule by meaning that does not read a text's language."""
UNGUARDED: Final = "unguarded"
"""The view of a rule by a guard model where the user has no such model."""
ALLOWED: Final = Decision(Effect.NONE)
