"""What stands at the foot and in empty places teaches, and nothing of it is cut off."""

from __future__ import annotations

import threading

import pytest

from tests.tui.driving import Drive, opened, until
from tests.tui.scripted_front import Script, ScriptedFront


def foot(drive: Drive) -> str:
    """The line of keys."""
    return drive.lines[-1].text.strip()


async def test_the_foot_says_what_escape_does_now() -> None:
    async with opened(Script(gate=threading.Event())) as drive:
        assert "esc answers" in foot(drive)
        await drive.begin("hello", "Good bread")
        await until(lambda: "esc stop" in foot(drive))
        assert drive.front.script.gate is not None
        drive.front.script.gate.set()
        await until(lambda: "esc answers" in foot(drive))
        await drive.keys("escape")
        await until(lambda: "esc type" in foot(drive))


@pytest.mark.parametrize("width", [80, 60, 40])
async def test_the_way_out_is_named_however_narrow_the_screen_is(width: int) -> None:
    async with opened(size=(width, 24)) as drive:
        await drive.quiet()
        assert "f1 help" in foot(drive)
        for key in ("f2", "f3", "f5", "f6", "f7", "f10", "shift+f5"):
            await drive.keys(key)
            await until(lambda: "esc back" in foot(drive), key)
            await drive.keys("escape")


@pytest.mark.parametrize(
    ("key", "said"),
    [("f5", "enter change"), ("f6", "enter in full"), ("f7", "enter use"),
     ("shift+f5", "enter do it")],
)  # fmt: skip
async def test_the_foot_says_what_enter_does_in_a_list(key: str, said: str) -> None:
    async with opened() as drive:
        await drive.keys(key)
        await until(lambda: foot(drive).startswith(said))


async def test_enter_is_named_where_it_does_something() -> None:
    async with opened() as drive:
        await drive.keys("f2")
        await until(lambda: "Nothing was said yet" in drive.words)
        assert "enter" not in foot(drive)
        await drive.keys("escape")
        await drive.ask("bread for beginners")
        await drive.keys("f2")
        await until(lambda: "enter open" in foot(drive))
        assert "d erase" in foot(drive)
        await drive.keys("slash")
        await until(lambda: "enter to the list" in foot(drive))
        await drive.typed("zebra")
        await until(lambda: "Nothing found." in drive.words)


async def test_the_questions_of_the_start_say_that_escape_skips_them() -> None:
    async with opened(front=ScriptedFront(vault="missing"), unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#passphrase"))
        await until(lambda: "enter go on" in foot(drive))
        await drive.burst(*"mossy", "enter", *"mossy", "enter")
        await until(lambda: drive.app.screen.query("#group"))
        await drive.burst(*"EFGH", "enter")
        await until(lambda: "enter choose  esc skip the rest" in foot(drive))


async def test_a_preference_too_long_for_its_line_is_read_in_full_below() -> None:
    long = "Explain every step of a calculation, with the units written out, and say what to check."
    async with opened() as drive:
        drive.front.application._prefer(long, "active", "stated")
        await drive.keys("f3")
        assert long in drive.words.partition("──")[2]


async def test_help_keeps_what_a_key_does_beside_its_name() -> None:
    async with opened() as drive:
        await drive.keys("f1")
        at = next(line.text for line in drive.lines if "import, erasing" in line.text)
        assert at.index("import") == 23
