"""Earlier conversations: list by folder, search with previews, rename, pin, move, erase."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from textual import work
from textual.content import Content
from textual.widgets import Static

from assistant.holder.branches_wire import MoveConversation, PinConversation
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
from assistant.tui.screens.lists import SearchScreen
from assistant.tui.standing import stands
from assistant.tui.text import foreign_line, join, when

SHOWN = 2_000
"""Conversations listed; more would make every list slow, and a search finds the others."""
_EMPTY = "Nothing was said yet. Each conversation will stand here, to go on with or to erase."
HIT_FROM, HIT_TO = "\ue000", "\ue001"


@dataclass
class Left:
    """What happened here: the conversation to open, those erased and those renamed.

    ``turn`` names a turn of ``opened`` that is to be shown, on its branch.
    """

    opened: str = ""
    title: str = ""
    turn: str = ""
    erased: set[str] = field(default_factory=set)
    renamed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Group:
    """The heading of some conversations."""

    title: str


Line = ConversationItem | SearchHit | Group


def grouped(items: list[ConversationItem]) -> list[Line]:
    """Pinned ones, then each folder by name, then the rest; no headings where one would do."""
    groups: dict[tuple[int, str], list[ConversationItem]] = {}
    for item in items:
        key = (0, "") if item.pinned else (1, item.folder) if item.folder else (2, "")
        groups.setdefault(key, []).append(item)
    if groups.keys() <= {(2, "")}:
        return list(items)
    lines: list[Line] = []
    for kind, folder in sorted(groups, key=lambda key: (key[0], key[1].casefold(), key[1])):
        lines += [Group(("Pinned", folder, "In no folder")[kind]), *groups[kind, folder]]
    return lines


class HistoryScreen(SearchScreen[Left, Line]):
    """Dismissed with ``Left``."""

    BINDINGS = bindings("list", "pin", "move", "folder", "tree", "edit", "delete")
    ENTER = "open"
    HEADING = "History"
    NOTHING = "Nothing found."
    PLACEHOLDER = "/ searches everything that was said"

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._requests, self._clock, self._left = requests, clock, Left()
        self._previews: dict[str, Content] = {}
        self._folders: list[str] = []
        self._folder: str | None = None

    def on_mount(self) -> None:
        """All conversations, pinned ones first, then newest first."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        query = self.search.value.strip()
        found: list[Line] = []
        if query:
            every = await self._requests.all(SearchHistory(query, 50), msgspec.Struct) or []
            found += [one for one in every if isinstance(one, SearchHit | ConversationItem)]
        else:
            request = ListConversations(limit=SHOWN, folder=self._folder)
            kept = await self._requests.all(request, ConversationItem) or []
            if self._folder is None:
                names = {item.folder for item in kept if item.folder}
                self._folders = sorted(names, key=str.casefold)
            self._write_heading(cut=len(kept) == SHOWN)
            found = grouped(kept)
        self.fill(found)

    async def _every(self) -> list[ConversationItem]:
        request = ListConversations(limit=SHOWN, pinned_first=False)
        return await self._requests.all(request, ConversationItem) or []

    @property
    def nothing(self) -> str:
        """Before anything was said there is nothing to look for either."""
        return self.NOTHING if self.search.value.strip() else _EMPTY

    def known_by(self, item: Line) -> object:
        return item.id if isinstance(item, ConversationItem) else None

    def heads(self, _item: Line) -> bool:
        return isinstance(_item, Group)

    def line(self, item: Line) -> Content:
        if isinstance(item, Group):
            return foreign_line(item.title, 60, "$accent")
        if isinstance(item, SearchHit):
            title = foreign_line(item.title, 30, "$muted")
            return join(title, "  ", _in_file(item), _marked(item.snippet))
        stamp = Content.styled(f"{when(item.updated, self._clock()):>10}  ", "$muted")
        folder = f"{inert_line(item.folder, 20)} / " if item.folder and item.pinned else ""
        turns = Content.styled(f"  {item.turns} {'turn' if item.turns == 1 else 'turns'}", "$muted")
        return join(stamp, folder, foreign_line(item.title or "(no title)", 60), turns)

    def about(self, item: Line) -> Content:
        if isinstance(item, Group):
            return Content("")
        if isinstance(item, SearchHit):
            return join(foreign_line(item.title, 60, "bold"), "\n", _in_file(item),
                        _marked(item.snippet))  # fmt: skip
        if item.id not in self._previews:
            self._preview(item.id)
        return self._previews.get(item.id, Content(""))

    @work(exclusive=True, group="preview")
    async def _preview(self, conversation: str) -> None:
        turns = await self._requests.all(ShowConversation(conversation), TurnItem)
        shown = [
            join(Content.styled("› ", "$accent"), foreign_line(turn.question, 150),
                 foreign_line("".join(f"  ▤ {name}" for name in turn.attached), 80, "$muted"), "\n",
                 foreign_line(turn.answer, 150, "$muted"))
            for turn in (turns or [])[-2:]
        ]  # fmt: skip
        self._previews[conversation] = Content("\n").join(shown)
        self.on_option_list_option_highlighted()

    def looked_for(self) -> None:
        """Search everything that was said."""
        self._load()

    def action_open(self) -> None:
        """Go on with it."""
        if item := self._conversation:
            turn = item.turn if isinstance(item, SearchHit) else ""
            self._leave_for(item, turn)

    def _leave_for(self, item: ConversationItem | SearchHit, turn: str) -> None:
        self._left.opened, self._left.title, self._left.turn = _id(item), item.title, turn
        self.dismiss(self._left)

    @property
    def _conversation(self) -> ConversationItem | SearchHit | None:
        """What is under the cursor, unless it is a heading."""
        item = self.selected
        return None if isinstance(item, Group) else item

    def leave(self) -> None:
        """From one folder to all, from all to the chat."""
        if self._folder is not None:
            self._show_folder(None)
        else:
            self.dismiss(self._left)

    # -- places ----------------------------------------------------------------------------

    def action_folder(self) -> None:
        """One folder after the other, then all again."""
        if not self._folders:
            self.app.notify("There is no folder yet: m puts a conversation into one.", markup=False)
            return
        places: list[str | None] = [None, *self._folders]
        place = places.index(self._folder) if self._folder in places else 0
        self._show_folder(places[(place + 1) % len(places)])

    def _show_folder(self, folder: str | None) -> None:
        self._folder = folder
        self._write_heading()
        self._load()

    def _write_heading(self, *, cut: bool = False) -> None:
        if not stands(self, ".heading"):
            return
        shown = Content.styled(self.HEADING, "bold")
        if self._folder is not None:
            shown = join(shown, "  ", foreign_line(self._folder, 60, "$accent"))
        if cut:
            told = f"  the latest {SHOWN:,}; / finds the others"
            shown = shown.append(Content.styled(told, "$muted"))
        self.query_one(".heading", Static).update(shown)

    async def _kept(self) -> ConversationItem | None:
        """The conversation under the cursor; for what was found, the one it was said in."""
        item = self._conversation
        if not isinstance(item, SearchHit):
            return item
        return next((one for one in await self._every() if one.id == item.conversation), None)

    @work(group="act")
    async def action_pin(self) -> None:
        """Keep it on top, or no longer."""
        if (item := await self._kept()) is None:
            return
        if await self._requests.one(PinConversation(item.id, not item.pinned), Done):
            if isinstance(self.selected, SearchHit):  # nothing in this list shows it
                title = foreign_line(item.title, 40).plain
                told = "is no longer kept on top" if item.pinned else "is kept on top"
                self.app.notify(f"{title} {told}.", markup=False)
            self._load()

    @work(group="act")
    async def action_move(self) -> None:
        """Put it into a folder: a project, in which preferences of that project hold."""
        if (item := await self._kept()) is None:
            return
        known = inert_line(", ".join(self._folders), 200)
        about = f"Folders: {known}. " if known else ""
        about += "Empty takes it out. Preferences of a project hold in the folder of its name."
        folder = await self.app.push_screen_wait(OneLine("Put it into a folder", item.folder,
                                                         about=about))  # fmt: skip
        if folder is not None:
            await self._requests.one(MoveConversation(item.id, folder), Done)
            self._load()

    @work(group="act")
    async def action_tree(self) -> None:
        """Every branch of it; coming back with a turn opens the conversation there."""
        from assistant.tui.screens.tree import TreeScreen

        if (item := self._conversation) is None:
            return
        screen = TreeScreen(self._requests, self._clock, _id(item), item.title)
        if turn := await self.app.push_screen_wait(screen):
            self._leave_for(item, turn)

    @work(group="act")
    async def action_edit(self) -> None:
        """Rename it."""
        if (item := self._conversation) is None:
            return
        title = await self.app.push_screen_wait(OneLine("Rename the conversation", item.title))
        if not title:
            return
        if await self._requests.one(RenameConversation(_id(item), title), Done):
            self._left.renamed[_id(item)] = title
            self._load()

    def action_delete(self) -> None:
        """Erase it, with what was learned from it."""
        if (item := self._conversation) is not None:
            self._delete(item)

    @work(group="act")
    async def _delete(self, item: ConversationItem | SearchHit) -> None:
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


def _in_file(hit: SearchHit) -> Content:
    """The attached file in which it was found, if it was."""
    return foreign_line(f"{hit.file}: " if hit.file else "", 40, "$accent")


def _id(item: ConversationItem | SearchHit) -> str:
    return item.conversation if isinstance(item, SearchHit) else item.id


def _marked(snippet: str) -> Content:
    parts: list[Content] = []
    for number, piece in enumerate(snippet.split(HIT_FROM)):
        hit, _, rest = piece.partition(HIT_TO) if number else ("", "", piece)
        parts += [foreign_line(hit, 0, "$accent bold"), foreign_line(rest)]
    return Content("").join(parts)
