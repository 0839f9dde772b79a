"""A question that comes by itself takes no letter for an answer: typing goes on."""

from __future__ import annotations

import threading
from pathlib import Path

from textual import events

from assistant.holder.interface import AddPreference, Ask, CopyText, Export
from assistant.tui.screens.dialogs import Uncalled
from tests.tui.driving import Drive, opened, until
from tests.tui.scripted_front import Script


def asks(drive: Drive) -> list[Ask]:
    return drive.front.application.asked(Ask)


async def until_asked(drive: Drive) -> None:
    await until(lambda: isinstance(drive.app.screen, Uncalled), "nothing was asked")
    await drive.pilot.pause()


async def test_the_next_message_begun_with_a_y_does_not_send_what_a_rule_holds_back() -> None:
    async with opened() as drive:
        gate = drive.front.application.gates[Ask] = threading.Event()
        await drive.typed("what dose?")
        await drive.press("enter")
        await drive.typed("you")
        gate.set()
        await until_asked(drive)
        await drive.typed("r yes")
        await drive.press("enter", "n", "backspace")
        assert isinstance(drive.app.screen, Uncalled)
        assert "What you type goes on into your message." in drive.words
        await until(lambda: "your yes" in drive.text, "it is not seen behind the question")
        await drive.keys("escape")
        assert [ask.confirmed for ask in asks(drive)] == [()]
        assert drive.chat.prompt.text == "your yes"


async def test_letters_that_come_at_once_with_enter_answer_nothing() -> None:
    async with opened() as drive:
        await drive.burst(*"what", "space", *"dose", "enter", *"yyy")
        await until_asked(drive)
        await drive.quiet()
        assert len(asks(drive)) == 1
        assert drive.chat.prompt.text == "yyy"
        await drive.keys("ctrl+y")
        assert [ask.confirmed for ask in asks(drive)] == [(), ("medical-dosage",)]
        assert drive.chat.prompt.text == "yyy"


async def test_a_paste_while_it_asks_goes_into_the_message() -> None:
    async with opened() as drive:
        await drive.typed("what dose?")
        await drive.press("enter")
        await until_asked(drive)
        drive.app.post_message(events.Paste("yes\nyes"))
        await drive.keys("escape")
        assert drive.chat.prompt.whole == "yes\nyes"
        assert len(asks(drive)) == 1


async def test_a_copy_noted_during_an_answer_does_not_leave_on_a_letter() -> None:
    async with opened(Script(default="our clients", piece=4, gate=threading.Event())) as drive:
        await drive.begin("hello", "our")
        await drive.press("alt+c")
        await drive.typed("and ")
        assert drive.front.script.gate is not None
        drive.front.script.gate.set()
        await until_asked(drive)
        await drive.typed("yet")
        await drive.keys("escape")
        assert [copy.confirmed for copy in drive.front.application.asked(CopyText)] == [()]
        assert drive.app.clipboard == ""
        assert drive.chat.prompt.text == "and yet"


async def test_words_behind_a_dropped_file_do_not_attach_it(tmp_path: Path) -> None:
    (tmp_path / "yes.txt").write_text("a")
    async with opened() as drive:
        drive.app.post_message(events.Paste(str(tmp_path / "yes.txt")))
        await until_asked(drive)
        await drive.typed(" yes")
        await drive.keys("escape")
        assert drive.chat.prompt.text == f" yes{tmp_path / 'yes.txt'}"
        assert drive.chat.files.items == []


async def test_consent_is_not_given_by_a_letter_where_none_is_typed() -> None:
    async with opened() as drive:
        gate = drive.front.application.gates[AddPreference] = threading.Event()
        await drive.keys("f3", "a")
        await drive.typed("I have diabetes")
        await drive.press("enter")
        gate.set()
        await until_asked(drive)
        await drive.press("y", "a", "d", "y")
        assert isinstance(drive.app.screen, Uncalled)
        assert "goes on into your message" not in drive.words
        await drive.keys("escape")
        assert not drive.front.application.preferences


async def test_an_export_does_not_leave_on_a_letter(tmp_path: Path) -> None:
    async with opened() as drive:
        await drive.keys("shift+f5", *["down"] * 6, "enter")
        await drive.typed(str(tmp_path / "clients.md"))
        await drive.press("enter")
        await until_asked(drive)
        await drive.press("y")
        await drive.keys("escape")
        assert [one.confirmed for one in drive.front.application.asked(Export)] == [()]
