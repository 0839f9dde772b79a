"""What is typed a moment early, before a conversation is there or a message has gone, stays."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.events import Key

from assistant.holder.branches_wire import SwitchBranch
from assistant.holder.impersonal_wire import ChatPersonalisation
from assistant.holder.interface import Ask, GiveFeedback, ShowConversation, UndoFeedback
from assistant.holder.overview_wire import GetDraft
from assistant.tui.screens.chat import ChatScreen
from tests.tui.driving import Drive, opened, until
from tests.tui.scripted_front import PASSPHRASE, Script, ScriptedFront


@asynccontextmanager
async def resuming(waits_at: type, draft: str = "") -> AsyncIterator[tuple[Drive, threading.Event]]:
    """Unlocked over an earlier conversation, which is still being looked up."""
    front = ScriptedFront()
    async with opened(front=front) as drive:
        await drive.ask("bread for beginners")
    front.application.drafts[""] = draft
    gate = front.application.gates[waits_at] = threading.Event()
    async with opened(front=front, unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#passphrase"), "no unlock screen")
        await drive.typed(PASSPHRASE)
        await drive.press("enter")
        await until(lambda: isinstance(drive.app.screen, ChatScreen), "no chat")
        await until(lambda: front.application.asked(waits_at), "nothing was looked up")
        try:
            yield drive, gate
        finally:
            gate.set()


async def test_what_is_typed_before_the_last_conversation_is_shown_stays_in_the_prompt() -> None:
    async with resuming(ShowConversation) as (drive, gate):
        await drive.typed("and rye?")
        gate.set()
        await drive.quiet()
        assert drive.chat.heading == "bread for beginners"
        assert drive.chat.prompt.text == "and rye?"


async def test_a_draft_that_comes_behind_the_first_keys_is_not_lost() -> None:
    async with resuming(GetDraft, draft="Dear Ada") as (drive, gate):
        await drive.typed("rye")
        gate.set()
        await drive.quiet()
        assert drive.chat.prompt.text == "Dear Ada\nrye"


async def test_a_chat_begun_incognito_is_not_taken_over_by_the_one_being_looked_up() -> None:
    async with resuming(ChatPersonalisation) as (drive, gate):
        await drive.press("alt+i")
        gate.set()
        await drive.quiet()
        assert drive.chat.incognito
        assert "INCOGNITO" in drive.text
        assert "bread" not in drive.text


async def test_a_question_sent_before_the_last_conversation_is_shown_keeps_its_answer() -> None:
    async with resuming(ChatPersonalisation) as (drive, gate):
        drive.front.script.gate = threading.Event()
        await drive.typed("planets by size")
        await drive.press("enter")
        await until(lambda: "Good bread" in drive.text)
        gate.set()
        await until(lambda: len(drive.app._requests._running) == 1)  # type: ignore[union-attr]
        drive.front.script.gate.set()
        await drive.quiet()
        assert [view.question for view in drive.chat.transcript.turns] == ["planets by size"]
        assert "Bake" in drive.text
        assert drive.front.application.asked(Ask)[-1].conversation == ""


async def test_what_is_typed_while_a_conversation_is_opened_belongs_to_it() -> None:
    async with opened() as drive:
        await drive.ask("bread for beginners")
        await drive.keys("ctrl+n")
        await drive.typed("a draft")
        await drive.keys("f2")
        gate = drive.front.application.gates[ShowConversation] = threading.Event()
        drive.app.post_message(Key("enter", None))
        await until(lambda: isinstance(drive.app.screen, ChatScreen))
        await drive.typed("and rye?")
        gate.set()
        await drive.quiet()
        assert drive.chat.heading == "bread for beginners"
        assert drive.chat.prompt.text == "and rye?"
        await drive.keys("ctrl+n")
        assert drive.chat.prompt.text == "a draft"


async def test_what_is_typed_behind_enter_stays_when_the_message_goes() -> None:
    script = Script()
    async with opened(script) as drive:
        script.gate = threading.Event()
        script.end_gate = threading.Event()
        await drive.typed("one")
        await drive.press("enter")
        await until(lambda: "Good bread" in drive.text)
        await drive.press("escape")
        await drive.typed("two")
        drive.chat.prompt.action_send()
        drive.chat.prompt.insert(" three")  # the keys behind it, while the first is put down
        script.end_gate.set()
        await drive.quiet()
        assert [ask.text for ask in drive.front.application.asked(Ask)] == ["one", "two"]
        assert drive.chat.prompt.text == " three"


async def test_an_escape_pressed_before_the_answer_was_over_does_not_leave_the_prompt() -> None:
    async with opened(Script(gate=threading.Event())) as drive:
        await drive.begin("one", "Good bread")
        pressed = Key("escape", None)  # it comes to be handled only when the answer is over
        assert drive.front.script.gate is not None
        drive.front.script.gate.set()
        await drive.quiet()
        drive.app.post_message(pressed)
        await drive.quiet()
        assert drive.chat.prompt.has_focus
        assert "The answer was finished already." in drive.words
        await drive.keys("escape")
        assert not drive.chat.prompt.has_focus


async def test_that_an_answer_was_stopped_is_still_said_when_it_is_over() -> None:
    async with opened(Script(gate=threading.Event())) as drive:
        await drive.begin("one", "Good bread")
        await drive.press("escape")
        await until(lambda: not drive.chat.running)
        await drive.quiet()
        assert drive.chat.waiting.said == "Stopped."
        assert drive.chat.prompt.has_focus


async def test_that_an_answer_is_being_written_is_said_no_longer_than_it_is() -> None:
    async with opened(Script(gate=threading.Event())) as drive:
        await drive.begin("one", "Good bread")
        await drive.press("ctrl+n")
        assert "An answer is being written" in drive.words
        assert drive.front.script.gate is not None
        drive.front.script.gate.set()
        await until(lambda: not drive.chat.running)
        await drive.quiet()
        assert drive.chat.waiting.said == ""


async def test_two_changes_of_what_is_shown_at_once_come_one_after_the_other() -> None:
    async with opened() as drive:
        for text in ("one", "two", "three"):
            await drive.ask(text)
        transcript = drive.chat.transcript
        items = list(drive.front.application.turns.values())
        for _ in range(2):
            drive.chat.run_worker(transcript.show(items))
        await drive.app.workers.wait_for_complete(
            [one for one in drive.app.workers if one.group == "default"]
        )
        assert [view.question for view in transcript.turns] == ["one", "two", "three"]


async def test_a_proposal_that_comes_meanwhile_does_not_come_under_the_yes_for_another() -> None:
    async with opened(Script(propose="short lists")) as drive:
        await drive.ask("bread")
        await drive.keys("alt+up")
        application = drive.front.application
        (shown,) = application.preferences.values()
        application.script.propose, application.script.phrases = "", "no emoji"
        await drive.keys("alt+down")  # phrased by the model, and offered by nobody's key
        assert len(application.preferences) == 2
        await drive.keys("alt+y")
        states = {one.text: one.state for one in application.preferences.values()}
        assert states == {shown.text: "active", "no emoji": "proposed"}


async def test_what_is_reworded_is_kept_whatever_was_offered_meanwhile() -> None:
    async with opened(Script(propose="short lists")) as drive:
        await drive.ask("bread")
        await drive.keys("alt+up", "alt+o")
        other = drive.front.application._prefer("no emoji", "proposed", "from a note")
        drive.chat.proposals.offer(other)
        await drive.typed("!")
        await drive.keys("enter")
        states = {one.text: one.state for one in drive.front.application.preferences.values()}
        assert states == {"short lists!": "active", "no emoji": "proposed"}


async def test_a_key_for_a_proposal_that_is_not_there_says_so() -> None:
    async with opened() as drive:
        await drive.keys("alt+y")
        assert "Nothing is proposed right now." in drive.text


async def test_an_undo_right_behind_a_rating_takes_back_that_rating() -> None:
    async with opened() as drive:
        await drive.ask("bread")
        await drive.keys("alt+up")
        gate = drive.front.application.gates[GiveFeedback] = threading.Event()
        await drive.press("alt+down", "alt+z")
        gate.set()
        await drive.quiet()
        await until(lambda: drive.front.application.asked(UndoFeedback))
        await drive.quiet()
        assert [one.kind for one in drive.front.application.feedback.values()] == ["up"]


async def test_two_steps_between_branches_at_once_go_two_branches_on() -> None:
    async with opened() as drive:
        await drive.ask("bread")
        await drive.keys("alt+r")
        await drive.keys("alt+r")
        assert drive.chat.transcript.turns[0].place == 3
        await drive.burst("alt+left", "alt+left")
        await until(lambda: len(drive.front.application.asked(SwitchBranch)) == 2)
        await drive.quiet()
        assert [view.place for view in drive.chat.transcript.turns] == [1]
