"""The style profile: each dimension as a slider with its error bar, set and locked by hand."""

from __future__ import annotations

from textual import work
from textual.content import Content

from assistant.holder.interface import ProfileItem, ProfileQuery, SetProfile
from assistant.inert import inert_line
from assistant.personal.profile import NO_PREFERENCE
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import foreign_line, join, managed_by

WIDTH = 21
STEP = 0.1


class ProfileScreen(ListScreen[None, ProfileItem]):
    """Left and right set a dimension, space locks it, e lets it be learned again.

    c compares prepared answers, the least certain dimension first.
    """

    BINDINGS = bindings("list", "less", "more", "toggle", "release", "compare")
    HEADING = "Style profile"

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests

    def on_mount(self) -> None:
        """Show it."""
        self.run_worker(self._load(), group="list")

    async def _load(self) -> None:
        self.fill(await self._requests.all(ProfileQuery(), ProfileItem) or [])

    def line(self, item: ProfileItem) -> Content:
        name = f"{inert_line(item.dimension, 16):<17}"
        low, high = f"{inert_line(item.low_end, 12):>12} ", f" {inert_line(item.high_end, 12):<13}"
        source = "" if item.source == "neutral" else inert_line(item.source, 10)
        managed = Content("")
        if item.managed is not None:
            managed = join("  managed by ", foreign_line(item.managed.issuer, 30))
        return join(
            name, Content.styled(low, "$muted"), Content.styled(slider(item), "$accent"),
            Content.styled(high, "$muted"), source, managed,
        )  # fmt: skip

    def about(self, item: ProfileItem) -> Content:
        acts = "It shapes your answers." if item.acts else "It shapes nothing yet."
        if item.acts and item.words == NO_PREFERENCE:
            acts = "Too near the middle to show in an answer."
        range_ = f"{item.value:+.2f}, likely from {item.low:+.2f} to {item.high:+.2f}. {acts}"
        said = join(range_, "\n", foreign_line(item.words, 300))
        return join(said, "\n", managed_by(item.managed)) if item.managed else said

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)

    async def action_less(self) -> None:
        """One step to the left."""
        await self._move(-STEP)

    async def action_more(self) -> None:
        """One step to the right."""
        await self._move(STEP)

    async def _move(self, step: float) -> None:
        if item := self.selected:
            value = round(min(1.0, max(-1.0, item.value + step)), 2)
            await self._set(SetProfile(item.dimension, value, locked=item.source == "locked"))

    async def action_switch(self) -> None:
        """Lock it as it is, so that nothing learned moves it; or unlock it."""
        if item := self.selected:
            await self._set(SetProfile(item.dimension, item.value, locked=item.source != "locked"))

    async def action_release(self) -> None:
        """Let it be learned again."""
        if item := self.selected:
            await self._set(SetProfile(item.dimension))

    @work(group="screen")
    async def action_compare(self) -> None:
        """Set some of it by picking between prepared answers."""
        from assistant.tui.doors import DoorsApp

        assert isinstance(self.app, DoorsApp)
        if await self.app.compare_styles(self._requests) is None:
            self.notify("There is nothing left to compare.", markup=False)
        await self._load()

    # Awaited by the action, not a worker: the next key works on what this one made of it.
    async def _set(self, request: SetProfile) -> None:
        await self._requests.all(request, ProfileItem)
        await self._load()


def slider(item: ProfileItem) -> str:
    """A line from -1 to 1: the error bar drawn heavy, the value as a dot."""
    low, value, high = (_cell(x) for x in (item.low, item.value, item.high))
    cells = ["━" if low <= place <= high else "─" for place in range(WIDTH)]
    cells[value] = "●"
    return "".join(cells)


def _cell(x: float) -> int:
    return round((min(1.0, max(-1.0, x)) + 1) / 2 * (WIDTH - 1))
