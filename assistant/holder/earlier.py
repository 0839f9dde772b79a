"""What a client says was said before: read by the gate, then put into the prompt.

A client of the OpenAI-compatible endpoint sends a whole conversation with each request.
Nothing in it is known to be true, its "assistant" lines included.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.conversation.events import Ruling
from assistant.conversation.ledger import Ledger
from assistant.conversation.prompt import PastTurn
from assistant.conversation.question import Outcome, Question, TurnKey
from assistant.conversation.rulings import ruling_of
from assistant.holder.interface import Exchange
from assistant.policy import Effect, Gate, Origin, Segment, Where


def with_past(ledger: Ledger, earlier: Iterable[Exchange], gate: Gate) -> Ledger:
    """The ledger, except that a prompt's past is what the client told and the gate let be."""
    checked = [_checked(exchange, gate, ledger) for exchange in earlier]
    return _GivenPast(ledger, [turn for turn in checked if turn is not None])


def _checked(exchange: Exchange, gate: Gate, ledger: Ledger) -> PastTurn | None:
    """As a turn of ours would have been kept; None where policy would have stopped it."""
    question = _allowed(exchange.question, Origin.USER, Where.INPUT, gate, ledger)
    # A client may write a question as an answer, so an answer is read as both.
    answer = _allowed(exchange.answer, Origin.PASTED, Where.INPUT, gate, ledger)
    if answer is not None:
        answer = _allowed(answer, Origin.PASTED, Where.OUTPUT, gate, ledger)
    return PastTurn(question, answer) if question is not None and answer else None


def _allowed(
    text: str, origin: Origin, where: Where, gate: Gate, ledger: Ledger
) -> str | None:  # fmt: skip
    decision = gate.check([Segment(text, origin)], where)
    if decision.effect is Effect.NONE:
        return text
    ledger.log([ruling_of(decision, where)])
    if decision.effect in {Effect.BLOCK, Effect.CONFIRM}:
        return None
    return gate.redact(text, where) if decision.effect is Effect.REDACT else text


class _GivenPast:
    """Everything is written as the ledger writes it; only the past is the client's."""

    def __init__(self, ledger: Ledger, past: Sequence[PastTurn]) -> None:
        self._ledger, self._past = ledger, past

    def past(self, _question: Question) -> list[PastTurn]:
        return list(self._past)

    def begin(self, question: Question, asked: str, model: tuple[str, str]) -> TurnKey:
        return self._ledger.begin(question, asked, model)

    def release(self, key: TurnKey, text: str) -> None:
        self._ledger.release(key, text)

    def end(self, key: TurnKey, outcome: Outcome) -> None:
        self._ledger.end(key, outcome)

    def log(self, rulings: Sequence[Ruling]) -> None:
        self._ledger.log(rulings)
