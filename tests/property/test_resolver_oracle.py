"""The resolver against a thirty-line oracle that knows only maxima and intersections."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from assistant.errors import PolicyConflict
from assistant.policy.document import Bound, PolicyDocument
from assistant.policy.effective import EffectivePolicy, Wishes
from assistant.policy.model import Effect, Tier
from assistant.policy.resolver import resolve
from tests.conftest import Progress
from tests.policy_documents import document, rule

Facts = dict[tuple[str, ...], Any]
EFFECTS = ["note", "warn", "confirm", "redact", "block"]
RULES = ["alpha", "beta", "gamma"]
RANGES = ["temperature", "retention_days"]
SETS = ["persona", "export"]
VALUES = ["a", "b", "c", "d"]


def oracle(docs: list[PolicyDocument], wishes: Wishes) -> Facts | None:
    """The strictest of everything, or ``None`` for a conflict."""
    out: Facts = {}
    raises = [(e.rule, Effect.of(e.effect)) for d in docs for e in d.escalations]
    raises += list(wishes.effects.items())
    for d in docs:
        for r in d.rules:
            effects = [Effect.of(r.effect)] + [e for name, e in raises if name == r.id]
            out["rule", d.tier, d.issuer, r.id] = max(effects)
    for key in RANGES + SETS:
        own = [b for b in sorted(wishes.bounds, key=Bound.model_dump_json) if b.key == key]
        state = _meet([b for d in docs for b in d.bounds if b.key == key])
        if state is False:
            return None
        kept = [b for d in docs for b in d.bounds if b.key == key]
        for b in own:
            if _meet([*kept, b]) is not False:
                kept.append(b)
        if kept:
            out["bound", key] = _meet(kept)
    return out


def _meet(bounds: list[Bound]) -> Any:
    sets = [set(b.allowed) for b in bounds if b.allowed]
    if sets:
        return frozenset(set.intersection(*sets)) or False
    low = max((b.minimum for b in bounds if b.minimum is not None), default=None)
    high = min((b.maximum for b in bounds if b.maximum is not None), default=None)
    return False if low is not None and high is not None and low > high else (low, high)


def seen(policy: EffectivePolicy) -> Facts:
    """The same facts out of the effective policy."""
    out: Facts = {}
    for r in policy.rules:
        if r.source.tier is not Tier.USER:
            out["rule", r.source.tier.value, r.source.issuer, r.rule.id] = r.effect
    for b in policy.bounds:
        low = None if b.minimum is None else b.minimum.value
        high = None if b.maximum is None else b.maximum.value
        out["bound", b.key] = b.allowed.values if b.allowed else (low, high)
    return out


def _bound(rng: random.Random, number: int) -> dict[str, Any]:
    if rng.random() < 0.5:
        low, high = sorted(rng.randint(0, 10) for _ in range(2))
        ends = rng.choice([{"minimum": low}, {"maximum": high}, {"minimum": low, "maximum": high}])
        return {"id": f"b{number}", "key": rng.choice(RANGES), "reason": "x", **ends}
    allowed = rng.sample(VALUES, rng.randint(2, 4))
    return {"id": f"b{number}", "key": rng.choice(SETS), "reason": "x", "allowed": allowed}


def _document(rng: random.Random, tier: str, issuer: str) -> PolicyDocument:
    rules = [
        rule(name, rng.choice(EFFECTS), terms=[f"term {name}"])
        for name in rng.sample(RULES, rng.randint(0, 3))
    ]
    raises = [
        {"id": f"e{n}", "rule": rng.choice(RULES), "effect": rng.choice(EFFECTS), "reason": "x"}
        for n in range(rng.randint(0, 2))
    ]
    bounds = [_bound(rng, number) for number in range(rng.randint(0, 3))]
    return document(tier=tier, issuer=issuer, rules=rules, escalations=raises, bounds=bounds)


def _wishes(rng: random.Random) -> Wishes:
    return Wishes(
        values={"temperature": rng.uniform(0, 12), "persona": rng.choice(VALUES)},
        effects={rng.choice(RULES): Effect.of(rng.choice(EFFECTS))},
        bounds=tuple(
            Bound.model_validate_json(json.dumps(_bound(rng, n))) for n in range(rng.randint(0, 2))
        ),
    )


def _resolved(docs: list[PolicyDocument], wishes: Wishes) -> Facts | None:
    try:
        return seen(resolve(docs, wishes))
    except PolicyConflict:
        return None


def _no_looser(before: Facts, after: Facts) -> bool:
    for key, old in before.items():
        new = after[key]
        if key[0] == "rule":
            if new < old:
                return False
        elif isinstance(old, frozenset):
            if not new <= old:
                return False
        elif (old[0] is not None and (new[0] is None or new[0] < old[0])) or (
            old[1] is not None and (new[1] is None or new[1] > old[1])
        ):
            return False
    return True


@pytest.mark.full(
    name="resolver-triples",
    small=200,
    full=10_000,
    covers=("assistant/policy/resolver.py", "assistant/policy/effective.py"),
)
def test_the_resolver_agrees_with_the_oracle_and_never_loosens(
    size: int, seed: int, progress: Progress
) -> None:
    for case in range(size):
        if progress.done(case):
            continue
        rng = random.Random(seed * 1_000_003 + case)
        national = _document(rng, "national", "State")
        organisations = [_document(rng, "organisation", f"Org {n}") for n in (1, 2)]
        wishes = _wishes(rng)
        docs = [national, *organisations]
        expected = oracle(docs, wishes)
        assert _resolved(docs, wishes) == expected, case
        shuffled = docs * 2
        rng.shuffle(shuffled)
        assert _resolved(shuffled, wishes) == expected, f"order or repetition mattered: {case}"
        if expected is not None:
            _check_a_resolved_case(docs, wishes, shuffled)
        progress.mark(case)


def _check_a_resolved_case(
    docs: list[PolicyDocument], wishes: Wishes, shuffled: list[PolicyDocument]
) -> None:
    policy = resolve(docs, wishes)
    assert resolve(shuffled, wishes) == policy, "sources depend on order"
    alone = seen(resolve(docs, Wishes()))
    assert _no_looser(alone, seen(policy)), "tier 3 loosened something"
    assert _no_looser(seen(resolve(docs[:1], Wishes())), alone), "tier 2 loosened something"
    for value in policy.values:
        assert policy.allows(value.key, value.value), "a clamped value is still out of bounds"
        assert value.clamped == (value.value != value.wished)
