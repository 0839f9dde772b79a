"""What was learned about a person, as one turn needs it: found, rendered, chosen by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from assistant.conversation.events import UsedItem
from assistant.holder.memory import LiveEmbedder, MemoryFeed, TurnIndex
from assistant.personal.considered import Considered, Recollection
from assistant.personal.feedback import lesson
from assistant.personal.placement import block, rendered_again
from assistant.personal.recall import Recall
from assistant.vault.records import ItemKind

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.engine.interfaces import Memory
    from assistant.vault import Vault

_BUDGET_TOKENS = 160


class Taste:
    """Wires ``personal`` to the vault and the memory child."""

    def __init__(
        self,
        vault: Vault,
        memory: Memory,
        feed: MemoryFeed,
        now: Callable[[], datetime],
        patience: float,
    ) -> None:
        self._vault, self._feed, self._patience = vault, feed, patience
        self._recall = Recall(
            search=vault.search,
            embedder=LiveEmbedder(memory),
            preferences=vault.preferences,
            feedback=vault.feedback,
            turns=vault.turns,
            preference_index=feed.preferences,
            turn_index=TurnIndex(memory),
            now=now,
        )

    def recollect(self, question: str, conversation: str, k: int) -> Recollection:
        """Everything weighed for a question. Waits for the embedder as long as wired to."""
        self._feed.catch_up(self._patience)
        return self._recall.find(
            question, conversation=conversation, k=k, budget_tokens=_BUDGET_TOKENS
        )

    def for_turn(self, k: int, *, earlier: bool) -> TurnTaste:
        """One turn's view: at most ``k`` memories; earlier turns only where allowed."""
        return TurnTaste(self, self._vault, k, earlier)


class TurnTaste:
    """Implements ``conversation.turn.Personaliser`` for one turn, or for `why`."""

    def __init__(self, taste: Taste, vault: Vault, k: int, earlier: bool) -> None:
        self._taste, self._vault, self._k, self._earlier = taste, vault, k, earlier
        self._found: dict[tuple[str, str], Considered] = {}

    def find(self, question: str, conversation: str) -> tuple[UsedItem, ...]:
        """Relevant memories in the order they are placed."""
        if self._k == 0:
            return ()
        items = self._taste.recollect(question, conversation, self._k).items
        kept = [i for i in items if self._earlier or i.kind is not ItemKind.TURN]
        self._found = {(i.kind.value, i.id): i for i in kept}
        return tuple(UsedItem(i.kind.value, i.id, i.text, round(i.score, 4)) for i in kept)

    def render(
        self, items: Sequence[UsedItem], _question: str
    ) -> tuple[str, tuple[tuple[str, str], ...]]:
        """The block beside the question; rendered from ids where nothing was just found."""
        found = [self._found.get((item.kind, item.id)) for item in items]
        if all(one is not None for one in found):
            return block([one for one in found if one is not None]), ()
        return self._again(items), ()

    def _again(self, items: Sequence[UsedItem]) -> str:
        known = {}
        for item in items:
            if item.text != "[erased]":
                key = (ItemKind(item.kind), item.id)
                known[key] = (item.text, self._role(item))
        return rendered_again([(ItemKind(i.kind), i.id) for i in items], known)

    def _role(self, item: UsedItem):  # type: ignore[no-untyped-def]
        if item.kind != ItemKind.FEEDBACK.value:
            return None
        act = self._vault.feedback.get(item.id)
        found = lesson(act, self._vault.turns.get(act.turn_id))
        return found.role if found else None

    def choose(self, _answers: Sequence[str], _items: Sequence[UsedItem]) -> int:
        """Without a learned profile the first answer stands."""
        return 0
