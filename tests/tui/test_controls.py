"""The taxonomy's controls on the screen: card, risks, viewpoints, consent, courteous lines."""

from __future__ import annotations

from assistant.holder.interface import AddPreference, Ask
from tests.tui.driving import WIDE, opened
from tests.tui.scripted_front import Script


async def test_the_card_is_drawn_from_live_state_and_is_inert() -> None:
    async with opened(size=WIDE) as drive:
        await drive.keys("f8")
        assert "WHO IS THIS ALIGNED TO?" in drive.text
        assert "Tier 2, organisation: Example Bank, version 4" in drive.text
        assert "The works council" in drive.text
        assert "\x1b" not in drive.text
        await drive.keys("escape")
        assert "WHO IS THIS" not in drive.text


async def test_each_risk_is_a_row_with_its_control_below() -> None:
    async with opened(size=WIDE) as drive:
        await drive.keys("shift+f8")
        assert "labour displacement" in drive.text
        assert "1 of 2 answers" in drive.text
        await drive.keys("down")
        assert "can do nothing" in drive.text


async def test_other_viewpoints_are_one_key_away() -> None:
    async with opened() as drive:
        await drive.ask("is tea better")
        await drive.keys("alt+v")
        await drive.quiet()
        first, second = drive.front.application.asked(Ask)
        assert (first.viewpoints, second.viewpoints) == (False, True)
        assert second.text == "is tea better"
        assert second.again_of


async def test_a_special_category_is_kept_only_after_a_yes() -> None:
    async with opened() as drive:
        await drive.keys("f3", "a")
        await drive.typed("I have diabetes")
        await drive.keys("enter")
        assert "with your consent" in drive.words
        await drive.keys("escape")
        assert not drive.front.application.preferences
        await drive.keys("a")
        await drive.typed("I have diabetes")
        await drive.keys("enter")
        await drive.keys("ctrl+y")
        await drive.quiet()
        kept = drive.front.application.preferences.values()
        assert [item.text for item in kept] == ["I have diabetes"]
        assert [r.consent for r in drive.front.application.asked(AddPreference)] == [
            False, False, True,
        ]  # fmt: skip


async def test_a_courteous_line_is_shown_after_the_answer() -> None:
    async with opened(script=Script(suggestion="It is 23:10. (you set this)")) as drive:
        await drive.ask("hello")
        assert "It is 23:10." in drive.words
