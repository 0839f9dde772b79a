"""Files in the terminal app: found by path, dropped, measured, sent, told as sources."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from assistant.holder.attachments_wire import Attach, Detach
from assistant.holder.interface import Ask
from assistant.tui.paths import pasted_path, suggestions
from assistant.tui.screens.attach import AttachDialog
from assistant.tui.widgets.turn import TurnView
from tests.tui.driving import WIDE, Drive, opened, until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "report.pdf").write_bytes(b"%PDF-1.7 " + b"words " * 4000)
    (tmp_path / "notes.txt").write_text("The key is under the pot.")
    (tmp_path / "nothing.txt").write_bytes(b"\x00\x01")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    (tmp_path / ".secret").write_text("hidden")
    (tmp_path / "link.txt").symlink_to(tmp_path / "notes.txt")
    return tmp_path


async def choose(drive: Drive, path: Path | str) -> None:
    """Ctrl+O, the path, Enter."""
    await drive.press("ctrl+o")
    await until(lambda: isinstance(drive.app.screen, AttachDialog), "no dialog")
    drive.app.screen.query_one(Input).value = str(path)
    await drive.pilot.pause()
    await drive.keys("enter")


async def paste(drive: Drive, text: str) -> None:
    drive.app.post_message(events.Paste(text))
    await drive.quiet()


async def test_a_chosen_file_waits_above_the_prompt_and_goes_with_the_question(
    folder: Path,
) -> None:
    async with opened() as drive:
        await choose(drive, folder / "notes.txt")
        assert "▤ notes.txt" in drive.text
        assert "25 B · 6 tokens" in drive.text
        assert "alt+x removes" in drive.text
        await drive.ask("Where is the key?")
        (attached,) = drive.front.application.asked(Attach)
        assert (attached.name, attached.data) == ("notes.txt", b"The key is under the pot.")
        (asked,) = drive.front.application.asked(Ask)
        assert asked.attachments == ("a1",)
        assert not drive.chat.files.display
        assert "▤ notes.txt" in drive.text
        assert "Sources: notes.txt" in drive.text
        await drive.ask("And the lamp?")
        assert drive.front.application.asked(Ask)[-1].attachments == ()


async def test_a_question_is_not_sent_without_the_file_that_is_still_being_read(
    folder: Path,
) -> None:
    async with opened() as drive:
        gate = drive.front.application.gates[Attach] = threading.Event()
        await drive.press("ctrl+o")
        await until(lambda: isinstance(drive.app.screen, AttachDialog), "no dialog")
        drive.app.screen.query_one(Input).value = str(folder / "notes.txt")
        await drive.pilot.pause()
        await drive.press("enter")
        await until(lambda: drive.chat.reading)
        await drive.typed("Where is the key?")
        await drive.press("enter")
        assert "notes.txt is still being read" in drive.text
        assert drive.chat.prompt.text == "Where is the key?"
        gate.set()
        await until(lambda: drive.chat.files.items)
        await drive.keys("enter")
        (ask,) = drive.front.application.asked(Ask)
        assert ask.attachments


async def test_the_meter_shows_the_share_of_the_window_and_what_will_be_read(
    folder: Path,
) -> None:
    async with opened(size=WIDE) as drive:
        await choose(drive, folder / "papers" / "report.pdf")
        assert "24 kB · 6.0k tokens · ━━━━── 73 % of the window · in parts" in drive.text
        await drive.ask("What do they find?")
        assert "Sources: report.pdf p. 3, 7" in drive.text
        assert "2 of 13 parts were read; policy kept 1 part out" in drive.text


async def test_the_dialog_completes_paths_by_keys_alone(folder: Path) -> None:
    async with opened() as drive:
        await drive.press("ctrl+o")
        await until(lambda: drive.app.screen.query("AttachDialog #found"))
        drive.app.screen.query_one(Input).value = f"{folder}/"
        await drive.quiet()
        assert "papers/" in drive.text
        assert ".secret" not in drive.text
        assert "link.txt" not in drive.text
        await drive.keys("tab")
        assert drive.app.screen.query_one(Input).value == f"{folder}/papers/"
        await drive.keys("enter")
        assert "report.pdf" in drive.text
        assert drive.chat.files.items[0].name == "report.pdf"


async def test_the_list_is_moved_through_without_leaving_the_line(folder: Path) -> None:
    async with opened() as drive:
        await drive.press("ctrl+o")
        await until(lambda: drive.app.screen.query("AttachDialog #found"))
        drive.app.screen.query_one(Input).value = f"{folder}/n"
        await drive.quiet()
        await drive.keys("down")  # past notes.txt
        await drive.keys("tab")
        assert drive.app.screen.query_one(Input).value == f"{folder}/nothing.txt"
        await drive.keys("escape")
        assert drive.chat.files.items == []
        assert drive.app.focused is drive.chat.prompt


async def test_what_cannot_be_attached_is_said_with_the_cure_and_nothing_waits(
    folder: Path,
) -> None:
    async with opened() as drive:
        await choose(drive, folder / "nothing.txt")
        assert "binary data" in drive.text
        await choose(drive, "/nowhere/at/all")
        assert "There is no file at that path." in drive.text
        await drive.keys("escape")
        assert drive.chat.files.items == []


async def test_a_doubt_about_the_reading_is_said(folder: Path) -> None:
    async with opened() as drive:
        await choose(drive, folder / "latin.txt")
        assert "It is not UTF-8." in drive.text


async def test_alt_x_takes_back_the_file_attached_last(folder: Path) -> None:
    async with opened() as drive:
        for name in ("notes.txt", "latin.txt"):
            await choose(drive, folder / name)
        await drive.keys("alt+x")
        assert [item.name for item in drive.chat.files.items] == ["notes.txt"]
        assert [request.id for request in drive.front.application.asked(Detach)] == ["a2"]
        await drive.keys("alt+x", "alt+x")
        assert drive.chat.files.items == []
        assert "No file waits" in drive.text


async def test_more_files_than_fit_are_counted(folder: Path) -> None:
    async with opened() as drive:
        for _ in range(5):
            await choose(drive, folder / "notes.txt")
        assert "… and 3 more" in drive.text
        assert drive.text.count("▤ notes.txt") == 2


async def test_a_dropped_file_is_offered_and_a_no_pastes_its_path(folder: Path) -> None:
    async with opened() as drive:
        await paste(drive, f"'{folder}/notes.txt'")
        assert "Attach this file to your question?" in drive.text
        await drive.keys("escape")
        assert drive.chat.prompt.whole == f"'{folder}/notes.txt'"
        await paste(drive, f"file://{folder}/notes.txt")
        await drive.keys("ctrl+y")
        assert [item.name for item in drive.chat.files.items] == ["notes.txt"]
        await paste(drive, " and some words")
        assert drive.chat.prompt.whole == f"'{folder}/notes.txt' and some words"


async def test_a_question_that_needs_a_yes_keeps_its_file(folder: Path) -> None:
    async with opened() as drive:
        await choose(drive, folder / "notes.txt")
        await drive.typed("What dose?")
        await drive.press("enter")
        await until(lambda: "Send this question anyway?" in drive.text)
        await drive.keys("escape")
        assert len(drive.chat.files.items) == 1
        await drive.typed("What dose?")
        await drive.press("enter")
        await until(lambda: "Send this question anyway?" in drive.text)
        await drive.keys("ctrl+y")
        assert drive.front.application.asked(Ask)[-1].attachments == ("a1",)
        assert drive.chat.files.items == []


async def test_a_stored_conversation_shows_what_was_attached(folder: Path) -> None:
    async with opened() as drive:
        await choose(drive, folder / "notes.txt")
        await drive.ask("Where is the key?")
        conversation = drive.chat.conversation
        await drive.keys("ctrl+n")
        await drive.chat.show_conversation(conversation, "Keys")
        await drive.quiet()
        view = drive.chat.query_one(TurnView)
        assert view.attached == ("notes.txt",)
        await drive.keys("f2")
        assert "› Where is the key?  ▤ notes.txt" in drive.text
        await drive.keys("escape")
        assert "▤ notes.txt" in drive.text
        assert "Sources: notes.txt" in drive.text


async def test_the_files_of_a_conversation_are_listed_and_one_is_erased(folder: Path) -> None:
    async with opened() as drive:
        await drive.keys("alt+d")
        assert "None. ctrl+o in the chat attaches one" in drive.words
        await drive.keys("escape")
        for name in ("notes.txt", "latin.txt"):
            await choose(drive, folder / name)
        await drive.ask("What is in them?")
        await drive.keys("alt+d")
        assert "▤ notes.txt  25 B · 6 tokens" in drive.text
        await drive.keys("d")
        assert "Erase this file?" in drive.text
        assert "notes.txt" in drive.text.partition("Erase this file?")[2]
        await drive.keys("y")
        assert "▤ notes.txt" not in drive.text
        assert "▤ latin.txt" in drive.text
        assert drive.front.application.asked(Detach)[-1].id == "a1"


async def test_a_hostile_name_is_shown_as_harmless_text(tmp_path: Path) -> None:
    path = tmp_path / "\x1b]0;owned\x07[bold]\u202etxt.exe"
    path.write_text("words")
    async with opened(size=WIDE) as drive:
        await drive.press("ctrl+o")
        await until(lambda: drive.app.screen.query("AttachDialog #found"))
        drive.app.screen.query_one(Input).value = f"{tmp_path}/"
        await drive.quiet()
        assert "\x1b" not in drive.text
        assert "[bold]‹RLO›txt.exe" in drive.text
        await drive.keys("enter")
        assert "[bold]‹RLO›" in drive.text
        assert "\x1b" not in drive.text


def test_only_an_existing_regular_file_counts_as_a_dropped_path(folder: Path) -> None:
    spaced = folder / "my notes.txt"
    spaced.write_text("x")
    for text in (str(spaced), f'"{spaced}"', str(spaced).replace(" ", "\\ ") + "\n",
                 f"file://{spaced}".replace(" ", "%20")):  # fmt: skip
        assert pasted_path(text) == spaced, text
    os.mkfifo(folder / "pipe")
    others = [
        "",
        "notes.txt",
        str(folder),
        str(folder / "link.txt"),
        str(folder / "pipe"),
        f"{spaced}\n{spaced}",
        "/nowhere",
        "a\0b",
        "/" * 5000,
        "file://[",
        "hello",
    ]
    for text in others:
        assert pasted_path(text) is None, text


def test_suggestions_go_on_from_what_is_typed_folders_first(folder: Path) -> None:
    def told(typed: str) -> list[str]:
        return [one.text for one in suggestions(typed, folder)]

    assert told("") == ["papers/", "latin.txt", "notes.txt", "nothing.txt"]
    assert told("N") == ["notes.txt", "nothing.txt"]
    assert told("papers/r") == ["papers/report.pdf"]
    assert told(f"{folder}/note") == [f"{folder}/notes.txt"]
    assert told(".") == [".secret"]
    assert told("gone/") == told("~nobody-of-that-name/") == told("a\0b/") == []
