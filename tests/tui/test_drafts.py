"""What was typed and not sent is there again, and nothing of it where nothing may be kept."""

from __future__ import annotations

from assistant.errors import DiskFull
from assistant.holder.overview_wire import KeepDraft
from assistant.tui.screens.chat import ChatScreen
from tests.tui.driving import Drive, opened, until


def kept(drive: Drive) -> dict[str, str]:
    return {key: text for key, text in drive.front.application.drafts.items() if text}


async def test_a_draft_is_there_again_after_quitting_at_once() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.typed("half a thought")
        await drive.press("ctrl+q")
        front = drive.front
    front.lock()
    async with opened(front=front) as drive:
        assert drive.chat.heading == "one"
        assert drive.chat.prompt.text == "half a thought"


async def test_a_message_begun_in_a_new_conversation_comes_first_after_a_restart() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.keys("ctrl+n")
        await drive.typed("something new")
        await until(lambda: kept(drive), "not kept when the keys rest")
        front = drive.front
    front.lock()
    async with opened(front=front) as drive:
        assert not drive.chat.transcript.turns
        assert drive.chat.prompt.text == "something new"
        await drive.keys("enter")
        await until(lambda: not kept(drive), "a sent message is still a draft")


async def test_locking_keeps_what_was_typed_a_moment_ago() -> None:
    async with opened() as drive:
        await drive.typed("half")
        await drive.press("ctrl+l")
        await until(lambda: not isinstance(drive.app.screen, ChatScreen))
        assert kept(drive) == {"": "half"}


async def test_emptying_the_prompt_drops_the_draft() -> None:
    async with opened() as drive:
        await drive.typed("ab")
        await until(lambda: kept(drive) == {"": "ab"})
        await drive.press("backspace", "backspace")
        await until(lambda: not kept(drive))


async def test_nothing_typed_in_an_incognito_conversation_is_kept_or_shown_elsewhere() -> None:
    async with opened() as drive:
        await drive.keys("alt+i")
        await drive.typed("nobody needs to know")
        await drive.keys("ctrl+n")
        assert drive.chat.prompt.text == ""
        await drive.keys("alt+i")
        assert drive.chat.prompt.text == "nobody needs to know"
        await drive.chat.keep_drafts()
        await drive.press("ctrl+l")
        await until(lambda: not isinstance(drive.app.screen, ChatScreen))
        assert not any(r.text for r in drive.front.application.asked(KeepDraft))


async def test_the_draft_of_an_erased_conversation_is_gone_without_a_word() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.typed("more")
        await until(lambda: kept(drive))
        await drive.keys("f2")
        await drive.keys("d")
        await drive.keys("y")
        await drive.keys("escape")
        await drive.chat.keep_drafts()
        assert drive.chat.prompt.text == ""
        assert not list(drive.app._notifications)


async def test_a_disk_that_stays_full_is_told_once_while_the_word_is_on_screen() -> None:
    async with opened() as drive:
        drive.front.application.error = DiskFull("There is no room left.")
        for letter in "abc":
            await drive.typed(letter)
            await drive.chat.keep_drafts()
        assert len(list(drive.app._notifications)) == 1
        drive.front.application.error = None
        await drive.typed("d")
        await drive.chat.keep_drafts()
        await until(lambda: kept(drive))
