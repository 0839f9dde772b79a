"""Tokens per second: ours through the client, the high-level chat API, a bare loop."""

from __future__ import annotations

import time
from collections.abc import Iterable

from assistant.engine import (
    ChatMessage,
    EmbedderFolder,
    MemoryClient,
    ModelCatalogue,
    ModelClient,
    catalogue_path,
)
from assistant.engine.catalogue import default_weights
from assistant.engine.registry import ModelRegistry
from scripts.bench_suites._engines import STORY, SYSTEM, engine, ours, rivals, row, text

ROUNDS = {"quick": 2, "full": 7}
TOKENS = {"quick": 60, "full": 200}


def run(size: str) -> Iterable[dict[str, object]]:
    """Rounds take turns, so that a slow minute of the machine is everybody's."""
    rounds, tokens = ROUNDS.get(size, 7), TOKENS.get(size, 200)
    messages = (SYSTEM, STORY)
    got: dict[str, list[float]] = {"ours": [], "high": [], "bare": []}
    with engine() as model, rivals() as (high, bare):
        for _ in range(rounds):
            got["high"].append(high.turn(messages, tokens).rate)
            got["bare"].append(bare.turn(messages, tokens).rate)
            got["ours"].append(ours(model, messages, tokens).rate)
        yield row("decode", got["ours"], "tokens/s", got["high"], "high-level API", "≥ 1.0")
        yield row("decode", got["ours"], "tokens/s", got["bare"], "bare loop", "≥ 0.92")
        yield from _candidates(model, rounds, tokens)
    yield from _beside_a_fill(rounds, tokens)


def _candidates(model: ModelClient, rounds: int, tokens: int) -> Iterable[dict[str, object]]:
    """A turn with several candidates, by token, against a turn with one."""
    messages = (SYSTEM, ChatMessage("user", f"{text(60)}. {STORY.content}"))
    costs: dict[int, list[float]] = {1: [], 2: [], 3: []}
    for _ in range(rounds):
        for count, told in costs.items():
            turn = ours(model, messages, tokens, count)
            told.append(turn.whole / turn.tokens)
    for count in (2, 3):
        figure = f"turn with {count} candidates, per token"
        yield row(figure, costs[count], "s", costs[1], "separate turns", "≤ 0.75")


def _beside_a_fill(rounds: int, tokens: int) -> Iterable[dict[str, object]]:
    """Decoding while Chroma is due for a fill, paused as a turn pauses it."""
    alone: list[float] = []
    beside: list[float] = []
    with engine() as model:
        memory = MemoryClient()
        memory.start(_embedder())
        try:
            memory.wait_ready(60)
            for _ in range(rounds):
                memory.index_clear()
                time.sleep(0.2)
                alone.append(ours(model, (SYSTEM, STORY), tokens).rate)
                vector = memory.embed(["a"])[0]
                memory.index_put([f"id-{n}" for n in range(20_000)], [vector] * 20_000)
                time.sleep(1.2)
                memory.pause(True)
                beside.append(ours(model, (SYSTEM, STORY), tokens).rate)
                memory.pause(False)
        finally:
            memory.stop()
    yield row("decode while an index fill is due", beside, "tokens/s", alone, "without", "≥ 0.9")


def _embedder() -> EmbedderFolder:
    catalogue = ModelCatalogue.load(catalogue_path())
    return ModelRegistry(default_weights(), catalogue, default_weights()).embedder()
