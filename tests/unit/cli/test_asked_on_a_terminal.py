"""What is asked on a terminal: in whole sentences, and Ctrl-D ends the command."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")


def _on_a_terminal(typed: bytes, *words: str) -> tuple[int, str]:
    """The exit code and everything shown, with ``typed`` waiting on the keyboard."""
    ours, theirs = os.openpty()
    os.write(ours, typed)
    command = [sys.executable, "-m", "assistant", *words]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux's end of file of a terminal
            while part := os.read(ours, 4096):
                shown += part
    os.close(ours)
    return process.returncode, shown.decode()


def test_ctrl_d_at_a_question_stops_the_command(tmp_path: Path) -> None:
    code, shown = _on_a_terminal(b"\x04", "--home", str(tmp_path), "erase", "turn", "abc")
    assert "Erase turn abc for good? [y/N]" in shown
    assert (code, shown.splitlines()[-1]) == (130, "Stopped.")
