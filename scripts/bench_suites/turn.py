"""Time to the first token: cold, warm, after a restart; and how fast a turn stops."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from assistant.conversation.prompt import system_message
from assistant.engine import ChatMessage, GenerateRequest, ModelClient, TextDelta
from assistant.vault import KdfParameters, Vault
from scripts.bench_suites._engines import (
    STORY,
    SYSTEM,
    Turn,
    default_model,
    engine,
    ours,
    rivals,
    row,
    text,
)

ROUNDS = {"quick": 2, "full": 5}
PREFIX = {"quick": 200, "full": 820}


def run(size: str) -> Iterable[dict[str, object]]:
    """The prefix is system text of the length tier rules have."""
    rounds, length = ROUNDS.get(size, 5), PREFIX.get(size, 820)
    with engine() as model:
        with rivals() as (high, _):
            yield from _warm(model, high.turn, rounds, length)
        yield from _restart(model, rounds, length)
        yield from _stopping(model, rounds)
        yield from _shift(model, rounds, length)
    yield from _loading(rounds)


def _prefix(length: int, round_: int) -> ChatMessage:
    return ChatMessage("system", f"Rules {round_}. {text(length)}")


def _warm(
    model: ModelClient, high: object, rounds: int, length: int
) -> Iterable[dict[str, object]]:
    assert callable(high)
    cold: list[float] = []
    warm: list[float] = []
    theirs: list[float] = []
    for round_ in range(rounds):
        system = _prefix(length, round_)
        questions = [ChatMessage("user", f"{n}{round_} {STORY.content}") for n in range(2)]
        cold.append(ours(model, (system, questions[0]), 2).first)
        warm.append(ours(model, (system, questions[1]), 2).first)
        high((system, questions[0]), 2)
        told: Turn = high((system, questions[1]), 2)
        theirs.append(told.first)
    yield row(f"warm first token, prefix {length}", warm, "s", theirs, "high-level API", "≤ 1.2")
    yield row(f"warm first token, prefix {length}", warm, "s", cold, "cold", "≤ 0.05")


def _restart(model: ModelClient, rounds: int, length: int) -> Iterable[dict[str, object]]:
    """First token after a restart: the prefix evaluated, or its kept state unsealed and loaded.

    Also at the length the shipped prefix has: what is read while a key is derived anyway.
    """
    shipped = system_message(())
    for what, prefix in (("", _prefix(length, 99)), (", the shipped prefix", shipped)):
        evaluated: list[float] = []
        loaded: list[float] = []
        with _kept(model, prefix) as kept:
            for _ in range(rounds):
                for times, read in ((evaluated, lambda: None), (loaded, kept)):
                    model.start(default_model())
                    model.wait_ready(60)
                    began = time.perf_counter()
                    model.begin_with(read)
                    ours(model, (prefix, STORY), 1)
                    times.append(time.perf_counter() - began)
            size = len(kept() or b"") / 1e6
        target = "" if what else "≤ 0.2"
        yield row(f"first token after a restart{what}", loaded, "s", evaluated, "evaluating",
                  target)  # fmt: skip
        yield row(f"kept state{what}", [size], "MB")


@contextmanager
def _kept(model: ModelClient, prefix: ChatMessage) -> Iterator[Callable[[], bytes | None]]:
    """Reads the state from where a vault keeps it, sealed."""
    origin = bytes(32)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        vault, _ = Vault.create(Path(folder) / "vault", b"bench", kdf=KdfParameters(), now=_now)
        with vault:
            vault.prefix.write(origin, model.save_prefix((prefix,)))
            yield lambda: vault.prefix.read(origin)


def _now() -> datetime:
    return datetime.now(UTC)


def _stopping(model: ModelClient, rounds: int) -> Iterable[dict[str, object]]:
    """From ``cancel`` to the end of the generation, inside a 2,000-token prompt."""
    waits: list[float] = []
    for round_ in range(2 * rounds):
        request = GenerateRequest((SYSTEM,), ChatMessage("user", f"{round_} {text(2000)}"))
        asked: list[float] = []

        def cancel(asked: list[float] = asked) -> None:
            asked.append(time.perf_counter())
            model.cancel()

        timer = threading.Timer(0.1 + 0.13 * round_, cancel)
        timer.start()
        for event in model.generate(request):
            assert not isinstance(event, TextDelta)
        waits.append(time.perf_counter() - asked[0])
    yield row("stopping inside a prompt, median", waits, "s", target="≤ 0.05")
    yield row("stopping inside a prompt, worst", [max(waits)], "s", target="≤ 0.05")
    ends = [_stopped_answer(model, 5 + 7 * round_) for round_ in range(2 * rounds)]
    yield row("stopping an answer, median", ends, "s", target="≤ 0.05")
    yield row("stopping an answer, worst", [max(ends)], "s", target="≤ 0.05")


def _stopped_answer(model: ModelClient, after: int) -> float:
    """From ``cancel`` after so many tokens to the end of the generation."""
    asked, count = 0.0, 0
    for event in model.generate(GenerateRequest((SYSTEM,), STORY, max_tokens=400)):
        if isinstance(event, TextDelta):
            count += event.tokens
            if count >= after and not asked:
                asked = time.perf_counter()
                model.cancel()
    return time.perf_counter() - asked


def _shift(model: ModelClient, rounds: int, length: int) -> Iterable[dict[str, object]]:
    """First token after the oldest turn was dropped, shifted and evaluated anew."""
    shifted: list[float] = []
    again: list[float] = []
    for round_ in range(rounds):
        turns = [
            ChatMessage(role, f"{round_} {n} {text(length // 8)}")
            for n in range(4)
            for role in ("user", "assistant")
        ]
        model.absorb_now((SYSTEM, *turns))
        shifted.append(ours(model, (SYSTEM, *turns[2:], STORY), 1).first)
        model.absorb_now((ChatMessage("system", "Something else."),))
        again.append(ours(model, (SYSTEM, *turns[2:], STORY), 1).first)
    yield row("first token after dropping a turn", shifted, "s", again, "evaluating")


def _loading(rounds: int) -> Iterable[dict[str, object]]:
    times: list[float] = []
    for _ in range(rounds):
        began = time.perf_counter()
        with engine():
            times.append(time.perf_counter() - began)
    yield row("model child, start to ready", times, "s")
