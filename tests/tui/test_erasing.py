"""What is erased is what stood under the cursor at the key, and the question names it."""

from __future__ import annotations

from assistant.holder.branches_wire import PinConversation
from assistant.holder.interface import DeleteConversation, DeletePreference
from assistant.tui.screens.history import HistoryScreen
from assistant.tui.screens.preferences import PreferencesScreen
from tests.tui.driving import Drive, opened


async def with_two_conversations(drive: Drive) -> None:
    await drive.ask("bread for beginners")
    await drive.keys("ctrl+n")
    await drive.ask("planets by size")


async def test_a_list_that_changes_right_behind_the_key_does_not_change_what_is_erased() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2")
        screen = drive.app.screen
        assert isinstance(screen, HistoryScreen)
        (planets, bread) = screen.items
        screen.action_delete()
        screen.items = [bread, planets]  # loaded anew before anything else happens
        await drive.quiet()
        assert "planets by size" in drive.text.partition("Erase this conversation?")[2]
        await drive.keys("y")
        (asked,) = drive.front.application.asked(DeleteConversation)
        assert asked.id == planets.id  # type: ignore[union-attr]


async def test_a_preference_is_erased_as_it_was_under_the_cursor() -> None:
    async with opened() as drive:
        for text in ("short", "prose"):
            drive.front.application._prefer(text, "active", "stated")
        await drive.keys("f3")
        screen = drive.app.screen
        assert isinstance(screen, PreferencesScreen)
        short, prose = screen.items
        screen.action_delete()
        screen.items = [prose, short]
        await drive.quiet()
        await drive.keys("y")
        assert drive.front.application.asked(DeletePreference) == [DeletePreference(short.id)]


async def test_the_cursor_follows_a_conversation_that_is_pinned() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("ctrl+n")
        await drive.ask("tides")
        await drive.keys("f2", "end")
        await drive.burst("p", "p")  # on top, and no longer
        kept = drive.front.application.conversations.values()
        assert not any(one.pinned for one in kept)
        pinned = {one.id for one in drive.front.application.asked(PinConversation)}
        assert pinned == {one.id for one in kept if "bread" in one.title}


async def test_what_is_found_is_read_from_its_top_wherever_the_cursor_was() -> None:
    async with opened() as drive:
        for text in ("bread one", "bread two", "bread three"):
            await drive.ask(text)
            await drive.keys("ctrl+n")
        await drive.keys("f2", "end")
        await drive.burst("slash", *"bread", "enter", "enter")
        first = next(iter(drive.front.application.turns.values()))
        assert drive.chat.heading == first.question


async def test_each_question_before_erasing_names_what_it_is_about() -> None:
    async with opened() as drive:
        await drive.ask("bread for beginners")
        await drive.keys("alt+up", "f9", "d")
        assert "▲ good" in drive.text.partition("Take this feedback back?")[2]
        await drive.keys("n", "escape", "escape", "x")
        assert "bread for beginners" in drive.text.partition("Erase this turn?")[2]
