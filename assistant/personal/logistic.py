"""Bayesian logistic regression on comparisons, by Laplace's approximation.

The likelihood is Bradley and Terry's (1952): the better of two answers wins with
probability σ(w · (x_better - x_worse)). The prior over w is Gaussian and tight; the
posterior is its mode with the inverse Hessian as covariance. Leave-one-out predictions
use the approximate formula of Rad and Maleki (2020, arXiv 1801.10243), one solve instead
of a refit each. Plain Python: eight dimensions and a few hundred comparisons take
milliseconds, and the front process imports no numpy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MAX_STEPS = 25
TOLERANCE = 1e-9

Vector = tuple[float, ...]


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """The difference between the better and the worse answer, and how much it counts.

    ``offset`` is what weights outside ``x``, held fixed, add to the margin.
    """

    x: Vector
    weight: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Prior:
    """Gaussian, independent: mean and standard deviation of each weight."""

    mean: Vector
    sd: Vector


@dataclass(frozen=True, slots=True)
class Posterior:
    """Mode and covariance of the weights."""

    mean: Vector
    covariance: tuple[Vector, ...]

    @property
    def sd(self) -> Vector:
        """Standard deviation of each weight."""
        return tuple(math.sqrt(max(0.0, row[i])) for i, row in enumerate(self.covariance))


def fit(evidence: Sequence[Evidence], prior: Prior) -> Posterior:
    """The posterior. The order of the evidence makes no difference, not even in the last bit."""
    ordered = sorted(evidence)
    weights = list(prior.mean)
    hessian = _hessian(weights, ordered, prior)
    for _ in range(MAX_STEPS):
        step = _solve(hessian, _gradient(weights, ordered, prior))
        largest = max((abs(s) for s in step), default=0.0)
        # A full Newton step from a flat region may overshoot; two units is far enough.
        scale = min(1.0, 2.0 / largest) if largest > 0 else 1.0
        weights = [w - scale * s for w, s in zip(weights, step, strict=True)]
        hessian = _hessian(weights, ordered, prior)
        if largest < TOLERANCE:
            break
    return Posterior(tuple(weights), _inverse(hessian))


def leave_one_out(evidence: Sequence[Evidence], posterior: Posterior) -> list[float]:
    """For each comparison its log probability when it had not been seen."""
    scores: list[float] = []
    for each in evidence:
        margin = _dot(posterior.mean, each.x) + each.offset
        slope = -each.weight * _sigmoid(-margin)
        curve = each.weight * _sigmoid(margin) * _sigmoid(-margin)
        spread = _dot(each.x, [_dot(row, each.x) for row in posterior.covariance])
        held_out = margin + slope * spread / max(1e-6, 1.0 - curve * spread)
        scores.append(log_sigmoid(held_out))
    return scores


def log_probability(weights: Sequence[float], each: Evidence) -> float:
    """Log probability of a comparison under fixed weights."""
    return log_sigmoid(_dot(weights, each.x) + each.offset)


def log_sigmoid(value: float) -> float:
    """log(1 / (1 + exp(-value))) without overflow."""
    return -math.log1p(math.exp(-value)) if value > 0 else value - math.log1p(math.exp(value))


def _sigmoid(value: float) -> float:
    return math.exp(log_sigmoid(value))


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _gradient(weights: list[float], evidence: Sequence[Evidence], prior: Prior) -> list[float]:
    gradient = [(w - m) / (s * s) for w, m, s in zip(weights, prior.mean, prior.sd, strict=True)]
    for each in evidence:
        pull = each.weight * _sigmoid(-_dot(weights, each.x) - each.offset)
        for i, x in enumerate(each.x):
            gradient[i] -= pull * x
    return gradient


def _hessian(weights: list[float], evidence: Sequence[Evidence], prior: Prior) -> list[list[float]]:
    size = len(weights)
    hessian = [[0.0] * size for _ in range(size)]
    for i, sd in enumerate(prior.sd):
        hessian[i][i] = 1.0 / (sd * sd)
    for each in evidence:
        margin = _dot(weights, each.x) + each.offset
        curve = each.weight * _sigmoid(margin) * _sigmoid(-margin)
        for i, xi in enumerate(each.x):
            if xi:
                row = hessian[i]
                for j, xj in enumerate(each.x):
                    row[j] += curve * xi * xj
    return hessian


def _solve(matrix: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """Solve a symmetric positive definite system by Cholesky's factorisation."""
    lower = _cholesky(matrix)
    forward: list[float] = []
    for i, row in enumerate(lower):
        forward.append((right[i] - _dot(row[:i], forward)) / row[i])
    result = [0.0] * len(lower)
    for i in reversed(range(len(lower))):
        rest = sum(lower[j][i] * result[j] for j in range(i + 1, len(lower)))
        result[i] = (forward[i] - rest) / lower[i][i]
    return result


def _cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    lower: list[list[float]] = []
    for i, source in enumerate(matrix):
        row: list[float] = []
        for j in range(i + 1):
            rest = source[j] - _dot(row[:j], (lower[j] if j < i else row)[:j])
            row.append(math.sqrt(rest) if i == j else rest / lower[j][j])
        lower.append(row)
    return lower


def _inverse(matrix: Sequence[Sequence[float]]) -> tuple[Vector, ...]:
    size = len(matrix)
    columns = [_solve(matrix, [float(i == j) for j in range(size)]) for i in range(size)]
    return tuple(
        tuple((columns[i][j] + columns[j][i]) / 2 for j in range(size)) for i in range(size)
    )
