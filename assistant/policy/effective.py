"""What is in force: every rule, bound and requirement with who set it and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.policy.model import Effect, RuleSource, Tier, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from assistant.policy.document import Bound, Requirement, Rule

Setting = float | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What tier 3 asks for: its settings, and its own tightenings.

    ``values`` are the user's settings by bound key, ``effects`` raised effects by rule id,
    ``rules`` and ``bounds`` the user's own. None of it can loosen anything: the resolver
    takes maxima and intersections.
    """

    values: Mapping[str, Setting] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    rules: tuple[Rule, ...] = ()
    bounds: tuple[Bound, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What one source asked for under one key; ``value`` in words."""

    source: RuleSource
    value: str


@dataclass(frozen=True, slots=True)
class EffectiveRule:
    """A rule in force with its strictest effect; ``raised_by`` is whoever raised it."""

    rule: Rule
    effect: Effect
    source: RuleSource
    raised_by: RuleSource | None
    wishes: tuple[Wish, ...]

    @property
    def decided_by(self) -> RuleSource:
        """Who is responsible for the effect, as it is."""
        return self.raised_by or self.source


@dataclass(frozen=True, slots=True)
class Edge:
    """One end of a range, with who set it."""

    value: float
    source: RuleSource


@dataclass(frozen=True, slots=True)
class Choice:
    """A set of allowed values, with who narrowed it most."""

    values: frozenset[str]
    source: RuleSource


@dataclass(frozen=True, slots=True)
class EffectiveBound:
    """The intersection of all bounds on one setting."""

    key: str
    minimum: Edge | None
    maximum: Edge | None
    allowed: Choice | None
    wishes: tuple[Wish, ...]

    def clamp(self, value: Setting) -> tuple[Setting, RuleSource | None]:
        """The nearest allowed value, and who moved it (``None``: nobody had to)."""
        if self.allowed is not None:
            return _clamp_choice(value, self.allowed)
        if not isinstance(value, (int, float)):
            return value, None
        if self.minimum is not None and value < self.minimum.value:
            return self.minimum.value, self.minimum.source
        if self.maximum is not None and value > self.maximum.value:
            return self.maximum.value, self.maximum.source
        return value, None

    def describe(self) -> str:
        """The bound in words."""
        if self.allowed is not None:
            return "one of " + ", ".join(sorted(self.allowed.values))
        low = None if self.minimum is None else f"at least {self.minimum.value:g}"
        high = None if self.maximum is None else f"at most {self.maximum.value:g}"
        return " and ".join(part for part in (low, high) if part)


@dataclass(frozen=True, slots=True)
class EffectiveRequirement:
    """A requirement in force."""

    requirement: Requirement
    source: RuleSource


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """A setting of the user after all bounds; ``source`` is who moved it, if anybody."""

    key: str
    value: Setting
    wished: Setting
    source: RuleSource | None

    @property
    def clamped(self) -> bool:
        """Whether the user got something else than they asked for."""
        return self.source is not None


@dataclass(frozen=True, slots=True)
class SessionNotice:
    """Say ``text`` after ``minutes`` of one session."""

    minutes: int
    text: str
    source: RuleSource


@dataclass(frozen=True, slots=True)
class EffectivePolicy:
    """All three tiers combined. Made by :func:`assistant.policy.resolver.resolve` alone."""

    rules: tuple[EffectiveRule, ...]
    bounds: tuple[EffectiveBound, ...]
    requirements: tuple[EffectiveRequirement, ...]
    values: tuple[EffectiveValue, ...]
    ignored: tuple[Wish, ...] = ()

    def rules_at(self, where: Where) -> tuple[EffectiveRule, ...]:
        """The rules checked at that place."""
        return tuple(found for found in self.rules if found.rule.applies_to(where))

    def bound(self, key: str) -> EffectiveBound | None:
        """The bound on that setting, or ``None`` if it is free."""
        return next((found for found in self.bounds if found.key == key), None)

    def clamp(self, key: str, value: Setting) -> EffectiveValue:
        """``value`` moved inside the bounds on ``key``."""
        bound = self.bound(key)
        if bound is None:
            return EffectiveValue(key, value, value, None)
        inside, source = bound.clamp(value)
        return EffectiveValue(key, inside, value, source)

    def allows(self, key: str, value: Setting) -> bool:
        """Whether ``value`` needs no clamping."""
        return not self.clamp(key, value).clamped

    @property
    def system_lines(self) -> tuple[str, ...]:
        """The lines the model is always instructed with (those without topics)."""
        return tuple(
            line
            for found in self.requirements
            if not found.requirement.topics
            for line in instruction(found.requirement)
        )

    @property
    def disclosure(self) -> tuple[str, ...]:
        """What is shown at the start of a chat."""
        return tuple(
            found.requirement.text
            for found in self.requirements
            if found.requirement.kind == "disclosure"
        )

    @property
    def session_notice(self) -> SessionNotice | None:
        """The earliest notice required, if any."""
        notices = [
            SessionNotice(found.requirement.minutes, found.requirement.text, found.source)
            for found in self.requirements
            if found.requirement.minutes is not None
        ]
        return min(notices, key=lambda notice: notice.minutes, default=None)


def instruction(requirement: Requirement) -> tuple[str, ...]:
    """The line a requirement gives the model, if it gives one."""
    if requirement.kind == "instruct":
        return (requirement.text,)
    if requirement.kind == "viewpoints":
        return (
            requirement.text
            or "On contested questions give several viewpoints fairly and take no side.",
        )
    return ()


def user_source(rule_id: str, reason: str) -> RuleSource:
    """The source of what the user set."""
    return RuleSource(Tier.USER, "you", rule_id, "Your own setting", reason, "")


def _clamp_choice(value: Setting, allowed: Choice) -> tuple[Setting, RuleSource | None]:
    if isinstance(value, tuple):
        kept = tuple(item for item in value if item in allowed.values)
        return kept, None if kept == value else allowed.source
    if str(value) in allowed.values:
        return value, None
    return min(allowed.values), allowed.source
