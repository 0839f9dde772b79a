"""Answers, names and bundles that attack the terminal show as harmless text."""

from __future__ import annotations

import time

import pytest
from textual.widgets import Markdown

from assistant.conversation.events import Ruling, UsedItem
from assistant.tui.markdown_text import code_blocks_in, links_in, parser
from tests.tui.driving import Drive, opened
from tests.tui.scripted_front import STAMP, Script

HOSTILE = (
    "\x1b]52;c;ZXZpbA==\x07 \x1b[2J\x1b]0;owned\x07 \x9b31m \u202eevil\u202c "
    "[bold red]markup[/] [@click=app.quit]x[/] <b>html</b> &#x202e; &#27;[2J"
)


def raw(drive: Drive) -> str:
    """What would be written to the terminal for the screen's content."""
    return "".join(segment.text for line in drive.lines for segment in line)


def check_harmless(text: str) -> None:
    for character in text:
        code = ord(character)
        assert code >= 0x20, hex(code)
        assert not 0x7F <= code <= 0x9F, hex(code)
        assert not 0x202A <= code <= 0x202E, hex(code)
        assert not 0x2066 <= code <= 0x2069, hex(code)


async def test_a_hostile_answer_shows_as_text_and_nothing_of_it_is_lost() -> None:
    async with opened(Script(default=HOSTILE, piece=1)) as drive:
        await drive.ask("hello")
        check_harmless(raw(drive))
        assert "␛]52;c;ZXZpbA==␇" in drive.text
        assert "red]markup[/]" in drive.words
        assert "<b>html</b>" in drive.words


@pytest.mark.parametrize("frame", ["{}", "# {}", "- {}", "> {}", "`{}`", "```{0}\n{0}\n```",
                                   "| {0} |\n|---|\n| {0} |", "**{}**", "[{0}](http://{0})",
                                   "<http://x/%E2%80%AE%1b>", "![{0}]({0})"])  # fmt: skip
async def test_every_markdown_form_is_harmless(frame: str) -> None:
    async with opened(Script(default=frame.format(HOSTILE), piece=9)) as drive:
        await drive.ask("hello")
        check_harmless(raw(drive))


async def test_a_hostile_question_memory_rule_and_title_are_harmless_everywhere() -> None:
    used = (UsedItem("preference", "p", HOSTILE, 0.5),)
    async with opened(Script(used=used)) as drive:
        await drive.ask("hello")
        application = drive.front.application
        item = application.turns["t1"]
        ruling = Ruling(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE)
        application.turns["t1"] = type(item)(
            "t1", item.conversation, HOSTILE, HOSTILE, HOSTILE, HOSTILE, ruling=ruling
        )
        kept = application.conversations[item.conversation]
        application.conversations[item.conversation] = type(kept)(
            kept.id, HOSTILE, STAMP, HOSTILE, 1, folder=HOSTILE
        )
        application._prefer(HOSTILE, "proposed", HOSTILE)
        setting = application.settings["retention_days"]
        application.settings["retention_days"] = type(setting)(
            HOSTILE, HOSTILE, HOSTILE, "text", managed=ruling, about=HOSTILE
        )
        status = application.status
        application.status = type(status)(
            HOSTILE, HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,), True, 0, 10, (HOSTILE,)
        )
        for key in ("f2", "f3", "f4", "f5"):
            await drive.keys(key)
            check_harmless(raw(drive))
            await drive.keys("down")
            check_harmless(raw(drive))
            await drive.keys("escape")
        await drive.keys("f2")
        await drive.keys("enter")
        check_harmless(raw(drive))


async def test_a_link_shows_its_whole_address_and_cannot_be_opened() -> None:
    address = "https://evil.example/?q=everything-you-said"
    async with opened(Script(default=f"[harmless]({address})")) as drive:
        await drive.ask("hello")
        assert f"harmless ‹{address}›" in drive.words
        for widget in drive.app.screen.query(Markdown):
            assert widget._open_links is False
        for line in drive.lines:
            for segment in line:
                if segment.style is not None:
                    assert segment.style.link is None
                    assert "@click" not in segment.style.meta


async def test_a_line_of_a_megabyte_in_an_answer_is_survived() -> None:
    async with opened(Script(default="x" * 1_000_000, piece=1_000_000)) as drive:
        began = time.perf_counter()
        await drive.ask("hello")
        assert "cut here for the screen" in drive.text or "xxxx" in drive.text
        await drive.keys("alt+c")
        assert len(drive.app.clipboard) == 1_000_000
        await drive.ask("still alive?")
        assert time.perf_counter() - began < 20


async def test_ten_thousand_nested_quotes_and_lists_are_survived() -> None:
    for answer in (">" * 10_000 + " deep", "- " * 5_000 + "deep", "[" * 20_000, "`" * 20_001):
        async with opened(Script(default=answer, piece=100_000)) as drive:
            await drive.ask("hello")
            check_harmless(raw(drive))


def test_links_and_code_are_found_raw() -> None:
    text = "[a](http://one) ![b](http://two)\n\n```\n\x1b[2J\n```\n"
    assert links_in(text) == ["http://one", "http://two"]
    assert code_blocks_in(text) == ["\x1b[2J"]


def test_no_link_or_image_token_survives_the_parser() -> None:
    tokens = parser().parse("[a](http://one) ![b](http://two) <http://three> <b>x</b>\n")
    kinds = {child.type for token in tokens for child in token.children or ()}
    assert kinds == {"text"}
