"""Short ways to ask the real model something in tests."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from assistant.engine import (
    CandidateFinished,
    ChatMessage,
    GenerateRequest,
    GenerationEvent,
    GenerationFinished,
    Model,
    PromptEvaluated,
    Sampling,
    TextDelta,
)

SYSTEM = ChatMessage("system", "You are a helpful assistant who answers in plain words.")
WORDS = (
    "the", "river", "runs", "past", "old", "stone", "houses", "where", "people", "trade",
    "apples", "cloth", "and", "stories",
)  # fmt: skip


def words(count: int, seed: int = 0) -> str:
    """So many words, about one token each."""
    return " ".join(random.Random(seed).choices(WORDS, k=count))


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def assistant(text: str) -> ChatMessage:
    return ChatMessage("assistant", text)


def conversation(turns: int, length: int = 25) -> tuple[ChatMessage, ...]:
    """System text and so many past turns."""
    messages = [SYSTEM]
    for turn in range(turns):
        messages += [user(words(length, turn)), assistant(words(length, 100 + turn))]
    return tuple(messages)


@dataclass
class Answer:
    """A generation, taken apart."""

    texts: dict[int, str] = field(default_factory=dict)
    reasons: dict[int, str] = field(default_factory=dict)
    evaluated: PromptEvaluated | None = None
    finished: GenerationFinished | None = None
    delta_tokens: int = 0

    @property
    def text(self) -> str:
        return self.texts.get(0, "")

    @property
    def reused(self) -> int:
        assert self.evaluated is not None
        return self.evaluated.reused_tokens

    @property
    def end(self) -> GenerationFinished:
        assert self.finished is not None
        return self.finished


def collect(events: Iterable[GenerationEvent]) -> Answer:
    answer = Answer()
    for event in events:
        match event:
            case TextDelta(candidate, text, tokens):
                answer.texts[candidate] = answer.texts.get(candidate, "") + text
                answer.delta_tokens += tokens
            case CandidateFinished(candidate, reason, _):
                answer.reasons[candidate] = reason
            case PromptEvaluated():
                answer.evaluated = event
            case GenerationFinished():
                answer.finished = event
            case _:
                pass
    return answer


def ask(
    model: Model,
    question: str,
    history: tuple[ChatMessage, ...] = (SYSTEM,),
    *,
    tokens: int = 24,
    seed: int = 7,
    candidates: int = 1,
    temperature: float = 0.8,
    exact: bool = False,
) -> Answer:
    request = GenerateRequest(
        history,
        user(question),
        candidates=candidates,
        seed=seed,
        max_tokens=tokens,
        sampling=Sampling(temperature=temperature),
        exact=exact,
    )
    return collect(model.generate(request))
