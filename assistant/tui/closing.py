"""Screens that close once, whatever was typed before they were gone."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from textual import screen as textual_screen
from textual.await_complete import AwaitComplete

R = TypeVar("R")


class ClosesOnce(textual_screen.Screen[R]):
    """A screen whose second dismissal does nothing.

    Keys that were on their way to it when it closed still reach it. Textual would then give
    its result a second time, which fails, and close the screen below.
    """

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Close it with this result, unless it is not on top (closed, or covered), or alone."""
        if not self.is_active or self not in self.app.screen_stack[1:]:
            return AwaitComplete(asyncio.sleep(0))
        return super().dismiss(result)


class Screen(ClosesOnce[R]):
    """A full screen."""


class ModalScreen(textual_screen.ModalScreen[R], ClosesOnce[R]):
    """A dialog. Textual's class comes first: styles are inherited along first bases only."""
