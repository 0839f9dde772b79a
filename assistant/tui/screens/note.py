"""Say what was good or bad about an answer: reasons from PRISM's list, and words."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, SelectionList, Static
from textual.widgets.selection_list import Selection

from assistant.tui.keys import bindings
from assistant.tui.widgets.hints import KeyHints

# Kirk et al., "The PRISM Alignment Dataset" (2024): the attributes its participants rated.
REASONS = (
    ("values", "values: it reflects mine, or not"),
    ("creativity", "creativity: original, or dull"),
    ("fluency", "fluency: reads well, or badly"),
    ("factuality", "factuality: correct, or wrong"),
    ("diversity", "diversity: several views, or one"),
    ("safety", "safety: careful, or careless"),
    ("personalisation", "personalisation: fits me, or not"),
    ("helpfulness", "helpfulness: useful, or not"),
)


class NoteDialog(ModalScreen[tuple[str, tuple[str, ...]] | None]):
    """Dismissed with (note, reasons), or None when cancelled or left empty."""

    BINDINGS = bindings("dialog", "save", "cancel")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("What was good or bad about it?", "bold"))
            yield SelectionList[str](
                *(Selection(Content(text), name) for name, text in REASONS), id="reasons"
            )
            yield Input(placeholder="In your own words, if you like", id="words")
            yield KeyHints()

    def on_input_submitted(self) -> None:
        """Enter in the words keeps everything."""
        self.action_save()

    def action_save(self) -> None:
        """Keep note and reasons."""
        note = self.query_one("#words", Input).value.strip()
        chosen = set(self.query_one(SelectionList).selected)
        reasons = tuple(name for name, _ in REASONS if name in chosen)
        self.dismiss((note, reasons) if note or reasons else None)

    def action_cancel(self) -> None:
        """Close, changing nothing."""
        self.dismiss(None)
