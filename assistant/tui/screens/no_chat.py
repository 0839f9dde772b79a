"""Policy is missing or cannot be trusted: say what is wrong and what to do. No chat."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from assistant.errors import AssistantError, PolicyError
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.text import foreign
from assistant.tui.widgets.hints import KeyHints

_RULES = (
    "The rules this assistant works under must be present and verified before it answers. "
    "Nothing in your vault was touched."
)


class TryAgain(Message):
    """Look at the home folder once more."""


class NoChatScreen(Screen[None]):
    """Posts ``TryAgain`` on r."""

    BINDINGS = bindings("dialog", "retry")

    def __init__(self, error: AssistantError) -> None:
        super().__init__()
        self.error = error

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(Content.styled("There can be no chat right now", "bold $error"))
            yield Static(foreign(self.error.message), classes="body", markup=False)
            yield Static(Content.styled("What to do", "bold"))
            yield Static(foreign(self.error.hint), classes="body", markup=False)
            if isinstance(self.error, PolicyError):
                yield Static(_RULES, classes="body")
            yield Static("r tries again · ctrl+q quits", classes="body")
        yield KeyHints()

    def action_retry(self) -> None:
        """Look again."""
        self.post_message(TryAgain())
