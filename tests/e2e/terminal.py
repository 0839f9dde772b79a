"""A real terminal to drive the program in: one tmux pane of 80×24."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ASSISTANT = ROOT / ".venv" / ("Scripts/assistant.exe" if os.name == "nt" else "bin/assistant")


class Terminal:
    """One tmux server of our own with one pane of 80×24."""

    def __init__(self, name: str, home: Path) -> None:
        self._server = ["tmux", "-L", name, "-f", "/dev/null"]
        self._home = home

    def _tmux(self, *arguments: str) -> str:
        return subprocess.run(
            [*self._server, *arguments], capture_output=True, text=True, check=False
        ).stdout

    def start(self, *by_way_of: str) -> None:
        """Open the app on this home; what stood on the screen before is gone.

        ``by_way_of`` are the words of a command that runs it, such as one of ssh.
        """
        words = shlex.join([*by_way_of, str(ASSISTANT), "--home", str(self._home)])
        run = f"{words}; echo left with $?; sleep 600"
        if self._tmux("list-sessions"):
            self._tmux("respawn-pane", "-k", "-t", "t", run)
        else:
            self._tmux("new-session", "-d", "-s", "t", "-x", "80", "-y", "24", run)

    def stop(self) -> None:
        """End the server and whatever runs in it."""
        self._tmux("kill-server")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._tmux("send-keys", "-t", "t", *keys)

    def type(self, text: str) -> None:
        """Type text as it stands."""
        self._tmux("send-keys", "-t", "t", "-l", text)

    @property
    def screen(self) -> str:
        """What stands on the screen now."""
        return self._tmux("capture-pane", "-p", "-t", "t")

    def until(self, *texts: str, seconds: float = 60) -> str:
        """Wait until one of the texts is on the screen; returns the screen."""
        end = time.monotonic() + seconds
        while not any(text in (screen := self.screen) for text in texts):
            assert time.monotonic() < end, f"none of {texts} appeared:\n{screen}"
            time.sleep(0.05)
        return screen
