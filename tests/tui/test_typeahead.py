"""Keys that arrive together act in their order, each on what came of the one before."""

from __future__ import annotations

import threading

from textual.events import Key

from assistant.holder.interface import ListPreferences, PreferenceItem
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.preferences import PreferencesScreen
from assistant.tui.screens.unlock import UnlockScreen
from tests.tui.driving import Drive, opened, until
from tests.tui.scripted_front import RECOVERY_KEY, ScriptedFront


def kept(drive: Drive, text: str, state: str = "active") -> PreferenceItem:
    return drive.front.application._prefer(text, state, "stated")


async def test_the_yes_right_behind_delete_answers_its_question_and_not_the_list() -> None:
    async with opened() as drive:
        kept(drive, "emoji", "proposed")
        await drive.keys("f3")
        await drive.burst("d", "y")
        assert not drive.front.application.preferences


async def test_what_is_typed_right_behind_a_key_goes_into_the_dialog_it_opens() -> None:
    async with opened() as drive:
        await drive.burst("f3", "a", *"sdeny", "enter")
        assert [one.text for one in drive.front.application.preferences.values()] == ["sdeny"]
        assert drive.chat.prompt.text == ""


async def test_proposals_answered_in_one_go_are_each_answered_once() -> None:
    async with opened() as drive:
        for text in ("one", "two", "three"):
            kept(drive, text, "proposed")
        await drive.keys("f3")
        await drive.burst("y", "n", "y")
        states = [one.state for one in drive.front.application.preferences.values()]
        assert states == ["active", "rejected", "active"]


async def test_a_switch_pressed_twice_at_once_is_as_it_was() -> None:
    async with opened() as drive:
        one = kept(drive, "short")
        await drive.keys("f3")
        await drive.burst("space", "space")
        assert drive.front.application.preferences[one.id].state == "active"


async def test_enter_before_the_list_is_filled_opens_what_comes_to_stand_first() -> None:
    async with opened() as drive:
        await drive.ask("bread for beginners")
        await drive.keys("ctrl+n")
        await drive.burst("f2", "enter")
        assert isinstance(drive.app.screen, ChatScreen)
        assert drive.chat.heading == "bread for beginners"


async def test_a_search_and_two_enters_in_one_go_open_what_was_found() -> None:
    async with opened() as drive:
        await drive.ask("bread for beginners")
        await drive.keys("ctrl+n")
        await drive.ask("planets by size")
        await drive.burst("f2", "slash", *"bread", "enter", "enter")
        assert drive.chat.heading == "bread for beginners"


async def test_two_passphrases_typed_in_one_go_make_a_vault() -> None:
    async with opened(front=ScriptedFront(vault="missing"), unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#passphrase"))
        await drive.burst(*"mossy", "enter", *"mossy", "enter")
        await until(lambda: "recovery key" in drive.text)
        assert drive.front.passphrase == "mossy"


async def test_questions_answered_in_one_go_keep_each_answer_to_its_question() -> None:
    async with opened(front=ScriptedFront(vault="missing"), unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#passphrase"))
        await drive.burst(*"mossy", "enter", *"mossy", "enter")
        await until(lambda: drive.app.screen.query("#group"))
        await drive.burst(*RECOVERY_KEY.split("-")[1], "enter", "down", "enter", "down", "enter",
                          "down", "enter")  # fmt: skip
        await until(lambda: isinstance(drive.app.screen, ChatScreen))
        stated = [one.text for one in drive.front.application.preferences.values()]
        assert stated == [
            "Give thorough answers with background.", "Write in a formal, precise tone.",
            "Write in prose rather than lists.",
        ]  # fmt: skip


async def test_locking_waits_neither_for_a_list_nor_for_the_keys_that_wait_for_it() -> None:
    async with opened() as drive:
        gate = drive.front.application.gates[ListPreferences] = threading.Event()
        drive.app.post_message(Key("f3", None))
        await until(lambda: isinstance(drive.app.screen, PreferencesScreen))
        for key in ("d", "y", "ctrl+l"):
            drive.app.post_message(Key(key, key if len(key) == 1 else None))
        await until(lambda: isinstance(drive.app.screen, UnlockScreen), "held back", 2)
        gate.set()
