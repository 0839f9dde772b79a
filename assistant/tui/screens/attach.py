"""Choose a file to ask about: type its path, or pick it from what is there."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static
from textual.widgets.option_list import Option

from assistant.holder.attachments_text import size_words
from assistant.tui.closing import ModalScreen
from assistant.tui.keys import bindings
from assistant.tui.paths import Suggestion, suggestions
from assistant.tui.standing import stands
from assistant.tui.text import foreign_line, join
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.options import Options

ABOUT = (
    "A text, Markdown, PDF or code file. It is read here and stays on this machine. "
    "↑ ↓ choose, Enter attaches."
)


class AttachDialog(ModalScreen[Path | None]):
    """Dismissed with a path, or None when cancelled. Paths begin at the folder ``base``."""

    BINDINGS = bindings("dialog", "complete", "previous", "next", "cancel")
    ENTER = "attach"

    def __init__(self, base: Path) -> None:
        super().__init__()
        self._base = base
        self._found: list[Suggestion] = []

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="attach"):
            yield Static(Content.styled("Attach a file", "bold"))
            yield Static(ABOUT, classes="body", markup=False)
            yield Input(placeholder="Its path; ~ is your home", id="path", select_on_focus=False)
            yield Static("", classes="problem", markup=False)
            yield Options(id="found", markup=False)
            yield KeyHints()

    def on_mount(self) -> None:
        """Typing never leaves the line; the list is moved through from there."""
        self.query_one(Options).can_focus = False
        self.query_one(Input).focus()
        self._look()

    def on_input_changed(self) -> None:
        """Other files come into question."""
        self.query_one(".problem", Static).update("")
        self._look()

    @work(exclusive=True, group="paths")
    async def _look(self) -> None:
        typed = self.query_one(Input).value
        found = await asyncio.to_thread(suggestions, typed, self._base)
        if not stands(self, "#found"):
            return
        self._found = found
        options = self.query_one(Options)
        options.clear_options()
        options.add_options([Option(_line(one)) for one in found])
        options.highlighted = 0 if found else None

    @property
    def _selected(self) -> Suggestion | None:
        place = self.query_one(Options).highlighted
        return self._found[place] if place is not None and place < len(self._found) else None

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The path as typed, where it names a file; else the one under the cursor."""
        typed = event.value.strip()
        if typed and self._meant(typed).is_file():
            self.dismiss(self._meant(typed))
        elif (one := self._selected) is not None:
            self._take(one)
        else:
            self.query_one(".problem", Static).update("There is no file at that path.")

    def on_option_list_option_selected(self) -> None:
        """A click."""
        if (one := self._selected) is not None:
            self._take(one)

    def _take(self, one: Suggestion) -> None:
        if one.folder:
            self._fill(one.text)
        else:
            self.dismiss(self._meant(one.text))

    def _meant(self, typed: str) -> Path:
        try:
            return self._base / Path(typed).expanduser()
        except RuntimeError:
            return self._base / typed  # a home of nobody

    def _fill(self, text: str) -> None:
        line = self.query_one(Input)
        line.value = text
        line.cursor_position = len(text)

    def action_complete(self) -> None:
        """Take over the path under the cursor."""
        if (one := self._selected) is not None:
            self._fill(one.text)

    def action_previous(self) -> None:
        """Up the list."""
        self.query_one(Options).action_cursor_up()

    def action_next(self) -> None:
        """Down the list."""
        self.query_one(Options).action_cursor_down()

    def action_cancel(self) -> None:
        """Attach nothing."""
        self.dismiss(None)


def _line(one: Suggestion) -> Content:
    name = foreign_line(f"{one.name}/" if one.folder else one.name, 60)
    size = "" if one.folder else f"  {size_words(one.size)}"
    return join(name, Content.styled(size, "$muted"))
