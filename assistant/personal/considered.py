"""A memory that was weighed for a question, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from assistant.personal.feedback import Role
from assistant.vault.records import ItemKind


@dataclass(frozen=True, slots=True)
class Considered:
    """A memory with its scores.

    ``score`` orders memories (0 to 1), ``bm25`` and ``dense`` are the raw figures behind
    it. ``passed`` says whether it stands beside the question; if not, ``reason`` is one of
    "unrelated", "narrower", "contradicted", "fact", "repeats", "enough" (of its kind),
    "budget" or "no consent"; ``STOOD_BACK`` tells those a person must be told.
    ``style``: a wish about the form of every answer. ``role``: for rated answers.
    """

    kind: ItemKind
    id: str
    text: str
    score: float
    bm25: float
    dense: float
    passed: bool
    reason: str
    style: bool = False
    role: Role | None = None

    def with_role(self, role: Role) -> Considered:
        """The same, as a rated answer."""
        return replace(self, role=role)

    def dropped(self, reason: str) -> Considered:
        """The same, not passed, for that reason."""
        if not self.passed and self.reason == reason:
            return self
        return replace(self, passed=False, reason=reason)


@dataclass(frozen=True, slots=True)
class Recollection:
    """What was chosen, in the order it is placed, and everything that was weighed.

    ``considered`` is sorted best first. ``dense`` says whether vectors took part.
    ``tokens`` is what the chosen memories take, without the frame around them.
    """

    items: tuple[Considered, ...] = ()
    considered: tuple[Considered, ...] = ()
    dense: bool = False
    tokens: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing stands beside the question."""
        return not self.items


STOOD_BACK: Mapping[str, str] = {
    "narrower": "a narrower wish says otherwise here",
    "contradicted": "a later wish says otherwise",
    "fact": "the question asks for one plain fact; there it only chooses among several answers",
}
"""Why a wish that applied does not stand beside the question, in words for `why`."""

KEPT_OUT: Mapping[str, str] = {
    **STOOD_BACK,
    "repeats": "it says the same as another one",
    "enough": "there are enough of its kind",
    "budget": "no room is left for it",
    "no consent": "you did not consent to its use",
    "unrelated": "it seems to be about something else",
}
"""The same in words for `recall`, which shows everything that was weighed."""

NOTHING = Recollection()
"""For a turn without personalisation."""
