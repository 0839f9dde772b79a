"""The resident agent and the endpoint, as real processes on a real vault."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from tests.e2e.conftest import PASSPHRASE, Cli

pytestmark = pytest.mark.model


def _status(cli: Cli) -> dict[str, object]:
    told: dict[str, object] = cli.run("agent", "status", "--json").json
    return told


def _gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def agent(cli: Cli) -> Iterator[int]:
    pid = cli.run("agent", "--json").json["pid"]
    yield pid
    cli.run("lock")


def test_the_agent_answers_for_every_command_and_needs_no_passphrase_again(
    cli: Cli, agent: int
) -> None:
    assert _status(cli)["running"]
    assert _status(cli)["pid"] == agent
    cli.passphrase_file.write_text("not it\n")
    assert cli.run("ask", "Hello", "--json", "--max-tokens", "4").json["status"] == "complete"
    assert cli.run("agent", "--json").json["pid"] == agent
    assert cli.run("agent", "stop", "--json").json == {"stopped": True}
    assert _gone(agent)
    assert _status(cli) == {"running": False}
    cli.run("ask", "Hello", code=3)
    assert cli.run("agent", "stop", "--json").json == {"stopped": False}
    cli.passphrase_file.write_text(PASSPHRASE + "\n")


def test_the_agent_keeps_no_terminal_pipe_or_secret(cli: Cli, agent: int) -> None:
    command = subprocess.run(
        ["ps", "-o", "args=,tty=", "-p", str(agent)], capture_output=True, text=True, check=True
    ).stdout
    assert "plain test words" not in command
    assert str(cli.passphrase_file) not in command
    assert command.split()[-1] == "?"
    links = subprocess.run(
        ["ls", "-l", f"/proc/{agent}/fd"], capture_output=True, text=True, check=False
    ).stdout
    if links:  # readable by root alone: the agent is not dumpable
        assert [line.split()[-1] for line in links.splitlines()[1:4]] == [os.devnull] * 3


def test_lock_and_signals_end_the_agent_and_lock_the_vault(cli: Cli) -> None:
    for act in ("lock", signal.SIGTERM, signal.SIGHUP):
        pid = cli.run("agent", "--json").json["pid"]
        if isinstance(act, str):
            cli.run(act)
        else:
            os.kill(pid, act)
        assert _gone(pid), act
        assert not (cli.home / "holder.sock").exists()
    assert cli.run("preferences", "list", "--json").lines == []


def test_a_wrong_passphrase_or_no_vault_is_told_by_the_starting_command(
    cli: Cli, new_cli: object, tmp_path: Path
) -> None:
    cli.passphrase_file.write_text("wrong\n")
    assert "does not open" in cli.run("agent", code=3).err
    assert _status(cli) == {"running": False}
    empty = Cli(tmp_path / "empty")
    empty.run("agent", code=3)


def test_a_vault_another_face_holds_is_left_to_it(cli: Cli) -> None:
    chat = cli.start("chat", "--plain")
    deadline = time.monotonic() + 60
    while (told := _status(cli)).get("held_by") is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert (told["running"], told["held_by"]) == (False, "command")
    cli.run("agent", code=3)
    cli.run("agent", "stop", code=3)
    assert chat.poll() is None
    chat.communicate("/quit\n", timeout=60)


def test_the_foreground_agent_ends_when_asked(cli: Cli) -> None:
    started = cli.start("agent", "--foreground", "--json")
    assert started.stdout is not None
    assert json.loads(started.stdout.readline())["running"]
    cli.run("agent", "stop")
    assert started.wait(timeout=60) == 0
    started.communicate()


def test_the_endpoint_serves_through_the_agent_and_outlives_it(cli: Cli, agent: int) -> None:
    serving = cli.start("serve", "--json")
    assert serving.stdout is not None
    where = json.loads(serving.stdout.readline())
    said = [{"role": "user", "content": "Hello"}]
    with openai.OpenAI(base_url=where["base_url"], api_key=where["token"], max_retries=0) as client:
        told = client.chat.completions.create(
            model="assistant", messages=said, max_tokens=4  # type: ignore[arg-type]
        )  # fmt: skip
        assert told.choices[0].message.content
        cli.run("lock")
        with pytest.raises(openai.InternalServerError) as gone:
            client.models.list()
        assert gone.value.status_code == 503
    serving.send_signal(signal.SIGINT)
    assert serving.wait(timeout=60) == 130
    serving.communicate()


def test_the_endpoint_alone_holds_the_vault_and_ends_when_it_is_locked(
    cli: Cli, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    serving = cli.start("serve", "--json", "--token-file", file)
    assert serving.stdout is not None
    where = json.loads(serving.stdout.readline())
    assert "token" not in where
    assert file.stat().st_mode & 0o777 == 0o600
    with openai.OpenAI(base_url=where["base_url"], api_key=file.read_text().strip()) as client:
        assert next(model.id for model in client.models.list()) == "assistant"
    cli.run("lock")
    assert serving.wait(timeout=60) == 0
    serving.communicate()


def test_the_endpoint_refuses_other_addresses_and_a_token_others_can_read(
    cli: Cli, tmp_path: Path
) -> None:
    cli.run("serve", "--host", "0.0.0.0", code=2)
    cli.run("serve", "--port", "70000", code=2)
    open_to_all = tmp_path / "token"
    open_to_all.write_text("x" * 40)
    open_to_all.chmod(0o644)
    cli.run("serve", "--token-file", open_to_all, code=2)
    open_to_all.chmod(0o600)
    open_to_all.write_text("short")
    cli.run("serve", "--token-file", open_to_all, code=2)
