"""`assistant agent`: hold the vault in the background, in the manner of ssh-agent.

The starting command asks for the passphrase and hands it over a pipe to a process of its
own, which loads both children meanwhile. No secret is on a command line or in the
environment. The agent ends when the vault is locked, for whatever reason.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say
from assistant.errors import AssistantError, HolderGone, VaultBusy, VaultLocked, WrongPassphrase
from assistant.holder.interface import Application, Lock, StatusLine, StatusQuery

_PASSPHRASE_LIMIT = 4096
_ATTEMPTS = 3


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its verbs."""
    parser = commands.add_parser(
        "agent",
        help="hold the vault in the background, so that `ask` answers at once",
        description="Unlock the vault and hold it in the background, as ssh-agent holds keys. "
        "It locks when idle, on `assistant lock`, on `agent stop` and when asked to end.",
    )
    parser.add_argument("--foreground", action="store_true", help="stay in this terminal")
    parser.add_argument("--json", action="store_true", help="print JSON")
    # How the starting command talks to the process it starts; nobody types it.
    parser.add_argument("--handed-over", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)
    verbs = parser.add_subparsers(metavar="VERB")
    for name, about, act in (
        ("stop", "lock the vault and end the agent", run_stop),
        ("status", "whether an agent holds the vault", run_status),
    ):
        verb = verbs.add_parser(name, help=about)
        verb.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="print JSON"
        )
        verb.set_defaults(run=act)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Come up, or say why not by the exit code. One that is up already is fine."""
    if arguments.handed_over:
        return _hold_handed_over(context)
    status = _status(context.holder_elsewhere())
    if status is not None:
        _require_agent(status)
        return _told(status, as_json=arguments.json, what="The agent holds the vault already.")
    context.front.require_vault()
    return _hold_here(arguments, context) if arguments.foreground else _start(arguments, context)


def run_stop(arguments: argparse.Namespace, context: Context) -> int:
    """Lock and end it; none running is fine. Another face is left alone."""
    holder = context.holder_elsewhere()
    status = _status(holder)
    if status is not None and holder is not None:
        _require_agent(status)
        list(holder.handle(Lock()))
    if arguments.json:
        print_json({"stopped": status is not None})
    else:
        say("The agent has locked and ended." if status else "No agent is running.")
    return 0


def run_status(arguments: argparse.Namespace, context: Context) -> int:
    """Say who holds the vault, if anybody."""
    status = _status(context.holder_elsewhere())
    what = f"The vault is open, held by the {status.held_by}." if status else "No agent is running."
    return _told(status, as_json=arguments.json, what=what)


def _status(holder: Application | None) -> StatusLine | None:
    if holder is None:
        return None
    return next((r for r in holder.handle(StatusQuery()) if isinstance(r, StatusLine)), None)


def _require_agent(status: StatusLine) -> None:
    if status.held_by != "agent":
        raise VaultBusy(
            f"The vault is open in another face ({status.held_by}), which commands talk to.",
            hint="`assistant lock` locks it.",
        )


def _told(status: StatusLine | None, *, as_json: bool, what: str) -> int:
    if as_json:
        print_json(_as_json(status))
        return 0
    say(what)
    if status is not None:
        say(f"Process {status.pid}. Model {status.model}: {status.model_state}. "
            f"Memory: {status.memory_state}.")  # fmt: skip
    return 0


def _as_json(status: StatusLine | None) -> dict[str, object]:
    if status is None:
        return {"running": False}
    return {
        "running": status.held_by == "agent", "held_by": status.held_by, "pid": status.pid,
        "model": status.model, "model_state": status.model_state,
        "memory_state": status.memory_state, "tiers": status.tiers, "alarms": status.alarms,
    }  # fmt: skip


# -- in this terminal --------------------------------------------------------------------


def _hold_here(arguments: argparse.Namespace, context: Context) -> int:
    from assistant.app import for_the_background

    front = context.front
    for_the_background(front, "agent")
    front.warm_up()
    status = _status(context.unlock())
    _told(status, as_json=arguments.json, what="The agent holds the vault. Ctrl-C ends it.")
    why = front.until_locked()
    complain(f"Locked: {why}.")
    return 0


# -- in the background: the starting side ------------------------------------------------


def _start(arguments: argparse.Namespace, context: Context) -> int:
    from assistant.engine import front_not_dumpable

    front_not_dumpable()
    # It loads the engines while the passphrase is typed.
    agent = _start_process(context.home)
    try:
        told = _hand_over(agent, context)
    except BaseException:
        # Its end of the pipe closes, so it gives up by itself.
        _close(agent)
        raise
    _close(agent)
    if arguments.json:
        print_json({"running": True, "pid": told["pid"]})
    else:
        say(f"The agent holds the vault (process {told['pid']}). `assistant agent stop` ends it.")
    return 0


def _start_process(home: Path) -> subprocess.Popen[bytes]:
    # -P: a file in the current folder must not pass for one of our modules.
    command = [sys.executable, "-P", "-m", "assistant", "--home", str(home)]
    detached = 0
    if sys.platform == "win32":
        detached = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    return subprocess.Popen(
        [*command, "agent", "--handed-over"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=home, start_new_session=True, creationflags=detached,
    )  # fmt: skip


def _close(agent: subprocess.Popen[bytes]) -> None:
    for pipe in (agent.stdin, agent.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                pass  # it ended first; its exit was read already


def _hand_over(agent: subprocess.Popen[bytes], context: Context) -> dict[str, Any]:
    asked = context.passphrase_file is None and context.terminal
    for attempt in range(_ATTEMPTS if asked else 1):
        try:
            return _try(agent, context.passphrase())
        except WrongPassphrase as error:
            if not asked or attempt == _ATTEMPTS - 1:
                raise
            complain(error.message)
    raise AssertionError("unreachable")


def _try(agent: subprocess.Popen[bytes], passphrase: str) -> dict[str, Any]:
    """One passphrase over the pipe. Raises what the agent says went wrong."""
    from assistant.holder.socket import named_error

    if agent.stdin is None or agent.stdout is None:
        raise AssertionError("both are pipes")
    try:
        agent.stdin.write(passphrase.encode() + b"\n")
        agent.stdin.flush()
        told = json.loads(agent.stdout.readline(65_536) or b"{}")
    except (OSError, ValueError) as error:
        raise HolderGone("The agent ended before it came up.") from error
    if "error" in told:
        raise named_error(told["error"], told["message"], told["hint"])
    if "pid" not in told:
        raise HolderGone("The agent ended before it came up.")
    return dict(told)


# -- in the background: the agent itself -------------------------------------------------


def _hold_handed_over(context: Context) -> int:
    from assistant.app import for_the_background

    front = context.front
    for_the_background(front, "agent")
    try:
        front.warm_up()
        _unlock_from_pipe(context)
        _tell({"pid": os.getpid()})
    except AssistantError as error:
        _tell({"error": type(error).__name__, "message": error.message, "hint": error.hint})
        return error.exit_code
    _let_go()
    front.until_locked()
    return 0


def _unlock_from_pipe(context: Context) -> None:
    """Passphrases, one a line, until one fits. Raises VaultLocked when they end."""
    for _ in range(_ATTEMPTS):
        line = sys.stdin.buffer.readline(_PASSPHRASE_LIMIT + 1)
        if not line.endswith(b"\n"):
            break
        try:
            context.front.unlock(line[:-1].decode())
            return
        except WrongPassphrase as error:
            _tell({"error": "WrongPassphrase", "message": error.message, "hint": error.hint})
    raise VaultLocked("No passphrase fitted.")


def _tell(told: dict[str, object]) -> None:
    # If the starting command went away, the write fails and the agent locks and ends.
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _let_go() -> None:
    """Keep no pipe, terminal or folder of whoever started it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    os.close(nothing)
    os.chdir(Path(os.sep).resolve())
