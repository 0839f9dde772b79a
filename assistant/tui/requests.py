"""Requests from screens to whoever holds the vault, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from assistant.errors import AssistantError
from assistant.holder.interface import AnyRequest, Application, Ask, Cancellation
from assistant.tui.feed import TurnFeed

R = TypeVar("R")
S = TypeVar("S")


class Requests:
    """The screens' one way to the application; errors go to ``trouble``, not to the caller."""

    def __init__(self, application: Application, trouble: Callable[[AssistantError], None]) -> None:
        self._application = application
        self._trouble = trouble
        self._running: set[Cancellation] = set()
        self.closed = False

    @property
    def busy(self) -> bool:
        """Whether a reply is still awaited."""
        return bool(self._running)

    async def all(
        self, request: AnyRequest, kind: type[R], passing: type[AssistantError] | None = None
    ) -> list[R] | None:
        """Every reply of that kind, or None when it failed (``trouble`` has been told).

        An error of the kind ``passing`` is raised instead: the screen can do something.
        """
        cancellation = Cancellation()
        self._running.add(cancellation)
        try:
            return await asyncio.to_thread(self._collect, request, kind, cancellation)
        except AssistantError as error:
            if passing is not None and isinstance(error, passing):
                raise
            self._trouble(error)
            return None
        finally:
            self._running.discard(cancellation)

    async def one(self, request: AnyRequest, kind: type[R]) -> R | None:
        """The first reply of that kind, or None when it failed or there was none."""
        replies = await self.all(request, kind)
        return replies[0] if replies else None

    async def watched(
        self,
        request: AnyRequest,
        kind: type[R],
        step: type[S],
        told: Callable[[S], None],
        stop: Cancellation | None = None,
    ) -> R | None:
        """The first reply of a kind, as ``one``; each ``step`` on the way is told at once.

        ``stop`` is what cancels it, for requests that can be cancelled.
        """
        loop, cancellation = asyncio.get_running_loop(), stop or Cancellation()

        def tell(reply: S) -> None:
            if not self.closed:
                told(reply)

        def iterate() -> list[R]:
            found: list[R] = []
            for reply in self._application.handle(request, cancellation):
                if isinstance(reply, kind):
                    found.append(reply)
                elif isinstance(reply, step):
                    loop.call_soon_threadsafe(tell, reply)
            return found

        self._running.add(cancellation)
        try:
            found = await asyncio.to_thread(iterate)
        except AssistantError as error:
            self._trouble(error)
            return None
        finally:
            self._running.discard(cancellation)
        return found[0] if found else None

    def turn(self, request: Ask) -> TurnFeed:
        """Begin a turn; its events are iterated over with ``batches()``."""
        cancellation = Cancellation()
        self._running.add(cancellation)
        return TurnFeed(self._application, request, cancellation)

    def finished(self, feed: TurnFeed) -> None:
        """A turn is over: there is nothing left of it to cancel."""
        self._running.discard(feed.cancellation)

    def cancel_all(self) -> None:
        """Stop whatever runs, before locking or leaving; nothing may be shown after it."""
        self.closed = True
        for cancellation in list(self._running):
            cancellation.cancel()

    def _collect(self, request: AnyRequest, kind: type[R], off: Cancellation) -> list[R]:
        return [
            reply for reply in self._application.handle(request, off) if isinstance(reply, kind)
        ]
