"""Prompt look-up beside token by token: is speculative decoding faster here?

``--part chat|text|code`` takes one kind of prompt. ``chat:1`` and so on use one thread and
count its CPU seconds, which neighbours on a busy machine spoil least.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from assistant.conversation.prompt import system_message
from assistant.engine import ChatMessage, ModelSettings, Sampling
from assistant.engine.chat_template import ChatTemplate
from assistant.engine.child_model import default_threads
from assistant.engine.drafts import LatestMatch
from assistant.engine.llama import Llama
from scripts.bench_suites._drafts import Answer, Drafts, Library, Nothing, decode, hold
from scripts.bench_suites._engines import default_model
from scripts.bench_suites._evaluation import Row, figure, mean
from scripts.bench_suites._lookup_prompts import KINDS

PROMPTS = {"quick": 1, "full": 5}
ROUNDS = {"quick": 1, "full": 2}
TOKENS = {"quick": 24, "full": 120}
FASTER, NOT_SLOWER = "≥ 1.1", "≥ 0.98"
"""Worth having where there is something to copy, and free where there is not."""

SOURCES: dict[str, Callable[[Sequence[int]], Drafts]] = {
    "token by token": lambda _: Nothing(),
    "look-up": LatestMatch,
    "the package's look-up": Library,
}
TEMPERATURES = {"greedy": Sampling(temperature=0.0), "as shipped": Sampling()}


@dataclass(frozen=True, slots=True)
class Way:
    """How it is run: threads, the clock, rounds, answer length."""

    threads: int
    clock: Callable[[], float]
    rounds: int
    tokens: int


def run(size: str, part: str = "") -> Iterable[Row]:
    """The sources take turns on each prompt, so that a slow minute is everybody's."""
    kind, _, threads = part.partition(":")
    one = threads == "1"
    way = Way(
        1 if one else default_threads(),
        time.process_time if one else time.perf_counter,
        1 if one else ROUNDS.get(size, 2),
        TOKENS.get(size, 120),
    )
    settings = ModelSettings()
    llama = Llama(
        str(default_model().path),
        context=settings.context,
        limit=settings.context_limit,
        threads=way.threads,
        batch=settings.chunk,
        flash=settings.flash_attention,
    )
    try:
        for name in (kind,) if kind else KINDS:
            prompts = [_tokens(llama, text) for text in KINDS[name][: PROMPTS.get(size, 5)]]
            answers = [_answers(llama, prompt, way, settings.chunk) for prompt in prompts]
            for temperature in TEMPERATURES:
                told = [answer[temperature] for answer in answers]
                yield from _rows(f"{name}, {temperature}", told, way, same=temperature == "greedy")
    finally:
        llama.close()


def _tokens(llama: Llama, question: str) -> list[int]:
    template = ChatTemplate(
        llama.chat_template(), bos=llama.token_text(llama.bos), eos=llama.token_text(llama.eos)
    )
    messages = (system_message(()), ChatMessage("user", question))
    return [
        token
        for segment in template.render(messages, prompt=True)
        for piece in segment.pieces
        for token in llama.tokenise(piece.text, special=piece.literal)
    ]


Told = dict[str, list[Answer]]
"""By source, an answer a round."""


def _answers(llama: Llama, prompt: Sequence[int], way: Way, chunk: int) -> dict[str, Told]:
    hold(llama, prompt, chunk)
    told: dict[str, Told] = {name: {source: [] for source in SOURCES} for name in TEMPERATURES}
    for _ in range(way.rounds):
        for name, sampling in TEMPERATURES.items():
            for source, begin in SOURCES.items():
                answer = decode(llama, prompt, sampling, way.tokens, begin(prompt), way.clock)
                told[name][source].append(answer)
    return told


def _rows(name: str, told: Sequence[Told], way: Way, *, same: bool) -> Iterable[Row]:
    plain, *others = SOURCES
    rate = mean(1 / _per_token(answers[plain]) for answers in told)
    unit = "tokens/CPU s" if way.clock is time.process_time else "tokens/s"
    yield {"figure": f"{name}, {plain}", "value": round(rate, 2), "unit": unit}
    for source in others:
        gains = [_per_token(a[plain]) / _per_token(a[source]) for a in told]
        target = NOT_SLOWER if name.startswith("chat") else FASTER
        target = target if source == "look-up" else ""  # the package's is a rival, not a promise
        row = figure(f"{name}, {source} ÷ {plain}", gains, "×", target=target)
        yield row | {"least": round(min(gains), 3)} | _drafting([a[source][0] for a in told])
        if same:
            pairs = [(a[plain][0].said, a[source][0].said) for a in told]
            yield figure(f"{name}, {source}, the same tokens", [_agreed(*p) for p in pairs])


def _per_token(answers: Sequence[Answer]) -> float:
    return median(answer.seconds / max(1, len(answer.said) - 1) for answer in answers)


def _drafting(answers: Sequence[Answer]) -> dict[str, Any]:
    drafted = sum(answer.drafted for answer in answers)
    accepted = sum(answer.accepted for answer in answers)
    steps = sum(answer.steps for answer in answers)
    return {
        "drafted": drafted,
        "accepted": round(accepted / max(1, drafted), 3),
        "tokens_a_step": round(sum(len(a.said) - 1 for a in answers) / max(1, steps), 2),
    }


def _agreed(plain: Sequence[int], drafted: Sequence[int]) -> float:
    """The share of an answer before the first other token: 1.0 is the same answer."""
    longest = max(len(plain), len(drafted))
    for place, (ours, theirs) in enumerate(zip(plain, drafted, strict=False)):
        if ours != theirs:
            return place / longest
    return min(len(plain), len(drafted)) / longest
