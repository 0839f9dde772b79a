"""Framed messages over a socket pair: ``send_bytes`` and ``recv_bytes(limit)`` only.

``multiprocessing.connection.Connection`` does the framing. Its ``send`` and ``recv``
pickle, and unpickling runs code, so nothing here calls them.
"""

from __future__ import annotations

import threading
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

import msgspec

from assistant.engine.limits import MAX_FRAME
from assistant.engine.messages import ReplyEnvelope, RequestEnvelope
from assistant.errors import ChildDied, ProtocolViolation

Incoming = TypeVar("Incoming", RequestEnvelope, ReplyEnvelope)
Outgoing = TypeVar("Outgoing", RequestEnvelope, ReplyEnvelope)


class Channel(Generic[Outgoing, Incoming]):
    """One end. Any thread may send; one thread receives.

    ``receive`` raises ``ChildDied`` when the other end is gone and
    ``ProtocolViolation`` on a frame above ``limit`` bytes or one that is no message.
    """

    def __init__(
        self, connection: Connection, incoming: type[Incoming], *, limit: int = MAX_FRAME
    ) -> None:
        self._connection = connection
        self._limit = limit
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder: msgspec.msgpack.Decoder[Incoming] = msgspec.msgpack.Decoder(incoming)
        self._sending = threading.Lock()

    def send(self, message: Outgoing) -> None:
        """Send one message; ``ChildDied`` if nobody is there to read it."""
        data = self._encoder.encode(message)
        try:
            with self._sending:
                self._connection.send_bytes(data)
        except (OSError, ValueError) as error:
            raise ChildDied("The other end of the channel is gone.") from error

    def receive(self) -> Incoming:
        """The next message, waiting for it."""
        try:
            data = self._connection.recv_bytes(self._limit)
        except EOFError as error:
            raise ChildDied("The other end of the channel closed it.") from error
        except OSError as error:
            if self._connection.closed or not self._connection.readable:
                # Connection refuses to go on reading after a frame above the limit.
                raise ProtocolViolation("A child sent a frame above the limit.") from error
            raise ChildDied("The other end of the channel is gone.") from error
        try:
            return self._decoder.decode(data)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            # ValueError: text that is no UTF-8 is not one of msgspec's own errors.
            raise ProtocolViolation("A child sent bytes that are no message.") from error

    def close(self) -> None:
        """Close this end; the other one then reads its end of file."""
        try:
            self._connection.close()
        except OSError:
            # Already closed by a broken frame.
            return
