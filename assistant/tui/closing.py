"""Screens that close once, whatever was typed before they were gone."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from textual import screen as textual_screen
from textual.await_complete import AwaitComplete

R = TypeVar("R")


class Screen(textual_screen.Screen[R]):
    """A screen whose second dismissal does nothing.

    Keys that were on their way to it when it closed still reach it. Textual would then give
    its result a second time, which fails, and close the screen below.
    """

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Close it with this result, unless it is not on top: closed, or covered by a lock."""
        if not self.is_active:
            return AwaitComplete(asyncio.sleep(0))
        return super().dismiss(result)


class ModalScreen(textual_screen.ModalScreen[R]):
    """The same of a dialog."""

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """See :meth:`Screen.dismiss`."""
        if not self.is_active:
            return AwaitComplete(asyncio.sleep(0))
        return super().dismiss(result)
