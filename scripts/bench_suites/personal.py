"""Learning from feedback: adherence of simulated users, choices of real ones, facts, flattery.

Pieces (--part): acts, choices, agreeing, adherence, adherence:1 to adherence:16 (three of
48 users each), facts, facts:1 to facts:4, flattery, flattery:COUNT, proposals, and
pooled:FILE, which pools the rows of users and of questions in JSON lines from several
pieces. Each loads its own model and takes minutes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from scripts.bench_suites._evaluation import present
from scripts.bench_suites._facts import control, pooled_facts
from scripts.bench_suites._flattery import rates
from scripts.bench_suites._proposals import phrased
from scripts.bench_suites._users import adherence, pooled
from scripts.bench_suites._votes import agreeing_annotators, held_out_choices

Row = dict[str, Any]
SAMPLES = 48
ACTS = 200
EDITS = 40

_NEEDS = {
    "choices": ("ukpconvarg1/arguments.jsonl", "ukpconvarg1/votes.csv"),
    "agreeing": ("pandalm/testset.jsonl",),
    "proposals": ("lamp_writer_edits/edits.jsonl",),
    "flattery": ("persistbench/sycophancy.jsonl",),
}


def run(size: str, part: str = "") -> Iterable[Row]:
    """All rows, or those of one piece; ``size`` "quick" is small, to see that it runs."""
    quick = size == "quick"
    name, _, detail = part.partition(":")
    pieces: dict[str, Callable[[], Iterator[Row]]] = {
        "acts": lambda: _acts(40 if quick else ACTS),
        "choices": lambda: held_out_choices(10 if quick else 1),
        "agreeing": lambda: agreeing_annotators(10 if quick else 1),
        "facts": lambda: control(int(detail) if detail else None, 12 if quick else 1),
        "flattery": lambda: rates(int(detail or (4 if quick else SAMPLES))),
        "proposals": lambda: phrased(4 if quick else EDITS),
        "adherence": lambda: adherence(
            int(detail) if detail else 1 if quick else None, (0, 10) if quick else (0, 5, 10, 20)
        ),
    }
    if name == "pooled":
        rows = list(_rows(Path(detail)))
        yield from pooled([row for row in rows if "stage" in row])
        if facts := [row for row in rows if "fact" in row]:
            yield from pooled_facts(facts)
        return
    for chosen in [name] if name else pieces:
        missing = present(*_NEEDS.get(chosen, ()))
        if missing is not None:
            yield {**missing, "figure": f"{chosen}: evaluation data absent"}
        else:
            yield from pieces[chosen]()


def _acts(count: int) -> Iterator[Row]:
    from scripts.bench_suites._acts import latency

    yield from latency(count)


def _rows(path: Path) -> Iterator[Row]:
    with path.open() as file:
        yield from (json.loads(line) for line in file if line.strip())
