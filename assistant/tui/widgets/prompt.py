"""The prompt: several lines, history at its edges, pastes of any size."""

from __future__ import annotations

import re
from pathlib import Path

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from assistant.tui.keys import bindings
from assistant.tui.paths import pasted_path

# Typing into a line of a megabyte takes a second a key in Textual 8, so long pastes are
# kept beside the text and stand in it as one mark.
FOLDED_FROM = 10_000
DATA_FROM = 200
"""Characters from which a paste is read as data, too: shorter ones are words or addresses."""
_MARK = re.compile(r"⟦pasted (\d+): [^⟧]*⟧")
MAX_HISTORY = 200


class Prompt(TextArea):
    """Where one types. Posts ``Sent`` with the whole text, ``Scrolled`` for page keys."""

    BINDINGS = bindings("prompt")

    class Sent(Message):
        """The person sent this text; ``pasted`` are the parts of it that were not typed."""

        def __init__(self, text: str, pasted: tuple[str, ...]) -> None:
            super().__init__()
            self.text, self.pasted = text, pasted

    class Scrolled(Message):
        """Page up (-1) or page down (1) was pressed: meant for the conversation."""

        def __init__(self, pages: int) -> None:
            super().__init__()
            self.pages = pages

    class FilePasted(Message):
        """What was pasted, or dropped, is the path of an existing file."""

        def __init__(self, text: str, path: Path) -> None:
            super().__init__()
            self.text, self.path = text, path

    def __init__(self) -> None:
        super().__init__(
            id="prompt", soft_wrap=True, tab_behavior="focus", show_line_numbers=False,
            highlight_cursor_line=False, placeholder="Ask anything",
        )  # fmt: skip
        self.cursor_blink = False
        self._sent: list[str] = []
        self._place = 0
        self._unsent = ""
        self._pastes: dict[str, str] = {}
        self._data: list[str] = []

    @property
    def whole(self) -> str:
        """The text with every folded paste in its place."""
        return _MARK.sub(lambda mark: self._pastes.get(mark[1], mark[0]), self.text)

    def fill(self, text: str) -> None:
        """Put a text into the prompt, the cursor at its end; long ones are folded."""
        self.load_text(self._fold(text) if len(text) >= FOLDED_FROM else text)
        self.move_cursor(self.document.end)

    def remember(self, texts: list[str]) -> None:
        """The questions of an earlier conversation, oldest first, for the up key."""
        self._sent = texts[-MAX_HISTORY:]
        self._place = len(self._sent)

    def action_send(self) -> None:
        """Hand the text over and remember it; an empty prompt sends nothing."""
        text = self.whole
        if not text.strip():
            return
        pasted = tuple(part for part in dict.fromkeys(self._data) if part in text)
        self.post_message(self.Sent(text, pasted))

    def sent(self, text: str) -> None:
        """The text was taken: put it into the history; what was typed since stays."""
        whole = self.whole
        rest = whole.removeprefix(text)
        self._sent = [*self._sent[-MAX_HISTORY + 1 :], text]
        self._place = len(self._sent)
        self._pastes.clear()
        self._data = [part for part in self._data if part in rest]
        self.fill(rest)

    def action_newline(self) -> None:
        """A new line where the cursor stands."""
        self._replace_via_keyboard("\n", *self.selection)

    def action_cursor_up(self, select: bool = False) -> None:
        """Up; on the first line, the message sent before."""
        if select or not self.cursor_at_first_line or not self._place:
            super().action_cursor_up(select)
            return
        if self._place == len(self._sent):
            self._unsent = self.whole
        self._place -= 1
        self.fill(self._sent[self._place])

    def action_cursor_down(self, select: bool = False) -> None:
        """Down; on the last line, the message sent after, then what was being typed."""
        if select or not self.cursor_at_last_line or self._place >= len(self._sent):
            super().action_cursor_down(select)
            return
        self._place += 1
        last = self._place == len(self._sent)
        self.fill(self._unsent if last else self._sent[self._place])

    def action_cursor_page_up(self) -> None:
        """The conversation scrolls, not the prompt."""
        self.post_message(self.Scrolled(-1))

    def action_cursor_page_down(self) -> None:
        """The conversation scrolls, not the prompt."""
        self.post_message(self.Scrolled(1))

    async def _on_key(self, event: events.Key) -> None:
        # Not by priority bindings: those run at once, before the letters typed just
        # before them have arrived here, and would send a part of the message.
        active = self.screen.active_bindings.get(event.key) if _is_command(event) else None
        if active is None:
            return  # TextArea's own handler comes next
        event.prevent_default()  # a terminal's alt+y carries the letter y, which is not meant
        if (active.binding.id or "").startswith("prompt."):
            event.stop()
            await self.run_action(active.binding.action)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if path := pasted_path(event.text):
            self.post_message(self.FilePasted(event.text, path))
            return
        self.insert_pasted(event.text)

    def insert_pasted(self, pasted: str) -> None:
        """Put a text where the cursor stands; long ones are folded."""
        text = pasted.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) >= DATA_FROM:
            self._data.append(text)
        shown = self._fold(text) if len(text) >= FOLDED_FROM else text
        if result := self._replace_via_keyboard(shown, *self.selection):
            self.move_cursor(result.end_location)

    def _fold(self, text: str) -> str:
        name = str(len(self._pastes) + 1)
        self._pastes[name] = text
        lines = text.count("\n") + 1
        return f"⟦pasted {name}: {len(text):,} characters, {lines:,} lines⟧"


def _is_command(event: events.Key) -> bool:
    return not event.is_printable or event.key.startswith(("alt+", "ctrl+"))
