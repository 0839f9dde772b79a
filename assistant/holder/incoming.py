"""Conversations from a file pass the gate as if they were had here, before they are kept.

Otherwise an imported answer would stand in the next prompt, and in the window, unread by
policy. What an earlier vault refused stays as it is: it has no answer and enters no prompt.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from assistant.conversation.ledger import log_rulings
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
        return msgspec.structs.replace(each, turns=tuple(map(self._turn, each.turns)))

    def _turn(self, each: ExportedTurn) -> ExportedTurn:
        turn = each.turn
        if not turn.answer:
            return each
        segments = [Segment(turn.question, Origin.USER), Segment(turn.answer, Origin.PASTED)]
        asked = self._ruling(segments, Where.INPUT)
        said = self._ruling([Segment(turn.answer, Origin.MODEL)], Where.OUTPUT)
        stopped = next((found for found in (asked, said) if _stops(found)), None)
        if stopped is not None:
            self.refused += 1
            return msgspec.structs.replace(each, turn=_refused(turn, stopped), feedback=())
        if asked is not None and asked.effect == Effect.REDACT.label:
            turn = replace(
                turn,
                question=self._gate.redact(turn.question, Where.INPUT),
                answer=self._gate.redact(turn.answer, Where.INPUT),
            )
        if said is not None and said.effect == Effect.REDACT.label:
            turn = replace(turn, answer=self._gate.redact(turn.answer, Where.OUTPUT))
        return each if turn is each.turn else msgspec.structs.replace(each, turn=turn)

    def _ruling(self, segments: list[Segment], where: Where) -> Ruling | None:
        decision = self._gate.check(segments, where)
        if decision.effect is Effect.NONE:
            return None
        ruling = ruling_of(decision, where)
        log_rulings(self._vault, [ruling])
        return ruling


def _stops(ruling: Ruling | None) -> bool:
    return ruling is not None and ruling.effect in {Effect.BLOCK.label, Effect.CONFIRM.label}


def _refused(turn: Turn, ruling: Ruling) -> Turn:
    return replace(
        turn, answer="", notes="", status=TurnStatus.REFUSED, effect=ruling.effect,
        rule=ruling.rule, tier=ruling.tier, issuer=ruling.issuer, reason=ruling.reason,
    )  # fmt: skip
