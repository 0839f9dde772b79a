"""Every act of feedback, newest first; any of them can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import work
from textual.content import Content

from assistant.holder.interface import Done, FeedbackItem, ListFeedback, UndoFeedback
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import YesNo
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import foreign, foreign_line, join, when

_KINDS = {"up": "▲ good", "down": "▼ bad", "score": "score", "edit": "edited", "choice": "chose",
          "note": "note"}  # fmt: skip


class ActsScreen(ListScreen[None, FeedbackItem]):
    """Undoing an act takes back what was learned from it too."""

    BINDINGS = bindings("list", "delete")
    HEADING = "Feedback you gave"
    NOTHING = "None yet. After an answer, alt+up or alt+down says whether it was good."

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._requests, self._clock = requests, clock

    def on_mount(self) -> None:
        """Show them."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        self.fill(await self._requests.all(ListFeedback(), FeedbackItem) or [])

    def line(self, item: FeedbackItem) -> Content:
        kind = _KINDS.get(item.kind, inert_line(item.kind, 10))
        stamp = Content.styled(f"{when(item.created, self._clock()):>10}  ", "$muted")
        words = " ".join([*item.reasons, item.note or item.value])
        undone = "  taken back" if item.undone else ""
        return join(stamp, f"{kind:<9}", foreign_line(words, 120), undone)

    def about(self, item: FeedbackItem) -> Content:
        return foreign((item.note or item.value)[:600])

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)

    def action_delete(self) -> None:
        """Take it back, after a question."""
        if (item := self.selected) is not None and not item.undone:
            self._take_back(item)

    @work(group="act")
    async def _take_back(self, item: FeedbackItem) -> None:
        body = join(
            self.line(item), "\n\nWith everything learned from it, what you kept of it too."
        )
        question = YesNo("Take this feedback back?", body)
        if not await self.app.push_screen_wait(question):
            return
        await self._requests.all(UndoFeedback(item.id), Done)
        self._load()
