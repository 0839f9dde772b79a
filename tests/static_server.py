"""A static web server for bundles, with the conditional requests any real one has.

Serves folders on 127.0.0.1, counts requests and the bytes it really writes, and can be
told to lie: a test exchanges ``folder`` or sets ``hostile``.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

Hostile = Callable[[str, BaseHTTPRequestHandler], bool]
"""Given the path and the handler, answers the request itself and returns True, or False."""


class StaticServer:
    """``with StaticServer(folder) as server: … server.url``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hostile: Hostile | None = None
        self.requests: list[tuple[str, int]] = []
        self.wire_bytes = 0
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def reset(self) -> None:
        with self._lock:
            self.requests, self.wire_bytes = [], 0

    def count(self, path: str, status: int, sent: int) -> None:
        with self._lock:
            self.requests.append((path, status))
            self.wire_bytes += sent


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    owner: StaticServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Silent."""

    def do_GET(self) -> None:
        path = self.path.removeprefix(self.owner.url.rstrip("/"))
        if self.owner.hostile is not None and self.owner.hostile(path, self):
            self.owner.count(path, 0, 0)
            return
        file = self.owner.folder / path.lstrip("/")
        if ".." in path or not file.is_file():
            self._answer(path, 404, b"", "")
            return
        content = file.read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self._answer(path, 304, b"", tag)
        else:
            self._answer(path, 200, content, tag)

    def _answer(self, path: str, status: int, content: bytes, tag: str) -> None:
        lines = [
            f"HTTP/1.1 {status} {self.responses[status][0]}",
            f"Content-Length: {len(content)}",
        ]
        if tag:
            lines += [f"ETag: {tag}", "Cache-Control: max-age=300"]
        raw = ("\r\n".join(lines) + "\r\n\r\n").encode() + content
        self.wfile.write(raw)
        # What came in: the request line, its headers and the blank line.
        came = len(self.requestline) + 2 + sum(len(k) + len(v) + 4 for k, v in self.headers.items())
        self.owner.count(path, status, len(raw) + came + 2)
