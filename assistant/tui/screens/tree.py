"""Every branch of a conversation, drawn as a tree; Enter reads the branch through a turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from textual import work
from textual.content import Content
from textual.widgets import Static

from assistant.holder.branches_wire import TreeItem, TreeQuery
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.lists import ListScreen
from assistant.tui.standing import stands
from assistant.tui.text import foreign_line, join, when

MAX_DEPTH = 12
"""Lines drawn before a turn; forks within forks beyond that are drawn no further right."""
_STATUS = {"refused": "refused", "cancelled": "stopped", "interrupted": "interrupted"}


@dataclass(frozen=True, slots=True)
class Row:
    """A turn with the lines drawn before it."""

    lines: str
    item: TreeItem


def drawn(items: Sequence[TreeItem]) -> list[Row]:
    """The turns in the order they are drawn: a branch goes on below, a fork goes right."""
    below: dict[str, list[TreeItem]] = {}
    for item in items:
        below.setdefault(item.parent, []).append(item)
    rows: list[Row] = []
    waiting = _forked(below.get("", []), "")
    while waiting:
        item, own, after = waiting.pop()
        rows.append(Row(own, item))
        waiting += _forked(below.get(item.id, []), after)
    return rows


def _forked(siblings: list[TreeItem], lines: str) -> list[tuple[TreeItem, str, str]]:
    """Each with the lines before it and those before what follows it; the last one first."""
    if len(siblings) < 2 or len(lines) >= 2 * MAX_DEPTH:
        return [(item, lines, lines) for item in reversed(siblings)]
    *others, last = siblings
    found = [(item, f"{lines}├─", f"{lines}│ ") for item in others]
    return [(last, f"{lines}└─", f"{lines}  "), *reversed(found)]


class TreeScreen(ListScreen[str, Row]):
    """Dismissed with the turn whose branch is to be read, or "" for none."""

    BINDINGS = bindings("list", "open")
    ENTER = "show branch"
    HEADING = "Branches"
    NOTHING = "Nothing was said here."

    def __init__(
        self, requests: Requests, clock: Callable[[], datetime], conversation: str, title: str
    ) -> None:
        super().__init__()
        self._requests, self._clock = requests, clock
        self._conversation, self._title = conversation, title

    def on_mount(self) -> None:
        """All of it, the cursor at the end of the branch being read."""
        head = Content.styled(f"{self.HEADING}  ", "bold")
        self.query_one(".heading", Static).update(
            join(head, foreign_line(self._title, 50, "$muted"))
        )
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        rows = drawn(await self._requests.all(TreeQuery(self._conversation), TreeItem) or [])
        self.fill(rows)
        read = [place for place, row in enumerate(rows) if row.item.read]
        if read and stands(self, "#list"):
            self.options.highlighted = read[-1]

    def line(self, item: Row) -> Content:
        turn = item.item
        mark = Content.styled("● ", "$accent") if turn.read else Content.styled("○ ", "$muted")
        room = max(20, self.options.scrollable_content_region.width - len(item.lines) - 5)
        question = inert_line(turn.question, min(room, 60))
        shown = Content.styled(question, "bold") if turn.read else Content(question)
        left = room - len(question) - 2
        answer = f"  {inert_line(turn.answer, left)}" if left > 10 else ""
        line = join(
            Content.styled(item.lines, "$muted"), mark, shown, Content.styled(answer, "$muted")
        )
        # Counted in cells: an ideogram or an emoji takes two.
        return line.truncate(room + len(item.lines) + 2, ellipsis=True)

    def about(self, item: Row) -> Content:
        turn = item.item
        words = (
            when(turn.created, self._clock()),
            _STATUS.get(turn.status, ""),
            {"up": "▲ good", "down": "▼ bad"}.get(turn.rating, ""),
            "on the branch being read" if turn.read else "enter reads this branch",
        )
        said = Content.styled(" · ".join(word for word in words if word), "$muted")
        question = foreign_line(turn.question, 200, "bold")
        return join(question, "\n", foreign_line(turn.answer, 300), "\n", said)

    def action_open(self) -> None:
        """Read the branch through this turn."""
        if row := self.selected:
            self.dismiss(row.item.id)

    def action_back(self) -> None:
        """Back, changing nothing."""
        self.dismiss("")
