"""Keys that come faster than they are handled act in their order, each on what came of the last.

Textual gives every key to the widget that has the focus at the moment it arrives. On a slow
machine, or over a slow line, several arrive at once: the y behind a d would be looked up before
the question that it answers has come, and the first letters for a dialog would be typed into
what is below it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

SECONDS_FOR_A_KEY = 3.0
"""How long the next key waits, at most, for the one before it, or for a list to be filled."""
SECONDS_BETWEEN_LOOKS = 0.02
_IN_LISTS = {"enter", "delete", "up", "down", "left", "right", "home", "end", "pageup", "pagedown"}

Typed = events.Key | events.Paste


class KeyPassed(Message):
    """Takes the way a key took, behind it: at the app, the key and what it set off are done."""

    verbose = True

    def __init__(self) -> None:
        super().__init__()
        self.arrived = asyncio.Event()


def stamp() -> float:
    """Now, in seconds, as events are stamped with it."""
    return events.Event().time


class KeysInOrder(App[int]):
    """Holds keys back until the one before was handled and the screen it led to is there.

    Letters typed into a line or a text do not wait for each other. On a screen that names
    worker groups in ``KEYS_WAIT_FOR``, keys for its list wait for these; Escape does not.
    Locking and quitting wait for nothing.
    """

    pressed_at = 0.0
    """When the key that is acted on was pressed, as ``stamp`` counts time."""
    _held: deque[Typed]
    _passing: asyncio.Task[None] | None = None

    @property
    def keys_waiting(self) -> bool:
        """Whether a key is still being handled, or waits."""
        return self._passing is not None and not self._passing.done()

    async def on_event(self, event: events.Event) -> None:
        """As Textual's, with keys and pastes one after another."""
        if not isinstance(event, Typed) or event.is_forwarded:
            await super().on_event(event)
        elif self.keys_waiting and not self._leads_out(event):
            self._held.append(event)
        elif self.keys_waiting:
            await self._act_on(event)
        elif self._waits(event):
            self._held = deque([event])
            self._passing = asyncio.create_task(self._pass_on(None, None))
        else:
            self._held = deque()
            before, target = self.screen, self.focused or self.screen
            await self._act_on(event)
            if not _is_typing(event, target):
                self._passing = asyncio.create_task(self._pass_on(before, target))

    async def _act_on(self, event: Typed) -> None:
        self.pressed_at = event.time
        await super().on_event(event)

    async def _pass_on(self, before: MessagePump | None, target: MessagePump | None) -> None:
        try:
            if before is not None and target is not None:
                await self._handled(before, target)
            while self._held and self._takes_keys:
                await self._settled(self._held[0])
                event = self._held.popleft()
                before, target = self.screen, self.focused or self.screen
                await self._act_on(event)
                if not _is_typing(event, target):
                    await self._handled(before, target)
        except Exception as error:  # noqa: BLE001  # as if it were raised in a handler
            self._handle_exception(error)

    @property
    def _takes_keys(self) -> bool:
        """Whether there still is a screen that could take a key."""
        return not self._exit and bool(self.screen_stack)

    def _leads_out(self, event: Typed) -> bool:
        if not isinstance(event, events.Key) or not self._takes_keys:
            return False
        active = self.screen.active_bindings.get(event.key)
        return active is not None and active.binding.id in {"app.lock", "app.quit"}

    async def _handled(self, before: MessagePump, target: MessagePump) -> None:
        """The key, what its widget told of it, and the first step of the work it began."""
        for _ in range(2):
            await self._reached(target)
        await asyncio.sleep(0)
        while self._takes_keys and self.screen is not before:
            before = self.screen
            await self._reached(before)

    async def _reached(self, target: MessagePump) -> None:
        passed = KeyPassed()
        end = asyncio.get_running_loop().time() + SECONDS_FOR_A_KEY
        if not target.is_attached or not target.post_message(passed):
            return
        while target.is_attached and asyncio.get_running_loop().time() < end:
            with suppress(TimeoutError):
                await asyncio.wait_for(passed.arrived.wait(), SECONDS_BETWEEN_LOOKS)
                return

    def on_key_passed(self, message: KeyPassed) -> None:
        """It has come all the way up."""
        message.arrived.set()

    # -- lists that are being filled -------------------------------------------------------

    async def _settled(self, event: Typed) -> None:
        end = asyncio.get_running_loop().time() + SECONDS_FOR_A_KEY
        while self._waits(event) and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)

    def _waits(self, event: Typed) -> bool:
        """Whether a key is for a list that is being filled."""
        if not self._takes_keys or _is_field(self.focused):
            return False
        groups: frozenset[str] = getattr(self.screen, "KEYS_WAIT_FOR", frozenset())
        if not groups or not isinstance(event, events.Key):
            return False
        if not event.is_printable and event.key not in _IN_LISTS:
            return False
        return any(
            one.node is self.screen and one.group in groups and not one.is_finished
            for one in self.workers
        )


def _is_typing(event: Typed, target: object) -> bool:
    """Whether it is no more than text for a field, which takes one after another anyway."""
    if not _is_field(target):
        return False
    if isinstance(event, events.Paste):
        return True
    return event.is_printable and not event.key.startswith(("alt+", "ctrl+"))


def _is_field(widget: object) -> bool:
    from textual.widgets import Input, TextArea  # not before the first paint

    return isinstance(widget, Input | TextArea)
