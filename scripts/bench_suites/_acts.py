"""What an act of feedback costs: through the holder, with a real vault that syncs each one."""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.holder.interface import GiveFeedback, ProfileQuery
from scripts.bench_suites._evaluation import percentile
from tests.holder_world import World
from tests.vault_world import say

Row = dict[str, Any]
_WORDS = ("soap", "therefore", "perhaps", "good", "- one", "why?", "answer", "simple", "bread")


def latency(acts: int) -> Iterator[Row]:
    """From request to reply, in turns; then the profile, which is built when next needed."""
    rng = random.Random(2)
    taken: list[float] = []
    rebuilt: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        chat = world.vault.conversations.start("Bench").id
        try:
            for number in range(acts):
                answer = " ".join(rng.choices(_WORDS, k=rng.randint(20, 120))) + "."
                turn = say(world.vault, f"Question {number}?", answer, chat)
                request = _request(number, turn.id, answer)
                start = time.perf_counter()
                world.all(request)
                taken.append(1000 * (time.perf_counter() - start))
                start = time.perf_counter()
                world.all(ProfileQuery())
                rebuilt.append(1000 * (time.perf_counter() - start))
                start = time.perf_counter()
                world.vault.settings.put("bench", str(number))
                bare.append(1000 * (time.perf_counter() - start))
        finally:
            world.holder.lock("the measurement is over")
    for share, name in ((0.5, "p50"), (0.95, "p95")):
        value, rival = percentile(taken, share), percentile(bare, share)
        yield {
            "figure": f"an act of feedback, stored and read, {name}", "unit": "ms",
            "value": round(value, 2), "n": acts, "rival": "a bare commit of the vault",
            "rival_value": round(rival, 2), "ratio": round(value / rival, 2), "target": "<= 10",
        }  # fmt: skip
    yield {"figure": f"profile built anew from {acts} acts, p95", "unit": "ms",
           "value": round(percentile(rebuilt[acts // 2 :], 0.95), 2),
           "n": acts - acts // 2}  # fmt: skip


def _request(number: int, turn: str, answer: str) -> GiveFeedback:
    kinds = (
        GiveFeedback("up", turn),
        GiveFeedback("score", turn, str(1 + number % 100)),
        GiveFeedback("edit", turn, answer[: len(answer) // 2]),
        GiveFeedback("note", turn, note="Rather short, please."),
    )
    return kinds[number % len(kinds)]
