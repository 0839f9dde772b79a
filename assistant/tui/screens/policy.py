"""Policy: every rule, bound and requirement with who set it, until when and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec
from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from assistant.holder.controls import AddComment, CommentItem
from assistant.holder.interface import StatusLine, StatusQuery
from assistant.holder.overview_wire import AuthorityItem, PolicyItem, PolicyQuery
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import OneLine
from assistant.tui.screens.lists import SearchScreen
from assistant.tui.screens.policy_text import about_authority, about_item, line_of, words_of
from assistant.tui.standing import stands
from assistant.tui.text import foreign_line

Part = AuthorityItem | PolicyItem


class PolicyScreen(SearchScreen[None, Part]):
    """Alarms on top, then who binds this home, then all they ask for."""

    BINDINGS = bindings("list", "comment", "decisions")
    ENTER = "in full"
    HEADING = "Policy"
    NOTHING = "Nothing in force matches."
    PLACEHOLDER = "/ finds a rule, issuer or reason; enter shows a line in full"

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._requests, self._clock = requests, clock
        self._parts: list[Part] = []

    def compose_above(self) -> ComposeResult:
        yield Static("", id="alarms", markup=False)
        yield from super().compose_above()

    def on_mount(self) -> None:
        """Show all of it."""
        self.query_one("#alarms").display = False
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        replies = await self._requests.all(PolicyQuery(), msgspec.Struct)
        status = await self._requests.one(StatusQuery(), StatusLine)
        if not stands(self, "#alarms", "#search"):
            return  # closed while it was looked up
        self._parts = [one for one in replies or [] if isinstance(one, Part)]
        told = [*(status.alarms if status else ())]
        told += [one.alarm for one in self._parts if isinstance(one, AuthorityItem) and one.alarm]
        self._warn(list(dict.fromkeys(told)))
        self._show_matching()

    def _warn(self, alarms: list[str]) -> None:
        shown = self.query_one("#alarms", Static)
        lines = [foreign_line(f"! {alarm}", 200, "bold $error") for alarm in alarms]
        shown.update(Content("\n").join(lines))
        shown.display = bool(lines)

    def _show_matching(self) -> None:
        wanted = self.search.value.casefold().split()
        self.fill([one for one in self._parts if all(word in words_of(one) for word in wanted)])

    def line(self, item: Part) -> Content:
        # Less the margins, and a scroll bar that may be about to appear.
        return line_of(item, self.options.scrollable_content_region.width - 3)

    def about(self, item: Part) -> Content:
        return about_authority(item) if isinstance(item, AuthorityItem) else about_item(item)

    def cut_anew(self) -> None:
        self._show_matching()

    def looked_for(self) -> None:
        """Find while typing."""
        self._show_matching()

    def action_open(self) -> None:
        """The selected line in full."""
        from assistant.tui.screens.policy_page import PolicyPage

        if item := self.selected:
            self.app.push_screen(PolicyPage(item))

    @work(group="act")
    async def action_comment(self) -> None:
        """Say something about a rule to whoever made it."""
        item = self.selected
        if not isinstance(item, PolicyItem):
            return
        about = "It stays in your vault until you export it: assistant policy comments."
        # An effect may be raised by another rule; the comment is on the one it is about.
        rule = item.key if item.kind == "rule" else item.source.rule
        title = f"Comment on {inert_line(rule, 40)}"
        text = await self.app.push_screen_wait(OneLine(title, about=about))
        if not text:
            return
        if await self._requests.one(AddComment(rule, text), CommentItem) is not None:
            self.app.notify("The comment is kept.", markup=False)

    def leave(self) -> None:
        """Back to the chat."""
        self.dismiss(None)

    async def action_decisions(self) -> None:
        """What these rules decided so far."""
        from assistant.tui.screens.decisions import DecisionsScreen

        await self.app.push_screen(DecisionsScreen(self._requests, self._clock))
