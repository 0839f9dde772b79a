"""The desk of a turn: everything it works with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.conversation.attachments.placing import Shelf
from assistant.conversation.events import KeptOut, UsedItem
from assistant.conversation.ledger import Ledger
from assistant.engine.interfaces import Model
from assistant.engine.model_messages import Sampling
from assistant.personal.placement import Beside
from assistant.policy import EffectivePolicy, Gate


class Personaliser(Protocol):
    """What was learned, as a turn needs it."""

    def find(self, question: str, conversation: str) -> tuple[UsedItem, ...]:
        """Relevant memories, best first; none when nothing is relevant enough."""
        ...

    def render(
        self, items: Sequence[UsedItem], instructed: Sequence[str] | None = None
    ) -> tuple[Beside, tuple[tuple[str, str], ...], tuple[str, ...]]:
        """What stands beside the question, the profile values in it, its instructions.

        ``instructed`` are the instructions of an earlier turn, to render it as it was.
        """
        ...

    def kept_out(self) -> tuple[KeptOut, ...]:
        """What applied to the question last rendered and yet stood back, with the reason."""
        ...

    def choose(self, answers: Sequence[str], items: Sequence[UsedItem]) -> int:
        """The index of the answer this person would prefer."""
        ...

    def compare(self, answers: Sequence[str]) -> tuple[int, int]:
        """The two of three answers whose comparison would teach most."""
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a turn works with, wired by the composition root.

    ``risks`` remembers, for each conversation, how near it came to what is forbidden.
    """

    ledger: Ledger
    gate: Gate
    policy: EffectivePolicy
    model: Model
    model_file: tuple[str, str]
    personaliser: Personaliser | None
    sampling: Sampling
    clock: Callable[[], float]
    pause_background: Callable[[bool], None]
    risks: dict[str, float]
    shelf: Shelf
