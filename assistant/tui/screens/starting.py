"""Comparisons at the start: two prepared answers that differ in one thing; pick, skip, end."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from assistant.holder.comparisons_wire import ComparisonItem, NextComparison, PickComparison
from assistant.holder.interface import FeedbackGiven
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.standing import stands
from assistant.tui.text import foreign, join
from assistant.tui.widgets.hints import KeyHints

STACKED_BELOW = 100
"""Columns below which two answers beside each other would be too narrow to read."""
METER = 20


class StartingScreen(Screen[int | None]):
    """Dismissed with the number of picks; Escape ends it at any time, keeping those made."""

    BINDINGS = bindings("dialog", "first", "second", "skip", "end")

    def __init__(self, requests: Requests, first: ComparisonItem) -> None:
        super().__init__()
        self._requests = requests
        self._item = first
        self._total = first.left
        self._passed: tuple[str, ...] = ()
        self._picked = 0

    def compose(self) -> ComposeResult:
        yield Static("", id="meter", markup=False)
        yield Static("", id="asked", markup=False)
        with Container(id="pair"):
            for number in (1, 2):
                with VerticalScroll(id=f"example{number}"):
                    yield Static(Content.styled(f"{number}", "$accent bold"))
                    yield Static("", id=f"text{number}", markup=False)
        yield Static(
            "Which is more to your taste? These answers were written beforehand. A pick moves "
            "one slider of your style (F10) and can be taken back (F9).",
            classes="body", markup=False,
        )  # fmt: skip
        yield KeyHints()

    def on_mount(self) -> None:
        """Show the first; the page has the focus, so that single keys work at once."""
        self._show()

    def on_resize(self, event: Resize) -> None:
        """Side by side where there is room."""
        self.query_one("#pair").set_class(event.size.width < STACKED_BELOW, "-stacked")

    def _show(self) -> None:
        item, done = self._item, len(self._passed)
        full = round(METER * done / max(1, self._total))
        meter = Content.styled("━" * full, "$accent").append("─" * (METER - full))
        number = Content.styled(f"  {done + 1} of {self._total}", "$muted")
        self.query_one("#meter", Static).update(join(meter, number))
        asked = join(Content.styled("Somebody asks: ", "$muted"), foreign(item.question, "bold"))
        self.query_one("#asked", Static).update(asked)
        for number_, text in ((1, item.first), (2, item.second)):
            self.query_one(f"#text{number_}", Static).update(foreign(text))
            self.query_one(f"#example{number_}").scroll_home(animate=False)

    async def action_pick(self, index: int) -> None:
        """Prefer the first (0) or the second."""
        await self._go_on(PickComparison(self._item.dimension, 2 if index else 1))

    async def action_skip(self) -> None:
        """No preference here; nothing is kept of it."""
        await self._go_on(None)

    def action_cancel(self) -> None:
        """Enough; what was picked stays."""
        self.dismiss(self._picked)

    # Awaited by the action, not a worker: keys pressed meanwhile wait for the next pair.
    async def _go_on(self, pick: PickComparison | None) -> None:
        if pick is not None:
            self._picked += await self._requests.one(pick, FeedbackGiven) is not None
        self._passed = (*self._passed, self._item.dimension)
        item = await self._requests.one(NextComparison(self._passed), ComparisonItem)
        if not stands(self, "#meter", "#asked", "#pair", "#example1", "#example2"):
            return  # ended, or locked, while it was looked up
        if item is None:
            self.dismiss(self._picked)
        else:
            self._item = item
            self._show()
