"""Say what was good or bad about an answer: reasons from PRISM's list, and words."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.tui.closing import ModalScreen
from assistant.tui.keys import bindings
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.options import Options

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

    BINDINGS = bindings("dialog", "toggle", "save", "cancel")

    def __init__(self) -> None:
        super().__init__()
        self._chosen: set[int] = set()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled("What was good or bad about it?", "bold"))
            yield Options(
                *(Option(self._line(place)) for place in range(len(REASONS))), id="reasons"
            )
            yield Input(
                placeholder="In your own words, if you like", id="words", select_on_focus=False
            )
            yield KeyHints()

    def _line(self, place: int) -> Content:
        # A mark of shape, not of colour alone.
        return Content(f"{'●' if place in self._chosen else '○'} {REASONS[place][1]}")

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Choose a reason, or not."""
        self._chosen ^= {event.option_index}
        event.option_list.replace_option_prompt_at_index(
            event.option_index, self._line(event.option_index)
        )

    def on_key(self, event: Key) -> None:
        """Whoever begins to type means the words, wherever the focus is."""
        typed = event.character
        if typed is None or not event.is_printable or typed.isspace():
            return
        if isinstance(self.focused, OptionList):
            event.stop()
            words = self.query_one("#words", Input)
            self.set_focus(words)  # at once: the next letter may be there already
            words.insert_text_at_cursor(typed)

    def action_choose(self) -> None:
        """Space chooses as Enter does."""
        self.query_one(OptionList).action_select()

    def on_input_submitted(self) -> None:
        """Enter in the words keeps everything."""
        self.action_save()

    def action_save(self) -> None:
        """Keep note and reasons."""
        note = self.query_one("#words", Input).value.strip()
        reasons = tuple(REASONS[place][0] for place in sorted(self._chosen))
        self.dismiss((note, reasons) if note or reasons else None)

    def action_cancel(self) -> None:
        """Close, changing nothing."""
        self.dismiss(None)
