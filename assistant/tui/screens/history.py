"""Earlier conversations: list, search with previews, rename, erase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input

from assistant.holder.interface import (
    ConversationItem,
    DeleteConversation,
    Done,
    ListConversations,
    RenameConversation,
    SearchHistory,
    SearchHit,
    ShowConversation,
    TurnItem,
)
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import OneLine, YesNo
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import foreign_line, join, when

HIT_FROM, HIT_TO = "\ue000", "\ue001"


@dataclass
class Left:
    """What happened here: the conversation to open, those erased and those renamed."""

    opened: str = ""
    title: str = ""
    erased: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)


class HistoryScreen(ListScreen[Left, ConversationItem | SearchHit]):
    """Dismissed with ``Left``."""

    BINDINGS = bindings("list", "search", "edit", "delete")
    HEADING = "History"
    NOTHING = "Nothing found."

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._requests, self._clock, self._left = requests, clock, Left()
        self._previews: dict[str, Content] = {}

    def compose_above(self) -> ComposeResult:
        yield Input(placeholder="/ searches everything that was said", id="search")

    def on_mount(self) -> None:
        """All conversations, newest first."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        query = self.query_one("#search", Input).value.strip()
        found: list[ConversationItem | SearchHit] = []
        if query:
            found += await self._requests.all(SearchHistory(query, 50), SearchHit) or []
        else:
            found += await self._requests.all(ListConversations(), ConversationItem) or []
        self.fill(found)

    def line(self, item: ConversationItem | SearchHit) -> Content:
        if isinstance(item, SearchHit):
            title = foreign_line(item.title, 30, "$muted")
            return join(title, "  ", _marked(item.snippet))
        stamp = Content.styled(f"{when(item.updated, self._clock()):>10}  ", "$muted")
        pin = "pinned · " if item.pinned else ""
        folder = f"{inert_line(item.folder, 20)} / " if item.folder else ""
        turns = Content.styled(f"  {item.turns} {'turn' if item.turns == 1 else 'turns'}", "$muted")
        return join(stamp, pin, folder, foreign_line(item.title or "(no title)", 60), turns)

    def about(self, item: ConversationItem | SearchHit) -> Content:
        if isinstance(item, SearchHit):
            return join(foreign_line(item.title, 60, "bold"), "\n", _marked(item.snippet))
        if item.id not in self._previews:
            self._preview(item.id)
        return self._previews.get(item.id, Content(""))

    @work(exclusive=True, group="preview")
    async def _preview(self, conversation: str) -> None:
        turns = await self._requests.all(ShowConversation(conversation), TurnItem)
        shown = [
            join(Content.styled("› ", "$accent"), foreign_line(turn.question, 150), "\n",
                 foreign_line(turn.answer, 150, "$muted"))
            for turn in (turns or [])[-2:]
        ]  # fmt: skip
        self._previews[conversation] = Content("\n").join(shown)
        self.on_option_list_option_highlighted()

    def on_input_changed(self) -> None:
        """Search while typing."""
        self._load()

    def on_input_submitted(self) -> None:
        """Down into what was found."""
        self.options.focus()

    def action_search(self) -> None:
        """To the search line."""
        self.query_one("#search", Input).focus()

    def action_open(self) -> None:
        """Go on with it."""
        if item := self.selected:
            self._left.opened, self._left.title = _id(item), item.title
            self.dismiss(self._left)

    def action_back(self) -> None:
        """From the search line to the list, from the list to the chat."""
        search = self.query_one("#search", Input)
        if search.has_focus or search.value:
            search.value = ""
            self.options.focus()
        else:
            self.dismiss(self._left)

    @work(group="act")
    async def action_edit(self) -> None:
        """Rename it."""
        if (item := self.selected) is None:
            return
        title = await self.app.push_screen_wait(OneLine("Rename the conversation", item.title))
        if not title:
            return
        if await self._requests.one(RenameConversation(_id(item), title), Done):
            self._left.renamed[_id(item)] = title
            self._load()

    @work(group="act")
    async def action_delete(self) -> None:
        """Erase it, with what was learned from it."""
        if (item := self.selected) is None:
            return
        question = YesNo(
            "Erase this conversation?",
            join(foreign_line(item.title, 60), "\n\nIts text, and everything learned from it, is "
                 "gone for good. There is no undo."),
        )  # fmt: skip
        if not await self.app.push_screen_wait(question):
            return
        if await self._requests.one(DeleteConversation(_id(item)), Done):
            self._left.erased.add(_id(item))
            self._load()


def _id(item: ConversationItem | SearchHit) -> str:
    return item.conversation if isinstance(item, SearchHit) else item.id


def _marked(snippet: str) -> Content:
    parts: list[Content] = []
    for number, piece in enumerate(snippet.split(HIT_FROM)):
        hit, _, rest = piece.partition(HIT_TO) if number else ("", "", piece)
        parts += [foreign_line(hit, 0, "$accent bold"), foreign_line(rest)]
    return Content("").join(parts)
