"""An answer that grows costs no more than what changed, and typing comes before it."""

from __future__ import annotations

import pytest
from textual import events
from textual.geometry import Offset
from textual.selection import Selection

from assistant.tui.widgets.answer import AnswerView
from assistant.tui.widgets.flat_list import FlatList
from tests.tui.driving import Drive, opened
from tests.tui.scripted_front import Script

LIST = """- one *two* `three`
- with more words than there is room for in one line of eighty columns, so that it wraps
  - inner

    9. nine
    10. ten

    beside ten
  - - twice
-
"""
SHOWN = """
• one two three
• with more words than there is room for in one line of eighty columns, so
  that it wraps
  ▪ inner
      9. nine
     10. ten
    beside ten
  ▪ ‣ twice
•
"""


def answered(drive: Drive) -> AnswerView:
    """The view of the only answer."""
    return drive.chat.transcript.turns[0].query_one(AnswerView)


async def grown(drive: Drive, view: AnswerView, text: str) -> int:
    """Write a text letter by letter; how often the screen was laid out meanwhile."""
    layouts: list[object] = []
    drive.chat.screen_layout_refresh_signal.subscribe(drive.app, layouts.append)
    for letter in text:
        await view.write(letter)
        await drive.pilot.pause(0.03)
    drive.chat.screen_layout_refresh_signal.unsubscribe(drive.app)
    return len(layouts)


@pytest.mark.parametrize("piece", [1, 5, 1000])
async def test_a_list_is_one_widget_with_hanging_indents_however_it_arrives(piece: int) -> None:
    async with opened(Script(default=LIST, piece=piece)) as drive:
        await drive.ask("hello")
        assert [type(child) for child in answered(drive).children] == [FlatList]
        lines = [line.removeprefix("   ").rstrip(" ▁▂▃▄▅▆▇█") for line in drive.text.split("\n")]
        assert SHOWN in "\n".join(line for line in lines if line)


async def test_a_selection_in_a_list_is_copied_as_it_was_written() -> None:
    async with opened(Script(default=LIST)) as drive:
        await drive.ask("hello")
        shown = answered(drive).query_one(FlatList)
        lines = Selection(Offset(2, 0), Offset(6, 1))
        assert shown.get_selection(lines) == ("one two three\n• with", "\n")
        drive.chat.selections = {shown: lines}
        await drive.quiet()
        assert drive.app.screen.get_selected_text() == "one two three\n• with"


@pytest.mark.parametrize("begun", ["some words", "- one\n- two", "```\nx = 1\ny"])
async def test_letters_that_add_no_line_lay_nothing_out(begun: str) -> None:
    async with opened(Script(default="hi")) as drive:
        await drive.ask("hello")
        view = answered(drive)
        await view.show("")
        await view.write(begun)
        await drive.pilot.pause(0.2)
        assert await grown(drive, view, " more") == 0
        assert begun.split("\n")[-1].removeprefix("- ") + " more" in drive.text


async def test_a_further_line_is_laid_out_and_seen() -> None:
    async with opened(Script(default="hi")) as drive:
        await drive.ask("hello")
        view = answered(drive)
        await view.show("")
        await view.write("- one")
        await drive.quiet()
        assert await grown(drive, view, "\n- two") >= 1
        assert "• two" in drive.text


@pytest.mark.parametrize("before", ["", "a paragraph\n\n" * 20])
async def test_a_further_line_is_laid_out_once_and_the_end_stays_in_view(before: str) -> None:
    async with opened(Script(default="hi")) as drive:
        await drive.ask("hello")
        view = answered(drive)
        await view.show("")
        await view.write(before + "words of six letters " * 3)
        await drive.pilot.pause(0.2)
        assert await grown(drive, view, "and then the end") == 1
        assert "the end" in drive.text


async def test_what_is_typed_is_drawn_before_anything_else() -> None:
    async with opened() as drive:
        chat = drive.chat
        chat._dirty_widgets |= {chat.prompt, chat.transcript}
        await chat._on_idle(events.Idle())
        assert chat._dirty_widgets == {chat.transcript}
