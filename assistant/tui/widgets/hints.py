"""The foot of every screen: the keys that work right now, as many as fit."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

_NAMES = {
    "escape": "esc", "slash": "/", "plus": "+", "minus": "-", "alt+up": "alt+↑",
    "alt+down": "alt+↓", "up": "↑", "down": "↓",
}  # fmt: skip


def key_name(key: str) -> str:
    """How we write a key: the first of several, in lower case."""
    first = key.split(",")[0].strip()
    return _NAMES.get(first, first)


class KeyHints(Static):
    """One line; whole hints are left out from the right when the screen is narrow."""

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
        if not self.is_attached or not self.screen.is_current:
            return
        shown, room, seen = Content(""), self.size.width - 2, set[str]()
        for active in sorted(self.screen.active_bindings.values(), key=_order):
            binding = active.binding
            if not binding.show or not active.enabled or binding.action in seen:
                continue
            seen.add(binding.action)
            name = key_name(binding.key)
            width = cell_len(name) + cell_len(binding.description) + 3
            if width > room:
                break
            room -= width
            shown = shown.append(Content.styled(name, "$accent")).append(
                Content.styled(f" {binding.description}  ", "$muted")
            )
        self.update(shown)


def _order(active: object) -> int:
    # What is nearest to the focus first, then the way out; what works everywhere last.
    binding = getattr(active, "binding", None)
    name = getattr(binding, "id", "") or ""
    leaving = name in {"dialog.cancel", "dialog.decline", "list.back"}
    return {"app": 3, "chat": 2}.get(name.partition(".")[0], int(leaving))
