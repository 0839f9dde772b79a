"""The files attached in a conversation; each can be erased, its turns stay."""

from __future__ import annotations

from textual import work
from textual.content import Content

from assistant.holder.attachments_text import item_words, size_words
from assistant.holder.attachments_wire import AttachmentItem, Detach, ListAttachments
from assistant.holder.interface import Done
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import YesNo
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import count, foreign, foreign_line, join


class KeptFilesScreen(ListScreen[None, AttachmentItem]):
    """What a conversation's answers may read; "" is a conversation not yet begun."""

    BINDINGS = bindings("list", "delete")
    HEADING = "Files in this conversation"
    NOTHING = "None. ctrl+o in the chat attaches one to your next question."

    def __init__(self, requests: Requests, conversation: str) -> None:
        super().__init__()
        self._requests, self._conversation = requests, conversation

    def on_mount(self) -> None:
        """Show them."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        wanted = ListAttachments(self._conversation)
        found = await self._requests.all(wanted, AttachmentItem) if self._conversation else []
        self.fill(found or [])

    def line(self, item: AttachmentItem) -> Content:
        figures = f"  {size_words(item.size)} · {count(item.tokens)} tokens"
        return join("▤ ", foreign_line(item.name, 50), Content.styled(figures, "$muted"))

    def about(self, item: AttachmentItem) -> Content:
        return foreign(item_words(item))

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)

    def action_delete(self) -> None:
        """Erase it, with every copy of its text."""
        if (item := self.selected) is not None:
            self._delete(item)

    @work(group="act")
    async def _delete(self, item: AttachmentItem) -> None:
        gone = "\n\nIts text is gone for good; what was answered from it stays."
        body = join(foreign_line(item.name, 60), gone)
        if await self.app.push_screen_wait(YesNo("Erase this file?", body)):
            await self._requests.one(Detach(item.id), Done)
            self._load()
