"""The real program in real processes: default model, real vault, real bundles."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.terminal import ASSISTANT, Terminal

PASSPHRASE = "plain test words 41"


@dataclass(frozen=True)
class Run:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object printed."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """One object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def _hear_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Cli:
    """The installed command on one home."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.passphrase_file = home.parent / f"{home.name}.passphrase"
        self.passphrase_file.write_text(PASSPHRASE + "\n")
        self.passphrase_file.chmod(0o600)

    def command(self, *arguments: str | Path) -> list[str]:
        """The full command line."""
        start = [ASSISTANT, "--home", self.home, "--passphrase-file", self.passphrase_file]
        return [str(part) for part in (*start, *arguments)]

    def run(self, *arguments: str | Path, code: int = 0, stdin: str = "") -> Run:
        """Run to the end; the exit code must be ``code`` and no traceback is ever shown."""
        ran = subprocess.run(
            self.command(*arguments), input=stdin, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        assert "Traceback" not in ran.stdout + ran.stderr
        assert ran.returncode == code, (arguments, ran.returncode, ran.stdout, ran.stderr)
        return Run(ran.returncode, ran.stdout, ran.stderr)

    def start(self, *arguments: str | Path, **more: Any) -> subprocess.Popen[str]:
        """Start and leave running, with pipes."""
        # A runner in the background ignores SIGINT, and so would everything it starts.
        return subprocess.Popen(
            self.command(*arguments), preexec_fn=_hear_interrupts, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more,
        )  # fmt: skip


@pytest.fixture
def new_cli(tmp_path: Path) -> Callable[..., Cli]:
    """Make a command on a fresh home; with ``vault`` it has one already."""

    def make(name: str = "home", *, vault: bool = True) -> Cli:
        cli = Cli(tmp_path / name)
        if vault:
            cli.run("init", "--json")
        return cli

    return make


@pytest.fixture
def cli(new_cli: Callable[..., Cli]) -> Cli:
    """A command on a fresh home with a vault."""
    return new_cli()


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter the tests run in."""
    return sys.executable


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A pane for the app on a home of this test."""
    made = Terminal(f"e2e-{tmp_path.name}"[:60], tmp_path / "home")
    yield made
    made.stop()
