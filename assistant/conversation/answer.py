"""The answer as it streams: engine events in, checked text out, one gate per candidate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from assistant.conversation.events import AnswerText, Ruling, TurnEvent, Waiting
from assistant.conversation.question import Question
from assistant.conversation.rulings import ruling_of
from assistant.engine.model_messages import (
    CandidateFinished,
    GenerationEvent,
    GenerationFinished,
    PromptEvaluated,
    PromptProgress,
    TextDelta,
)
from assistant.policy import Decision, Effect, Gate, Where

_SENTENCE_ENDS = (".", "!", "?", ":", "\n", "。", "！", "？")
_STOPPING = frozenset({Effect.BLOCK, Effect.CONFIRM})
_SAVE_AT_LEAST = 1.0
"""Seconds after which released text is saved even in the middle of a sentence."""


@dataclass(slots=True)
class _Candidate:
    text: str = ""
    withheld: str = ""
    blocked: bool = False
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of the generation so far. Only released text is ever in here.

    ``candidates`` keeps their order; one that policy stopped is empty.
    """

    text: str
    candidates: tuple[str, ...]
    blocked: bool
    rulings: tuple[Ruling, ...]
    tokens: int
    prompt_tokens: int
    first_token_s: float | None
    first_shown_s: float | None
    tokens_per_s: float | None
    context_used: int
    context_size: int


@dataclass(slots=True)
class _Figures:
    tokens: int = 0
    prompt_tokens: int = 0
    first_token: float | None = None
    first_shown: float | None = None
    last_token: float | None = None
    decode_seconds: float = 0.0
    context_used: int = 0
    context_size: int = 0
    rulings: list[Ruling] = field(default_factory=list)


class Streams:
    """One held-back stream a candidate; text is released only after its check.

    Where a guard model judges finished answers, that check is the whole answer's: nothing of
    it is released before, and what is cancelled on the way is never shown.
    """

    def __init__(
        self, gate: Gate, question: Question, clock: Callable[[], float], began: float
    ) -> None:
        confirmed, count = frozenset(question.confirmed), question.candidates
        self._gate, self._question = gate, question
        self._gates = [gate.stream(Where.OUTPUT, confirmed) for _ in range(count)]
        self._candidates = [_Candidate() for _ in range(count)]
        self._clock, self._began = clock, began
        self._figures = _Figures()
        self._withholds = gate.judges_finished
        self._saved = 0
        self._saved_at = began

    @property
    def violated(self) -> bool:
        """Whether no candidate may go on."""
        return all(candidate.blocked for candidate in self._candidates)

    def take(self, event: GenerationEvent) -> Iterator[TurnEvent]:
        """What to tell the listener about an engine event."""
        match event:
            case PromptProgress():
                yield Waiting("prompt", event.done, event.total)
            case PromptEvaluated():
                self._figures.prompt_tokens = event.prompt_tokens
                yield Waiting("withheld" if self._withholds else "answer")
            case TextDelta():
                yield from self._delta(event)
            case GenerationFinished():
                self._figures.tokens = event.generated_tokens
                self._figures.decode_seconds = event.decode_seconds
                self._figures.context_used = event.context_used
                self._figures.context_size = event.context_size
            case CandidateFinished():
                self._candidates[event.candidate].tokens = event.tokens

    def _delta(self, event: TextDelta) -> Iterator[TurnEvent]:
        now = self._clock()
        if self._figures.first_token is None:
            self._figures.first_token = now
        self._figures.tokens += event.tokens
        candidate = self._candidates[event.candidate]
        if not candidate.blocked:
            step = self._gates[event.candidate].feed(event.text)
            yield from self._released(event.candidate, step.released, step.decision)

    def finish(self, cancelled: bool) -> Iterator[TurnEvent]:
        """Release what was held back and proved harmless. A stopped answer's is dropped."""
        for index, candidate in enumerate(self._candidates):
            if not candidate.blocked and not cancelled:
                step = self._gates[index].finish()
                yield from self._judged(index, step.released, step.decision)

    def _judged(self, index: int, rest: str, decision: Decision | None) -> Iterator[TurnEvent]:
        """The end of an answer, unless a guard model stops the whole: then none of it is kept."""
        candidate, question = self._candidates[index], self._question
        whole = candidate.text + candidate.withheld + rest
        if not whole or (decision is not None and decision.effect in _STOPPING):
            yield from self._released(index, rest, decision)
            return
        if self._withholds:
            yield Waiting("guard")
        verdict = self._gate.finished(question.text, whole, frozenset(question.confirmed))
        if verdict.effect in _STOPPING:
            candidate.text = candidate.withheld = ""
        else:
            rest, candidate.withheld = candidate.withheld + rest, ""
            yield from self._shown(index, rest)
            yield from self._released(index, "", decision)
        yield from self._released(index, "", verdict)

    def _released(self, index: int, text: str, decision: Decision | None) -> Iterator[TurnEvent]:
        candidate = self._candidates[index]
        if self._withholds:
            candidate.withheld += text
        else:
            yield from self._shown(index, text)
        if decision is not None and decision.effect is not Effect.NONE:
            # An answer cannot wait for a yes in the middle of a word: confirm blocks it.
            candidate.blocked = candidate.blocked or decision.effect in _STOPPING
            ruling = ruling_of(decision, Where.OUTPUT)
            if all(known.rule != ruling.rule for known in self._figures.rulings):
                self._figures.rulings.append(ruling)

    def _shown(self, index: int, text: str) -> Iterator[TurnEvent]:
        if not text:
            return
        if self._figures.first_shown is None:
            self._figures.first_shown = self._clock()
        self._candidates[index].text += text
        yield AnswerText(text, index)

    def add(self, trusted: str) -> AnswerText:
        """Append text that policy obliges to; it comes from a verified tier, unchecked."""
        open_ones = [c for c in self._candidates if not c.blocked]
        for candidate in open_ones:
            candidate.text += trusted
        return AnswerText(trusted, 0)

    def unsaved(self, *, everything: bool) -> str:
        """Released text of the first candidate to store now: whole sentences, or all."""
        pending = self._candidates[0].text[self._saved :]
        now = self._clock()
        due = everything or pending.endswith(_SENTENCE_ENDS)
        if not pending or not (due or now - self._saved_at > _SAVE_AT_LEAST):
            return ""
        if not everything and now - self._saved_at < _SAVE_AT_LEAST / 4:
            return ""
        self._saved += len(pending)
        self._saved_at = now
        return pending

    @property
    def answer(self) -> Answer:
        """The state of things; the first unblocked candidate is the answer."""
        figures = self._figures
        open_ones = [c for c in self._candidates if not c.blocked]
        first = (open_ones or self._candidates)[0]
        seconds = figures.decode_seconds
        return Answer(
            text=first.text,
            candidates=tuple("" if c.blocked else c.text for c in self._candidates),
            blocked=not open_ones,
            rulings=tuple(figures.rulings),
            tokens=figures.tokens,
            prompt_tokens=figures.prompt_tokens,
            first_token_s=_since(self._began, figures.first_token),
            first_shown_s=_since(self._began, figures.first_shown),
            tokens_per_s=round(figures.tokens / seconds, 1) if seconds > 0 else None,
            context_used=figures.context_used,
            context_size=figures.context_size,
        )


def _since(began: float, instant: float | None) -> float | None:
    return None if instant is None else round(instant - began, 4)
