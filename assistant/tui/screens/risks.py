"""Benefits and risks of personalisation, each with its control and its state now."""

from __future__ import annotations

from textual import work
from textual.content import Content

from assistant.holder.controls import RiskItem, RisksQuery
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import foreign_line, join


class RisksScreen(ListScreen[None, RiskItem]):
    """One line a row; below, the row under the cursor in full."""

    BINDINGS = bindings("list", "back")
    HEADING = "Benefits and risks, and what answers each"

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests

    def on_mount(self) -> None:
        """Measure and show."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        self.fill(await self._requests.all(RisksQuery(), RiskItem) or [])

    def line(self, item: RiskItem) -> Content:
        row = item.row
        name = f"{inert_line(row.name, 38):<39}"
        kind = f"{row.kind:<8}"
        return join(Content.styled(kind, "$muted"), name, foreign_line(row.state, 80))

    def about(self, item: RiskItem) -> Content:
        row = item.row
        said = [
            ("control", row.control), ("measured", row.measured), ("set by", row.set_by),
            ("change", row.change), ("not here", row.nothing),
        ]  # fmt: skip
        return Content("\n").join(
            [
                join(Content.styled(f"{name:<9}", "$muted"), foreign_line(text, 300))
                for name, text in said
                if text
            ]
        )

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)
