"""Screens that close while work for them is still under way."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import ComposeResult
from textual.css.query import NoMatches
from textual.widgets import Static
from textual.worker import WorkerFailed

from assistant.tui.closing import Screen
from tests.tui.driving import opened


class Waits(Screen[None]):
    """Its work looks at a widget once it is let go on."""

    def __init__(self, selector: str) -> None:
        super().__init__()
        self.go_on, self.looked = asyncio.Event(), asyncio.Event()
        self._selector = selector

    async def action_look(self) -> None:
        """The same, by a key."""
        await self.look()

    def compose(self) -> ComposeResult:
        yield Static("here", id="here")

    async def look(self) -> None:
        """What a screen does with a reply it waited for."""
        await self.go_on.wait()
        self.looked.set()
        self.query_one(self._selector, Static).update("looked")


async def test_work_that_outlives_its_screen_ends_quietly() -> None:
    async with opened() as drive:
        screen = Waits("#here")
        await drive.app.push_screen(screen)
        await screen.dismiss(None)
        worker = screen.run_worker(screen.look())  # cancelled already, had it begun before
        screen.go_on.set()
        await worker.wait()
        assert screen.looked.is_set()
        await drive.ask("hello")
        assert "Bake" in drive.text


async def test_an_action_still_under_way_as_the_screen_closes_ends_quietly() -> None:
    async with opened() as drive:
        screen = Waits("#here")
        await drive.app.push_screen(screen)
        action = asyncio.create_task(drive.app.run_action("look", screen))
        await asyncio.sleep(0)
        await drive.app.pop_screen()
        screen.go_on.set()
        assert await action


async def test_a_widget_missing_from_an_open_screen_is_a_fault() -> None:
    async with opened() as drive:
        screen = Waits("#nowhere")
        await drive.app.push_screen(screen)
        screen.go_on.set()
        worker = screen.run_worker(screen.look(), exit_on_error=False)
        with pytest.raises(WorkerFailed) as raised:
            await worker.wait()
    assert isinstance(raised.value.error, NoMatches)
