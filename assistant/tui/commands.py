"""The command palette: every action of the key table, found by its words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual import work
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.css.query import NoMatches
from textual.events import Mount

from assistant.tui import themes
from assistant.tui.closing import ClosesOnce
from assistant.tui.keys import KEYS
from assistant.tui.widgets.hints import key_name

# Reached by the arrow keys or meaningless without the focus they work in.
_OFFERED = {"app": "app", "chat": "screen"}
_NOT_OFFERED = {"app.palette", "app.interrupt", "chat.stop"}


class Palette(CommandPalette, ClosesOnce[None]):
    """Textual's palette; it may be closed at any moment and shown in any size."""

    def _on_mount(self, event: Mount) -> None:
        # Closed before it was mounted: there is no screen below to find commands for, and
        # Textual's own handler, which runs after this one, would fail the app.
        if self not in self.app.screen_stack[1:]:
            event.prevent_default()

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)

    @work(exclusive=True, group=CommandPalette._GATHER_COMMANDS_GROUP)
    async def _gather_commands(self, search_value: str) -> None:
        # Textual's search fails the app when the palette closes before its first step.
        try:
            await CommandPalette._gather_commands.__wrapped__(self, search_value)  # type: ignore[attr-defined]
        except NoMatches:
            return


class Commands(Provider):
    """What can be done here, with the key that does it next to it."""

    def _all(self) -> list[tuple[str, str, Callable[[], object]]]:
        from assistant.tui.screens.chat import ChatScreen

        in_chat = isinstance(self.screen, ChatScreen)
        places = _OFFERED if in_chat else {"app": "app"}
        found: list[tuple[str, str, Callable[[], object]]] = [
            (f"{key.label.capitalize()}: {key.about}", key_name(key.keys),
             partial(self.app.run_action, f"{places[key.place]}.{key.action}", self.screen))
            for key in KEYS
            if key.place in places and key.id not in _NOT_OFFERED
        ]  # fmt: skip
        found += [
            (f"Theme: {name.replace('-', ' ')}", "", partial(self._choose_theme, name))
            for name in themes.NAMES
        ]
        return found

    def _choose_theme(self, name: str) -> None:
        from assistant.tui.app import AssistantApp

        assert isinstance(self.app, AssistantApp)
        self.app.choose_theme(name)

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for about, key, act in self._all():
            yield DiscoveryHit(about, act, help=key)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for about, key, act in self._all():
            if score := matcher.match(about):
                yield Hit(score, matcher.highlight(about), act, text=about, help=key)
