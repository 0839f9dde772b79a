"""The real program on another machine's terminal: a real SSH server and client, tmux, 80×24."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import PASSPHRASE, Cli
from tests.e2e.terminal import Terminal

SSHD = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")

pytestmark = [
    pytest.mark.model,
    pytest.mark.terminal,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux"),
    pytest.mark.skipif(SSHD is None or shutil.which("ssh") is None, reason="needs sshd and ssh"),
]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def over_ssh(tmp_path: Path) -> Iterator[tuple[str, ...]]:
    """An SSH server of this test's own; yields the words that run a command through it."""
    for name in ("host", "user"):
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(made, check=True)
    shutil.copy(tmp_path / "user.pub", tmp_path / "allowed")
    port = _free_port()
    options = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": tmp_path / "host",
        "AuthorizedKeysFile": tmp_path / "allowed", "PidFile": "none", "StrictModes": "no",
        "PermitRootLogin": "prohibit-password", "UsePAM": "no",
    }  # fmt: skip
    (tmp_path / "sshd.conf").write_text("".join(f"{k} {v}\n" for k, v in options.items()))
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([str(SSHD), "-D", "-q", "-f", str(tmp_path / "sshd.conf")])
    try:
        yield (
            "ssh", "-tt", "-q", "-p", str(port), "-i", str(tmp_path / "user"),
            "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
            "-o", "ConnectionAttempts=20", "127.0.0.1",
        )  # fmt: skip
    finally:
        server.terminate()
        server.wait(10)


def test_over_ssh_in_sixteen_colours_one_asks_and_a_cut_connection_locks_the_vault(
    new_cli: Callable[..., Cli], terminal: Terminal, over_ssh: tuple[str, ...], tmp_path: Path
) -> None:
    cli = new_cli("home")
    terminal.start("env", "TERM=xterm-16color", *over_ssh)
    terminal.until("Passphrase")
    terminal.type(PASSPHRASE)
    terminal.keys("Enter")
    terminal.until("Ask anything")
    terminal.type("Name two birds.")
    terminal.keys("Enter")
    terminal.until("tok/s", seconds=120)
    assert cli.run("history", "list", "--json").lines, "the second shell talks to the first"
    terminal.stop()  # the laptop is closed: the connection is cut, nobody says goodbye
    end = time.monotonic() + 15
    while (cli.home / "holder.sock").exists():
        assert time.monotonic() < end, "the vault stayed open after the connection was cut"
        time.sleep(0.1)
    (found,) = cli.run("history", "list", "--json").lines
    assert found["title"]
