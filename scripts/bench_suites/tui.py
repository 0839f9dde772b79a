"""The screen as a person meets it: start, a key while an answer streams, a long evening.

The real program with the real model in a pseudo-terminal of 80×24. With ``--rivals``, elia
and oterm beside it, each in an environment of its own under a temporary folder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from statistics import quantiles

from assistant.holder.interface import ShowConversation, TurnItem
from assistant.holder.socket import RemoteApplication
from scripts.bench_suites._engines import row
from scripts.bench_suites._pane import Pane
from scripts.bench_suites.start import ASSISTANT, PASSPHRASE, Bench, child_ticks

ROUNDS = {"quick": 1, "full": 4}
STARTS = {"quick": 2, "full": 7}
TURNS = {"quick": 4, "full": 100}
STORY = "Tell me a long story about a lighthouse keeper and the sea."
GLYPHS = "αβγδεζηθικλμνξοπρστυφχψωбвгджзийклмнптфхцчшщъыьэюя"
"""Keys whose glyphs stand in no answer and nowhere else on the screen."""
NEW_CHAT = "\x0e"
EVERY = 0.07
"""Seconds between two keys: a fast typist."""
FROM, FOR = 0.7, 1.8
"""Keys are pressed from so many seconds after the question on, for so many."""
SILENCE = 0.8
"""A screen that draws nothing for so long has nothing more to show."""
_ANYTHING = r"[^\s\x00-\x1f]"
"""A sign that can be seen: oterm paints pictures long before its first word."""
SLOT = 0.1
"""New text reaches the screen at most so often, in seconds (``decoding.TELL_EVERY``)."""


def run(size: str) -> Iterable[dict[str, object]]:
    """Start first, then a key, then what many turns leave behind."""
    if sys.platform == "win32":
        yield {"figure": "the screen", "note": "needs a pseudo-terminal"}
        return
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder))
        yield _start("assistant", [str(ASSISTANT), "--home", str(bench.home)], size, "≤ 0.3 s")
        pane = _unlocked(bench)
        try:
            yield from _keys(pane, ROUNDS.get(size, 4))
            yield _rates(pane, bench, ROUNDS.get(size, 4))
            yield from _many_turns(pane, TURNS.get(size, 100))
        finally:
            pane.close()


def beside(size: str) -> Iterable[dict[str, object]]:
    """The rivals' first sign on the screen, where they install."""
    for name, package, program in (("elia", "elia-chat", "elia"), ("oterm", "oterm", "oterm")):
        folder = Path(tempfile.mkdtemp(prefix="bench-rival-"))
        try:
            yield _start(name, [str(_installed(folder, package, program))], size, "", folder)
        except (OSError, subprocess.SubprocessError, TimeoutError) as error:
            told = f"not measured: {type(error).__name__}"
            yield {"figure": f"{name}, exec to the first sign on the screen", "note": told}
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _installed(folder: Path, package: str, program: str) -> Path:
    venv.create(folder / "environment", with_pip=True)
    binaries = folder / "environment" / "bin"
    subprocess.run(
        [binaries / "pip", "install", "-q", package], check=True, capture_output=True, timeout=900
    )
    return binaries / program


def _start(
    name: str, command: list[str], size: str, target: str, home: Path | None = None
) -> dict[str, object]:
    """The first start is not counted: what is compiled and cached then stays."""
    at_home = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data")} if home else {}
    times: list[float] = []
    for _ in range(STARTS.get(size, 7) + 1):
        pane = Pane(command, at_home)
        try:
            times.append(pane.until(_ANYTHING) - pane.began)
        finally:
            pane.close()
    return row(f"{name}, exec to the first sign on the screen", times[1:], "s", target=target)


def _unlocked(bench: Bench) -> Pane:
    pane = Pane([str(ASSISTANT), "--home", str(bench.home)])
    pane.until("Passphrase")
    time.sleep(3.0)  # the children load while a passphrase is typed
    pane.press(PASSPHRASE + "\r")
    pane.until("Ask anything")
    time.sleep(1.0)
    return pane


def _ask(pane: Pane, question: str) -> int:
    place = pane.place
    pane.press(question)
    time.sleep(0.2)
    pane.press("\r")
    return place


def _keys(pane: Pane, rounds: int) -> Iterable[dict[str, object]]:
    """Keys pressed while an answer streams at full speed, seen back on the screen."""
    waits: list[float] = []
    missed: list[float] = []
    for _ in range(rounds):
        _ask(pane, STORY)
        time.sleep(FROM)
        began = time.perf_counter()
        took: list[float] = []
        for glyph in GLYPHS:
            if time.perf_counter() - began > FOR:
                break
            here = pane.place
            took.append(-pane.press(glyph) + pane.echoed(glyph, here))
            time.sleep(EVERY)
        ended = time.perf_counter()
        if _settled(pane) > ended + SLOT:
            # The answer was still being written: otherwise this was an idle screen.
            waits += took
            missed.append(_missed(pane.draws(began, ended)))
        pane.press("\x15")  # the typed line is cleared
        _settled(pane)
    if not waits:
        yield {"figure": "key to echo while streaming", "note": "every answer was too short"}
        return
    milliseconds = sorted(1000 * wait for wait in waits)
    yield row("key to echo while streaming, p50", milliseconds, "ms")
    p95 = quantiles(milliseconds, n=20)[-1] if len(milliseconds) > 1 else milliseconds[0]
    yield row("key to echo while streaming, p95", [p95], "ms", target="≤ 16") | {
        "keys": len(milliseconds)
    }
    yield row("frames of 100 ms without a draw while streaming", missed, "a second")


def _rates(pane: Pane, bench: Bench, rounds: int) -> dict[str, object]:
    """The same question on the screen, and through ``ask`` to the same holder, in turn."""
    on_screen: list[float] = []
    through_ask: list[float] = []
    for _ in range(rounds):
        pane.press(NEW_CHAT)  # as ``ask`` begins one: what was said before slows every token
        _settled(pane)
        _ask(pane, STORY)
        _settled(pane)
        on_screen.append(_latest_rate(bench))
        bench.run("ask", STORY, "--json")
        through_ask.append(_latest_rate(bench))
    name = "an answer on the screen"
    return row(name, on_screen, "tokens/s", through_ask, "through ask", "≥ 0.9")


def _latest_rate(bench: Bench) -> float:
    application = RemoteApplication.find(bench.home)
    assert application is not None
    turns = list(application.handle(ShowConversation("last")))
    last = turns[-1]
    assert isinstance(last, TurnItem)
    return last.tokens_per_s or 0.0


def _settled(pane: Pane) -> float:
    """Wait until the screen is still and no child computes; the moment of the last draw."""
    while True:
        before = child_ticks(pane.pid)
        last = pane.quiet(SILENCE)
        time.sleep(0.1)
        if child_ticks(pane.pid) <= before + 1:
            return last


def _missed(draws: list[float]) -> float:
    gaps = [later - earlier for earlier, later in pairwise(draws)]
    lost = sum(max(0, round(gap / SLOT) - 1) for gap in gaps)
    return lost / (draws[-1] - draws[0]) if len(draws) > 1 else 0.0


def _many_turns(pane: Pane, turns: int) -> Iterable[dict[str, object]]:
    """Memory of the front, and what a turn at the end takes beside one at the beginning."""
    start = _resident(pane.pid)
    times: list[float] = []
    for turn in range(turns):
        began = time.perf_counter()
        _ask(pane, f"Say the number {turn} and stop.")
        times.append(_settled(pane) - began)
    tenth = max(1, turns // 10)
    yield row("resident, front, before many turns", [start], "MB")
    yield row(f"resident, front, {turns} turns later", [_resident(pane.pid)], "MB")
    yield row("a turn, the last tenth", times[-tenth:], "s", times[:tenth], "the first tenth")


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text().splitlines() if status.exists() else []
    found = [int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")]
    return found[0] if found else 0.0
