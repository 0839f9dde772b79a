"""Dialogs for what must be typed with care: passphrases, and a word before erasing."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from assistant.holder.interface import Strength
from assistant.tui.closing import ModalScreen
from assistant.tui.keys import bindings
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.strength import StrengthMeter


class PassphraseDialog(ModalScreen[tuple[str, str] | None]):
    """The passphrase of now and, with ``strength``, a new one typed twice.

    Dismissed with both ("" for a new one that was not asked for), or None when cancelled.
    """

    BINDINGS = bindings("dialog", "cancel")
    ENTER = "go on"

    def __init__(
        self, title: str, about: str, strength: Callable[[str], Strength] | None = None
    ) -> None:
        super().__init__()
        self._head, self._about, self._strength = title, about, strength

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._head, "bold"))
            if self._about:
                yield Static(self._about, classes="body", markup=False)
            yield Input(placeholder="Your passphrase now", password=True, id="current")
            if self._strength is not None:
                yield Input(placeholder="The new one", password=True, id="fresh")
                yield StrengthMeter()
                yield Input(placeholder="The new one again", password=True, id="again")
            yield Static("", classes="problem", markup=False)
            yield KeyHints()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Draw the strength while it is typed."""
        if event.input.id == "fresh" and self._strength is not None:
            strength = self._strength(event.value) if event.value else None
            self.query_one(StrengthMeter).show(strength)

    def on_input_submitted(self) -> None:
        """Enter goes on to the next line that is empty, then is done."""
        lines = list(self.query(Input))
        for line in lines:
            if not line.value:
                line.focus()
                return
        values = [line.value for line in lines]
        if len(values) > 1 and values[1] != values[2]:
            self.query_one(".problem", Static).update("The new ones are not the same.")
            lines[2].value = ""
            lines[2].focus()
            return
        self.dismiss((values[0], values[1] if len(values) > 1 else ""))

    def action_cancel(self) -> None:
        """Close, changing nothing."""
        self.dismiss(None)


class TypedWord(ModalScreen[bool]):
    """Something that cannot be undone: the word itself must be typed out."""

    BINDINGS = bindings("dialog", "cancel")
    ENTER = "go on"

    def __init__(self, title: str, body: Content | str, word: str) -> None:
        super().__init__()
        self._head, self._body, self._word = title, body, word

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._head, "bold $error"))
            yield Static(self._body, classes="body", markup=False)
            yield Static(f"To go on, type: {self._word}", classes="body", markup=False)
            yield Input(id="word")
            yield Static("", classes="problem", markup=False)
            yield KeyHints()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The word and nothing else."""
        if event.value.strip().casefold() == self._word.casefold():
            self.dismiss(True)
            return
        event.input.value = ""
        self.query_one(".problem", Static).update(f"That is not “{self._word}”. Escape leaves.")

    def action_cancel(self) -> None:
        """Close, changing nothing."""
        self.dismiss(False)
