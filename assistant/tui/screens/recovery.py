"""The recovery key: shown once, and confirmed by typing back one group of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from assistant.tui.closing import Screen
from assistant.tui.text import foreign
from assistant.tui.widgets.hints import KeyHints

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth",
             "ninth")  # fmt: skip


def groups_of(key: str) -> list[str]:
    """The groups a recovery key is written in, between hyphens or spaces."""
    return [group for group in re.split(r"[-\s]+", key.strip()) if group]


class RecoveryScreen(Screen[None]):
    """Dismissed when the asked-for group was typed back; there is no other way out.

    ``choose`` picks a number below its argument: which group to ask for.
    """

    ENTER = "go on"

    def __init__(self, key: str, choose: Callable[[int], int]) -> None:
        super().__init__()
        self._groups = groups_of(key)
        self._asked = choose(len(self._groups))

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(Content.styled("Your recovery key", "bold $accent"))
            yield Static(
                "Write it down on paper now. It opens the vault if you forget the passphrase. It "
                "is shown this once and stored nowhere; nobody can send it to you again.",
                classes="body",
            )
            yield Static(foreign(self._rows()), id="key", markup=False)
            yield Static(f"To be sure: type its {self._place()} group.", classes="body")
            yield Input(id="group")
            yield Static("", id="said", markup=False)
        yield KeyHints()

    def _rows(self) -> str:
        rows = [self._groups[i : i + 4] for i in range(0, len(self._groups), 4)]
        return "\n".join("  ".join(row) for row in rows)

    def _place(self) -> str:
        if self._asked < len(_ORDINALS):
            return _ORDINALS[self._asked]
        return f"{self._asked + 1}th"

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go on when it was typed right; letter case does not matter."""
        if event.value.strip().casefold() == self._groups[self._asked].casefold():
            self.dismiss(None)
            return
        event.input.value = ""
        said = self.query_one("#said", Static)
        said.update(f"That is not the {self._place()} group. Look again.")
        said.add_class("-bad")
