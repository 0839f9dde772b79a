"""The replies to one request, as the supervisor's reader thread queues them."""

from __future__ import annotations

from queue import Empty, SimpleQueue

from assistant.engine.channel import Channel
from assistant.engine.messages import Failed, Reply, ReplyEnvelope, Request, RequestEnvelope
from assistant.errors import AssistantError, ChildStalled, EngineError


class Conversation:
    """The replies to one request."""

    def __init__(
        self,
        number: int,
        queue: SimpleQueue[Reply | AssistantError],
        channel: Channel[RequestEnvelope, ReplyEnvelope],
    ) -> None:
        self.number = number
        self._queue = queue
        self._channel = channel

    def next(self, timeout: float) -> Reply:
        """The next reply. Raises what ended the child, or ``ChildStalled``."""
        try:
            reply = self._queue.get(timeout=timeout)
        except Empty as error:
            raise ChildStalled("A child process did not answer in time.") from error
        if isinstance(reply, AssistantError):
            raise reply
        if isinstance(reply, Failed):
            raise EngineError(f"The engine could not do it ({reply.what}).")
        return reply

    def send(self, body: Request) -> None:
        """Send something that belongs to this request (a cancellation)."""
        self._channel.send(RequestEnvelope(self.number, body))
