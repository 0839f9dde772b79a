"""The home's socket: a second command talks to whoever holds the vault.

A Unix socket in the home (0600, the peer's uid is checked), a named pipe on Windows;
both from the standard library's listener, with ``send_bytes`` and ``recv_bytes`` only.
Requests and replies are msgspec tagged unions; nothing is ever unpickled.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import Any

import msgspec

from assistant import errors
from assistant.conversation.events import TurnEvent
from assistant.errors import AssistantError, HolderGone, ReplyTooLong, UsageError, YesNeeded
from assistant.holder.interface import AnyReply, AnyRequest, Application, Cancellation

SOCKET_NAME = "holder.sock"
_LIMIT = 8 * 1024 * 1024
"""Bytes of one reply; more is refused with ``ReplyTooLong``, by who sends and who receives."""
_REQUEST_LIMIT = 24 * 1024 * 1024
"""Bytes of one request, which may carry a file of ``reading.MAX_FILE_BYTES``."""
_CANCEL = b"cancel"
_AGAIN = 0.1
"""Seconds until it listens again after a connection that failed."""


class ReplyFrame(msgspec.Struct, frozen=True, tag="reply", tag_field="frame"):
    """One reply or event."""

    body: AnyReply


class EventFrame(msgspec.Struct, frozen=True, tag="event", tag_field="frame"):
    """One turn event."""

    body: TurnEvent


class ErrorFrame(msgspec.Struct, frozen=True, tag="error", tag_field="frame"):
    """The request failed with an error of our tree, by its class name.

    ``rule`` is the one that a ``YesNeeded`` names.
    """

    name: str
    message: str
    hint: str
    rule: str = ""


class EndFrame(msgspec.Struct, frozen=True, tag="end", tag_field="frame"):
    """No more replies to this request."""


Frame = ReplyFrame | EventFrame | ErrorFrame | EndFrame
_requests = msgspec.msgpack.Decoder(AnyRequest)
_frames: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)
_encode = msgspec.msgpack.encode


def address(home: Path) -> str:
    """Where the holder of this home listens."""
    if sys.platform == "win32":
        import hashlib

        mark = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:24]
        return rf"\\.\pipe\assistant-{mark}"
    return str(home / SOCKET_NAME)


@contextlib.contextmanager
def _short(path: str) -> Iterator[str]:
    """A Unix socket's path holds about 100 bytes: go by a descriptor of its folder."""
    if sys.platform != "linux" or len(os.fsencode(path)) < 100:
        yield path
        return
    folder = os.open(Path(path).parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET_NAME}"
    finally:
        os.close(folder)


def _same_user(connection: Connection[Any, Any]) -> bool:
    """Whether the peer runs as this user; where the platform cannot say, 0600 decides."""
    if sys.platform != "linux":
        return True
    with socket.socket(fileno=os.dup(connection.fileno())) as peer:
        raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _pid, uid, _gid = struct.unpack("3i", raw)
    return bool(uid == os.getuid())


class HolderSocket:
    """Serves an application to other processes of the same user until closed."""

    def __init__(
        self, home: Path, application: Application, listen: Callable[[str], Listener] = Listener
    ) -> None:
        self._path = address(home)
        self._application = application
        self._closed = threading.Event()
        self._open = 0
        self._counting = threading.Condition()
        # We hold the vault's lock file, so whoever left this socket behind is gone.
        if sys.platform != "win32":
            Path(self._path).unlink(missing_ok=True)
        before = os.umask(0o177) if sys.platform != "win32" else 0
        try:
            with _short(self._path) as short:
                self._listener = listen(short)
        finally:
            if sys.platform != "win32":
                os.umask(before)
        self._thread = threading.Thread(target=self._serve, name="holder-socket", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and remove the socket; running requests end by themselves."""
        if self._closed.is_set():
            return
        self._closed.set()
        with contextlib.suppress(OSError), _short(self._path) as short:
            Client(short).close()  # wakes accept()
        # The lock request is served by this very thread's child, so do not wait for ever.
        self._thread.join(2.0)
        with contextlib.suppress(OSError):
            self._listener.close()
        if sys.platform != "win32":
            Path(self._path).unlink(missing_ok=True)

    def drain(self, seconds: float) -> None:
        """Wait until every request was answered to its end, so long at most."""
        with self._counting:
            self._counting.wait_for(lambda: self._open == 0, seconds)

    def _serve(self) -> None:
        while not self._closed.is_set():
            try:
                connection = self._listener.accept()
                welcome = not self._closed.is_set() and _same_user(connection)
            except OSError:
                # No descriptor left, or the peer went away: neither ends the service.
                self._closed.wait(_AGAIN)
                continue
            if not welcome:
                connection.close()
                continue
            self._count(1)
            threading.Thread(target=self._answer_one, args=(connection,), daemon=True).start()

    def _count(self, more: int) -> None:
        with self._counting:
            self._open += more
            self._counting.notify_all()

    def _answer_one(self, connection: Connection[Any, Any]) -> None:
        try:
            self._answer(connection)
        finally:
            self._count(-1)

    def _answer(self, connection: Connection[Any, Any]) -> None:
        with connection:
            try:
                request = _requests.decode(connection.recv_bytes(_REQUEST_LIMIT))
            except (OSError, EOFError, msgspec.DecodeError):
                if not connection.readable:
                    _tell(connection, _request_too_long())
                return
            cancellation = Cancellation()
            done = threading.Event()
            watcher = threading.Thread(
                target=_watch, args=(connection, cancellation, done), daemon=True
            )
            watcher.start()
            with contextlib.suppress(OSError):
                for frame in _replies(self._application, request, cancellation):
                    connection.send_bytes(frame)
            done.set()
            # The peer closes when it has read the end; give it a moment to.
            watcher.join(1.0)


def _replies(
    application: Application, request: AnyRequest, cancellation: Cancellation
) -> Iterator[bytes]:
    """The frames that answer a request, encoded."""
    try:
        for reply in application.handle(request, cancellation):
            frame = _encode(_frame(reply))
            if len(frame) > _LIMIT:
                raise _reply_too_long()
            yield frame
    except AssistantError as error:
        yield _encode(_error_frame(error))
    except Exception as error:  # noqa: BLE001 — a peer must hear of any fault, then go on
        told = f"The holder failed ({type(error).__name__})."
        yield _encode(ErrorFrame("AssistantError", told, ""))
    yield _encode(EndFrame())


def _error_frame(error: AssistantError) -> ErrorFrame:
    rule = error.rule if isinstance(error, YesNeeded) else ""
    return ErrorFrame(type(error).__name__, error.message, error.hint, rule)


def _tell(connection: Connection[Any, Any], error: AssistantError) -> None:
    """Answer with an error and nothing else; a peer still writing may not hear it."""
    with contextlib.suppress(OSError):
        connection.send_bytes(_encode(_error_frame(error)))


def _reply_too_long() -> ReplyTooLong:
    return ReplyTooLong(f"The reply is longer than {_LIMIT >> 20} MiB, the most one may be.")


def _request_too_long() -> UsageError:
    told = f"This is longer than {_REQUEST_LIMIT >> 20} MiB, the most a request may be."
    return UsageError(told, hint="Shorten it, or split it into several.")


def _received(connection: Connection[Any, Any]) -> Frame:
    try:
        return _frames.decode(connection.recv_bytes(_LIMIT))
    except (OSError, EOFError, msgspec.DecodeError) as error:
        # Only a message over the limit leaves an open connection that cannot be read.
        if not connection.readable:
            raise _reply_too_long() from error
        raise HolderGone("The process holding the vault went away.") from error


def _frame(reply: TurnEvent | AnyReply) -> Frame:
    from assistant.conversation.events import Event

    return EventFrame(reply) if isinstance(reply, Event) else ReplyFrame(reply)


def _watch(
    connection: Connection[Any, Any], cancellation: Cancellation, done: threading.Event
) -> None:
    """Cancel on the peer's word, or when it goes away."""
    try:
        while connection.recv_bytes(64) == _CANCEL:
            cancellation.cancel()
    except (OSError, EOFError):
        if not done.is_set():
            cancellation.cancel()


class RemoteApplication:
    """The application behind another process's socket. One connection a request."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @classmethod
    def find(cls, home: Path) -> RemoteApplication | None:
        """The holder of this home, or None when nobody listens."""
        remote = cls(home)
        try:
            remote._connect().close()
        except OSError:
            return None
        return remote

    def _connect(self) -> Connection[Any, Any]:
        with _short(address(self._home)) as short:
            connection = Client(short)
        if not _same_user(connection):
            connection.close()
            raise HolderGone("The socket in this home belongs to another user.")
        return connection

    def handle(
        self, request: AnyRequest, cancellation: Cancellation | None = None
    ) -> Iterator[TurnEvent | AnyReply]:
        """Ask the holder. Raises what it raised, HolderGone if it went away, ReplyTooLong."""
        raw = _encode(request)
        if len(raw) > _REQUEST_LIMIT:
            raise _request_too_long()
        try:
            connection = self._connect()
        except OSError as error:
            raise HolderGone("The process holding the vault went away.") from error
        with connection:
            try:
                connection.send_bytes(raw)
            except OSError as error:
                raise HolderGone("The process holding the vault went away.") from error
            if cancellation is not None:
                cancellation.when_cancelled(_sender(connection))
            while True:
                match frame := _received(connection):
                    case EndFrame():
                        return
                    case ErrorFrame():
                        raise named_error(frame.name, frame.message, frame.hint, frame.rule)
                    case _:
                        yield frame.body


def _sender(connection: Connection[Any, Any]) -> Callable[[], None]:
    def send() -> None:
        with contextlib.suppress(OSError, ValueError):
            connection.send_bytes(_CANCEL)

    return send


def named_error(name: str, message: str, hint: str, rule: str = "") -> AssistantError:
    """An error of our tree as another process told it; an unknown name is a fault of ours."""
    if name == YesNeeded.__name__:
        return YesNeeded(message, hint=hint, rule=rule)
    kind = getattr(errors, name, AssistantError)
    known = isinstance(kind, type) and issubclass(kind, AssistantError)
    return (kind if known else AssistantError)(message, hint=hint)
