"""Held-out choices of real users: learn on the first few, predict the rest.

The code that ships learns; only the prior's mean is the population's, fitted on others.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from assistant.personal.dimensions import DIMENSIONS, measure
from assistant.personal.learning import PRIOR, learn
from assistant.personal.logistic import Evidence, Prior, fit, log_probability
from scripts.bench_suites._evaluation import figure, lines, mean

Row = dict[str, Any]
CHOICES = (1, 2, 5, 10, 20, 50)


def held_out_choices(every: int) -> Iterator[Row]:
    """Learn on a user's first k choices, predict the rest, against the population's prior."""
    texts = {a["arg_id"]: a["text"] for a in lines("ukpconvarg1/arguments.jsonl")}
    votes: dict[str, list[Evidence]] = defaultdict(list)
    for vote in lines("ukpconvarg1/votes.csv"):
        better, worse = (vote["a1"], vote["a2"])[:: 1 if vote["choice"] == "a1" else -1]
        if vote["choice"] in ("a1", "a2") and better in texts and worse in texts:
            votes[vote["user"]].append(_difference(texts[better], texts[worse]))
    users = sorted(user for user, given in votes.items() if len(given) >= 60)
    others = [e for user, given in sorted(votes.items()) if len(given) < 60 for e in given]
    prior = _population(others[:8000])
    yield from _compared("ukpconvarg1", {u: votes[u] for u in users[::every]}, prior, CHOICES)


def agreeing_annotators(every: int) -> Iterator[Row]:
    """PandaLM's annotators agree: personalising must not hurt."""
    votes: dict[str, list[Evidence]] = defaultdict(list)
    for row in lines("pandalm/testset.jsonl")[::every]:
        for number in (1, 2, 3):
            choice = row[f"annotator{number}"]
            pair = (row["response1"], row["response2"])[:: 1 if choice == 1 else -1]
            if choice in (1, 2) and all(isinstance(text, str) for text in pair):
                votes[f"annotator{number}"].append(_difference(*pair))
    rest = [e for given in votes.values() for e in given[len(given) // 2 :]]
    kept = {user: given[: len(given) // 2] for user, given in votes.items()}
    sizes = (5, 20) if every > 1 else (5, 20, 50)
    yield from _compared("pandalm", kept, _population(rest), sizes, 2 if every > 1 else 40)


def _difference(better: str, worse: str) -> Evidence:
    return Evidence(tuple(a - b for a, b in zip(measure(better), measure(worse), strict=True)))


def _population(evidence: Sequence[Evidence]) -> Prior:
    flat = Prior(tuple(0.0 for _ in DIMENSIONS), tuple(1.0 for _ in DIMENSIONS))
    return replace(PRIOR, mean=fit(evidence, flat).mean)


def _compared(
    name: str,
    votes: dict[str, list[Evidence]],
    prior: Prior,
    sizes: Sequence[int],
    draws: int = 1,
) -> Iterator[Row]:
    """One value a user, the mean of so many ``draws`` of k choices; intervals over users."""
    for k in sizes:
        users = [
            [_one_draw(f"{user}{draw}" if draw else user, given, prior, k) for draw in range(draws)]
            for user, given in votes.items()
        ]
        accuracy, log_loss, used = (
            [mean(each[place] for each in user) for user in users] for place in range(3)
        )
        yield figure(f"{name}: accuracy over the prior, k={k}", accuracy, "points",
                     target="low >= -1", used=round(mean(used), 2), draws=draws)  # fmt: skip
        aim = "<= 0" if k < 20 else "< 0"
        yield figure(f"{name}: log loss over the prior, k={k}", log_loss, "nats", target=aim)


def _one_draw(
    seed: str, given: Sequence[Evidence], prior: Prior, k: int
) -> tuple[float, float, float]:
    """Accuracy in points and log loss in nats, both minus the prior's; whether it acted."""
    shuffled = list(given)
    random.Random(seed).shuffle(shuffled)
    learned = learn(shuffled[:k], prior)
    rest = [e for e in shuffled[k : k + 300] if any(e.x)]
    ours = [log_probability(learned.weights, e) for e in rest]
    theirs = [log_probability(prior.mean, e) for e in rest]
    return (
        100 * (_right(ours) - _right(theirs)), mean(theirs) - mean(ours), float(bool(learned.used)),
    )  # fmt: skip


def _right(log_probabilities: Sequence[float]) -> float:
    return mean(float(p > -0.6931471805599453) for p in log_probabilities)
