"""Driving the app by keys, waiting for conditions rather than for time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from textual import events
from textual._compositor import LayoutUpdate
from textual.pilot import Pilot
from textual.strip import Strip

from assistant.tui.app import AssistantApp
from assistant.tui.screens.chat import ChatScreen
from tests.tui.scripted_front import PASSPHRASE, Script, ScriptedFront

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SMALL, WIDE = (80, 24), (120, 40)
NAMES = {" ": "space", "\n": "ctrl+j", "?": "question_mark", "-": "minus", "/": "slash"}


def app_over(front: ScriptedFront, **kwargs: Any) -> AssistantApp:
    """The app with a frozen clock, no motion, and the second recovery group asked for."""
    frozen: dict[str, Any] = {"clock": lambda: NOW, "reduced_motion": True, "theme": "dark"}
    return AssistantApp(front, choose=lambda _: 1, **{**frozen, **kwargs})


async def until(holds: Callable[[], object], what: str = "", seconds: float = 30) -> None:
    """Wait until a condition holds; fails with ``what`` when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, what or "it did not come about"
        await asyncio.sleep(0.005)


class Drive:
    """A running app and its keys."""

    def __init__(self, app: AssistantApp, pilot: Pilot[Any], front: ScriptedFront) -> None:
        self.app, self.pilot, self.front = app, pilot, front

    async def keys(self, *keys: str) -> None:
        """Press keys, then wait for everything they started."""
        await self.press(*keys)
        await self.quiet()

    async def press(self, *keys: str) -> None:
        """Press keys, each once the one before has been handled.

        The pilot's own ``press`` waits 20 ms a key for an idle processor.
        """
        for key in keys:
            # As from a terminal: alt+y comes with the letter y.
            last = key.removeprefix("alt+")
            self.app.post_message(events.Key(key, last if len(last) == 1 else None))
            await self._handled()

    async def burst(self, *keys: str) -> None:
        """Keys that arrive together, as over a slow line; then wait for all they started."""
        for key in keys:
            last = key.removeprefix("alt+")
            shown = " " if key == "space" else "/" if key == "slash" else last
            self.app.post_message(events.Key(key, shown if len(shown) == 1 else None))
        await self.quiet()

    async def _handled(self) -> None:
        await self.pilot._wait_for_screen()
        await until(lambda: not self.app.keys_waiting, "a key was never handled")

    async def typed(self, text: str) -> None:
        """Type a text, key by key."""
        for character in text:
            name = NAMES.get(character, character)
            shown = None if character == "\n" else character
            self.app.post_message(events.Key(name, shown))
        await self._handled()

    async def ask(self, text: str) -> None:
        """Type a question, send it, and wait for the whole turn."""
        await self.typed(text)
        await self.keys("enter")

    async def begin(self, text: str, shown: str) -> None:
        """Send a question and wait only until this much of the answer is there."""
        await self.typed(text)
        await self.press("enter")
        await until(lambda: shown in self.text)

    async def quiet(self) -> None:
        """Wait until nothing is awaited and everything is drawn."""
        await self.pilot._wait_for_screen()
        await until(lambda: not self.app.busy, "requests never ended")
        await self.pilot.pause()

    @property
    def chat(self) -> ChatScreen:
        """The chat screen."""
        assert self.app.chat is not None
        return self.app.chat

    @property
    def text(self) -> str:
        """Everything on screen, as text."""
        return "\n".join("".join(segment.text for segment in line) for line in self.lines)

    @property
    def lines(self) -> list[Strip]:
        """What is on screen, covered screens included, as the compositor draws it."""
        update = self.app.screen._compositor.render_update(
            full=True, screen_stack=self.app._background_screens
        )
        assert isinstance(update, LayoutUpdate)
        return [Strip.join(list(row)) for row in update.strips]

    @property
    def words(self) -> str:
        """Everything on screen, without line breaks and margins."""
        return " ".join(self.text.split())

    async def unlock(self) -> None:
        """Type the passphrase and arrive in the chat."""
        await until(lambda: self.app.screen.query("#passphrase"), "no unlock screen")
        await self.typed(PASSPHRASE)
        await self.press("enter")
        await until(lambda: isinstance(self.app.screen, ChatScreen), "no chat")
        await self.quiet()


@asynccontextmanager
async def opened(
    script: Script | None = None,
    *,
    front: ScriptedFront | None = None,
    size: tuple[int, int] = SMALL,
    unlock: bool = True,
    **kwargs: Any,
) -> AsyncIterator[Drive]:
    """The app, unlocked and in the chat unless told otherwise."""
    made = front or ScriptedFront(script)
    app = app_over(made, **kwargs)
    async with app.run_test(size=size, notifications=True) as pilot:
        drive = Drive(app, pilot, made)
        await pilot.pause()
        if unlock:
            await drive.unlock()
        yield drive
