"""Ours and its rivals, asked the same things in the same run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from assistant.engine import (
    ChatMessage,
    GenerateRequest,
    ModelCatalogue,
    ModelClient,
    ModelFile,
    Sampling,
    TextDelta,
    catalogue_path,
    default_weights,
)

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = ChatMessage("system", "You are a helpful assistant.")
STORY = ChatMessage("user", "Write a long and detailed story about a miller and a river.")
WORDS = (
    "the", "river", "runs", "past", "old", "stone", "houses", "where", "people", "trade",
    "apples", "cloth", "and", "stories",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds to the first token, tokens per second after it, tokens, whole seconds."""

    first: float
    rate: float
    tokens: int
    reused: int = 0
    whole: float = 0.0


def default_model() -> ModelFile:
    """The catalogue's default chat model."""
    model = ModelCatalogue.load(catalogue_path()).default("chat")
    return ModelFile(default_weights() / model.file[0].path, model.file[0].sha256, model.id)


def text(tokens: int) -> str:
    """About so many tokens of plain words."""
    return " ".join(WORDS[place % len(WORDS)] for place in range(tokens))


class Rival:
    """A rival in its own process, with the environment as it is."""

    def __init__(self, kind: str) -> None:
        command = [sys.executable, "-m", "scripts.bench_suites._rivals", kind]
        self._process = subprocess.Popen(
            [*command, str(default_model().path)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._line()

    def turn(self, messages: Sequence[ChatMessage], tokens: int) -> Turn:
        """One turn."""
        assert self._process.stdin is not None
        plain = [{"role": m.role, "content": m.content} for m in messages]
        self._process.stdin.write(json.dumps({"messages": plain, "tokens": tokens}) + "\n")
        self._process.stdin.flush()
        told = self._line()
        return Turn(told["first"], told["rate"], int(told["tokens"]))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> dict[str, float]:
        assert self._process.stdout is not None
        told: dict[str, float] = json.loads(self._process.stdout.readline())
        return told


def ours(
    model: ModelClient,
    messages: Sequence[ChatMessage],
    tokens: int,
    candidates: int = 1,
) -> Turn:
    """One turn through the client, as the program takes it, greedy as its rivals."""
    request = GenerateRequest(
        tuple(messages[:-1]),
        messages[-1],
        candidates=candidates,
        max_tokens=tokens,
        sampling=Sampling(temperature=0.0),
    )
    began = time.perf_counter()
    first = last = 0.0
    count = reused = 0
    for event in model.generate(request):
        if isinstance(event, TextDelta):
            last = time.perf_counter()
            first = first or last
            count += event.tokens
        elif hasattr(event, "reused_tokens"):
            reused = event.reused_tokens
    rate = (count - candidates) / (last - first) if count > candidates else 0.0
    return Turn(first - began, rate, count, reused, time.perf_counter() - began)


@contextmanager
def engine() -> Iterator[ModelClient]:
    """Our model child, ready."""
    model = ModelClient()
    model.start(default_model())
    try:
        model.wait_ready(60)
        yield model
    finally:
        model.stop()


@contextmanager
def rivals() -> Iterator[tuple[Rival, Rival]]:
    """The high-level API and the bare loop, ready."""
    high = Rival("high")
    bare = Rival("bare")
    try:
        yield high, bare
    finally:
        high.close()
        bare.close()


def row(figure: str, values: Sequence[float], unit: str, rival: Sequence[float] | None = None,
        rival_name: str = "", target: str = "") -> dict[str, object]:  # fmt: skip
    """One figure: the median, and its ratio to the rival's median in the same run."""
    told: dict[str, object] = {"figure": figure, "value": round(median(values), 4), "unit": unit}
    if rival is not None:
        told |= {"rival": round(median(rival), 4), "rival_name": rival_name}
        told["ratio"] = round(median(values) / median(rival), 3)
    if target:
        told["target"] = target
    return told
