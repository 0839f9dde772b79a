"""What every screen looks like, at 80×24 and at 120×40, driven by key presses."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot

from assistant.conversation.events import TurnFailed, UsedItem
from assistant.errors import PolicyMissing
from assistant.holder.attachments_wire import Attach
from assistant.holder.comparisons_wire import ComparisonItem
from assistant.personal.starting import PAIRS
from tests.tui.demo import ANSWER
from tests.tui.driving import SMALL, WIDE, Drive, app_over, until
from tests.tui.scripted_front import Script, ScriptedFront

Compare = Callable[..., bool]
Steps = Callable[[Drive], Awaitable[None]]
USED = (UsedItem("preference", "p1", "Use bullet lists where they fit.", 0.81),)


def script() -> Script:
    return Script(default=ANSWER, used=USED, propose="short lists")


async def welcome(drive: Drive) -> None:
    await until(lambda: drive.app.screen.query("#again"))
    await drive.typed("moss and stone")
    await drive.quiet()


async def recovery(drive: Drive) -> None:
    await welcome(drive)
    await drive.keys("enter")
    await drive.typed("moss and stone")
    await drive.keys("enter")
    await until(lambda: drive.app.screen.query("#key"))
    await drive.quiet()


async def questions(drive: Drive) -> None:
    await recovery(drive)
    await drive.typed("EFGH")
    await drive.keys("enter")
    await until(lambda: drive.app.screen.query("#answers"))
    await drive.quiet()


async def locked(drive: Drive) -> None:
    await until(lambda: drive.app.screen.query("#passphrase"))
    await drive.typed("wrong")
    await drive.keys("enter")
    await until(lambda: "That is not" in drive.text)
    await drive.quiet()


async def no_chat(drive: Drive) -> None:
    await until(lambda: "There can be no chat" in drive.text)
    await drive.quiet()


async def empty(drive: Drive) -> None:
    await drive.unlock()


async def answer(drive: Drive) -> None:
    await drive.unlock()
    await drive.ask("How do I start with sourdough?")


async def focused(drive: Drive) -> None:
    await answer(drive)
    await drive.keys("escape")
    await drive.keys("plus")
    await drive.keys("escape")


async def waiting(drive: Drive) -> None:
    drive.front.script.prefill_gate = threading.Event()
    await drive.unlock()
    await drive.typed("How do I start with sourdough?")
    await drive.press("enter")
    await until(lambda: "512/2000" in drive.text)
    await drive.pilot.pause()


async def refusal(drive: Drive) -> None:
    await drive.unlock()
    await drive.ask("Which shares should I buy?")


async def confirm(drive: Drive) -> None:
    await drive.unlock()
    await drive.typed("What dose is right?")
    await drive.press("enter")
    await until(lambda: "anyway?" in drive.text)
    await drive.pilot.pause()


async def ending(drive: Drive) -> None:
    application = drive.front.application
    told = "The policy of Example Bank runs out on 2026-03-14; it goes on restricting then."
    application.status = msgspec.structs.replace(application.status, policy_dates=(told,))
    await answer(drive)


async def failed(drive: Drive) -> None:
    drive.front.script.fail = TurnFailed(
        "t1", "The model's process ended.", "It was restarted.", 70, again=True
    )
    await answer(drive)


async def proposal(drive: Drive) -> None:
    await answer(drive)
    await drive.typed("and what about rye")
    await drive.keys("alt+down")


async def editor(drive: Drive) -> None:
    await answer(drive)
    await drive.keys("alt+e")


async def note(drive: Drive) -> None:
    await answer(drive)
    await drive.keys("alt+a")
    await drive.keys("space")


async def compare(drive: Drive) -> None:
    await answer(drive)
    await drive.keys("alt+t")
    await until(lambda: "1 or 2 picks" in drive.text)
    await drive.quiet()


async def starting(drive: Drive) -> None:
    drive.front.script.comparisons = tuple(
        ComparisonItem(pair.dimension.value, pair.question, pair.low, pair.high, 8)
        for pair in PAIRS
    )
    await drive.unlock()
    await drive.keys("shift+f10")
    await drive.keys("s")


async def history(drive: Drive) -> None:
    await answer(drive)
    await drive.keys("ctrl+n")
    await drive.ask("Planets by size")
    await drive.keys("f2")
    await drive.quiet()


async def folders(drive: Drive) -> None:
    await drive.unlock()
    for text in ("Removal van", "Sourdough for beginners", "Planets by size", "A new kettle"):
        await drive.ask(text)
        await drive.keys("ctrl+n")
    application = drive.front.application
    for place, (folder, pinned) in enumerate((("", True), ("", False), ("Bakery", False))):
        identity = list(application.conversations)[place]
        application.conversations[identity] = msgspec.structs.replace(
            application.conversations[identity], folder=folder, pinned=pinned
        )
    await drive.keys("f2")


async def branches(drive: Drive) -> None:
    await answer(drive)
    await drive.ask("And with rye?")
    await drive.keys("escape", "up", "f")
    await drive.keys("ctrl+a", "ctrl+k")
    await drive.typed("How do I start with yeast?")
    await drive.keys("ctrl+s")
    await drive.ask("How long does it rest?")
    await drive.keys("escape", "r")
    await drive.quiet()


async def tree(drive: Drive) -> None:
    await branches(drive)
    await drive.keys("escape")
    await drive.keys("shift+f2")


async def vault(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("shift+f5")
    await drive.keys(*["down"] * 8)


async def new_passphrase(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("shift+f5")
    await drive.keys("enter")
    await drive.typed("moss")
    await drive.keys("enter")
    await drive.typed("moss and stone")
    await drive.quiet()


async def typed_word(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("shift+f5")
    await drive.keys(*["down"] * 10)
    await drive.keys("enter")
    await drive.typed("erase")
    await drive.keys("enter")


async def forgotten(drive: Drive) -> None:
    await until(lambda: drive.app.screen.query("#passphrase"))
    await drive.quiet()
    await drive.keys("f2")
    await drive.typed("ABCD-EFGH")
    await drive.keys("enter")
    await drive.typed("moss and stone")
    await drive.quiet()


async def restoring(drive: Drive) -> None:
    await until(lambda: drive.app.screen.query("#passphrase"))
    await drive.quiet()
    await drive.keys("f3")


async def decisions(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("shift+f6")


async def recall(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("shift+f4")
    await drive.typed("a loaf in a list")
    await until(lambda: "Planets" in drive.text)
    await drive.keys("enter")


async def search(drive: Drive) -> None:
    await history(drive)
    await drive.keys("slash")
    await drive.typed("sour")
    await drive.quiet()
    await drive.keys("enter")


async def erase(drive: Drive) -> None:
    await history(drive)
    await drive.keys("d")


async def preferences(drive: Drive) -> None:
    application = drive.front.application
    application._prefer("short lists", "proposed", "from an edit")
    application._prefer("Use bullet lists where they fit.", "active", "stated")
    application._prefer("Write in British English.", "disabled", "stated")
    await drive.unlock()
    await drive.keys("f3")


async def why(drive: Drive) -> None:
    await answer(drive)
    await drive.keys("f4")


async def settings(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("f5")
    await drive.keys("down")


async def profile(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("f10")


async def policy(drive: Drive) -> None:
    application = drive.front.application
    application.status = msgspec.structs.replace(
        application.status, alarms=("The clock was set back.",)
    )
    await drive.unlock()
    await drive.keys("f6")
    await drive.keys("down", "down", "down")


async def policy_page(drive: Drive) -> None:
    await policy(drive)
    await drive.keys("enter")


async def models(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("f7")
    await drive.keys("down", "down", "down", "down")


async def fetching(drive: Drive) -> None:
    drive.front.application.model_gate = threading.Event()
    await drive.unlock()
    await drive.keys("f7")
    await drive.keys("down")
    await drive.keys("g")
    await drive.press("y")
    await until(lambda: "45%" in drive.text)
    await drive.pilot.pause()


async def card(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("f8")


async def risks(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("shift+f8")


async def notice(drive: Drive) -> None:
    application = drive.front.application
    application.status = msgspec.structs.replace(
        application.status, notices=("The last two changes are missing.",)
    )
    await drive.unlock()


async def keys(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("f1")


async def palette(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("ctrl+p")
    await drive.typed("copy")
    await until(lambda: "Copy its next code block" in drive.words)
    gathering = CommandPalette._GATHER_COMMANDS_GROUP
    await until(lambda: not any(one.group == gathering for one in drive.app.workers))
    await drive.quiet()


async def incognito(drive: Drive) -> None:
    await drive.unlock()
    await drive.keys("alt+i")
    await drive.ask("A question nobody needs to know about")


async def attached(drive: Drive) -> None:
    await drive.unlock()
    files = drive.front.application.files
    report = Attach("Annual report 2025.pdf", b"%PDF-1.7 " + b"words " * 1400)
    drive.chat.files.add(next(iter(files.attach(report))))
    book = Attach("book.md", b"words " * 9000)
    drive.chat.files.add(next(iter(files.attach(book))))
    await drive.typed("What do both say about rye?")
    await drive.quiet()


async def sources(drive: Drive) -> None:
    await attached(drive)
    await drive.keys("enter")


async def quitting(drive: Drive) -> None:
    await answer(drive)
    await drive.keys("ctrl+c")


CASES: list[tuple[Steps, tuple[int, int], str, str]] = [
    (welcome, SMALL, "missing", "dark"),
    (recovery, SMALL, "missing", "dark"),
    (questions, SMALL, "missing", "dark"),
    (locked, SMALL, "locked", "dark"),
    (no_chat, SMALL, "policy", "dark"),
    (empty, SMALL, "locked", "dark"),
    (answer, SMALL, "locked", "dark"),
    (focused, SMALL, "locked", "dark"),
    (waiting, SMALL, "locked", "dark"),
    (refusal, SMALL, "locked", "dark"),
    (confirm, SMALL, "locked", "dark"),
    (ending, SMALL, "locked", "dark"),
    (failed, SMALL, "locked", "dark"),
    (proposal, SMALL, "locked", "dark"),
    (editor, SMALL, "locked", "dark"),
    (note, SMALL, "locked", "dark"),
    (compare, SMALL, "locked", "dark"),
    (starting, SMALL, "locked", "dark"),
    (starting, WIDE, "locked", "light"),
    (settings, SMALL, "locked", "dark"),
    (keys, SMALL, "locked", "dark"),
    (palette, SMALL, "locked", "dark"),
    (incognito, SMALL, "locked", "dark"),
    (quitting, SMALL, "locked", "light"),
    (attached, SMALL, "locked", "dark"),
    (sources, SMALL, "locked", "dark"),
    (sources, WIDE, "locked", "light"),
    (answer, SMALL, "locked", "high-contrast"),
    (answer, SMALL, "locked", "no-colour"),
    (welcome, WIDE, "missing", "light"),
    (answer, WIDE, "locked", "dark"),
    (answer, WIDE, "locked", "light"),
    (refusal, WIDE, "locked", "light"),
    (compare, WIDE, "locked", "dark"),
    (history, WIDE, "locked", "dark"),
    (search, WIDE, "locked", "dark"),
    (erase, WIDE, "locked", "dark"),
    (preferences, WIDE, "locked", "dark"),
    (profile, SMALL, "locked", "dark"),
    (profile, WIDE, "locked", "light"),
    (why, WIDE, "locked", "dark"),
    (settings, WIDE, "locked", "high-contrast"),
    (policy, SMALL, "locked", "dark"),
    (policy, WIDE, "locked", "light"),
    (policy_page, WIDE, "locked", "dark"),
    (models, SMALL, "locked", "dark"),
    (models, WIDE, "locked", "light"),
    (fetching, SMALL, "locked", "dark"),
    (fetching, WIDE, "locked", "dark"),
    (card, SMALL, "locked", "dark"),
    (card, WIDE, "locked", "dark"),
    (risks, SMALL, "locked", "dark"),
    (risks, WIDE, "locked", "dark"),
    (notice, SMALL, "locked", "dark"),
    (folders, SMALL, "locked", "dark"),
    (folders, WIDE, "locked", "light"),
    (branches, SMALL, "locked", "dark"),
    (tree, SMALL, "locked", "dark"),
    (tree, WIDE, "locked", "dark"),
    (decisions, SMALL, "locked", "dark"),
    (decisions, WIDE, "locked", "high-contrast"),
    (recall, SMALL, "locked", "dark"),
    (recall, WIDE, "locked", "light"),
    (vault, SMALL, "locked", "dark"),
    (vault, WIDE, "locked", "light"),
    (new_passphrase, SMALL, "locked", "dark"),
    (typed_word, SMALL, "locked", "dark"),
    (forgotten, SMALL, "locked", "dark"),
    (forgotten, WIDE, "locked", "dark"),
    (restoring, SMALL, "locked", "dark"),
]


def _name(value: object) -> str:
    if callable(value):
        return str(getattr(value, "__name__", ""))
    return f"{value[0]}x{value[1]}" if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize(("steps", "size", "vault", "theme"), CASES, ids=_name)
def test_the_screen_looks_as_it_was_agreed(
    snap_compare: Compare, steps: Steps, size: tuple[int, int], vault: str, theme: str
) -> None:
    front = ScriptedFront(script(), vault="locked" if vault == "policy" else vault)
    if vault == "policy":
        front.policy_error = PolicyMissing("The bundle of Example Bank is not there.")
    app = app_over(front, theme=theme)

    async def drive(pilot: Pilot[Any]) -> None:
        await steps(Drive(app, pilot, front))

    assert snap_compare(app, run_before=drive, terminal_size=size)
