"""Without anything remembered: the next message, the conversation, an answer once more."""

from __future__ import annotations

from assistant.holder.impersonal_wire import ChatPersonalisation
from assistant.holder.interface import Ask
from tests.tui.driving import Drive, opened


def personal(drive: Drive) -> list[bool]:
    return [ask.personalise for ask in drive.front.application.asked(Ask)]


async def test_alt_p_goes_from_the_next_message_to_the_conversation_and_back() -> None:
    async with opened() as drive:
        await drive.keys("alt+p")
        assert "off for the next message" in drive.text
        await drive.ask("one")
        await drive.ask("two")
        await drive.keys("alt+p", "alt+p")
        assert "off for this conversation" in drive.text
        await drive.ask("three")
        await drive.ask("four")
        await drive.keys("alt+p")
        assert "personal on" in drive.text
        await drive.ask("five")
        assert personal(drive) == [False, True, False, False, True]


async def test_a_conversation_begun_without_it_stays_so_when_one_comes_back() -> None:
    async with opened() as drive:
        await drive.keys("alt+p", "alt+p")
        await drive.ask("one")
        chat = drive.chat.conversation
        assert drive.front.application.impersonal == {chat}
        await drive.keys("ctrl+n")
        assert "personal on" in drive.text
        await drive.ask("two")
        await drive.chat.show_conversation(chat, "one")
        await drive.quiet()
        assert "off for this conversation" in drive.text
        await drive.ask("three")
        assert personal(drive) == [False, True, False]


async def test_from_the_account_of_an_answer_it_can_be_written_again_without_it() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.keys("f4")
        await drive.keys("p")
        await drive.quiet()
        again = drive.front.application.asked(Ask)[-1]
        assert (again.again_of, again.personalise) == ("t1", False)
        await drive.ask("two")
        assert drive.front.application.asked(Ask)[-1].personalise
        assert len(drive.front.application.asked(ChatPersonalisation)) <= 1
