"""An incognito conversation: in memory alone, until it ends or the person has it kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import TYPE_CHECKING

from assistant.conversation.attachments.shelves import MemoryShelf
from assistant.conversation.branches import Branches
from assistant.conversation.events import Ruling
from assistant.conversation.ledger import released, turn_outcome, used_items
from assistant.conversation.prompt import PastTurn
from assistant.conversation.question import Outcome, Question, TurnKey
from assistant.vault.records import Turn, TurnStatus, UsedItem

if TYPE_CHECKING:
    from datetime import datetime

PREFIX = "incognito-"


class IncognitoLedger:
    """Writes no text, no ids, no learning; only the count of rule and tier is kept.

    Its conversations live in this object's memory and end with it, unless the person has
    one kept from here on. ``now`` is UTC; ``files`` are those attached to them.
    """

    def __init__(
        self,
        new_id: Callable[[], str],
        log: Callable[[Sequence[Ruling]], None],
        now: Callable[[], datetime],
        files: MemoryShelf,
    ) -> None:
        self._new_id, self._log, self._now = new_id, log, now
        self.files = files
        self._turns: dict[str, list[Turn]] = {}
        self._used: dict[str, tuple[UsedItem, ...]] = {}
        self._tips: dict[str, str] = {}

    def holds(self, conversation: str) -> bool:
        """Whether this is one of the incognito conversations."""
        return conversation in self._turns

    def home_of(self, turn: str) -> str:
        """The incognito conversation a turn is in; "" for one that is in none."""
        for conversation, turns in self._turns.items():
            if any(each.id == turn for each in turns):
                return conversation
        return ""

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """Its turns in order, as the vault would hold them."""
        return tuple(self._turns.get(conversation, ()))

    def used(self, turn: str) -> tuple[UsedItem, ...]:
        """What shaped a turn: ids and scores."""
        return self._used.get(turn, ())

    def tip(self, conversation: str) -> str:
        """The end of the branch being read."""
        branches, chosen = Branches(self.turns(conversation)), self._tips.get(conversation, "")
        return chosen if branches.siblings(chosen) else branches.newest

    def choose_tip(self, conversation: str, tip: str) -> None:
        """Read this branch from now on, until another turn is written."""
        self._tips[conversation] = tip

    def forget(self, conversation: str) -> None:
        """Drop one of them."""
        for turn in self._turns.pop(conversation, ()):
            self._used.pop(turn.id, None)
            self.files.forget(turn=turn.id)
        self._tips.pop(conversation, None)

    def erase(self, turn: str) -> None:
        """Drop one turn; those after it hang on the one before."""
        conversation = self.home_of(turn)
        turns = self._turns.get(conversation, [])
        parent = Branches(turns).parent(turn) or conversation
        self._turns[conversation] = [
            replace(each, parent_id=parent) if each.parent_id == turn else each
            for each in turns
            if each.id != turn
        ]
        self._used.pop(turn, None)
        self.files.forget(turn=turn)

    def past(self, question: Question) -> list[PastTurn]:
        """The turns so far on this branch."""
        return released(Branches(self.turns(question.conversation)).path(self._before(question)))

    def _before(self, question: Question) -> str:
        if question.again_of:
            return Branches(self.turns(question.conversation)).parent(question.again_of)
        return self.tip(question.conversation)

    def begin(self, question: Question, asked: str, model: tuple[str, str]) -> TurnKey:
        """Open a turn in memory."""
        conversation = question.conversation or f"{PREFIX}{self._new_id()}"
        parent = self._before(question) or conversation
        turns = self._turns.setdefault(conversation, [])
        self._tips.pop(conversation, None)
        turn = Turn(
            f"{PREFIX}{self._new_id()}", conversation, parent, len(turns), asked, "",
            TurnStatus.OPEN, *model, question.seed, "{}", self._now(), 1, question.personalise,
        )  # fmt: skip
        turns.append(turn)
        return TurnKey(turn.id, conversation)

    def release(self, key: TurnKey, text: str) -> None:
        """Append in memory."""
        (turn,) = [each for each in self._turns[key.conversation] if each.id == key.turn]
        self._put(replace(turn, answer=turn.answer + text))

    def end(self, key: TurnKey, outcome: Outcome) -> None:
        """Close the turn in memory."""
        (turn,) = [each for each in self._turns[key.conversation] if each.id == key.turn]
        made = turn_outcome(outcome)
        figures = {field.name: getattr(made, field.name) for field in fields(made)}
        self._put(replace(turn, answer=outcome.answer, **figures))
        self._used[key.turn] = used_items(outcome)

    def _put(self, turn: Turn) -> None:
        turns = self._turns[turn.conversation_id]
        self._turns[turn.conversation_id] = [turn if t.id == turn.id else t for t in turns]

    def log(self, rulings: Sequence[Ruling]) -> None:
        """Rule and tier are counted; nothing else is."""
        self._log(rulings)
