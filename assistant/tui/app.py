"""The terminal app: themes, keys that work everywhere, and how it ends."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.filter import LineFilter, NoColor
from textual.worker import WorkerFailed

from assistant.holder.interface import Front
from assistant.tui import themes
from assistant.tui.display import Display
from assistant.tui.doors import DoorsApp
from assistant.tui.keys import bindings
from assistant.tui.terminal import show_cursor, take_mouse

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.command import Provider


def local_now() -> datetime:
    """The wall clock, with the machine's time zone."""
    return datetime.now().astimezone()


def _commands() -> type[Provider]:
    from assistant.tui.commands import Commands

    return Commands


class AssistantApp(DoorsApp):
    """The whole app: themes, keys that work everywhere, and how it ends.

    ``choose`` picks which group of the recovery key is asked for. ``keep`` stores how it
    looks when the person changes that, and says whether it could.
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
        keep: Callable[[Display], bool] | None = None,
    ) -> None:
        super().__init__(front, clock, choose)
        self.fault: BaseException | None = None
        self._mouse_taken = True
        self._no_colour = NoColor()
        self._keep, self._chosen_theme = keep, theme
        # TEXTUAL_ANIMATIONS, which Textual has read by now, may have asked for none.
        self._asked_none = self.animation_level == "none"
        self._set_motion(reduced=reduced_motion)
        self.keymap = dict(keymap or {})
        self.set_keymap(self.keymap)
        for one in themes.THEMES:
            self.register_theme(one)
        self.theme = themes.fitting(theme, self.console.color_system, no_color=self.no_color)

    def _set_motion(self, *, reduced: bool) -> None:
        self.reduced_motion = reduced
        self.animation_level = "none" if reduced or self._asked_none else "basic"

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Without colour, nothing but the terminal's own two colours is sent."""
        filters = list(super().get_line_filters())
        return [*filters, self._no_colour] if self.theme == "no-colour" else filters

    def on_mount(self) -> None:
        """See ``on_descendant_focus``: another screen has another focus."""
        self.screen_change_signal.subscribe(self, lambda _: self.on_descendant_focus())

    def on_descendant_focus(self) -> None:
        """The terminal's own cursor is seen where one types, and nowhere else."""
        self.call_after_refresh(self._follow_typing)

    def on_descendant_blur(self) -> None:
        """See ``on_descendant_focus``."""
        self.call_after_refresh(self._follow_typing)

    def _follow_typing(self) -> None:
        from textual.widgets import Input, TextArea

        show_cursor(self, isinstance(self.focused, Input | TextArea))

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
            self.run_worker(self._copy_selection(selected), group="copy", exclusive=True)
        else:
            self.run_worker(self.keep_drafts(), group="drafts")
            self.push_screen(QuitDialog(key_shown=self._key_shown))

    async def _copy_selection(self, selected: str) -> None:
        from assistant.tui.copying import copy

        if self._requests is None:
            self.copy_to_clipboard(selected)  # before the vault is open: one's own typing
        elif told := await copy(self, self._requests, selected, "Copied."):
            self.notify(told, markup=False)

    def _selected(self) -> str:
        from textual.widgets import TextArea

        focused = self.focused
        if isinstance(focused, TextArea) and focused.selected_text:
            return focused.selected_text
        return self.screen.get_selected_text() or ""

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
        self.choose_theme(themes.NAMES[(place + 1) % len(themes.NAMES)])

    def choose_theme(self, name: str) -> None:
        """Change it, and begin with it next time."""
        self.theme = self._chosen_theme = name
        self._keep_display()

    def action_toggle_motion(self) -> None:
        """Whether anything moves that need not."""
        self._set_motion(reduced=not self.reduced_motion)
        self._keep_display()
        how = "reduced: nothing slides or fades" if self.reduced_motion else "as usual"
        self.notify(f"Motion is {how}.", markup=False)

    def _keep_display(self) -> None:
        # Not ``self.theme``: what NO_COLOR or few colours forced was chosen by nobody.
        kept = Display(self._chosen_theme, self.reduced_motion)
        if self._keep is not None and not self._keep(kept):
            self.notify("How it looks could not be kept for the next start.", markup=False)

    def action_toggle_mouse(self) -> None:
        """Whether the mouse is ours or the terminal's."""
        self._mouse_taken = not self._mouse_taken
        take_mouse(self, self._mouse_taken)
        whose = "works in the app" if self._mouse_taken else "selects text the terminal's way"
        self.notify(f"The mouse now {whose}.", markup=False)

    @property
    def _key_shown(self) -> bool:
        """Whether a recovery key stands on the screen that nobody has typed back yet."""
        from assistant.tui.screens.recovery import RecoveryScreen

        return any(isinstance(screen, RecoveryScreen) for screen in self.screen_stack)

    async def action_quit(self) -> None:
        """Leave; the vault is locked on the way out."""
        from assistant.tui.screens.quit import QuitDialog

        if self._key_shown and not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(key_shown=True))
            return
        await self.keep_drafts()
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
