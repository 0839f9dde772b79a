"""Learning is a function of the acts that stand: nothing else about them matters."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.personal.choosing import choose
from assistant.personal.dimensions import CLIP, DIMENSIONS, measure
from assistant.personal.profile import Bound, build_profile, instructions
from assistant.personal.proposals import propose
from assistant.vault.records import Feedback, FeedbackKind, ProfileValue, Turn
from tests.generators import ANSWERS
from tests.unit.personal.fakes import NOON, act, turn


@st.composite
def acts(draw: st.DrawFn, most: int = 8) -> list[tuple[Feedback, Turn]]:
    """Acts of every kind on different turns."""
    found = []
    for number in range(draw(st.integers(0, most))):
        asked = turn(f"Question {number}?", draw(ANSWERS), f"t{number}")
        kind = draw(st.sampled_from(list(FeedbackKind)))
        other = draw(ANSWERS)
        value = {
            FeedbackKind.SCORE: str(draw(st.integers(1, 100))),
            FeedbackKind.EDIT: other,
            FeedbackKind.NOTE: "too long",
            FeedbackKind.CHOICE: json.dumps({"chosen": 1, "answers": [asked.answer, other]}),
        }.get(kind, "")
        given_act = act(kind, asked, value, f"f{number}")
        found.append((replace(given_act, created=NOON + timedelta(minutes=number)), asked))
    return found


@given(acts(), acts(most=3))
@settings(max_examples=30, deadline=None)
def test_forgetting_equals_never_having_learned(
    kept: list[tuple[Feedback, Turn]], gone: list[tuple[Feedback, Turn]]
) -> None:
    undone = [(replace(f, id=f"u{f.id}", undone=True), replace(t, id=f"u{t.id}")) for f, t in gone]
    assert build_profile([*kept, *undone]) == build_profile(kept)


@given(acts(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_feedback_does_not_matter(
    given_acts: list[tuple[Feedback, Turn]], order: object
) -> None:
    shuffled = list(given_acts)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    assert build_profile(shuffled) == build_profile(given_acts)


@given(acts(), st.floats(-1, 1), st.floats(-1, 1), st.sampled_from(DIMENSIONS), st.booleans())
@settings(max_examples=40, deadline=None)
def test_no_act_leads_out_of_a_tiers_bounds(
    given_acts: list[tuple[Feedback, Turn]], a: float, b: float, dimension: str, locked: bool
) -> None:
    bound = Bound(min(a, b), max(a, b), "Bank", "Because.")
    wish = ProfileValue(str(dimension), 1.0, locked)
    profile = build_profile(given_acts, [wish], {str(dimension): bound})
    state = next(s for s in profile.states if s.dimension == dimension)
    assert bound.low - 1e-4 <= state.value <= bound.high + 1e-4
    assert all(-1.0 <= s.low <= s.value <= s.high <= 1.0 for s in profile.states)
    assert len(instructions(profile)) <= 3


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_every_measure_of_any_text_is_bounded(text: str) -> None:
    assert all(-CLIP <= value <= CLIP for value in measure(text))


@given(acts(), st.lists(ANSWERS, min_size=1, max_size=3))
@settings(max_examples=30, deadline=None)
def test_a_choice_is_always_one_of_the_candidates(
    given_acts: list[tuple[Feedback, Turn]], candidates: list[str]
) -> None:
    chosen = choose(candidates, build_profile(given_acts))
    assert 0 <= chosen.index < len(candidates)
    assert chosen == choose(candidates, build_profile(given_acts))


@given(acts())
@settings(max_examples=50, deadline=None)
def test_at_most_one_short_line_is_proposed_per_act(
    given_acts: list[tuple[Feedback, Turn]],
) -> None:
    for given_act, asked in given_acts:
        found = propose(given_act, asked, earlier=given_acts)
        if found is not None:
            assert "\n" not in found.offer + found.text
            assert len(found.offer) <= 150
            assert found.provenance == given_act.id
