"""The foot of every screen: the keys that work right now, as many as fit."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

_NAMES = {
    "escape": "esc", "slash": "/", "plus": "+", "minus": "-", "alt+up": "alt+↑",
    "alt+down": "alt+↓", "up": "↑", "down": "↓",
}  # fmt: skip


LEAVE = {"dialog.cancel", "dialog.decline", "dialog.end", "dialog.pass", "list.back"}
STAY = LEAVE | {"chat.stop"}
"""Shown however narrow the screen is; where nothing leads out, so is the help."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One key and what it does here."""

    key: str
    words: str
    stays: bool = False

    @property
    def width(self) -> int:
        """In cells, with the space around it."""
        return cell_len(self.key) + cell_len(self.words) + 3


def key_name(key: str) -> str:
    """How we write a key: the first of several, in lower case."""
    first = key.split(",")[0].strip()
    return _NAMES.get(first, first)


class KeyHints(Static):
    """One line; whole hints are left out when the screen is narrow.

    A screen says in ``enter_does`` what Enter does on it, where that is no binding of its own,
    and in ``words_for`` what a key does now.
    """

    def __init__(self) -> None:
        super().__init__("", id="hints", markup=False)

    def on_mount(self) -> None:
        """Follow the focus: other keys work elsewhere."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)
        self.call_after_refresh(self._draw)

    def on_resize(self) -> None:
        """More or fewer fit now."""
        self._draw()

    def _changed(self, _: Screen[object]) -> None:
        self._draw()

    def _draw(self) -> None:
        if not self.is_attached or not self.screen.is_current or not self.size.width:
            return
        hints = self._hints()
        room = self.size.width - sum(hint.width for hint in hints if hint.stays)
        shown = Content("")
        for hint in hints:
            if not hint.stays:
                if hint.width > room:
                    continue
                room -= hint.width
            shown = shown.append(Content.styled(hint.key, "$accent")).append(
                Content.styled(f" {hint.words}  ", "$muted")
            )
        self.update(shown)

    def _hints(self) -> list[Hint]:
        screen = self.screen
        enter, words = getattr(screen, "enter_does", ""), getattr(screen, "words_for", None)
        found = {enter: Hint("enter", enter)} if enter else {}
        bound = sorted(screen.active_bindings.values(), key=_order)
        stay = STAY if any(one.binding.id in LEAVE for one in bound) else STAY | {"app.help"}
        for active in bound:
            binding = active.binding
            if not binding.show or not active.enabled or binding.action in found:
                continue
            said = (words(binding.id or "") if words else "") or binding.description
            stays = (binding.id or "") in stay
            found[binding.action] = Hint(key_name(binding.key), said, stays)
        return list(found.values())


def _order(active: object) -> int:
    # What is nearest to the focus first, then the way out; what works everywhere last.
    binding = getattr(active, "binding", None)
    name = getattr(binding, "id", "") or ""
    leaving = name in LEAVE
    return {"app": 3, "chat": 2}.get(name.partition(".")[0], int(leaving))
