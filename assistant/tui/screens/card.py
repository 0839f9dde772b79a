"""The alignment card: who and what this is aligned to, from live state."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.holder.card_text import as_text
from assistant.holder.controls import CardQuery, CardReply
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.standing import stands
from assistant.tui.text import foreign
from assistant.tui.widgets.hints import KeyHints


class CardScreen(Screen[None]):
    """Drawn anew each time it opens; nothing of it is kept."""

    BINDINGS = bindings("list", "back")

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("Alignment card", "bold"), classes="heading")
        with VerticalScroll(id="why"):
            yield Static("Looking it up…", id="account", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Look it up."""
        self.query_one("#why").focus()
        self.run_worker(self._load())

    async def _load(self) -> None:
        reply = await self._requests.one(CardQuery(), CardReply)
        if not stands(self, "#account"):
            return  # closed while it was looked up
        shown = Content("There is no card now.") if reply is None else foreign(as_text(reply.card))
        self.query_one("#account", Static).update(shown)

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)
