"""Shell completion, asked of the real shells where they are installed."""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from assistant.cli.command_tree import Command, read
from assistant.cli.completion_scripts import SCRIPTS
from assistant.cli.main import build_parser

_CASES = [
    ("assistant pol", {"policy"}),
    ("assistant policy ver", {"verify"}),
    ("assistant --home policy hist", {"history"}),
    ("assistant ask --cand", {"--candidates"}),
    ("assistant export file --format ", {"json", "markdown"}),
    ("assistant completion ", {"bash", "zsh", "fish"}),
    ("assistant backup READ", {"READ ME.md"}),
    ("assistant models nons", set()),
]


def _script(tmp_path: Path, shell: str) -> Path:
    (tmp_path / "READ ME.md").write_text("a file to complete")
    path = tmp_path / f"assistant.{shell}"
    path.write_text(SCRIPTS[shell](read(build_parser())))
    return path


def _needs(shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")


@pytest.mark.parametrize(("line", "offered"), _CASES)
def test_bash_completes_what_the_parser_understands(
    tmp_path: Path, line: str, offered: set[str]
) -> None:
    _needs("bash")
    script = _script(tmp_path, "bash")
    words = line.split() + ([""] if line.endswith(" ") else [])
    code = (
        f"source {script}; COMP_WORDS=({' '.join(shlex.quote(w) for w in words)}); "
        f"COMP_CWORD={len(words) - 1}; _assistant; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    assert _said(["bash", "--norc", "-c", code], tmp_path) == offered


@pytest.mark.parametrize(("line", "offered"), _CASES)
def test_fish_completes_what_the_parser_understands(
    tmp_path: Path, line: str, offered: set[str]
) -> None:
    _needs("fish")
    code = f"source {_script(tmp_path, 'fish')}; complete -C {shlex.quote(line)}"
    assert _said(["fish", "--no-config", "-c", code], tmp_path) == offered


@pytest.mark.parametrize(("line", "offered"), [c for c in _CASES if len(c[1]) == 1])
def test_zsh_completes_what_the_parser_understands(
    tmp_path: Path, line: str, offered: set[str]
) -> None:
    _needs("zsh")
    (whole,) = offered
    script = _script(tmp_path, "zsh")
    shell = _Zsh(tmp_path)
    try:
        shell.type(f"autoload -U compinit; compinit -u -D; source {script}\r")
        shell.type("assistant() { print -r 'GO''T' \"$@\" '<' }; print REA''DY\r")
        shell.wait_for("READY")
        shell.type(line + "\t\r")
        shell.wait_for(
            f"GOT {line.rpartition(' ')[0].partition(' ')[2]} {whole} ".replace("  ", " ")
        )
    finally:
        shell.close()


def test_bash_knows_every_command_and_every_flag(tmp_path: Path) -> None:
    _needs("bash")
    script = _script(tmp_path, "bash")
    tree = read(build_parser())
    asks = "; ".join(
        f"echo '= {' '.join(c.words)}'; _assistant_words {shlex.quote(' '.join(c.words))}; "
        f"_assistant_flags {shlex.quote(' '.join(c.words))}"
        for c in tree.walk()
    )
    out = subprocess.run(
        ["bash", "--norc", "-c", f"source {script}; {asks}"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    told = {
        block.partition("\n")[0].strip(): {line.partition(":")[0] for line in block.split("\n")}
        for block in out.split("= ")
    }
    for command in tree.walk():
        missing = _understood(command) - told[" ".join(command.words)]
        assert not missing, command.words


def _understood(command: Command) -> set[str]:
    flags = {flag.names[-1] for flag in command.flags if not flag.hidden}
    return flags | {verb.words[-1] for verb in command.verbs}


def _said(command: list[str], folder: Path) -> set[str]:
    ran = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=30, check=True
    )
    assert ran.stderr == ""
    return {line.partition("\t")[0] for line in ran.stdout.splitlines() if line}


class _Zsh:
    """A zsh that believes that somebody types."""

    def __init__(self, folder: Path) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb"})
        self._seen = ""

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> None:
        """Until it is on the screen; at most twenty seconds."""
        end = time.monotonic() + 20
        while text not in self._seen:
            assert time.monotonic() < end, self._seen
            if select.select([self._terminal], [], [], 0.1)[0]:
                self._seen += os.read(self._terminal, 65536).decode(errors="replace")

    def close(self) -> None:
        """End it."""
        os.close(self._terminal)
        os.waitpid(self._pid, 0)
