"""Random keys and resizes, crashes without a traceback, start-up, and the price of a key."""

from __future__ import annotations

import asyncio
import importlib.machinery
import importlib.util
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from textual import events
from textual.worker import WorkerFailed

from assistant.holder.interface import Ask
from assistant.tui.crash import CrashApp, redacted_report, save_report
from assistant.tui.keys import KEYS
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.unlock import UnlockScreen
from tests.conftest import ROOT, Progress
from tests.tui.driving import Drive, app_over, opened, until
from tests.tui.scripted_front import PASSPHRASE, Script, ScriptedFront

SECRET = "my-very-private-sentence"
LEAVING = {"ctrl+q"}
ALL_KEYS = sorted(
    {one for key in KEYS for one in key.keys.split(",")} - LEAVING
    | set("abcxyz 123?.") | {"tab", "shift+tab", "pageup", "pagedown", "backspace", "home", "end"}
)  # fmt: skip
PART = 50


async def press_at_random(drive: Drive, chance: random.Random, presses: int) -> None:
    for _ in range(presses):
        if drive.app._exit:
            return  # the palette offers to quit, and random keys may take the offer
        if chance.random() < 0.05:
            await drive.pilot.resize_terminal(chance.randint(1, 160), chance.randint(1, 50))
        key = chance.choice(ALL_KEYS)
        if key == "ctrl+c" and "Quit" in type(drive.app.screen).__name__:
            continue  # a second one leaves, as it should
        if key == "y" and "Quit" in type(drive.app.screen).__name__:
            continue
        await drive.press("space" if key == " " else key)
        if isinstance(drive.app.screen, UnlockScreen):
            await unlock_again(drive)


async def unlock_again(drive: Drive) -> None:
    # Random letters may stand in the line, and an attempt with them may be under way.
    for _ in range(20):
        if not isinstance(drive.app.screen, UnlockScreen):
            await drive.press("escape")  # the recovery key or a backup is asked for
        await drive.press("ctrl+u")
        await drive.typed(PASSPHRASE)
        await drive.press("enter")
        for _ in range(100):
            await asyncio.sleep(0.01)
            if isinstance(drive.app.screen, ChatScreen):
                return
            if not isinstance(drive.app.screen, UnlockScreen):
                break
    screens = [type(screen).__name__ for screen in drive.app.screen_stack]
    pytest.fail(f"the vault did not open again: {screens}, {drive.app.fault!r}\n{drive.text}")


@pytest.mark.full(name="tui-keys", small=150, full=10_000, covers=("assistant/tui",))
async def test_random_keys_and_resizes_neither_crash_nor_lose_a_message(
    size: int, seed: int, progress: Progress
) -> None:
    for part in range(0, size, PART):
        if progress.done(part):
            continue
        chance = random.Random(seed + part)
        script = Script(propose="short lists", default="An answer. " * chance.randint(1, 30))
        async with opened(script) as drive:
            await press_at_random(drive, chance, min(PART, size - part))
            if not drive.app._exit:
                await drive.pilot.resize_terminal(80, 24)
                await drive.quiet()
            application = drive.front.application
            kept = {turn.question for turn in application.turns.values()}
            asked = [ask for ask in application.asked(Ask) if not ask.incognito]
            unconfirmed = {ask.text for ask in asked if "dose" in ask.text}
            assert {ask.text for ask in asked} - unconfirmed <= kept
            assert drive.app.fault is None
        progress.mark(part)


async def test_a_storm_of_resizes_during_an_answer_is_survived() -> None:
    script = Script(default="A long answer with many words. " * 100, piece=20)
    async with opened(script) as drive:
        await drive.typed("hello")
        await drive.press("enter")
        for step in range(25):
            await drive.pilot.resize_terminal(1 + (step * 37) % 150, 1 + (step * 13) % 50)
        await drive.pilot.resize_terminal(80, 24)
        await drive.quiet()
        assert "many words" in drive.text
        assert drive.chat.transcript.turns[0].answer == script.default


async def test_a_fault_of_ours_ends_without_a_traceback_and_keeps_the_text_out() -> None:
    front = ScriptedFront(Script(fault=RuntimeError(SECRET)))
    app = app_over(front)

    async def ask() -> None:
        async with app.run_test() as pilot:
            drive = Drive(app, pilot, front)
            await drive.unlock()
            await drive.typed(SECRET)
            await drive.press("enter")
            await until(lambda: app.fault is not None)

    with pytest.raises(WorkerFailed):
        await ask()
    assert app.fault is not None
    report = redacted_report(app.fault)
    assert "builtins.RuntimeError" in report
    assert "  scripted_front.py:" in report
    assert "  assistant/tui/feed.py:" in report
    assert str(Path.home()) not in report
    assert SECRET not in report
    assert not app._exit_renderables


async def test_the_crash_screen_saves_a_report_only_its_owner_can_read(tmp_path: Path) -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as fault:
        app = CrashApp(fault, tmp_path)
    async with app.run_test() as pilot:
        await pilot.pause()
        assert "Traceback" not in app.export_screenshot()
        await pilot.press("s")
        await pilot.pause()
    (report,) = tmp_path.iterdir()
    assert SECRET not in report.read_text()
    assert report.stat().st_mode & 0o777 == 0o600


def test_reports_never_overwrite_each_other(tmp_path: Path) -> None:
    assert save_report("one", tmp_path) != save_report("two", tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_importing_the_package_loads_no_textual() -> None:
    code = "import assistant.tui, sys; sys.exit('textual' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_starting_imports_neither_markdown_nor_pygments_nor_pydantic() -> None:
    code = (
        "import assistant.tui.app, sys; "
        "sys.exit(bool({'markdown_it', 'pygments', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


async def test_typing_while_an_answer_streams_stays_quick() -> None:
    script = Script(default="A word or two, then more. " * 400, piece=5)
    async with opened(script) as drive:
        await drive.typed("hello")
        # Not pressed and waited for: a quick machine has the whole answer by then.
        drive.app.post_message(events.Key("enter", None))
        await until(lambda: drive.chat.running)
        took: list[float] = []
        while drive.chat.running and len(took) < 40:
            began = time.perf_counter()
            await drive.press("x")
            took.append(time.perf_counter() - began)
        assert sorted(took)[len(took) // 2] < 0.25
        await drive.quiet()


@pytest.mark.full(name="tui-turns", small=12, full=500, covers=("assistant/tui",))
async def test_many_turns_neither_pile_up_widgets_nor_slow_down(size: int) -> None:
    took: list[float] = []
    async with opened() as drive:
        for number in range(size):
            began = time.perf_counter()
            await drive.ask(f"q{number}")
            took.append(time.perf_counter() - began)
        assert len(drive.chat.transcript.turns) < 60
        assert len(drive.front.application.turns) == size
        early, late = sorted(took[: size // 3]), sorted(took[-size // 3 :])
        assert late[len(late) // 2] < 5 * early[len(early) // 2] + 0.2


def test_the_picture_is_taken_from_the_running_app(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "screenshot"
    loader = importlib.machinery.SourceFileLoader("screenshot", str(script))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("screenshot", loader)  # type: ignore[arg-type]
    )
    loader.exec_module(module)
    picture = tmp_path / "picture.svg"
    keys = (f"type:{PASSPHRASE}", "enter", "until:#prompt", "type:hello", "enter", "idle")
    module.take(ScriptedFront(), keys, picture)
    assert "flour" in picture.read_text("utf-8")
