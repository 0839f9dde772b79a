"""Conversations from a file pass the gate as if they were had here, before they are kept.

Otherwise an imported answer would stand in the next prompt, and in the window, unread by
policy. What an earlier vault refused stays as it is: it has no answer and enters no prompt.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.conversation.ledger import log_rulings, turn_notes
from assistant.conversation.rulings import ruling_of
from assistant.policy import Effect, Origin, Segment, Where
from assistant.vault.records import TurnStatus

if TYPE_CHECKING:
    from assistant.conversation.events import Ruling
    from assistant.policy import Gate
    from assistant.vault import Vault
    from assistant.vault.records import Turn
    from assistant.vault.transfer import ExportedConversation, ExportedTurn


class Incoming:
    """Reads imported conversations; ``refused`` counts the answers policy kept out."""

    def __init__(self, vault: Vault, gate: Gate) -> None:
        self._vault, self._gate = vault, gate
        self.refused = 0

    def conversation(self, each: ExportedConversation) -> ExportedConversation:
        """The conversation as policy would have let it be."""
        title = self._titled(each.conversation.title)
        return msgspec.structs.replace(
            each,
            conversation=replace(each.conversation, title=title),
            turns=tuple(map(self._turn, each.turns)),
        )

    def _titled(self, title: str) -> str:
        """The title, as renaming would have let it be; one policy stops says where it is from."""
        ruling = self._ruling([Segment(title, Origin.USER)], Where.INPUT) if title else None
        if _stops(ruling):
            return "From a file"
        return self._gate.redact(title, Where.INPUT) if _hides(ruling) else title

    def _turn(self, each: ExportedTurn) -> ExportedTurn:
        turn = self._with_candidates(each.turn)
        if not turn.answer:
            return _with(each, turn)
        question, answer, stopped = self._judged(turn.question, turn.answer)
        if stopped is not None:
            self.refused += 1
            return msgspec.structs.replace(each, turn=_refused(turn, stopped), feedback=())
        return _with(each, replace(turn, question=question, answer=answer))

    def _with_candidates(self, turn: Turn) -> Turn:
        """The other answers, which a person may still pick, as policy would have let them be."""
        notes = turn_notes(turn)
        if "candidates" not in notes:
            return turn
        candidates: Any = notes["candidates"]
        others = candidates if turn.answer else []
        kept = [self._judged(turn.question, one)[1] if one else "" for one in others]
        return replace(turn, notes=json.dumps({**notes, "candidates": kept}))

    def _judged(self, question: str, answer: str) -> tuple[str, str, Ruling | None]:
        """Both as they may be kept; the answer "" and the ruling where it may not."""
        segments = [Segment(question, Origin.USER), Segment(answer, Origin.PASTED)]
        asked = self._ruling(segments, Where.INPUT)
        said = self._ruling([Segment(answer, Origin.MODEL)], Where.OUTPUT)
        stopped = next((found for found in (asked, said) if _stops(found)), None)
        if stopped is not None:
            return question, "", stopped
        if _hides(asked):
            question = self._gate.redact(question, Where.INPUT)
            answer = self._gate.redact(answer, Where.INPUT)
        if _hides(said):
            answer = self._gate.redact(answer, Where.OUTPUT)
        return question, answer, None

    def _ruling(self, segments: list[Segment], where: Where) -> Ruling | None:
        decision = self._gate.check(segments, where)
        if decision.effect is Effect.NONE:
            return None
        ruling = ruling_of(decision, where)
        log_rulings(self._vault, [ruling])
        return ruling


def _stops(ruling: Ruling | None) -> bool:
    return ruling is not None and ruling.effect in {Effect.BLOCK.label, Effect.CONFIRM.label}


def _hides(ruling: Ruling | None) -> bool:
    return ruling is not None and ruling.effect == Effect.REDACT.label


def _with(each: ExportedTurn, turn: Turn) -> ExportedTurn:
    return each if turn == each.turn else msgspec.structs.replace(each, turn=turn)


def _refused(turn: Turn, ruling: Ruling) -> Turn:
    return replace(
        turn, answer="", notes="", status=TurnStatus.REFUSED, effect=ruling.effect,
        rule=ruling.rule, tier=ruling.tier, issuer=ruling.issuer, reason=ruling.reason,
    )  # fmt: skip
