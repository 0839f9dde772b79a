"""Acts of feedback: what is accepted and what each implies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.errors import UsageError
from assistant.personal.feedback import (
    REASONS,
    Comparison,
    Role,
    comparisons,
    lesson,
    rating,
    read_act,
)
from assistant.vault.records import Feedback, FeedbackKind
from tests.unit.personal.fakes import act, turn

ASKED = turn("Why wash hands?", "Because of germs.")


@pytest.mark.parametrize("score", ["1", "100", " 42 ", "007"])
def test_a_score_from_1_to_100_is_accepted(score: str) -> None:
    assert read_act("score", score)[0].value == str(int(score))


@pytest.mark.parametrize("score", ["0", "101", "-5", "4.5", "", "ten", "٤", "1e1", "1" * 9])
def test_any_other_score_is_refused(score: str) -> None:
    with pytest.raises(UsageError):
        read_act("score", score)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("edit", "  "), ("note", ""), ("note", "x" * 1001), ("love", ""), ("edit", "x" * 100_001)],
)
def test_what_cannot_be_learned_from_is_refused(kind: str, value: str) -> None:
    with pytest.raises(UsageError):
        read_act(kind, value)


def test_the_refusal_repeats_nothing_the_user_wrote() -> None:
    with pytest.raises(UsageError) as refused:
        read_act("score", "secret")
    assert "secret" not in refused.value.message


def test_reasons_come_from_the_closed_list() -> None:
    assert read_act("up", reasons=("Fluency", "fluency "))[0].reasons == ("fluency",)
    assert len(REASONS) == 8
    with pytest.raises(UsageError):
        read_act("up", reasons=("ethnicity",))


def test_a_note_beside_a_rating_becomes_its_own_act() -> None:
    kinds = [a.kind for a in read_act("down", note="too long")]
    assert kinds == [FeedbackKind.DOWN, FeedbackKind.NOTE]


def test_a_note_may_be_reasons_alone_and_is_then_no_lesson() -> None:
    (only,) = read_act("note", reasons=("factuality",))
    assert (only.value, only.reasons) == ("", ("factuality",))
    asked = turn("Why?", "Because.")
    assert lesson(act(FeedbackKind.NOTE, asked, ""), asked) is None


@pytest.mark.parametrize("value", ["2", "-1", "", "x"])
def test_a_choice_names_a_shown_candidate(value: str) -> None:
    with pytest.raises(UsageError):
        read_act("choice", value, answers=("a", "b"))


def test_a_choice_needs_something_to_choose_from() -> None:
    with pytest.raises(UsageError):
        read_act("choice", "0", answers=("only one",))


def test_a_choice_keeps_what_was_not_chosen() -> None:
    (chosen,) = read_act("choice", "2", answers=("a", "b", "c"))
    stored = act(FeedbackKind.CHOICE, ASKED, chosen.value)
    assert comparisons(stored, ASKED) == (Comparison("c", "a"), Comparison("c", "b"))
    assert lesson(stored, ASKED) is not None


@pytest.mark.parametrize("value", ["1", "{}", '{"chosen": 7, "answers": ["a"]}', "[", ""])
def test_a_choice_stored_by_another_program_teaches_nothing(value: str) -> None:
    stored = act(FeedbackKind.CHOICE, ASKED, value)
    assert comparisons(stored, ASKED) == ()
    assert lesson(stored, ASKED) is None


def test_an_edit_stands_above_the_original() -> None:
    stored = act(FeedbackKind.EDIT, ASKED, "Germs.")
    assert comparisons(stored, ASKED) == (Comparison("Germs.", "Because of germs."),)


@pytest.mark.parametrize(
    ("score", "role"), [("70", Role.EXAMPLE), ("69", None), ("31", None), ("30", Role.AVOID)]
)
def test_only_a_clear_score_teaches(score: str, role: Role | None) -> None:
    taught = lesson(act(FeedbackKind.SCORE, ASKED, score), ASKED)
    assert (taught.role if taught else None) == role


def test_an_undone_act_teaches_nothing() -> None:
    undone: Feedback = replace(act(FeedbackKind.EDIT, ASKED, "Germs."), undone=True)
    assert lesson(undone, ASKED) is None
    assert comparisons(undone, ASKED) == ()


def test_a_refused_turn_without_answer_is_no_example() -> None:
    assert lesson(act(FeedbackKind.UP, ASKED), turn("Why?", " ")) is None


def test_thumbs_are_the_ends_of_the_scale() -> None:
    assert rating(act(FeedbackKind.UP, ASKED)) == 100
    assert rating(act(FeedbackKind.DOWN, ASKED)) == 1
    assert rating(act(FeedbackKind.NOTE, ASKED, "x")) is None
