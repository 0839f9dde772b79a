"""Evaluation data beside the project, and figures with their uncertainty.

No text of these sets is in the project; a suite says so when the folder is absent.
"""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "eval"
Row = dict[str, Any]


def lines(name: str) -> list[Row]:
    """Rows of a .jsonl or .csv file of the evaluation folder; raises FileNotFoundError."""
    path = FOLDER / name
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            return list(csv.DictReader(file))
        return [json.loads(line) for line in file if line.strip()]


def present(*names: str) -> Row | None:
    """None if all files are there, else the row that says which are missing."""
    missing = [name for name in names if not (FOLDER / name).is_file()]
    if not missing:
        return None
    return {"figure": "absent", "value": len(missing), "unit": "files", "missing": missing}


def figure(
    name: str,
    values: Sequence[float],
    unit: str = "share",
    *,
    target: str = "",
    rounds: int = 1000,
    **more: Any,
) -> Row:
    """The mean with a 95 % bootstrap interval over ``values``."""
    low, high = interval(values, rounds=rounds)
    row: Row = {
        "figure": name,
        "value": round(mean(values), 4),
        "unit": unit,
        "low": round(low, 4),
        "high": round(high, 4),
        "n": len(values),
        **more,
    }
    return {**row, "target": target} if target else row


def mean(values: Iterable[float]) -> float:
    """The arithmetic mean; 0.0 of nothing."""
    kept = list(values)
    return sum(kept) / len(kept) if kept else 0.0


def interval(values: Sequence[float], *, rounds: int = 1000, seed: int = 1) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean; a fixed seed, so that runs can be compared."""
    if len(values) < 2:
        return mean(values), mean(values)
    rng = random.Random(seed)
    means = sorted(mean(rng.choices(values, k=len(values))) for _ in range(rounds))
    return means[int(0.025 * rounds)], means[int(0.975 * rounds) - 1]


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of all lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def timed(act: Callable[[], object], times: int, clock: Callable[[], float]) -> list[float]:
    """Seconds of each of ``times`` runs."""
    taken = []
    for _ in range(times):
        start = clock()
        act()
        taken.append(clock() - start)
    return taken
