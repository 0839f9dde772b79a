"""The doors to the vault: which screen stands in front of it, and what closes it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from textual import work
from textual.actions import ActionParseResult
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import Screen

from assistant.errors import AssistantError, HolderGone, PolicyError, VaultLocked
from assistant.holder.comparisons_wire import ComparisonItem, NextComparison
from assistant.holder.interface import AddPreference, Application, Front, PreferenceItem, Situation
from assistant.tui.closing import ClosesOnce
from assistant.tui.requests import Requests
from assistant.tui.screens.opening import OpeningScreen
from assistant.tui.text import foreign
from assistant.tui.typeahead import KeysInOrder

if TYPE_CHECKING:
    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.screens.no_chat import TryAgain
    from assistant.tui.screens.unlock import Opened
    from assistant.tui.screens.welcome import Created


SECONDS_FOR_DRAFTS = 1.0


class Locked(Message):
    """The vault was locked, and why."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class DoorsApp(KeysInOrder):
    """Opening → welcome or unlock → chat, and back when the vault is locked."""

    def __init__(
        self, front: Front, clock: Callable[[], datetime], choose: Callable[[int], int]
    ) -> None:
        super().__init__()
        self.front = front
        self.clock = clock
        self._choose = choose
        self._requests: Requests | None = None
        self._looking = True
        self._was_open = False
        self._why_locked = ""
        self._warned = ("", 0.0)

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """As Textual's; what a key began on a screen that closes meanwhile may miss a widget."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except NoMatches:
            if not isinstance(default_namespace, ClosesOnce) or not default_namespace.gone:
                raise
            return True

    def get_default_screen(self) -> Screen[None]:
        """Painted before anything is asked of the front."""
        return OpeningScreen()

    def on_mount(self) -> None:
        """First paint, then work."""
        self.front.when_locked(self._locked_elsewhere)
        self.call_after_refresh(self.look)

    @property
    def busy(self) -> bool:
        """Whether a key, or an answer to any request, is still awaited."""
        asked = self._requests is not None and self._requests.busy
        return self._looking or self.keys_waiting or asked

    @work(group="look", exclusive=True)
    async def look(self) -> None:
        """Ask what this home holds and show the screen for it; start the children."""
        self._looking = True
        try:
            situation = await asyncio.to_thread(self.front.situation)
            if not self._was_open:  # after a lock the children wait for the first key
                await asyncio.to_thread(self.front.warm_up)
        except AssistantError as error:
            self.show_no_chat(error)
        else:
            self._show_door(situation)
        finally:
            self._looking = False

    def _show_door(self, situation: Situation) -> None:
        if situation.vault == "missing":
            from assistant.tui.screens.welcome import WelcomeScreen

            self._show_only(WelcomeScreen(self.front, situation))
        else:
            from assistant.tui.screens.unlock import UnlockScreen

            self._show_only(UnlockScreen(self.front, situation, self._why_locked))
            self._why_locked = ""

    def show_no_chat(self, error: AssistantError) -> None:
        """Say what is wrong; there is no chat."""
        from assistant.tui.screens.no_chat import NoChatScreen

        self._leave_vault()
        self._show_only(NoChatScreen(error))

    def _show_only(self, screen: Screen[None]) -> None:
        self._drop_screens(2)
        if len(self.screen_stack) == 2:
            self.switch_screen(screen)
        else:
            self.push_screen(screen)

    def _drop_screens(self, left: int) -> None:
        while len(self.screen_stack) > left:
            # Before its widgets go: a command palette still searching would look for them.
            self.workers.cancel_node(self.screen)
            self.pop_screen()

    def on_try_again(self, _: TryAgain) -> None:
        """From the screen without a chat."""
        self.look()

    # -- opening the vault -----------------------------------------------------------------

    def on_opened(self, message: Opened) -> None:
        """Unlocked: to the chat."""
        self._open(message.application)

    @work(group="welcome")
    async def on_created(self, message: Created) -> None:
        """Recovery key, at most three questions, then the chat."""
        from assistant.tui.screens.questions import QuestionsScreen

        requests = self._requests_to(message.application)
        await self.show_recovery_key(message.recovery_key)
        for preference in await self.push_screen_wait(QuestionsScreen()):
            await requests.one(AddPreference(preference), PreferenceItem)
        await self.compare_styles(requests)
        self._open(message.application)

    async def show_recovery_key(self, key: str) -> None:
        """Once, until a group of it was typed back. Call it from a worker."""
        from assistant.tui.screens.recovery import RecoveryScreen

        await self.push_screen_wait(RecoveryScreen(key, self._choose))

    async def compare_styles(self, requests: Requests) -> int | None:
        """The comparisons of the start, while the model loads; how many were picked.

        None where there is nothing (left) to compare. Call it from a worker.
        """
        from assistant.tui.screens.starting import StartingScreen

        first = await requests.one(NextComparison(), ComparisonItem)
        return (
            None if first is None else await self.push_screen_wait(StartingScreen(requests, first))
        )

    def _requests_to(self, application: Application) -> Requests:
        self._requests = Requests(application, self.trouble)
        return self._requests

    def _open(self, application: Application) -> None:
        from assistant.tui.screens.chat import ChatScreen

        self._was_open = True
        self._show_only(ChatScreen(self._requests_to(application), self.clock))

    @property
    def chat(self) -> ChatScreen | None:
        """The chat screen, where there is one."""
        from assistant.tui.screens.chat import ChatScreen

        chats = [screen for screen in self.screen_stack if isinstance(screen, ChatScreen)]
        return chats[-1] if chats else None

    def trouble(self, error: AssistantError) -> None:
        """A request failed: say so, or leave the vault where that is what it means."""
        if self._requests is None:
            return  # several requests failed of one cause; the first has said it
        if isinstance(error, VaultLocked | HolderGone):
            self._leave_vault()
            self.look()
        elif isinstance(error, PolicyError):
            self.show_no_chat(error)
        else:
            self._warn(foreign(f"{error.message} {error.hint}").plain)

    def _warn(self, text: str) -> None:
        """Say it once for as long as it stays on screen: a full disk fails every draft."""
        now = asyncio.get_running_loop().time()
        if text != self._warned[0] or now > self._warned[1] + self.NOTIFICATION_TIMEOUT:
            self._warned = (text, now)
            self.notify(text, severity="warning", markup=False)

    # -- locking ---------------------------------------------------------------------------

    @work(group="lock", exclusive=True)
    async def action_lock(self) -> None:
        """Close the vault, kill both children, and show the door."""
        if self._requests is None:
            return
        await self.keep_drafts()
        self._leave_vault()
        await asyncio.to_thread(self.front.lock)
        self.look()

    @work(group="lock", exclusive=True)
    async def erase_vault(self) -> None:
        """Remove the vault, and begin as on the first evening."""
        self._leave_vault()
        await asyncio.to_thread(self.front.lock)
        try:
            await asyncio.to_thread(self.front.erase_vault)
        except AssistantError as error:
            self.notify(foreign(f"{error.message} {error.hint}").plain, markup=False)
        else:
            self._was_open = False
        self.look()

    def _locked_elsewhere(self, why: str) -> None:
        # Called from another thread; posting is the one thing that is safe from there.
        self.post_message(Locked(why))

    def on_locked(self, message: Locked) -> None:
        """Locked by the idle time-out, another shell, or by us: nothing stays on screen."""
        self._why_locked = message.why
        if self._requests is not None:
            self._leave_vault()
            self.look()

    async def keep_drafts(self) -> None:
        """Keep what is typed before leaving; leaving does not wait long for it."""
        if self.chat is not None:
            try:
                await asyncio.wait_for(self.chat.keep_drafts(), SECONDS_FOR_DRAFTS)
            except TimeoutError:
                return

    def _leave_vault(self) -> None:
        if self._requests is None:
            return
        self._requests.cancel_all()
        self._requests = None
        self.clear_notifications()
        self._clipboard = ""
        self._drop_screens(1)
