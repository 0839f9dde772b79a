"""Every key, written from the same table that binds them."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.tui.closing import Screen
from assistant.tui.keys import KEYS, PLACES, Key, bindings
from assistant.tui.text import join
from assistant.tui.widgets.hints import KeyHints

BESIDE_KEYS = 54
"""Cells for what a key does, beside its name, where 80 are shown."""


class HelpScreen(Screen[None]):
    """All keys as they are bound now, with the names under which they can be rebound."""

    BINDINGS = bindings("list", "back")

    def __init__(self, keymap: Mapping[str, str]) -> None:
        super().__init__()
        self._keymap = keymap

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("Keys", "bold"), classes="heading")
        with VerticalScroll(id="help"):
            yield Static(keys_text(self._keymap))
        yield KeyHints()

    def on_mount(self) -> None:
        """Arrow keys scroll."""
        self.query_one("#help").focus()

    def action_back(self) -> None:
        """Back to where one came from."""
        self.dismiss(None)


def keys_text(keymap: Mapping[str, str]) -> Content:
    """The whole table, by place."""
    lines: list[Content] = []
    for place, title in PLACES.items():
        lines += [Content.styled(title, "$accent bold")]
        lines += [_line(keys_of(key, keymap), key.about) for key in KEYS if key.place == place]
        lines += [Content("")]
    lines += [
        Content.styled("Names for rebinding, in a TOML file with one table [keys]", "$accent")
    ]
    lines += [_line(key.id, keys_of(key, keymap)) for key in KEYS]
    return Content("\n").join(lines)


def keys_of(key: Key, keymap: Mapping[str, str]) -> str:
    """The keys of an action as they are bound now."""
    return keymap.get(key.id, key.keys).replace(",", ", ").replace("slash", "/")


def _line(left: str, right: str) -> Content:
    first, *more = wrap(right, BESIDE_KEYS) or [""]
    indented = [f"\n{' ' * 21}{line}" for line in more]
    return join(Content.styled(f"{left:<20} ", "bold"), first, *indented)
