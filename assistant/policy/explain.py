"""For every value in force: who set it, what each tier asked for, what was clamped."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.errors import NoSuchItem
from assistant.policy.boundable import PROFILE_KEY, RANGE_KEYS, SET_KEYS
from assistant.policy.effective import (
    EffectiveBound,
    EffectivePolicy,
    EffectiveRequirement,
    EffectiveRule,
    EffectiveValue,
    Setting,
    Wish,
)
from assistant.policy.model import RuleSource


@dataclass(frozen=True, slots=True)
class Explanation:
    """One key: its value in words, who decided, everybody's wishes, and a clamped setting.

    ``kind`` is ``rule``, ``bound``, ``requirement`` or ``setting``. ``sources`` decided the
    value (a range may have two), ``wished`` is what the user asked for and did not get.
    """

    key: str
    kind: str
    value: str
    sources: tuple[RuleSource, ...]
    wishes: tuple[Wish, ...]
    wished: str


def explain(policy: EffectivePolicy, key: str = "") -> tuple[Explanation, ...]:
    """Every value in force, or those of one rule, bound, requirement or setting.

    A setting that could be bounded and is not is the user's. Raises :class:`NoSuchItem`
    for what is neither in force nor a setting.
    """
    clamped = {value.key: value for value in policy.values}
    found = [_rule(rule) for rule in policy.rules]
    found += [_bound(bound, clamped.pop(bound.key, None)) for bound in policy.bounds]
    found += [_requirement(part) for part in policy.requirements]
    found += [_free(value) for value in clamped.values()]
    if not key:
        return tuple(found)
    chosen = tuple(part for part in found if part.key == key)
    if not chosen and (key in (*RANGE_KEYS, *SET_KEYS) or PROFILE_KEY.match(key)):
        return (Explanation(key, "setting", "yours alone; no tier bounds it", (), (), ""),)
    if not chosen:
        raise NoSuchItem("No rule, bound, requirement or setting of that name is in force.",
                         hint="Run `assistant policy explain` to see all of them.")  # fmt: skip
    return chosen


def _rule(found: EffectiveRule) -> Explanation:
    sources = (found.decided_by,) if found.raised_by is None else (found.raised_by, found.source)
    return Explanation(found.rule.id, "rule", found.effect.label, sources, found.wishes, "")


def _bound(bound: EffectiveBound, value: EffectiveValue | None) -> Explanation:
    parts = (bound.minimum, bound.maximum, bound.allowed)
    sources = tuple(dict.fromkeys(part.source for part in parts if part is not None))
    wished = in_words(value.wished) if value is not None and value.clamped else ""
    now = bound.describe()
    if value is not None:
        now = f"{in_words(value.value)} ({now})"
    return Explanation(bound.key, "bound", now, sources, bound.wishes, wished)


def _requirement(found: EffectiveRequirement) -> Explanation:
    part = found.requirement
    words = part.text or part.kind.replace("_", " ")
    if part.minutes is not None:
        words = f"after {part.minutes} minutes: {words}"
    return Explanation(part.id, "requirement", words, (found.source,), (), "")


def _free(value: EffectiveValue) -> Explanation:
    return Explanation(value.key, "setting", in_words(value.value), (), (), "")


def in_words(value: Setting) -> str:
    """A setting as a person reads it."""
    if isinstance(value, tuple):
        return ", ".join(value) or "nothing"
    return f"{value:g}" if isinstance(value, float) else str(value)
