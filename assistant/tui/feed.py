"""One running turn: a thread iterates over its events, the screen takes them in batches."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from queue import SimpleQueue

from assistant.conversation.events import AnswerText, TurnEvent
from assistant.errors import AssistantError
from assistant.holder.interface import Application, Ask, Cancellation

# Drawing takes the CPU from the engine, so the screen changes at most 20 times a second.
SECONDS_BETWEEN_BATCHES = 0.05

Item = TurnEvent | AssistantError


class TurnFeed:
    """Events of one ``Ask``, from the holder's thread to the screen's event loop."""

    def __init__(self, application: Application, request: Ask, cancellation: Cancellation) -> None:
        self.request = request
        self.cancellation = cancellation
        self._application = application
        self._queue: SimpleQueue[Item] = SimpleQueue()
        self._ended = False
        self._fault: BaseException | None = None

    def stop(self) -> None:
        """Stop generation or prompt evaluation; quick, from any thread."""
        self.cancellation.cancel()

    async def batches(self) -> AsyncIterator[list[Item]]:
        """Everything that happened since the last batch, until the turn is over.

        An error of ours comes as the last item. Any other exception is raised here.
        """
        loop, arrived = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(arrived.set)

        running = loop.run_in_executor(None, self._iterate, wake)
        while not self._ended or not self._queue.empty():
            await arrived.wait()
            arrived.clear()
            began = time.monotonic()
            if batch := self._drain():
                yield batch
            if not self._ended:
                await asyncio.sleep(SECONDS_BETWEEN_BATCHES - (time.monotonic() - began))
        await running
        if self._fault is not None:
            raise self._fault

    def _drain(self) -> list[Item]:
        return [self._queue.get() for _ in range(self._queue.qsize())]

    def _iterate(self, wake: Callable[[], object]) -> None:
        try:
            for event in self._application.handle(self.request, self.cancellation):
                self._queue.put(event)  # type: ignore[arg-type]  # Ask answers with events only
                wake()
        except AssistantError as error:
            self._queue.put(error)
        except Exception as error:  # noqa: BLE001  # handed to the event loop, raised there
            self._fault = error
        finally:
            self._ended = True
            try:
                wake()
            except RuntimeError:
                pass  # the event loop has closed: nobody is waiting any more


def merged(batch: list[Item]) -> list[Item]:
    """A batch with neighbouring text in one piece: laying out is what costs, not the text."""
    result: list[Item] = []
    for item in batch:
        last = result[-1] if result else None
        if (
            isinstance(item, AnswerText)
            and isinstance(last, AnswerText)
            and item.candidate == last.candidate
        ):
            result[-1] = AnswerText(last.text + item.text, item.candidate)
        else:
            result.append(item)
    return result
