"""What is painted first, before anything that could take time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.widgets import Static

from assistant.tui.closing import Screen
from assistant.tui.keys import bindings


class OpeningScreen(Screen[None]):
    """One quiet line while the home folder is looked at."""

    BINDINGS = bindings("app", "quit")

    def compose(self) -> ComposeResult:
        yield Static("Assistant", id="opening")
