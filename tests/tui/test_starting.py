"""Comparisons at the start: one a screen, side by side or stacked, always skippable."""

from __future__ import annotations

from assistant.holder.comparisons_wire import ComparisonItem, PickComparison
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.profile import ProfileScreen
from assistant.tui.screens.starting import StartingScreen
from tests.tui.driving import SMALL, WIDE, Drive, opened, until
from tests.tui.scripted_front import Script, ScriptedFront
from tests.tui.test_doors import through_welcome

THREE = (
    ComparisonItem("length", "Why do leaves fall?", "It gets cold.", "Cold days " * 40, 3),
    ComparisonItem("emoji", "Will it rain?", "No.", "No ☀", 2),
    ComparisonItem("structure", "What do I pack?", "- Shoes\n- Water", "Shoes and water.", 1),
)


def picks(drive: Drive) -> list[tuple[str, int]]:
    return [(r.dimension, r.pick) for r in drive.front.application.asked(PickComparison)]


async def test_they_follow_the_welcome_and_end_in_the_chat() -> None:
    front = ScriptedFront(Script(comparisons=THREE), vault="missing")
    async with opened(front=front, unlock=False) as drive:
        await through_welcome(drive)
        await drive.typed("EFGH")
        await drive.keys("enter")
        await until(lambda: drive.app.screen.query("#answers"))
        await drive.keys("escape")
        await until(lambda: isinstance(drive.app.screen, StartingScreen))
        await drive.quiet()
        assert "1 of 3" in drive.text
        assert "Why do leaves fall?" in drive.text
        await drive.keys("1")
        assert "2 of 3" in drive.text
        await drive.keys("s")
        assert "What do I pack?" in drive.text
        await drive.press("2")
        await until(lambda: isinstance(drive.app.screen, ChatScreen))
        assert picks(drive) == [("length", 1), ("structure", 2)]


async def test_escape_ends_them_and_keeps_what_was_picked() -> None:
    async with opened(Script(comparisons=THREE)) as drive:
        await drive.keys("shift+f10")
        await drive.keys("2")
        await drive.keys("escape")
        assert isinstance(drive.app.screen, ChatScreen)
        assert picks(drive) == [("length", 2)]
        assert "F9 takes picks back" in drive.text


async def test_they_stand_side_by_side_where_there_is_room_and_stacked_where_not() -> None:
    for size, beside in ((SMALL, False), (WIDE, True)):
        async with opened(Script(comparisons=THREE), size=size) as drive:
            await drive.keys("shift+f10")
            one, two = (drive.app.screen.query_one(f"#example{n}").region for n in (1, 2))
            assert (one.y == two.y) is beside
            assert one.height > 3
            assert "esc" in drive.lines[-1].text


async def test_the_style_profile_leads_to_them_and_shows_what_came_of_it() -> None:
    async with opened(Script(comparisons=THREE)) as drive:
        await drive.keys("f10", "c")
        assert isinstance(drive.app.screen, StartingScreen)
        await drive.keys("1", "1", "1")
        assert isinstance(drive.app.screen, ProfileScreen)
        assert len(picks(drive)) == 3


async def test_with_nothing_left_to_compare_it_says_so() -> None:
    async with opened() as drive:
        await drive.keys("shift+f10")
        assert "nothing left to compare" in drive.text


async def test_a_slider_keeps_up_with_keys_pressed_at_once() -> None:
    async with opened() as drive:
        await drive.keys("f10")
        await drive.keys("right", "right", "right", "space")
        moved = drive.front.application.profile["length"]
        assert (moved.value, moved.source) == (-0.3, "locked")
