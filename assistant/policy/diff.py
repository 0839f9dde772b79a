"""What a new version of a document makes stricter or looser, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from assistant.policy.document import Bound, Escalation, PolicyDocument, Requirement, Rule
from assistant.policy.model import Effect, Origin
from assistant.policy.resolver import in_words

Direction = Literal["stricter", "looser", "changed"]
_Part = TypeVar("_Part", Rule, Bound, Requirement, Escalation)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; ``key`` is the id of what changed."""

    direction: Direction
    key: str
    words: str


def diff(old: PolicyDocument, new: PolicyDocument) -> tuple[Change, ...]:
    """Every difference between two documents, looser ones first: they want a second look."""
    found = [
        *_parts(old.rules, new.rules, _rule_changes, "The rule"),
        *_parts(old.bounds, new.bounds, _bound_changes, "The bound"),
        *_parts(old.requirements, new.requirements, _requirement_changes, "The requirement"),
        *_parts(old.escalations, new.escalations, _escalation_changes, "The escalation"),
        *_head(old, new),
    ]
    order = ("looser", "stricter", "changed")
    return tuple(sorted(found, key=lambda change: (order.index(change.direction), change.key)))


def _parts(
    old: Sequence[_Part],
    new: Sequence[_Part],
    compare: Callable[[_Part, _Part], Iterable[Change]],
    what: str,
) -> Iterable[Change]:
    before: Mapping[str, _Part] = {part.id: part for part in old}
    after: Mapping[str, _Part] = {part.id: part for part in new}
    for key in before.keys() - after.keys():
        yield Change("looser", key, f"{what} {key} is gone.")
    for key in after.keys() - before.keys():
        yield Change("stricter", key, f"{what} {key} is new.")
    for key in before.keys() & after.keys():
        yield from compare(before[key], after[key])


def _rule_changes(old: Rule, new: Rule) -> Iterable[Change]:
    before, after = Effect.of(old.effect), Effect.of(new.effect)
    if before != after:
        way: Direction = "stricter" if after > before else "looser"
        yield Change(way, new.id, f"Its effect goes from {before.label} to {after.label}.")
    yield from _set_change(new.id, "checked at", set(old.where), set(new.where))
    yield from _set_change(new.id, "of texts from", _from(old), _from(new))
    yield from _set_change(new.id, "the terms", set(old.match.terms), set(new.match.terms))
    yield from _set_change(new.id, "the patterns", set(old.match.pattern), set(new.match.pattern))
    yield from _presence(new.id, "matching by meaning", old.match.meaning, new.match.meaning)
    yield from _presence(new.id, "matching by a guard model", old.match.guard, new.match.guard)
    yield from _words_change(new.id, old, new, ("title", "reason", "help"))


def _from(rule: Rule) -> set[str]:
    return {origin.value for origin in Origin if rule.concerns(origin)} - {"trusted"}


def _bound_changes(old: Bound, new: Bound) -> Iterable[Change]:
    if old.key != new.key:
        yield Change("changed", new.id, f"It bounds {new.key} instead of {old.key}.")
    elif (old.minimum, old.maximum) != (new.minimum, new.maximum):
        way = _range_direction(old, new)
        yield Change(way, new.id, f"{new.key}: {in_words(old)} becomes {in_words(new)}.")
    elif set(old.allowed or ()) != set(new.allowed or ()):
        before, after = set(old.allowed or ()), set(new.allowed or ())
        way = "stricter" if after < before else "looser" if after > before else "changed"
        yield Change(way, new.id, f"{new.key}: {in_words(old)} becomes {in_words(new)}.")
    yield from _words_change(new.id, old, new, ("reason",))


def _range_direction(old: Bound, new: Bound) -> Direction:
    infinity = float("inf")
    low = (-infinity if old.minimum is None else old.minimum,
           -infinity if new.minimum is None else new.minimum)  # fmt: skip
    high = (infinity if old.maximum is None else old.maximum,
            infinity if new.maximum is None else new.maximum)  # fmt: skip
    if low[1] >= low[0] and high[1] <= high[0]:
        return "stricter"
    return "looser" if low[1] <= low[0] and high[1] >= high[0] else "changed"


def _requirement_changes(old: Requirement, new: Requirement) -> Iterable[Change]:
    if old.model_copy(update={"note": ""}) != new.model_copy(update={"note": ""}):
        yield Change("changed", new.id, "What it obliges to is worded differently.")


def _escalation_changes(old: Escalation, new: Escalation) -> Iterable[Change]:
    if old.rule != new.rule:
        yield Change("changed", new.id, f"It raises {new.rule} instead of {old.rule}.")
    before, after = Effect.of(old.effect), Effect.of(new.effect)
    if before != after:
        way: Direction = "stricter" if after > before else "looser"
        yield Change(way, new.id, f"It raises to {after.label} instead of {before.label}.")


def _head(old: PolicyDocument, new: PolicyDocument) -> Iterable[Change]:
    for field in ("issuer", "tier", "version", "expires", "contact", "appeal", "summary"):
        before, after = getattr(old, field), getattr(new, field)
        if before != after:
            yield Change("changed", field, f"{field} goes from “{before}” to “{after}”.")


def _set_change(key: str, what: str, old: set[str], new: set[str]) -> Iterable[Change]:
    # How many, not which: lists of forbidden terms are not for every screen.
    if gone := old - new:
        yield Change("looser", key, f"{what}: {len(gone)} fewer.")
    if more := new - old:
        yield Change("stricter", key, f"{what}: {len(more)} more.")


def _presence(key: str, what: str, old: object, new: object) -> Iterable[Change]:
    if (old is None) != (new is None):
        yield Change("looser" if new is None else "stricter", key, f"{what} is "
                     f"{'gone' if new is None else 'new'}.")  # fmt: skip
    elif old != new:
        yield Change("changed", key, f"{what} is set differently.")


def _words_change(key: str, old: _Part, new: _Part, fields: Iterable[str]) -> Iterable[Change]:
    for field in fields:
        if getattr(old, field) != getattr(new, field):
            yield Change("changed", key, f"Its {field} is worded differently.")
