"""A child behind the wall fails at everything a hostile model file could make it try."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.engine.child_process import ChildPlan
from assistant.engine.memory_messages import IndexHits, LoadEmbedder
from assistant.engine.messages import Layer
from assistant.engine.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
SECRET = ctypes.create_string_buffer(b"secret in the parent's memory")

linux = pytest.mark.skipif(sys.platform != "linux", reason="the wall is Linux's")


@pytest.fixture
def target(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Everything a child must not reach, really there: servers, files, memory."""
    secret = tmp_path / "diary.txt"
    secret.write_text("another user file")
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as unix:
        server.bind(("127.0.0.1", 0))
        server.listen(4)
        unix.bind(str(tmp_path / "socket"))
        unix.listen(4)
        inherited = os.dup(server.fileno())
        os.set_inheritable(inherited, True)
        yield {
            "port": server.getsockname()[1],
            "unix": str(tmp_path / "socket"),
            "folder": str(tmp_path),
            "secret_file": str(secret),
            "parent": os.getpid(),
            "address": ctypes.addressof(SECRET),
            "descriptor": inherited,
        }
        os.close(inherited)


def _behind_the_wall(target: dict[str, Any]) -> tuple[dict[str, str], Supervisor]:
    request = LoadEmbedder(json.dumps(target), {}, 0)
    supervisor = Supervisor(ChildPlan("tests.faults.hostile_child", (), (), lambda _: request))
    supervisor.start()
    answer = supervisor.wait_loaded(30)
    assert isinstance(answer, IndexHits)
    return dict(name.split(":", 1) for name, _ in answer.hits), supervisor


@linux
def test_a_walled_child_cannot_connect_write_read_files_or_read_its_parent(
    target: dict[str, Any],
) -> None:
    outcomes, supervisor = _behind_the_wall(target)
    supervisor.stop()
    assert {name for name, outcome in outcomes.items() if outcome == "done"} == set()
    assert not Path(target["folder"], "written").exists()
    assert not Path(__file__).with_name("written_by_child").exists()


@linux
def test_without_the_wall_the_same_attempts_succeed(target: dict[str, Any]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.hostile_child", json.dumps(target)],
        cwd=ROOT,
        capture_output=True,
        check=True,
        close_fds=False,
    )
    Path(__file__).with_name("written_by_child").unlink()
    outcomes = json.loads(done.stdout)
    expected = {"connect_tcp", "send_udp", "write_file", "read_file", "list_folder"}
    expected |= {"run_program", "inherited_descriptor", "signal_parent", "write_package"}
    if os.geteuid() == 0:
        expected |= {"read_memory_file", "read_memory_call"}
    assert expected <= {name for name, outcome in outcomes.items() if outcome == "done"}


@linux
def test_the_report_names_each_layer_as_held_or_missing_with_a_reason(
    target: dict[str, Any],
) -> None:
    _, supervisor = _behind_the_wall(target)
    report = supervisor.wall
    supervisor.stop()
    assert report is not None
    assert set(report.held) | set(report.missing) == set(Layer)
    assert all(report.missing.values())
    assert report.seconds < 0.5


@linux
def test_a_child_starts_with_an_empty_environment_and_a_path_without_user_text(
    target: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_SECRET", "in the environment")
    _, supervisor = _behind_the_wall(target)
    pid = supervisor.pid
    started_with = Path(f"/proc/{pid}/environ").read_bytes()
    command = Path(f"/proc/{pid}/cmdline").read_bytes()
    supervisor.stop()
    assert b"in the environment" not in started_with
    assert b"diary" not in command
