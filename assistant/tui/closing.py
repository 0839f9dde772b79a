"""Screens that close once, whatever was typed before they were gone."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, ClassVar, TypeVar

from textual import screen as textual_screen
from textual.await_complete import AwaitComplete
from textual.css.query import NoMatches
from textual.worker import ResultType, Worker, WorkType

R = TypeVar("R")


class ClosesOnce(textual_screen.Screen[R]):
    """A screen whose second dismissal does nothing.

    Keys that were on their way to it when it closed still reach it. Textual would then give
    its result a second time, which fails, and close the screen below.
    """

    ENTER: ClassVar[str] = ""
    """What Enter does, for the line of keys at the foot."""

    @property
    def enter_does(self) -> str:
        """What it does now; "" for nothing."""
        return self.ENTER

    def dismiss(self, result: R | None = None) -> AwaitComplete:
        """Close it with this result, unless it is not on top (closed, or covered), or alone."""
        if not self.is_active or self not in self.app.screen_stack[1:]:
            return AwaitComplete(asyncio.sleep(0))
        return super().dismiss(result)

    @property
    def gone(self) -> bool:
        """Whether it was closed. Its widgets go first, then it, and only then its work."""
        return self not in self.app.screen_stack

    def run_worker(
        self, work: WorkType[ResultType], *positional: Any, **named: Any
    ) -> Worker[ResultType]:
        """As Textual's; work that outlives the screen ends quietly where it misses a widget.

        A widget missing while the screen is open is a fault as ever.
        """
        if named.get("thread"):
            return super().run_worker(work, *positional, **named)
        return super().run_worker(self._while_open(work), *positional, **named)

    def _while_open(self, work: WorkType[ResultType]) -> WorkType[ResultType]:
        async def guarded() -> Any:
            try:
                done = work() if callable(work) else work
                return await done if inspect.isawaitable(done) else done
            except NoMatches:
                if not self.gone:
                    raise

        return guarded


class Screen(ClosesOnce[R]):
    """A full screen."""


class ModalScreen(textual_screen.ModalScreen[R], ClosesOnce[R]):
    """A dialog. Textual's class comes first: styles are inherited along first bases only."""
