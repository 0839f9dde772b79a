"""Small dialogs: a yes or no, one line of text, a longer text."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static, TextArea

from assistant.tui.closing import ModalScreen
from assistant.tui.keys import bindings
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.prompt import Prompt


class Question(ModalScreen[bool]):
    """A question with what follows from yes."""

    def __init__(self, title: str, body: Content | str = "") -> None:
        super().__init__()
        self._head, self._body = title, body

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._head, "bold"))
            yield Static(self._body, classes="body", markup=False)
            yield KeyHints()

    def action_yes(self) -> None:
        """Yes."""
        self.dismiss(True)

    def action_no(self) -> None:
        """No."""
        self.dismiss(False)

    def action_cancel(self) -> None:
        """No, by Escape."""
        self.dismiss(False)


class YesNo(Question):
    """A question that a key has just opened. Dismissed with True only by an explicit y.

    Any other letter is a no: somebody who types a sentence where single keys act did not mean
    the question, and the y of a later word must not answer it.
    """

    BINDINGS = bindings("dialog", "yes", "no", "cancel")

    def on_key(self, event: events.Key) -> None:
        """A letter that is neither yes nor no."""
        if event.is_printable and event.key not in self.active_bindings:
            event.stop()
            self.dismiss(False)


class Uncalled(Question):
    """A question that comes by itself, under fingers that may be typing.

    No letter answers it. What is typed or pasted goes on into the field it was meant for; yes
    is a key that typing does not produce.
    """

    BINDINGS = bindings("dialog", "agree", "decline")
    _MEANWHILE = "What you type goes on into your message."

    def on_mount(self) -> None:
        """Say where the letters go that do not answer it."""
        if self._field is not None:
            hints = self.query_one(KeyHints)
            self.query_one(".dialog").mount(Static(self._MEANWHILE, classes="aside"), before=hints)

    @property
    def _field(self) -> TextArea | Input | None:
        """Where one was typing when it came."""
        stack = self.app.screen_stack
        below = stack[stack.index(self) - 1].focused if self in stack[1:] else None
        return below if isinstance(below, TextArea | Input) else None

    def on_key(self, event: events.Key) -> None:
        """Typing goes on."""
        if event.key in self.active_bindings or event.key.startswith(("alt+", "ctrl+")):
            return
        field = self._field
        if event.is_printable and event.character:
            event.stop()
            self._type(event.character)
        elif event.key == "backspace" and field is not None:
            event.stop()
            field.action_delete_left()

    def on_paste(self, event: events.Paste) -> None:
        """A paste belongs where the letters go."""
        event.stop()
        if isinstance(field := self._field, Prompt):
            field.insert_pasted(event.text)
        else:
            self._type(event.text)

    def _type(self, text: str) -> None:
        field = self._field
        if isinstance(field, TextArea):
            field.insert(text)
        elif field is not None:
            field.insert_text_at_cursor(text)


class OneLine(ModalScreen[str | None]):
    """One line of text, Enter keeps it. Dismissed with None when cancelled."""

    BINDINGS = bindings("dialog", "cancel")
    ENTER = "go on"

    def __init__(
        self, title: str, value: str = "", *, about: str = "", number: tuple[int, int] | None = None
    ) -> None:
        super().__init__()
        self._head, self._value, self._about, self._number = title, value, about, number

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content.styled(self._head, "bold"))
            if self._about:
                yield Static(self._about, classes="body", markup=False)
            yield Input(self._value, select_on_focus=False)
            yield Static("", classes="problem", markup=False)
            yield KeyHints()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep it, if it is a number where one is asked for."""
        value = event.value.strip()
        if self._number is not None and not self._fits(value):
            low, high = self._number
            self.query_one(".problem", Static).update(f"A whole number from {low} to {high}.")
            return
        self.dismiss(value)

    def action_cancel(self) -> None:
        """Close, changing nothing."""
        self.dismiss(None)

    def _fits(self, value: str) -> bool:
        low, high = self._number or (0, 0)
        return value.isascii() and value.isdigit() and low <= int(value[:9]) <= high


class LongText(ModalScreen[str | None]):
    """A text of several lines to edit; Ctrl+S keeps it, Escape changes nothing."""

    BINDINGS = bindings("dialog", "save", "cancel")

    def __init__(self, title: str, value: str, about: str = "") -> None:
        super().__init__()
        self._head, self._value, self._about = title, value, about

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide"):
            yield Static(Content.styled(self._head, "bold"))
            if self._about:
                yield Static(self._about, classes="body", markup=False)
            area = TextArea(self._value, soft_wrap=True, tab_behavior="focus")
            area.cursor_blink = False
            yield area
            yield KeyHints()

    def on_mount(self) -> None:
        """The cursor at the end: one mostly deletes from there."""
        area = self.query_one(TextArea)
        area.move_cursor(area.document.end)

    def action_save(self) -> None:
        """Keep what was written."""
        self.dismiss(self.query_one(TextArea).text)

    def action_cancel(self) -> None:
        """Close, changing nothing."""
        self.dismiss(None)
