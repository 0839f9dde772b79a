"""An OpenAI-compatible endpoint over an open application, for programs on this machine.

It listens on a loopback address or a Unix socket and nowhere else. Every request carries
the bearer token, compared in constant time, and names this machine in its Host header, so
that a web page whose name was rebound to 127.0.0.1 is turned away. No CORS header is ever
sent. The turn is the one every face takes: same gate, same vault, same personalisation.
"""

from __future__ import annotations

import contextlib
import hmac
import os
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from assistant.errors import AssistantError, UsageError, VaultLocked
from assistant.holder.interface import Cancellation, StatusLine, StatusQuery
from assistant.holder.openai_chat import ALIAS, read_request
from assistant.holder.openai_turn import (
    INVALID,
    ChatTurn,
    Conversations,
    Endpoint,
    Refused,
    as_refused,
    error_object,
)

LOOPBACK = ("127.0.0.1", "::1")
_BODY_LIMIT = 1024 * 1024
_CONNECTIONS = 16
_READ_SECONDS = 30.0
_DISCARD_SECONDS = 2.0
_GONE_EVERY = 0.25


class OpenAiServer(ThreadingHTTPServer):
    """The endpoint on a loopback address. Raises UsageError for any other address."""

    daemon_threads = True
    # Another program must not be able to take the port over while we listen.
    allow_reuse_address = sys.platform != "win32"

    def __init__(self, host: str, port: int, endpoint: Endpoint) -> None:
        if host not in LOOPBACK:
            raise UsageError("Only 127.0.0.1 and ::1 are served.", hint="Use --host 127.0.0.1.")
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._prepare(endpoint)
        super().__init__((host, port), _Handler)
        name = f"[{host}]" if ":" in host else host
        port = int(self.server_address[1])
        self.base_url = f"http://{name}:{port}/v1"
        self.hosts = frozenset({f"{name}:{port}", f"localhost:{port}"})

    def _prepare(self, endpoint: Endpoint) -> None:
        self.endpoint, self.conversations = endpoint, Conversations()
        self._places = threading.BoundedSemaphore(_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread a connection, so many at most; one more is closed at once."""
        if not self._welcome(request) or not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As the library does, then the place is free again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def _welcome(self, _request: socket.socket) -> bool:
        return True

    def handle_error(self, _request: Any, _client_address: Any) -> None:
        """A connection that broke is not worth a traceback on somebody's terminal."""


class OpenAiUnixServer(OpenAiServer):
    """The endpoint on a Unix socket (0600, the peer's uid is checked)."""

    def __init__(self, path: Path, endpoint: Endpoint) -> None:
        if not hasattr(socket, "AF_UNIX"):
            raise UsageError("There are no Unix sockets here.", hint="Leave --socket out.")
        _make_room(path)
        self._path = path
        self.address_family = socket.AF_UNIX
        self._prepare(endpoint)
        before = os.umask(0o177)
        try:
            ThreadingHTTPServer.__init__(self, str(path), _Handler)  # type: ignore[arg-type]
        finally:
            os.umask(before)
        self.base_url = "http://localhost/v1"
        # No web page can reach a Unix socket, so its Host need only be a local name.
        self.hosts = frozenset({"localhost", "127.0.0.1"})

    def server_bind(self) -> None:
        """Without the look-up of a host name that HTTPServer makes."""
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "localhost", 0

    def server_close(self) -> None:
        """Close, and leave no dead socket behind."""
        super().server_close()
        self._path.unlink(missing_ok=True)

    def _welcome(self, request: socket.socket) -> bool:
        if sys.platform != "linux":
            return True  # 0600 decides
        raw = request.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return bool(struct.unpack("3i", raw)[1] == os.getuid())


def _make_room(path: Path) -> None:
    """Remove a socket nobody listens on. Raises UsageError for anything else there."""
    if not path.exists():
        return
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            if path.is_socket():
                path.unlink()
                return
        except OSError:
            pass  # not a socket, or not ours
    raise UsageError("There is something else at that path.", hint="Choose another --socket.")


class _Handler(BaseHTTPRequestHandler):
    """One connection. Nothing is logged: a path or a header may hold somebody's text."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "assistant", ""
    timeout = _READ_SECONDS
    server: OpenAiServer

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def send_error(self, code: int, *_: object) -> None:
        """What the library refuses (bad request line, unknown method), as our object."""
        self.close_connection = True  # its body was not read
        self._send_error(Refused(int(code), "The request cannot be read.", *INVALID))

    def do_GET(self) -> None:
        """GET /v1/models and /v1/models/ID."""
        self._answer(self._models)

    def do_POST(self) -> None:
        """POST /v1/chat/completions."""
        self._answer(self._chat)

    def _answer(self, act: Callable[[bytes], None]) -> None:
        try:
            self._check_host()
            body = self._body()
            self._check_token()
            act(body)
        except Refused as refused:
            self._send_error(refused)
        except AssistantError as error:
            self._send_error(as_refused(error))
        except OSError:
            self.close_connection = True  # the client went away
        except Exception as error:  # noqa: BLE001 — a client must hear of any fault of ours
            self.close_connection = True
            name = type(error).__name__
            self._send_error(Refused(500, f"It failed ({name}).", "server_error", name))

    # -- checks ----------------------------------------------------------------------------

    def _check_host(self) -> None:
        hosts = self.headers.get_all("Host") or []
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.hosts:
            self.close_connection = True
            raise Refused(421, "This endpoint answers to its own address only.", *INVALID)

    def _check_token(self) -> None:
        given = self.headers.get("Authorization") or ""
        wanted = f"Bearer {self.server.endpoint.token}"
        # As bytes: compare_digest takes only ASCII text.
        if not hmac.compare_digest(given.encode(errors="replace"), wanted.encode()):
            raise Refused(401, "The token is missing or wrong.", *INVALID[:1], "invalid_api_key")

    def _body(self) -> bytes:
        """The whole body, so that the next request on the line starts where it should."""
        lengths = self.headers.get_all("Content-Length") or ["0"]
        if self.headers.get("Transfer-Encoding") or len(lengths) != 1 or not _is_count(lengths[0]):
            self.close_connection = True
            raise Refused(411, "Content-Length is needed, once.", *INVALID)
        length = int(lengths[0])
        if length > _BODY_LIMIT:
            self.close_connection = True
            self._discard(length)
            raise Refused(413, "The body is longer than 1 MiB.", *INVALID)
        return self.rfile.read(length)

    def _discard(self, length: int) -> None:
        """Read some of what is refused, or the client never sees the answer (RST)."""
        left, until = min(length, 16 * _BODY_LIMIT), time.monotonic() + _DISCARD_SECONDS
        self.connection.settimeout(_DISCARD_SECONDS / 4)
        with contextlib.suppress(OSError):
            while left > 0 and time.monotonic() < until and (part := self.rfile.read1(65_536)):
                left -= len(part)

    # -- the two resources -----------------------------------------------------------------

    def _status(self) -> StatusLine:
        for reply in self.server.endpoint.application.handle(StatusQuery()):
            if isinstance(reply, StatusLine):
                return reply
        raise VaultLocked("The vault is locked.")

    def _models(self, _body: bytes) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        listed = [_model(name) for name in (ALIAS, self._status().model)]
        if path == "/v1/models":
            self.send_json(200, {"object": "list", "data": listed})
            return
        found = [each for each in listed if path == f"/v1/models/{each['id']}"]
        if not found:
            raise Refused(404, "There is no such resource.", *INVALID[:1], "not_found")
        self.send_json(200, found[0])

    def _chat(self, body: bytes) -> None:
        if self.path.partition("?")[0].rstrip("/") != "/v1/chat/completions":
            raise Refused(404, "There is no such resource.", *INVALID[:1], "not_found")
        kind = (self.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(415, "The body must be application/json.", *INVALID)
        request = read_request(body)
        status = self._status()
        if request.model not in {ALIAS, status.model}:
            raise Refused(404, "That model is not in use.", *INVALID[:1], "model_not_found",
                           "model")  # fmt: skip
        ChatTurn(self, request, self.server.conversations, self.server.endpoint, status).answer()

    # -- sending ---------------------------------------------------------------------------

    def send_json(self, status: int, value: object) -> None:
        body = msgspec.json.encode(value)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    def _send_error(self, refused: Refused) -> None:
        with contextlib.suppress(OSError):
            self.send_json(refused.status, error_object(refused))

    def begin_stream(self) -> None:
        """Headers of an event stream, which ends with the connection."""
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()

    def send_event(self, data: bytes) -> None:
        """One event of a stream."""
        self.wfile.write(b"data: " + data + b"\n\n")
        self.wfile.flush()

    @contextlib.contextmanager
    def cancelled_when_gone(self) -> Iterator[Cancellation]:
        """Stops the turn when the client closes the connection, while nothing is sent too."""
        cancellation, done = Cancellation(), threading.Event()
        watcher = threading.Thread(
            target=_watch, args=(self.connection, cancellation, done), daemon=True
        )
        watcher.start()
        try:
            yield cancellation
        finally:
            done.set()
            watcher.join()


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19


def _model(name: str) -> dict[str, object]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "local"}


def _watch(connection: socket.socket, cancellation: Cancellation, done: threading.Event) -> None:
    """Cancel when the peer closes; a peer that sends ahead is not gone."""
    while not done.wait(_GONE_EVERY):
        try:
            readable, _, _ = select.select([connection], [], [], 0)
            if readable and not connection.recv(1, socket.MSG_PEEK):
                cancellation.cancel()
                return
        except (OSError, ValueError):
            cancellation.cancel()
            return
