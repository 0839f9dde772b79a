"""A program in a pseudo-terminal: what it writes, when, and keys for it."""

from __future__ import annotations

import os
import re
import signal
import struct
import threading
import time
from collections.abc import Sequence

_SEQUENCES = re.compile(
    r"\x1b(\[[0-?]*[ -/]*[@-~]|[\]P_^X].*?(\x07|\x1b\\)|[()#].|[ -~])", re.DOTALL
)
_ANSWERS = {b"\x1b[?2026$p": b"\x1b[?2026;2$y", b"\x1b[c": b"\x1b[?62;22c"}
"""What a terminal says when it is asked who it is; some programs wait for it."""


class Pane:
    """80×24 (or as said), as a person's terminal would run it. Not for Windows."""

    def __init__(self, command: Sequence[str], environment: dict[str, str] | None = None) -> None:
        import fcntl
        import pty
        import termios

        self.began = time.perf_counter()
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor"})
            os.environ.update(environment or {})
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
            os.execvp(command[0], list(command))
        self._written = b""
        self._bursts: list[tuple[float, int]] = []
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def press(self, text: str) -> float:
        """Press keys; the moment just before."""
        now = time.perf_counter()
        os.write(self._terminal, text.encode())
        return now

    @property
    def place(self) -> int:
        """How much it has written so far, in bytes."""
        return len(self._written)

    def text(self, since: int = 0) -> str:
        """What it wrote since a place, without escape sequences."""
        return _SEQUENCES.sub("", self._written[since:].decode("utf-8", "replace"))

    def until(self, pattern: str, *, since: int = 0, seconds: float = 60.0) -> float:
        """Wait until what it wrote since a place matches; the moment it did."""
        wanted, end = re.compile(pattern), time.perf_counter() + seconds
        with self._changed:
            while not wanted.search(self.text(since)):
                if not self._changed.wait(end - time.perf_counter()):
                    raise TimeoutError(f"{pattern} did not appear: {self.text(since)[-300:]}")
        return time.perf_counter()

    def echoed(self, glyph: str, since: int, seconds: float = 5.0) -> float:
        """Wait until a glyph is written; the moment it was."""
        data, end = glyph.encode(), time.perf_counter() + seconds
        with self._changed:
            while data not in self._written[since:]:
                if not self._changed.wait(end - time.perf_counter()):
                    raise TimeoutError("a key was not echoed")
            return self._bursts[-1][0]

    def quiet(self, seconds: float, *, longest: float = 120.0) -> float:
        """Wait until it has written nothing for so long; the moment it last did."""
        end = time.perf_counter() + longest
        while (now := time.perf_counter()) < end:
            if self._bursts and now - self._bursts[-1][0] >= seconds:
                break
            time.sleep(0.02)
        return self._bursts[-1][0]

    def draws(self, start: float, end: float) -> list[float]:
        """The moments at which it wrote, between two moments."""
        return [at for at, _ in self._bursts if start <= at <= end]

    def close(self) -> None:
        """End it."""
        os.kill(self.pid, signal.SIGTERM)
        end = time.perf_counter() + 5.0
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            if time.perf_counter() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                break
            time.sleep(0.02)
        os.close(self._terminal)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._terminal, 65_536)
            except OSError:
                return
            with self._changed:
                self._written += data
                self._bursts.append((time.perf_counter(), len(data)))
                self._changed.notify_all()
            for asked, answer in _ANSWERS.items():
                if asked in data:
                    os.write(self._terminal, answer)
