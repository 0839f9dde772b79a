"""Rating, scoring, noting, editing, choosing, proposals, undo: never in the way of typing."""

from __future__ import annotations

import threading

from msgspec.structs import replace

from assistant.holder.interface import Ask, GiveFeedback, SetPreferenceState, UndoFeedback
from assistant.tui.widgets.turn import TurnView
from tests.tui.driving import Drive, opened, until
from tests.tui.scripted_front import Script


async def finish(drive: Drive) -> None:
    """Let the answer be written to its end."""
    assert drive.front.script.gate is not None
    drive.front.script.gate.set()
    await drive.quiet()
    await until(lambda: not drive.chat.running)
    await until(lambda: all(one.group != "feedback" for one in drive.app.workers))
    await drive.quiet()


def given(drive: Drive) -> list[GiveFeedback]:
    return drive.front.application.asked(GiveFeedback)


async def test_alt_up_and_alt_down_rate_the_latest_answer_while_typing() -> None:
    async with opened() as drive:
        await drive.ask("hello")
        await drive.typed("next")
        await drive.keys("alt+up")
        assert "▲ good" in drive.text
        await drive.keys("alt+down")
        assert "▼ bad" in drive.text
        assert [(act.kind, act.turn) for act in given(drive)] == [("up", "t1"), ("down", "t1")]
        assert drive.chat.prompt.text == "next"
        assert drive.chat.prompt.has_focus


async def test_single_keys_rate_the_answer_that_has_the_focus() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.ask("two")
        await drive.keys("escape")
        await until(lambda: isinstance(drive.app.focused, TurnView))
        for _ in range(6):
            await drive.keys("up")
        await drive.keys("plus")
        assert given(drive)[0].turn == "t1"
        await drive.keys("i")
        assert drive.chat.prompt.has_focus


async def test_a_score_must_be_from_1_to_100() -> None:
    async with opened() as drive:
        await drive.ask("hello")
        await drive.keys("alt+s")
        await drive.typed("101")
        await drive.keys("enter")
        assert "from 1 to 100" in drive.text
        assert not given(drive)
        await drive.keys("backspace", "backspace", "backspace")
        await drive.typed("87")
        await drive.keys("enter")
        assert (given(drive)[0].kind, given(drive)[0].value) == ("score", "87")
        assert "scored 87" in drive.text


async def test_a_note_that_is_typed_at_once_loses_no_letter() -> None:
    async with opened() as drive:
        await drive.ask("hello")
        await drive.keys("alt+a")
        await drive.typed("too technical")
        await drive.keys("enter")
        (act,) = given(drive)
        assert (act.kind, act.note, act.reasons) == ("note", "too technical", ())


async def test_a_note_carries_reasons_from_prisms_list() -> None:
    async with opened() as drive:
        await drive.ask("hello")
        await drive.keys("alt+a")
        await drive.keys("space", "down", "down", "down", "space")
        await drive.keys("tab")
        await drive.typed("too vague")
        await drive.keys("ctrl+s")
        act = given(drive)[0]
        assert (act.kind, act.note, act.reasons) == ("note", "too vague", ("values", "factuality"))


async def test_what_is_left_in_the_editor_is_the_preferred_answer() -> None:
    async with opened(Script(default="long answer")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+e")
        for _ in range(len("long answer")):
            await drive.press("backspace")
        await drive.typed("- a")
        await drive.press("enter")
        await drive.typed("- b")
        await drive.keys("ctrl+s")
        assert (given(drive)[0].kind, given(drive)[0].value) == ("edit", "- a\n- b")
        assert "your wording" in drive.text
        assert "long answer" not in drive.text


async def test_escape_in_the_editor_changes_nothing() -> None:
    async with opened() as drive:
        await drive.ask("hello")
        await drive.keys("alt+e")
        await drive.typed("xyz")
        await drive.keys("escape")
        assert not given(drive)
        assert "xyz" not in drive.text


async def test_two_answers_stand_side_by_side_and_one_is_picked() -> None:
    async with opened() as drive:
        await drive.ask("hello")
        await drive.keys("alt+t")
        await until(lambda: "1 or 2 picks" in drive.text)
        await drive.quiet()
        assert "Flour, water, salt, time." in drive.words
        await drive.keys("2")
        ask = drive.front.application.asked(Ask)[-1]
        assert (ask.candidates, ask.again_of) == (2, "t1")
        assert (given(drive)[0].kind, given(drive)[0].value) == ("choice", "1")
        assert "Flour, water, salt, time." in drive.text


async def test_a_proposal_never_blocks_typing_and_waits() -> None:
    async with opened(Script(propose="short lists")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+down")
        assert "You seem to prefer short lists. Keep this? alt+y / alt+n / alt+o" in drive.words
        await drive.typed("yes no e")
        assert drive.chat.prompt.text == "yes no e"
        await drive.keys("alt+y")
        states = drive.front.application.asked(SetPreferenceState)
        assert [r.state for r in states] == ["active"]
        assert "You seem to prefer" not in drive.text


async def test_from_an_answer_the_proposal_takes_y_n_and_e() -> None:
    async with opened(Script(propose="short lists")) as drive:
        await drive.ask("hello")
        await drive.keys("escape", "minus")
        assert "Keep this? y / n / e" in drive.words
        await drive.keys("e")
        for _ in range(len("lists")):
            await drive.press("backspace")
        await drive.typed("bullets")
        await drive.keys("enter")
        kept = list(drive.front.application.preferences.values())
        assert [(item.text, item.state) for item in kept] == [("short bullets", "active")]
        assert drive.chat.prompt.has_focus


async def test_typing_over_a_focused_proposal_goes_into_the_prompt() -> None:
    async with opened(Script(propose="short lists")) as drive:
        await drive.ask("hello")
        await drive.keys("escape", "minus")
        await drive.keys("h")
        await drive.typed("ow")
        assert drive.chat.prompt.text == "how"
        assert "You seem to prefer" in drive.text


async def test_a_no_drops_the_proposal() -> None:
    async with opened(Script(propose="short lists")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+up")
        await drive.keys("alt+n")
        kept = list(drive.front.application.preferences.values())
        assert [item.state for item in kept] == ["rejected"]


async def test_undo_takes_back_the_act_and_its_proposal() -> None:
    async with opened(Script(propose="short lists", default="long answer")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+e")
        await drive.typed(" changed")
        await drive.keys("ctrl+s")
        assert "long answer changed" in drive.text
        await drive.keys("alt+z")
        assert "changed" not in drive.text
        assert "You seem to prefer" not in drive.text
        assert drive.front.application.asked(UndoFeedback)
        assert not drive.front.application.feedback


async def test_taking_back_leaves_an_answer_alone_that_was_written_since() -> None:
    async with opened(Script(default="first answer")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+up")
        drive.front.script.default = "second answer"
        await drive.keys("alt+r")
        await until(lambda: "second answer" in drive.text)
        await drive.keys("alt+z")
        assert "second answer" in drive.text
        assert "first answer" not in drive.text
        assert "good" not in drive.text.split("second answer")[1].split("Taken back")[0]


async def test_a_rating_while_the_answer_is_written_counts_when_it_is_finished() -> None:
    async with opened(Script(gate=threading.Event())) as drive:
        await drive.begin("hello", "Good bread")
        await drive.press("alt+up")
        await until(
            lambda: "Noted: good, once the answer is finished. alt+z takes it back." in drive.words
        )
        assert not given(drive)
        await finish(drive)
        await until(lambda: given(drive))
        await drive.quiet()
        assert "takes it back" in drive.words
        assert drive.chat.transcript.turns[0].rating == "up"


async def test_a_rating_pressed_again_and_again_while_the_answer_is_written_counts_once() -> None:
    async with opened(Script(gate=threading.Event())) as drive:
        await drive.begin("hello", "Good bread")
        await drive.press("alt+up", "alt+up", "alt+down", "alt+down")
        assert "Noted: bad" in drive.words
        await finish(drive)
        assert [act.kind for act in given(drive)] == ["down"]
        assert drive.chat.transcript.turns[0].rating == "down"


async def test_taking_back_a_rating_that_is_only_noted_leaves_older_ones_alone() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.keys("alt+up")
        drive.front.script.gate = threading.Event()
        await drive.begin("two", "two")
        await until(lambda: drive.text.count("Good bread") == 2)
        await drive.press("alt+down", "alt+z")
        assert "Taken back. Nothing is noted." in drive.words
        await finish(drive)
        assert [act.kind for act in given(drive)] == ["up"]
        assert not drive.front.application.asked(UndoFeedback)
        assert [view.rating for view in drive.chat.transcript.turns] == ["up", ""]
        assert "Taken back. Nothing is noted." in drive.words


async def test_a_rating_noted_anew_after_it_was_taken_back_counts_once() -> None:
    async with opened(Script(gate=threading.Event())) as drive:
        await drive.begin("hello", "Good bread")
        await drive.press("alt+up", "alt+z", "alt+down")
        await finish(drive)
        assert [act.kind for act in given(drive)] == ["down"]


async def test_a_proposal_does_not_take_the_focus_from_a_hand_that_went_on() -> None:
    async with opened(Script(propose="short lists")) as drive:
        await drive.ask("hello")
        gate = drive.front.application.gates[GiveFeedback] = threading.Event()
        await drive.press("escape", "minus", "i")
        await drive.typed("my ")
        gate.set()
        await until(lambda: "You seem to prefer short lists" in drive.words)
        await drive.typed("yes")
        assert drive.chat.prompt.text == "my yes"
        assert not drive.front.application.asked(SetPreferenceState)


async def test_an_edit_begun_before_the_answer_was_recorded_opens_a_moment_later() -> None:
    async with opened(Script(end_gate=threading.Event())) as drive:
        await drive.begin("hello", "Bake")
        await drive.press("alt+e")
        assert drive.front.script.end_gate is not None
        drive.front.script.end_gate.set()
        await until(lambda: "Edit the answer" in drive.text)


async def test_feedback_without_an_answer_says_so() -> None:
    async with opened() as drive:
        await drive.keys("alt+up")
        assert "no finished answer" in drive.text
        assert not given(drive)


async def test_what_the_model_phrases_is_offered_when_it_is_there() -> None:
    async with opened(Script(phrases="Use metric units.")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+e")
        await drive.typed("x")
        await drive.keys("ctrl+s")
        await until(lambda: "Use metric units." in drive.text)
        await drive.keys("alt+y")
        kept = drive.front.application.asked(SetPreferenceState)
        assert [one.state for one in kept] == ["active"]


async def test_of_preferences_that_say_the_same_one_is_kept() -> None:
    async with opened() as drive:
        application = drive.front.application
        kept = application._prefer("Keep it short.", "active", "stated")
        other = application._prefer("Please keep it short.", "active", "stated")
        application.preferences[kept.id] = replace(kept, same_as=(other.id,))
        await drive.keys("f3")
        assert "m merges" in drive.text
        await drive.keys("m")
        assert "Please keep it short." in drive.text
        await drive.keys("y")
        assert list(application.preferences) == [kept.id]
        await drive.keys("m")
        assert "None of the others says the same" in drive.words


async def test_where_a_preference_applies_is_said_in_a_word_or_two() -> None:
    async with opened() as drive:
        item = drive.front.application._prefer("Keep it short.", "active", "stated")
        await drive.keys("f3")
        await drive.keys("s")
        assert "topic WHAT" in drive.text
        for _ in range(len("always")):
            await drive.keys("backspace")
        await drive.typed("topic code")
        await drive.keys("enter")
        kept = drive.front.application.preferences[item.id]
        assert (kept.scope, kept.scope_ref) == ("topic", "code")
        assert "topic code" in drive.text
