"""A conversation as a tree: which turn follows which, and which branch is being read.

Answering again, or sending an earlier message in other words, adds a sibling; the old
branch stays. A prompt, `why` and the prompt's history follow one branch, from the first
turn to a tip. All of it is worked out from the turns' parents, whatever an import held.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.vault.erase import BRANCH_PREFIX
from assistant.vault.records import Turn

if TYPE_CHECKING:
    from assistant.vault import Vault


class Branches:
    """The tree over a conversation's turns, given in their order.

    A turn's parent is the one it names, if that came before it; the conversation itself,
    if it names that (a first message in other words); otherwise the turn just before.
    """

    def __init__(self, turns: Sequence[Turn]) -> None:
        self._turns = {turn.id: turn for turn in turns}
        self._parent: dict[str, str] = {}
        self._children: dict[str, list[str]] = {"": []}
        before = ""
        for turn in turns:
            named = turn.parent_id or ""
            parent = named if named in self._parent else before
            if named == turn.conversation_id:
                parent = ""
            self._parent[turn.id] = parent
            self._children[parent].append(turn.id)
            self._children[turn.id] = []
            before = turn.id

    @property
    def newest(self) -> str:
        """The turn written last; "" in an empty conversation."""
        return next(reversed(self._turns), "")

    def parent(self, turn: str) -> str:
        """The turn before it on its branch; "" for a first one, or one that is not here."""
        return self._parent.get(turn, "")

    def siblings(self, turn: str) -> tuple[str, ...]:
        """The turns that stand in the same place, itself among them, oldest first."""
        return tuple(self._children[self._parent[turn]]) if turn in self._parent else ()

    def tip_below(self, turn: str) -> str:
        """The end of the branch written last among those through this turn."""
        reach = self._reach()
        while below := self._children.get(turn):
            turn = max(below, key=reach.__getitem__)
        return turn

    def path(self, tip: str) -> tuple[Turn, ...]:
        """The branch that ends with this turn, first turn first."""
        found = []
        while tip in self._turns:
            found.append(self._turns[tip])
            tip = self._parent[tip]
        return tuple(reversed(found))

    def _reach(self) -> dict[str, int]:
        """For each turn, the place in time of the newest turn at or below it."""
        reach = {turn: place for place, turn in enumerate(self._turns)}
        for turn in reversed(self._turns):
            parent = self._parent[turn]
            if parent:
                reach[parent] = max(reach[parent], reach[turn])
        return reach


def chosen_tip(vault: Vault, conversation: str, branches: Branches) -> str:
    """The tip of the branch being read: the one switched to, or else the newest turn."""
    chosen = vault.settings.get(BRANCH_PREFIX + conversation) or ""
    return chosen if branches.siblings(chosen) else branches.newest


def choose_tip(vault: Vault, conversation: str, tip: str) -> None:
    """Read this branch from now on, until another turn is written."""
    vault.settings.put(BRANCH_PREFIX + conversation, tip)


def follow_newest(vault: Vault, conversation: str) -> None:
    """A turn is being written: the branch it is on is the one being read."""
    if vault.settings.get(BRANCH_PREFIX + conversation) is not None:
        vault.settings.delete(BRANCH_PREFIX + conversation)
