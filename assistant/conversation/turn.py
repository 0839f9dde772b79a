"""One turn, a straight line from keystroke to recorded answer.

``input → gate(input) → recall → assemble prompt → engine streams → gate(stream) →
release → record``; learning follows feedback, not turns. TUI, CLI, tests and benchmarks
all consume the same generator of typed events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from assistant.conversation.answer import Answer, Streams
from assistant.conversation.asked import Asked, check_input
from assistant.conversation.attachments.placing import KeptFile, Placed, placing_for
from assistant.conversation.desk import Desk
from assistant.conversation.events import (
    KeptOut,
    PolicyNotice,
    Recalled,
    Ruling,
    Status,
    TurnBegan,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    UsedItem,
    Waiting,
)
from assistant.conversation.prompt import (
    TEMPLATE_VERSION,
    VIEWPOINTS_LINE,
    past_messages,
    question_message,
    system_message,
)
from assistant.conversation.question import Outcome, Question, TurnKey
from assistant.conversation.rulings import ruling_of
from assistant.engine.interfaces import Phase
from assistant.engine.model_messages import ChatMessage, GenerateRequest
from assistant.errors import AssistantError, EngineError
from assistant.personal.placement import Beside
from assistant.policy import (
    Effect,
    Origin,
    Segment,
    Where,
)
from assistant.policy.requirements import obligations, requires_viewpoints
from assistant.policy.risk import next_risk

_LOAD_PATIENCE = 120.0
"""Seconds to wait for a model to load before the turn is given up."""


def run_turn(
    question: Question,
    desk: Desk,
    when_cancelled: Callable[[Callable[[], None]], None],
    cancelled: Callable[[], bool],
) -> Iterator[TurnEvent]:
    """Run one turn, yielding its events; see ``events`` for their order.

    ``when_cancelled`` registers what stops the engine, from any thread. Closing the
    generator early cancels the turn and records it as interrupted.
    """
    began = desk.clock()
    asked = check_input(question, desk)
    desk.ledger.log(asked.rulings)
    if asked.status == "confirm":
        # Nothing is stored: the person has not said yes to asking it.
        yield _ended(TurnKey("", question.conversation), _stopped(question, desk, asked))
        return
    past = desk.ledger.past(question)
    key = desk.ledger.begin(question, asked.text, desk.model_file)
    risk = desk.risks.get(question.conversation, 0.0)
    desk.risks[key.conversation] = next_risk(risk, asked.decision)
    yield TurnBegan(key.turn, key.conversation)
    if asked.stopped is not None:
        outcome = _stopped(question, desk, asked)
        desk.ledger.end(key, outcome)
        yield _ended(key, outcome)
        return
    for ruling in asked.rulings:
        yield PolicyNotice(ruling)
    new = desk.shelf.keep(key, question.documents) + desk.shelf.of_turn(question.again_of)
    run = _Run(question, asked, desk, key, began)
    run.attach(new, past[-1].question if past else "")
    yield from run.events(past_messages(past), when_cancelled, cancelled)


_STOPPED = frozenset({"block", "confirm"})


class _Run:
    """The part of a turn that has an id: recall, generation, release, record."""

    def __init__(
        self, question: Question, asked: Asked, desk: Desk, key: TurnKey, began: float
    ) -> None:
        self._question, self._asked, self._desk, self._key = question, asked, desk, key
        self._streams = Streams(desk.gate, question, desk.clock, began)
        self._used: tuple[UsedItem, ...] = ()
        self._kept_out: tuple[KeptOut, ...] = ()
        self._profile: tuple[tuple[str, str], ...] = ()
        self._instructions: tuple[str, ...] = ()
        self._beside = Beside()
        self._warned: dict[str, Ruling] = {}
        self._said = ""
        self._new: tuple[str, ...] = ()
        self._earlier = ""
        self._placed = Placed()
        self._due = obligations(desk.policy, asked.text)
        self._rulings = list(asked.rulings)
        self._told = {ruling.rule for ruling in asked.rulings}
        self._ended = False

    def attach(self, new: tuple[str, ...], earlier: str) -> None:
        """The files sent with this question, and the question before it, to read them by."""
        self._new, self._earlier = new, earlier

    def events(
        self,
        past: tuple[ChatMessage, ...],
        when_cancelled: Callable[[Callable[[], None]], None],
        cancelled: Callable[[], bool],
    ) -> Iterator[TurnEvent]:
        try:
            yield from self._prepare(cancelled)
            if cancelled():
                yield self._end("cancelled")
                return
            request, history = self._request(past)
            when_cancelled(self._desk.model.cancel)
            yield from self._generate(request, cancelled)
            yield from self._finish(self._streams.answer, cancelled)
            self._absorb(history, self._streams.answer)
        except AssistantError as error:
            yield self._fail(error)
        finally:
            if not self._ended:
                # The listener went away in the middle: keep what was released.
                self._desk.model.cancel()
                self._end("interrupted")

    def _prepare(self, cancelled: Callable[[], bool]) -> Iterator[TurnEvent]:
        personaliser = self._desk.personaliser
        if personaliser is not None and self._question.personalise:
            yield Waiting("memory")
            found = personaliser.find(self._asked.text, self._key.conversation)
            self._used = tuple(item for item in found if self._may_use(item))
            self._beside, self._profile, self._instructions = personaliser.render(self._used)
            kept_out = personaliser.kept_out()
            self._kept_out = tuple(each for each in kept_out if self._may_use(each.item))
            yield Recalled(self._used)
            yield from self._notices(tuple(self._warned.values()))
        if self._desk.model.state.phase is not Phase.READY and not cancelled():
            yield Waiting("model")
            self._desk.model.wait_ready(_LOAD_PATIENCE)
        if not cancelled() and (files := self._desk.shelf.files(self._key.conversation)):
            yield Waiting("files")
            yield from self._place(files)

    def _place(self, files: Sequence[KeptFile]) -> Iterator[TurnEvent]:
        """Text of attached files beside the question; what policy keeps out of it is said."""
        desk, question = self._desk, self._question
        desk.model.wait_ready(_LOAD_PATIENCE)
        system = system_message(desk.policy.system_lines).content
        said = [system, *self._due.lines, self._beside.text, self._asked.text]
        placing = placing_for(desk.model, desk.shelf, desk.gate, question, said)
        new = frozenset(self._new)
        self._placed = placing.place(self._asked.text, self._earlier, files, new)
        desk.ledger.log(self._placed.rulings)
        yield from self._notices(self._placed.rulings)

    def _notices(self, rulings: Sequence[Ruling]) -> Iterator[TurnEvent]:
        """What acted on something beside the question: said once a rule, kept for `why`.

        What a rule stopped was left out; that did not stop the turn, which is what a
        ruling of that effect on the turn would say.
        """
        self._rulings += [each for each in rulings if each.effect not in _STOPPED]
        for ruling in rulings:
            if ruling.rule not in self._told:
                self._told.add(ruling.rule)
                yield PolicyNotice(ruling)

    def _may_use(self, item: UsedItem) -> bool:
        """Policy-blocked memories never reach the prompt; the log counts the decision."""
        # A preference is what the person said yes to; anything else came as it came.
        own = item.kind in {"preference", "profile"}
        origin = Origin.PREFERENCE if own else Origin.RECALLED
        decision = self._desk.gate.check([Segment(item.text, origin)], Where.MEMORY)
        if decision.effect is not Effect.NONE:
            ruling = ruling_of(decision, Where.MEMORY)
            self._desk.ledger.log([ruling])
            if decision.effect is Effect.WARN:
                self._warned[ruling.rule] = ruling
        return decision.effect < Effect.REDACT

    def _request(
        self, past: tuple[ChatMessage, ...]
    ) -> tuple[GenerateRequest, tuple[ChatMessage, ...]]:
        question, desk = self._question, self._desk
        own = (VIEWPOINTS_LINE,) if question.viewpoints else ()
        message = question_message(
            (*self._due.lines, *own), self._beside, self._asked.text, self._placed.text
        )
        history = (system_message(desk.policy.system_lines), *past)
        fitting = desk.model.fit(history, message, question.max_tokens)
        request = GenerateRequest(
            fitting, message, question.candidates, question.seed,
            question.max_tokens, desk.sampling, question.exact,
        )  # fmt: skip
        return request, fitting

    def _generate(
        self, request: GenerateRequest, cancelled: Callable[[], bool]
    ) -> Iterator[TurnEvent]:
        # Recall may need the background work; decoding must not share the cores with it.
        self._desk.pause_background(True)
        try:
            for event in self._desk.model.generate(request):
                for told in self._streams.take(event):
                    yield told
                    self._release()
                if self._streams.violated and not cancelled():
                    # Stop at once; the held text is never shown, stored or fed back.
                    self._desk.model.cancel()
        finally:
            self._desk.pause_background(False)
        yield from self._streams.finish(cancelled())
        self._release(everything=True)

    def _release(self, *, everything: bool = False) -> None:
        if text := self._streams.unsaved(everything=everything):
            self._desk.ledger.release(self._key, text)

    def _finish(self, answer: Answer, cancelled: Callable[[], bool]) -> Iterator[TurnEvent]:
        yield from (
            PolicyNotice(ruling)
            for ruling in answer.rulings
            if ruling.effect != "block" and ruling.rule not in self._told
        )
        self._rulings += answer.rulings
        self._desk.ledger.log(answer.rulings)
        if answer.blocked:
            yield self._end("refused")
            return
        if answer.text and self._due.added_text:
            added = "\n\n" + "\n\n".join(self._due.added_text)
            yield self._streams.add(added)
            self._release(everything=True)
        yield self._end("cancelled" if cancelled() else "complete")

    def _end(self, status: Status) -> TurnEnded:
        self._ended = True
        answer, desk = self._streams.answer, self._desk
        outcome = replace(
            _blank(self._question, desk, status),
            answer=answer.text, used=(*self._used, *self._placed.used),
            rulings=tuple(self._rulings),
            sources=self._placed.sources if answer.text else (), files=self._placed.files,
            viewpoints=self._viewpoints(),
            profile=self._profile, instructions=self._instructions, kept_out=self._kept_out,
            tokens=answer.tokens, prompt_tokens=answer.prompt_tokens,
            first_token_s=answer.first_token_s, first_shown_s=answer.first_shown_s,
            tokens_per_s=answer.tokens_per_s,
        )  # fmt: skip
        if len(answer.candidates) > 1 and status == "complete":
            chosen = self._chosen(answer.candidates)
            outcome = replace(
                outcome, answer=answer.candidates[chosen],
                candidates=answer.candidates, chosen=chosen,
            )  # fmt: skip
        desk.ledger.end(self._key, outcome)
        self._said = outcome.answer
        return msgspec.structs.replace(
            _ended(self._key, outcome),
            context_used=answer.context_used,
            context_size=answer.context_size,
            pair=self._pair(answer.candidates),
        )

    def _pair(self, candidates: tuple[str, ...]) -> tuple[int, int]:
        """Which two to show where a person compares; never one that policy stopped."""
        shown = [index for index, text in enumerate(candidates) if text]
        if len(shown) < 3 or self._desk.personaliser is None:
            return (shown[0], shown[1]) if len(shown) == 2 else (0, 1)
        return self._desk.personaliser.compare(candidates)

    def _viewpoints(self) -> str:
        """Who asked for several viewpoints: "asked" (the person), "required" (a tier) or ""."""
        if self._question.viewpoints:
            return "asked"
        return "required" if requires_viewpoints(self._desk.policy, self._asked.text) else ""

    def _chosen(self, candidates: tuple[str, ...]) -> int:
        """What the profile prefers; without one, the first that policy let through."""
        if self._desk.personaliser is not None:
            silent = (each.item for each in self._kept_out if each.reason == "fact")
            return self._desk.personaliser.choose(candidates, (*self._used, *silent))
        return next((i for i, text in enumerate(candidates) if text), 0)

    def _absorb(self, history: tuple[ChatMessage, ...], answer: Answer) -> None:
        """Question and released answer, without the block, while the person reads."""
        if self._said and not answer.blocked:
            said = (
                ChatMessage("user", self._asked.text),
                ChatMessage("assistant", self._said),
            )
            self._desk.model.absorb((*history, *said))

    def _fail(self, error: AssistantError) -> TurnFailed:
        if not self._ended:
            self._end("interrupted")
        return TurnFailed(
            self._key.turn, error.message, error.hint, error.exit_code,
            again=isinstance(error, EngineError),
        )  # fmt: skip


def _blank(question: Question, desk: Desk, status: Status) -> Outcome:
    return Outcome(
        status=status, answer="", model=desk.model_file[0], model_sha256=desk.model_file[1],
        sampling=repr(desk.sampling.temperature), seed=question.seed,
        personalised=question.personalise and desk.personaliser is not None,
        rules_in_force=len(desk.policy.rules), template_version=TEMPLATE_VERSION,
    )  # fmt: skip


def _stopped(question: Question, desk: Desk, asked: Asked) -> Outcome:
    return replace(_blank(question, desk, asked.status), rulings=asked.rulings)


def _ended(key: TurnKey, outcome: Outcome) -> TurnEnded:
    return TurnEnded(
        turn=key.turn, conversation=key.conversation, status=outcome.status,
        answer=outcome.answer, model=outcome.model, ruling=outcome.ruling, used=outcome.used,
        tokens=outcome.tokens, prompt_tokens=outcome.prompt_tokens,
        first_token_s=outcome.first_token_s, first_shown_s=outcome.first_shown_s,
        tokens_per_s=outcome.tokens_per_s, seed=outcome.seed,
        personalised=outcome.personalised, candidates=outcome.candidates, chosen=outcome.chosen,
        sources=outcome.sources, attachments=outcome.files,
    )  # fmt: skip
