"""Welcome, unlock, lock, and the screen without a chat."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from textual import events

from assistant.errors import PolicyMissing, UnlockTooSoon, VaultBusy, VaultDamaged, VaultLocked
from assistant.holder.interface import AddPreference
from assistant.tui.screens import chat_files
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.chat_files import PARTS
from assistant.tui.screens.no_chat import NoChatScreen
from assistant.tui.screens.opening import OpeningScreen
from assistant.tui.screens.unlock import UnlockScreen
from tests.tui.driving import Drive, opened, until
from tests.tui.scripted_front import PASSPHRASE, ScriptedFront


async def through_welcome(drive: Drive) -> None:
    await until(lambda: drive.app.screen.query("#again"), "no welcome screen")
    await drive.typed("a long one")
    await drive.keys("enter")
    await drive.typed("a long one")
    await drive.keys("enter")
    await until(lambda: drive.app.screen.query("#key"), "no recovery key")
    await drive.pilot.pause()


async def test_the_first_paint_comes_before_a_slow_look_at_the_home() -> None:
    front = ScriptedFront()
    front.situation_gate = threading.Event()
    async with opened(front=front, unlock=False) as drive:
        assert isinstance(drive.app.screen, OpeningScreen)
        assert "Assistant" in drive.text
        front.situation_gate.set()
        await until(lambda: isinstance(drive.app.screen, UnlockScreen))
        await drive.quiet()
        assert front.calls[:2] == ["situation", "warm_up"]


async def test_the_welcome_says_where_everything_is_kept() -> None:
    front = ScriptedFront(vault="missing")
    async with opened(front=front, unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#again"))
        await drive.pilot.pause()
        assert front.home in drive.text
        assert "this machine only" in drive.text


async def test_the_strength_is_drawn_while_the_passphrase_is_typed() -> None:
    async with opened(front=ScriptedFront(vault="missing"), unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#again"))
        await drive.typed("abc")
        await drive.pilot.pause()
        assert "very weak" in drive.text
        await drive.typed("defghijklmnopqrstuvwxyz")
        await drive.pilot.pause()
        assert "good" in drive.text or "strong" in drive.text


async def test_two_different_passphrases_make_no_vault() -> None:
    front = ScriptedFront(vault="missing")
    async with opened(front=front, unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#again"))
        await drive.typed("one")
        await drive.keys("enter")
        await drive.typed("two")
        await drive.keys("enter")
        assert "not the same" in drive.text
        assert "create_vault" not in front.calls


async def test_the_recovery_key_is_confirmed_before_anything_else() -> None:
    front = ScriptedFront(vault="missing")
    async with opened(front=front, unlock=False) as drive:
        await through_welcome(drive)
        assert "EFGH" in drive.text
        await drive.keys("escape")
        await drive.typed("WRONG")
        await drive.keys("enter")
        assert "not the second group" in drive.text
        await drive.typed("efgh")
        await drive.keys("enter")
        await until(lambda: drive.app.screen.query("#answers"))


async def test_the_three_answers_become_preferences_and_the_chat_opens() -> None:
    front = ScriptedFront(vault="missing")
    async with opened(front=front, unlock=False) as drive:
        await through_welcome(drive)
        await drive.typed("EFGH")
        await drive.keys("enter")
        await until(lambda: drive.app.screen.query("#answers"))
        await drive.keys("enter")  # short
        await drive.keys("down", "down", "enter")  # no preference
        await drive.keys("enter")  # lists
        await until(lambda: isinstance(drive.app.screen, ChatScreen))
        stated = [r.text for r in front.application.asked(AddPreference)]
        assert stated == [
            "Keep answers short: the answer, little else.",
            "Use bullet lists where they fit.",
        ]


async def test_escape_skips_the_questions() -> None:
    front = ScriptedFront(vault="missing")
    async with opened(front=front, unlock=False) as drive:
        await through_welcome(drive)
        await drive.typed("EFGH")
        await drive.keys("enter")
        await until(lambda: drive.app.screen.query("#answers"))
        await drive.keys("escape")
        await until(lambda: isinstance(drive.app.screen, ChatScreen))
        assert not front.application.asked(AddPreference)


async def test_a_wrong_passphrase_is_said_kindly_and_can_be_tried_again() -> None:
    async with opened(unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#passphrase"))
        await drive.typed("wrong")
        await drive.keys("enter")
        await until(lambda: "That is not the passphrase" in drive.text)
        await drive.unlock()


@pytest.mark.parametrize(
    "error",
    [
        UnlockTooSoon("Too many attempts: wait 8 seconds."),
        VaultDamaged("The last 2 changes are missing."),
        VaultBusy("Another process holds the vault."),
    ],
)
async def test_what_keeps_the_vault_shut_is_said_with_what_to_do(error: VaultBusy) -> None:
    front = ScriptedFront()
    front.unlock_error = error
    async with opened(front=front, unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#passphrase"))
        await drive.typed(PASSPHRASE)
        await drive.keys("enter")
        await until(lambda: error.message in drive.text)
        assert error.hint in drive.words


async def test_without_policy_there_is_no_chat_until_it_is_there() -> None:
    front = ScriptedFront()
    front.policy_error = PolicyMissing("Example Bank's bundle is not there.")
    async with opened(front=front, unlock=False) as drive:
        await until(lambda: isinstance(drive.app.screen, NoChatScreen))
        await drive.quiet()
        assert "Example Bank's bundle is not there." in drive.text
        assert "assistant policy install" in drive.text
        assert "warm_up" not in front.calls
        front.policy_error = None
        await drive.press("r")
        await until(lambda: isinstance(drive.app.screen, UnlockScreen))


@pytest.mark.parametrize("key", ["ctrl+c", "ctrl+q"])
async def test_leaving_before_the_recovery_key_was_written_down_is_asked_about(key: str) -> None:
    async with opened(front=ScriptedFront(vault="missing"), unlock=False) as drive:
        await through_welcome(drive)
        await drive.keys(key)
        assert "The recovery key is not shown again" in drive.words
        await drive.keys("n")
        assert drive.app.screen.query("#key")
        await drive.keys(key)
        drive.app.post_message(events.Key(key, None))
        await until(lambda: drive.app._exit, "it did not leave")


async def test_the_lock_key_locks_and_leaves_nothing_on_screen() -> None:
    async with opened() as drive:
        await drive.ask("my secret question")
        await drive.press("ctrl+l")
        await until(lambda: isinstance(drive.app.screen, UnlockScreen))
        await drive.quiet()
        assert "lock" in drive.front.calls
        assert "secret" not in drive.text
        assert drive.app.chat is None
        assert drive.front.calls[-1] == "situation"  # no warming before somebody types
        await drive.unlock()
        assert "warm_up" in drive.front.calls[-3:]
        assert "my secret question" in drive.text


async def test_a_lock_from_another_shell_clears_the_screen_and_says_why() -> None:
    async with opened() as drive:
        await drive.ask("my secret question")
        threading.Thread(target=drive.front.lock_from_elsewhere, args=("locked when idle",)).start()
        await until(lambda: isinstance(drive.app.screen, UnlockScreen))
        await drive.quiet()
        assert "locked when idle" in drive.text
        assert "secret" not in drive.text


async def test_a_vault_locked_elsewhere_shows_the_door() -> None:
    async with opened() as drive:
        drive.front.application.error = VaultLocked("The vault was locked.")
        await drive.press("f3")
        await until(lambda: isinstance(drive.app.screen, UnlockScreen))


async def test_a_lock_during_an_answer_stops_it() -> None:
    async with opened() as drive:
        gate = drive.front.script.gate = threading.Event()
        await drive.typed("hello")
        await drive.press("enter")
        await until(lambda: "Good bread" in drive.text)
        await drive.press("ctrl+l")
        await until(lambda: isinstance(drive.app.screen, UnlockScreen))
        assert gate.is_set()  # cancellation opened it


async def test_what_arrives_while_a_lock_takes_the_chat_apart_is_dropped() -> None:
    for part in PARTS:
        async with opened() as drive:
            chat = drive.chat
            await chat.query_one(part).remove()
            await chat.look_at_status()
            await chat.goes_impersonal("c1")
            await chat.keep_drafts()
            await chat.show_conversation("c1", "")
            await drive.quiet()
            assert drive.app.fault is None


def test_every_screen_asks_whether_it_stands_not_whether_it_is_attached() -> None:
    screens = Path(chat_files.__file__).parent.glob("*.py")
    asked = {one.name: re.findall(r"is_attached|is_mounted", one.read_text()) for one in screens}
    assert len(asked) > 30
    assert not [name for name, words in asked.items() if words]
