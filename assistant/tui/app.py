"""The terminal app: which screen is shown when, and what works everywhere."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App
from textual.filter import LineFilter, NoColor
from textual.message import Message
from textual.screen import Screen
from textual.worker import WorkerFailed

from assistant.errors import AssistantError, HolderGone, PolicyError, VaultLocked
from assistant.holder.interface import AddPreference, Application, Front, PreferenceItem, Situation
from assistant.tui import themes
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.opening import OpeningScreen
from assistant.tui.terminal import take_mouse
from assistant.tui.text import foreign

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.command import Provider

    from assistant.tui.screens.chat import ChatScreen
    from assistant.tui.screens.no_chat import TryAgain
    from assistant.tui.screens.unlock import Opened
    from assistant.tui.screens.welcome import Created


def local_now() -> datetime:
    """The wall clock, with the machine's time zone."""
    return datetime.now().astimezone()


def _commands() -> type[Provider]:
    from assistant.tui.commands import Commands

    return Commands


class Locked(Message):
    """The vault was locked, and why."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class AssistantApp(App[int]):
    """Opening → welcome or unlock → chat. Everything else is a screen on top of the chat.

    ``choose`` picks which group of the recovery key is asked for.
    """

    CSS_PATH = Path(__file__).with_name("app.tcss")
    BINDINGS: ClassVar = bindings("app")
    COMMANDS: ClassVar = {_commands}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    ESCAPE_TO_MINIMIZE = False
    TITLE = "Assistant"

    def __init__(
        self,
        front: Front,
        *,
        clock: Callable[[], datetime] = local_now,
        reduced_motion: bool = False,
        keymap: Mapping[str, str] | None = None,
        theme: str = "",
        choose: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        super().__init__()
        self.front = front
        self.clock = clock
        self.fault: BaseException | None = None
        self._choose = choose
        self._requests: Requests | None = None
        self._situation: Situation | None = None
        self._looking = True
        self._why_locked = ""
        self._mouse_taken = True
        self._no_colour = NoColor()
        self.animation_level = "none" if reduced_motion else "basic"
        self.keymap = dict(keymap or {})
        self.set_keymap(self.keymap)
        for one in themes.THEMES:
            self.register_theme(one)
        self.theme = "no-colour" if self.no_color else theme or "dark"

    def get_default_screen(self) -> Screen[None]:
        """Painted before anything is asked of the front."""
        return OpeningScreen()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colour, nothing but the terminal's own two colours is sent."""
        filters = list(super().get_line_filters())
        return [*filters, self._no_colour] if self.theme == "no-colour" else filters

    def on_mount(self) -> None:
        """First paint, then work."""
        self.front.when_locked(self._locked_elsewhere)
        self.call_after_refresh(self.look)

    @property
    def busy(self) -> bool:
        """Whether an answer to any request is still awaited."""
        return self._looking or (self._requests is not None and self._requests.busy)

    @work(group="look", exclusive=True)
    async def look(self) -> None:
        """Ask what this home holds and show the screen for it; start the children."""
        self._looking = True
        try:
            situation = self._situation = await asyncio.to_thread(self.front.situation)
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
        from assistant.tui.screens.recovery import RecoveryScreen

        requests = self._requests_to(message.application)
        await self.push_screen_wait(RecoveryScreen(message.recovery_key, self._choose))
        for preference in await self.push_screen_wait(QuestionsScreen()):
            await requests.one(AddPreference(preference), PreferenceItem)
        self._open(message.application)

    def _requests_to(self, application: Application) -> Requests:
        self._requests = Requests(application, self.trouble)
        return self._requests

    def _open(self, application: Application) -> None:
        from assistant.tui.screens.chat import ChatScreen

        self._show_only(ChatScreen(self._requests_to(application), self.clock))

    @property
    def chat(self) -> ChatScreen | None:
        """The chat screen, where there is one."""
        from assistant.tui.screens.chat import ChatScreen

        chats = [screen for screen in self.screen_stack if isinstance(screen, ChatScreen)]
        return chats[-1] if chats else None

    def trouble(self, error: AssistantError) -> None:
        """A request failed: say so, or leave the vault where that is what it means."""
        if isinstance(error, VaultLocked | HolderGone):
            self._leave_vault()
            self.look()
        elif isinstance(error, PolicyError):
            self.show_no_chat(error)
        else:
            shown = foreign(f"{error.message} {error.hint}").plain
            self.notify(shown, severity="warning", markup=False)

    # -- keys that work everywhere ---------------------------------------------------------

    def action_interrupt(self) -> None:
        """Stop the answer; when idle, copy what is selected or offer to quit."""
        from assistant.tui.screens.quit import QuitDialog

        chat = self.chat
        if isinstance(self.screen, QuitDialog):
            self.exit(0)
        elif chat is not None and chat.running:
            chat.action_stop()
        elif selected := self._selected():
            self.copy_to_clipboard(selected)
        else:
            self.push_screen(QuitDialog())

    def _selected(self) -> str:
        from textual.widgets import TextArea

        focused = self.focused
        if isinstance(focused, TextArea) and focused.selected_text:
            return focused.selected_text
        return self.screen.get_selected_text() or ""

    @work(group="lock", exclusive=True)
    async def action_lock(self) -> None:
        """Close the vault, kill both children, and show the door."""
        if self._requests is None:
            return
        self._leave_vault()
        await asyncio.to_thread(self.front.lock)
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

    def _leave_vault(self) -> None:
        if self._requests is None:
            return
        self._requests.cancel_all()
        self._requests = None
        self.clear_notifications()
        self._clipboard = ""
        self._drop_screens(1)

    def action_command_palette(self) -> None:
        """Find any command.

        Textual's own gives the palette an id, so that a second one, opened while the
        first is still closing, ends the app with DuplicateIds (random keys found it).
        """
        from assistant.tui.commands import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def action_help(self) -> None:
        """Every key."""
        from assistant.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.keymap))

    def action_next_theme(self) -> None:
        """Dark, light, high contrast, no colour."""
        place = themes.NAMES.index(self.theme) if self.theme in themes.NAMES else -1
        self.theme = themes.NAMES[(place + 1) % len(themes.NAMES)]

    def action_toggle_mouse(self) -> None:
        """Whether the mouse is ours or the terminal's."""
        self._mouse_taken = not self._mouse_taken
        take_mouse(self, self._mouse_taken)
        whose = "works in the app" if self._mouse_taken else "selects text the terminal's way"
        self.notify(f"The mouse now {whose}.", markup=False)

    async def action_quit(self) -> None:
        """Leave; the vault is locked on the way out."""
        self.exit(0)

    def exit(
        self,
        result: int | None = None,
        return_code: int = 0,
        message: RenderableType | None = None,
    ) -> None:
        """Leave. A thread still waiting for the engine would keep the process alive."""
        if self._requests is not None:
            self._requests.cancel_all()
        super().exit(result, return_code, message)

    # -- when something of ours breaks -----------------------------------------------------

    def _fatal_error(self) -> None:
        # Textual would print a traceback with local variables: the person's own text.
        fault = self._exception
        self.fault = fault.error if isinstance(fault, WorkerFailed) else fault
        if self._requests is not None:
            self._requests.cancel_all()
        self._close_messages_no_wait()
