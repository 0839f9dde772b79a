"""Comparisons at the start: what is asked next, and what was picked.

A pick says which of two prepared examples was preferred: no text of the person's is in it.
Picks lie in the vault's settings under the prefix of what was learned, so that erasing
everything learned takes them too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.errors import NoSuchItem, UsageError
from assistant.holder.comparisons_wire import ComparisonItem, NextComparison, PickComparison
from assistant.holder.replies import Done, FeedbackGiven, FeedbackItem
from assistant.personal.dimensions import DIMENSIONS, ENDS
from assistant.personal.starting import Pair, next_pair, open_dimensions, pair_about, picked
from assistant.vault.erase import LEARNED_PREFIX
from assistant.vault.records import PreferenceState, ProfileValue

if TYPE_CHECKING:
    from assistant.holder.taste import Taste
    from assistant.vault import Vault

_PREFIX = LEARNED_PREFIX + "pick."
_ID = "start-"


class Pick(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of a dimension that was preferred, and when; ``at`` is UTC."""

    high: bool
    at: datetime
    undone: bool = False


class Picks:
    """The picks of one vault, at most one a dimension; the id is ``start-`` and its name."""

    def __init__(self, vault: Vault, now: Callable[[], datetime]) -> None:
        self._settings, self._now = vault.settings, now

    def all(self) -> dict[str, Pick]:
        """Every pick by its dimension, undone ones too; unreadable ones are passed over."""
        kept = {}
        for key, value in self._settings.all().items():
            dimension = key.removeprefix(_PREFIX)
            if key.startswith(_PREFIX) and pair_about(dimension) is not None:
                try:
                    kept[dimension] = msgspec.json.decode(value, type=Pick)
                except msgspec.MsgspecError:
                    continue
        return kept

    def values(self) -> list[ProfileValue]:
        """Where the picks that stand let the sliders start."""
        pairs = [(pair_about(name), pick) for name, pick in self.all().items() if not pick.undone]
        return [picked(pair, high=pick.high) for pair, pick in pairs if pair is not None]

    def items(self) -> list[FeedbackItem]:
        """The picks as acts of feedback, oldest first."""
        made = []
        for name, pick in sorted(self.all().items(), key=lambda each: each[1].at):
            ends = ENDS[DIMENSIONS[[d.value for d in DIMENSIONS].index(name)]]
            value = f"{name.replace('_', ' ')}: {ends.high if pick.high else ends.low}"
            made.append(
                FeedbackItem(
                    _ID + name, "", "choice", value, "", (), pick.at.isoformat(), pick.undone
                )
            )
        return made

    def put(self, pair: Pair, *, high: bool) -> str:
        """Keep a pick; returns its id as an act of feedback."""
        self._write(pair.dimension.value, Pick(high, self._now()))
        return _ID + pair.dimension.value

    def undo(self, identity: str) -> bool:
        """Take a pick back; False where the id is of another kind. Raises NoSuchItem."""
        if not identity.startswith(_ID):
            return False
        name = identity.removeprefix(_ID)
        found = self.all().get(name)
        if found is None:
            raise NoSuchItem("There is no feedback with that id.")
        self._write(name, msgspec.structs.replace(found, undone=True))
        return True

    def release(self, name: str) -> None:
        """Let a dimension start from the middle again: its pick, if any, is taken back."""
        if (found := self.all().get(name)) is not None and not found.undone:
            self._write(name, msgspec.structs.replace(found, undone=True))

    def erase(self, identity: str) -> bool:
        """Erase a pick; False where the id is none of a pick that is kept."""
        name = identity.removeprefix(_ID)
        if not identity.startswith(_ID) or name not in self.all():
            return False
        self._settings.delete(_PREFIX + name)
        return True

    def erase_before(self, instant: datetime) -> bool:
        """Erase what is older than a bound on feedback allows; whether anything was."""
        old = [name for name, pick in self.all().items() if pick.at < instant]
        for name in old:
            self.erase(_ID + name)
        return bool(old)

    def _write(self, name: str, pick: Pick) -> None:
        self._settings.put(_PREFIX + name, msgspec.json.encode(pick).decode())


class Comparisons:
    """Answers the requests about comparisons."""

    def __init__(self, vault: Vault, taste: Taste) -> None:
        self._vault, self._taste = vault, taste

    def handle(self, request: Any) -> Iterator[ComparisonItem | FeedbackGiven | Done]:
        """Answer one request; see ``comparisons_wire``."""
        match request:
            case NextComparison():
                yield self._next(request)
            case PickComparison():
                yield self._pick(request)

    def _next(self, request: NextComparison) -> ComparisonItem | Done:
        profile = self._taste.profile
        stated = [p.text for p in self._vault.preferences.list(state=PreferenceState.ACTIVE)]
        offered = {
            d for d in open_dimensions(profile, stated) if d.value not in set(request.passed)
        }
        pair = next_pair(profile, offered)
        if pair is None:
            return Done("There is nothing left to compare.")
        first, second = _in_order(pair)
        return ComparisonItem(pair.dimension.value, pair.question, first, second, len(offered))

    def _pick(self, request: PickComparison) -> FeedbackGiven:
        pair = pair_about(request.dimension)
        if pair is None:
            raise UsageError("There is no comparison about that.")
        identity = self._taste.picks.put(pair, high=(request.pick == 2) != _turned(pair))
        self._taste.changed()
        return FeedbackGiven(identity, "")


def _turned(pair: Pair) -> bool:
    """Every other pair shows its high end first: nobody learns to press the same key."""
    return DIMENSIONS.index(pair.dimension) % 2 == 1


def _in_order(pair: Pair) -> tuple[str, str]:
    return (pair.high, pair.low) if _turned(pair) else (pair.low, pair.high)
