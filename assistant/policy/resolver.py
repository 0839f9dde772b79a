"""Documents in, effective policy out: one pure function.

Effects combine by maximum, bounds by intersection, requirements by union. Each of the
three is commutative, associative and idempotent, so order within a tier cannot matter,
applying a document twice changes nothing and adding one never loosens anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.errors import PolicyConflict
from assistant.policy.document import Bound, Escalation, PolicyDocument, Requirement, Rule
from assistant.policy.effective import (
    Choice,
    Edge,
    EffectiveBound,
    EffectivePolicy,
    EffectiveRequirement,
    EffectiveRule,
    Wish,
    Wishes,
    user_source,
)
from assistant.policy.model import Effect, RuleSource


@dataclass(frozen=True, slots=True)
class _Raise:
    rule: str
    effect: Effect
    source: RuleSource


@dataclass(frozen=True, slots=True)
class _Limit:
    bound: Bound
    source: RuleSource


def resolve(documents: Sequence[PolicyDocument], wishes: Wishes) -> EffectivePolicy:
    """The policy in force under ``documents`` (any order) and the user's ``wishes``.

    Raises :class:`PolicyConflict` when the documents' bounds leave no value for a setting.
    A bound of the user that leaves none is ignored and listed in ``ignored``.
    """
    ordered = _ordered(documents)
    bounds, ignored = _bounds(_limits(ordered), _own_limits(wishes))
    policy = EffectivePolicy(
        rules=_rules(ordered, wishes),
        bounds=bounds,
        requirements=_requirements(ordered),
        values=(),
        ignored=ignored,
    )
    values = tuple(policy.clamp(key, value) for key, value in sorted(wishes.values.items()))
    return replace(policy, values=values)


def source_of(
    document: PolicyDocument, part: Rule | Bound | Requirement | Escalation
) -> RuleSource:
    """Who set ``part`` of ``document``, and why."""
    title = part.title if isinstance(part, Rule) else part.id.replace("-", " ").capitalize()
    return RuleSource(
        document.authority_tier, document.issuer, part.id, title, part.reason, document.appeal
    )


def _ordered(documents: Iterable[PolicyDocument]) -> list[PolicyDocument]:
    keyed = {document.model_dump_json(): document for document in documents}
    return [
        document
        for _, document in sorted(
            keyed.items(),
            key=lambda item: (item[1].authority_tier.rank, item[1].issuer, item[1].id, item[0]),
        )
    ]


def _rules(documents: Sequence[PolicyDocument], wishes: Wishes) -> tuple[EffectiveRule, ...]:
    raises = [
        _Raise(part.rule, Effect.of(part.effect), source_of(document, part))
        for document in documents
        for part in document.escalations
    ]
    raises += [
        _Raise(rule, effect, user_source(rule, "You asked for more caution here."))
        for rule, effect in sorted(wishes.effects.items())
    ]
    found = [
        _raised(rule, source_of(document, rule), raises)
        for document in documents
        for rule in document.rules
    ]
    own = sorted(set(wishes.rules), key=lambda rule: (rule.id, rule.model_dump_json()))
    return tuple(found + [_raised(rule, user_source(rule.id, rule.reason), raises) for rule in own])


def _raised(rule: Rule, source: RuleSource, raises: Sequence[_Raise]) -> EffectiveRule:
    effect = Effect.of(rule.effect)
    wishes = [Wish(source, effect.label)]
    by: RuleSource | None = None
    for step in raises:
        if step.rule != rule.id:
            continue
        wishes.append(Wish(step.source, step.effect.label))
        if step.effect > effect:
            effect, by = step.effect, step.source
    return EffectiveRule(rule, effect, source, by, tuple(wishes))


def _requirements(documents: Sequence[PolicyDocument]) -> tuple[EffectiveRequirement, ...]:
    return tuple(
        EffectiveRequirement(part, source_of(document, part))
        for document in documents
        for part in document.requirements
    )


def _limits(documents: Sequence[PolicyDocument]) -> list[_Limit]:
    return [
        _Limit(part, source_of(document, part))
        for document in documents
        for part in document.bounds
    ]


def _own_limits(wishes: Wishes) -> list[_Limit]:
    own = sorted(set(wishes.bounds), key=lambda part: (part.key, part.model_dump_json()))
    return [_Limit(part, user_source(part.id, part.reason)) for part in own]


def _bounds(
    limits: Sequence[_Limit], own: Sequence[_Limit]
) -> tuple[tuple[EffectiveBound, ...], tuple[Wish, ...]]:
    found: list[EffectiveBound] = []
    ignored: list[Wish] = []
    for key in sorted({limit.bound.key for limit in (*limits, *own)}):
        binding = [limit for limit in limits if limit.bound.key == key]
        if binding and _is_empty(_intersection(key, binding)):
            raise _conflict(key, binding)
        for limit in (limit for limit in own if limit.bound.key == key):
            if _is_empty(_intersection(key, [*binding, limit])):
                ignored.append(Wish(limit.source, in_words(limit.bound)))
            else:
                binding.append(limit)
        if binding:
            found.append(_intersection(key, binding))
    return tuple(found), tuple(ignored)


def _intersection(key: str, limits: Sequence[_Limit]) -> EffectiveBound:
    wishes = tuple(Wish(limit.source, in_words(limit.bound)) for limit in limits)
    return EffectiveBound(
        key,
        _edge(limits, lambda bound: bound.minimum, max),
        _edge(limits, lambda bound: bound.maximum, min),
        _choice(limits),
        wishes,
    )


def _edge(
    limits: Sequence[_Limit],
    end: Callable[[Bound], float | None],
    strictest: Callable[[Iterable[float]], float],
) -> Edge | None:
    ends = [(value, limit.source) for limit in limits if (value := end(limit.bound)) is not None]
    if not ends:
        return None
    best = strictest(value for value, _ in ends)
    return Edge(best, next(source for value, source in ends if value == best))


def _choice(limits: Sequence[_Limit]) -> Choice | None:
    sets = [(frozenset(lim.bound.allowed), lim.source) for lim in limits if lim.bound.allowed]
    if not sets:
        return None
    shared = frozenset.intersection(*(values for values, _ in sets))
    return Choice(shared, min(sets, key=lambda pair: len(pair[0]))[1])


def _is_empty(bound: EffectiveBound) -> bool:
    if bound.allowed is not None:
        return not bound.allowed.values
    if bound.minimum is None or bound.maximum is None:
        return False
    return bound.minimum.value > bound.maximum.value


def _conflict(key: str, limits: Sequence[_Limit]) -> PolicyConflict:
    issuers = sorted({limit.source.issuer for limit in limits})
    return PolicyConflict(f"The bounds on {key} by {' and '.join(issuers)} leave no value.")


def in_words(bound: Bound) -> str:
    """What a bound asks for, in words."""
    if bound.allowed is not None:
        return "one of " + ", ".join(sorted(bound.allowed))
    low = None if bound.minimum is None else f"at least {bound.minimum:g}"
    high = None if bound.maximum is None else f"at most {bound.maximum:g}"
    return " and ".join(part for part in (low, high) if part)
