"""The screens that only look: decisions of policy, and what would be recalled."""

from __future__ import annotations

import msgspec

from assistant.holder.interface import RecallHit, RecallQuery
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.decisions import DecisionsScreen
from assistant.tui.screens.policy import PolicyScreen
from assistant.tui.screens.recall import RecallScreen
from tests.tui.driving import WIDE, opened, until

HOSTILE = "\x1b]0;owned\x07[b]\u202egnp\n"


async def test_decisions_stand_newest_first_with_rule_tier_place_and_effect() -> None:
    async with opened() as drive:
        await drive.keys("f6", "l")
        await until(lambda: isinstance(drive.app.screen, DecisionsScreen))
        await drive.quiet()
        order = [drive.text.index(word) for word in ("confirm", "block", "redact", "note")]
        assert order == sorted(order)
        for part in ("tier 1", "medical-dosage", "input", "0.41", "decision 5"):
            assert part in drive.text
        await drive.keys("escape")
        assert isinstance(drive.app.screen, PolicyScreen)


async def test_decisions_are_found_by_any_of_their_words() -> None:
    async with opened() as drive:
        await drive.keys("shift+f6")
        await drive.keys("slash")
        await drive.typed("bank block")
        await drive.quiet()
        assert "no-investment-advice" in drive.text
        assert "hide-accounts" not in drive.text
        await drive.keys("enter", "down")
        assert "seen in the view turns+" in drive.text or "the plain text" in drive.text
        await drive.keys("escape", "escape")
        assert isinstance(drive.app.screen, ChatScreen)


async def test_an_empty_log_says_so() -> None:
    async with opened() as drive:
        drive.front.application.decisions = []
        await drive.keys("shift+f6")
        assert "has not stepped in yet" in drive.text


async def test_what_would_be_recalled_is_drawn_with_its_scores() -> None:
    async with opened() as drive:
        await drive.keys("f3")
        await drive.keys("w")
        assert isinstance(drive.app.screen, RecallScreen)
        await drive.typed("a loaf")
        await until(lambda: "Planets" in drive.text)
        await drive.quiet()
        asked = drive.front.application.asked(RecallQuery)
        assert [request.query for request in asked] == ["a loaf"]  # not at each key
        assert "━━━━━━── 0.81" in drive.text
        assert "meaning ━━━━━━── 0.74" in drive.text
        await drive.keys("enter", "down", "down")
        assert "held back: not relevant enough" in drive.text
        await drive.keys("escape")
        assert "What would be recalled" in drive.text  # the text went first
        await drive.keys("escape")
        assert "Nothing is remembered yet" in drive.text


async def test_one_escape_leaves_a_search_line_with_nothing_in_it_and_nothing_below() -> None:
    async with opened() as drive:
        await drive.keys("shift+f4", "escape")
        assert drive.app.screen is drive.chat


async def test_hostile_memories_and_rules_are_shown_inert() -> None:
    async with opened(size=WIDE) as drive:
        application = drive.front.application
        application.recalled = [RecallHit(HOSTILE, HOSTILE, HOSTILE, 0.5, 1.0, 0.5, True)]
        application.decisions = [
            msgspec.structs.replace(
                one, rule=HOSTILE, tier=HOSTILE, issuer=HOSTILE, where=HOSTILE, view=HOSTILE
            )
            for one in application.decisions
        ]
        await drive.keys("shift+f4")
        await drive.typed("x")
        await until(lambda: "[b]" in drive.text)
        assert not {"\x1b", "\x07", "\u202e"} & set(drive.text)
        await drive.keys("escape", "escape")
        await drive.keys("shift+f6")
        await until(lambda: "[b]" in drive.text)
        assert not {"\x1b", "\x07", "\u202e"} & set(drive.text)
