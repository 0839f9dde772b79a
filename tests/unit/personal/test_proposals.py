"""Proposals: what an act seems to say, in one line, never assumed."""

from __future__ import annotations

import json

import pytest

from assistant.personal.preferences import read_preference
from assistant.personal.proposals import propose, read_edit, read_note
from assistant.vault.records import FeedbackKind, PreferenceSource, PreferenceState
from tests.unit.personal.fakes import act, preference, turn

PROSE = (
    "Washing hands removes germs that cause disease. Soap loosens dirt and fat, and water "
    "carries them away. Twenty seconds are enough for most people, and drying well matters too."
)
LIST = "- Soap loosens germs\n- Rinse for twenty seconds\n- Dry well"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (PROSE, LIST, "short lists"),
        (PROSE, "Washing hands with soap removes germs.", "shorter"),
        ("Soap removes germs.", PROSE, "longer"),
        (LIST, "Soap loosens germs. Rinse for twenty seconds and dry well.", "prose"),
        ("Soap loosens germs. Rinse twenty seconds. Dry well.", LIST, "lists"),
        ("Soap removes germs 😀 from skin.", "Soap removes germs from skin.", "no emoji"),
        ("# Hands\nSoap removes germs.", "Soap removes germs.", "no headings"),
        ("Sure! Soap removes germs. I hope this helps!", "Soap removes germs.", "no frame"),
        ("Soap removes germs.", "Soap removes germs. Do you want more?", "closing question"),
        ("Soap removes germs. Do you want more?", "Soap removes germs.", "no closing question"),
        ("Soap (any kind) removes germs.", "Soap removes germs.", "no brackets"),
        ("Soap removes germs!", "Soap removes germs.", "no exclamation"),
        ("Perhaps soap might remove germs.", "Soap removes germs.", "no hedging"),
        ("Soap removes germs.", "Soap removes germs, for example viruses.", "examples"),
        ("Use a loop.\n```py\nfor x in y: ...\n```", "```py\nfor x in y: ...\n```\nUse a loop.",
         "code first"),
        ("Well, it's super cool stuff, and you're gonna love soap.",
         "Soap is effective and it is therefore recommended; moreover it is cheap.", "formal"),
    ],
)  # fmt: skip
def test_an_edit_is_read_as_what_changed(before: str, after: str, says: str) -> None:
    assert says in read_edit(before, after)[:1]


@pytest.mark.parametrize(
    ("before", "after"),
    [(PROSE, PROSE), (PROSE, PROSE + "\n"), (PROSE, ""), (PROSE, PROSE.replace("germs", "bugs"))],
)
def test_an_edit_of_content_alone_proposes_nothing(before: str, after: str) -> None:
    assert read_edit(before, after) == []


def test_the_evening_walk_offers_short_lists() -> None:
    asked = turn("Why wash hands?", PROSE)
    found = propose(act(FeedbackKind.EDIT, asked, LIST), asked)
    assert found is not None
    assert found.offer == "You seem to prefer short lists."
    assert (found.source, found.provenance) == (PreferenceSource.EDIT, f"f-edit-{asked.id}")


@pytest.mark.parametrize("state", list(PreferenceState))
def test_what_was_stated_offered_or_rejected_is_not_offered_again(state: PreferenceState) -> None:
    asked = turn("Why wash hands?", PROSE)
    known = [preference("Answer with short bullet lists.", state=state)]
    assert propose(act(FeedbackKind.EDIT, asked, LIST), asked, known=known) is None


@pytest.mark.parametrize("kind", [FeedbackKind.UP, FeedbackKind.DOWN, FeedbackKind.SCORE])
def test_a_bare_rating_of_the_models_words_proposes_nothing(kind: FeedbackKind) -> None:
    asked = turn("Why?", "I always prefer short lists. You love bullet points.")
    assert propose(act(kind, asked, "5" if kind is FeedbackKind.SCORE else ""), asked) is None


def choice(number: int, better: str, worse: str) -> tuple[object, object]:
    asked = turn(f"Question {number}?", worse)
    value = json.dumps({"chosen": 1, "answers": [worse, better]})
    return act(FeedbackKind.CHOICE, asked, value, f"f{number}"), asked


def test_choices_are_read_only_when_they_repeat() -> None:
    acts = [choice(n, "Soap helps.", PROSE) for n in range(3)]
    (last, asked), earlier = acts[-1], acts[:-1]
    assert propose(last, asked, earlier=earlier[:1]) is None  # type: ignore[arg-type]
    found = propose(last, asked, earlier=earlier)  # type: ignore[arg-type]
    assert found is not None
    assert found.offer == "You seem to prefer short answers."
    assert found.source is PreferenceSource.CHOICE


def test_choices_that_disagree_propose_nothing() -> None:
    acts = [choice(n, "Soap helps.", PROSE) for n in range(3)]
    acts += [choice(n + 3, PROSE, "Soap helps.") for n in range(2)]
    assert propose(*acts[2], earlier=acts) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("note", "says"),
    [("too long", ["shorter"]), ("please use bullet points", ["lists"]),
     ("no emojis", ["no emoji"]),
     ("I am vegetarian", ["I am vegetarian"]), ("this is wrong about soap", []),
     ("short lists please", ["short lists"]), ("too verbose", ["shorter"]),
     ("much too technical", ["simpler"]), ("no, it closed in May", []), ("No.", []),
     ("the second paragraph repeats the first", [])],
)  # fmt: skip
def test_a_note_is_read_as_a_wish_or_statement(note: str, says: list[str]) -> None:
    assert read_note(note) == says


@pytest.mark.parametrize(
    "note",
    ["keep it short when I ask about code", "Call me Sam", "Answer in German please",
     "Use British spelling", "Please use metric units.", "No tables please",
     "Skip the introduction", "Don't use so many numbers", "In future give prices in euros",
     "you should say where a figure comes from"],
)  # fmt: skip
def test_a_wish_without_a_wording_of_ours_is_proposed_in_its_own_words(note: str) -> None:
    assert read_note(note) == [note]


def test_every_kept_sentence_is_understood_again() -> None:
    from assistant.personal.proposals import SAYINGS

    for offer, text in SAYINGS.values():
        assert read_preference(text).is_style, offer


def test_an_undone_act_proposes_nothing() -> None:
    from dataclasses import replace

    asked = turn("Why wash hands?", PROSE)
    assert propose(replace(act(FeedbackKind.EDIT, asked, LIST), undone=True), asked) is None
