"""The conversation: turns from top to bottom, the newest kept in view."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from assistant.holder.interface import TurnItem
from assistant.tui.widgets.growing import Growing
from assistant.tui.widgets.turn import TurnView

# A widget costs memory and time at every layout; older turns wait as plain records.
MOUNTED = 15
STEP = 10
_EMPTY = (
    "Ask anything. It stays on this machine.\n"
    "\n"
    "After an answer, alt+up or alt+down says whether it was good.\n"
    "Escape goes to the answers, where single keys do more. F1 shows every key."
)


class Transcript(VerticalScroll, Growing, can_focus=False):
    """Holds the ``TurnView`` widgets; keeps at most some dozens of them mounted."""

    def __init__(self) -> None:
        super().__init__(id="transcript")
        self._earlier: list[TurnItem] = []
        self._held: Widget | None = None
        self._held_in = (Size(), Size())
        self._changing = asyncio.Lock()  # widgets come and go in turns: one change at a time

    def on_mount(self) -> None:
        """Follow the answer as it grows, until the person scrolls away."""
        self.anchor()
        self.screen.screen_layout_refresh_signal.subscribe(self, self._hold)

    def changes_others(self, size: Size) -> bool:
        """What it holds may get higher within it; its own room is the screen's matter."""
        return size != self.outer_size

    @property
    def turns(self) -> list[TurnView]:
        """The mounted turns, oldest first."""
        return [child for child in self.children if isinstance(child, TurnView)]

    @property
    def latest(self) -> TurnView | None:
        """The newest turn, if there is one."""
        turns = self.turns
        return turns[-1] if turns else None

    async def show(self, items: Sequence[TurnItem]) -> None:
        """Show another conversation, its end in view."""
        async with self._changing:
            self._held = None
            await self.remove_children()
            self._earlier = list(items[:-MOUNTED])
            views: list[Static | TurnView] = [TurnView.restored(i) for i in items[-MOUNTED:]]
            if not items:
                views = [Static(Content(_EMPTY), id="empty")]
            elif self._earlier:
                views.insert(0, self._mark())
            await self.mount_all(views)
            self.anchor()

    async def add(self, view: TurnView) -> None:
        """A new turn at the end; turns far above are unmounted and kept as records."""
        async with self._changing:
            self._held = None
            await self.query("#empty").remove()
            await self.mount(view)
            self.anchor()
            turns = self.turns
            if len(turns) >= MOUNTED + STEP:
                await self._put_away(turns[: len(turns) - MOUNTED])

    @property
    def questions(self) -> list[str]:
        """Every question of the conversation shown, oldest first."""
        return [*(item.question for item in self._earlier), *(v.question for v in self.turns)]

    async def cut_after(self, view: TurnView) -> None:
        """What followed this turn is on another branch now."""
        async with self._changing:
            turns = self.turns
            for other in turns[turns.index(view) + 1 :]:
                await other.remove()

    async def replace(self, old: TurnView, new: TurnView) -> None:
        """Another turn in the place of one."""
        async with self._changing:
            await self.mount(new, after=old)
            await old.remove()

    def show_from(self, panel: Widget) -> None:
        """Keep the top of what has come in view, also when the room gets less.

        With the next message the newest is followed again.
        """
        self._held, self._held_in = panel, (Size(), Size())
        self.call_after_refresh(self._hold)

    def _hold(self, _laid_out: Screen[Any] | None = None) -> None:
        """It came, a line at the foot did, or the terminal was resized: not for a scroll."""
        panel = self._held
        if panel is None or not panel.is_attached or self._held_in == (self.size, panel.size):
            return
        self._held_in = (self.size, panel.size)
        if panel.region.y < self.region.y:
            self.release_anchor()
            self.scroll_to_widget(panel, animate=False, top=True)

    async def reveal(self, turn: str) -> TurnView | None:
        """Bring a turn into view, mounting what is above it; None where it is not shown."""
        while True:
            for view in self.turns:
                if view.turn == turn:
                    self.call_after_refresh(self.scroll_to_widget, view, animate=False)
                    return view
            if not await self.show_earlier():
                return None

    async def show_earlier(self) -> bool:
        """Mount some of the turns above; False when there are none."""
        async with self._changing:
            if not self._earlier:
                return False
            batch, self._earlier = self._earlier[-STEP:], self._earlier[:-STEP]
            await self.query("#earlier").remove()
            views: list[Static | TurnView] = [TurnView.restored(item) for item in batch]
            if self._earlier:
                views.insert(0, self._mark())
            await self.mount_all(views, before=0)
            return True

    async def _put_away(self, views: list[TurnView]) -> None:
        self._earlier += [
            TurnItem(
                id=v.turn, conversation="", question=v.question, answer=v.answer,
                status=v.status, created="", rating=v.rating, ruling=v.ruling,
                place=v.place, places=v.places,
            )
            for v in views
        ]  # fmt: skip
        for view in views:
            await view.remove()
        if not self.query("#earlier"):
            await self.mount(self._mark(), before=0)

    def _mark(self) -> Static:
        return Static(Content("· earlier turns: page up ·"), id="earlier")
