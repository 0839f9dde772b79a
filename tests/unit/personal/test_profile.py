"""The style profile: learned, proven, bounded, taken back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from assistant.personal.choosing import choose, most_informative
from assistant.personal.dimensions import DIMENSIONS, SHORT_LIST, Dimension
from assistant.personal.features import features
from assistant.personal.learning import PRIOR, learn
from assistant.personal.logistic import Evidence, fit, leave_one_out, log_probability
from assistant.personal.profile import (
    MAX_INSTRUCTIONS,
    Bound,
    build_profile,
    instructions,
    most_uncertain,
)
from assistant.personal.starting import PAIRS, next_pair, open_dimensions, picked
from assistant.personal.styles import Style
from assistant.vault.records import Feedback, FeedbackKind, ProfileValue, Turn
from tests.unit.personal.fakes import NOON, act, turn

LONG = " ".join(
    f"Sentence number {n} explains at some length why hands are washed with soap." for n in range(9)
)
SHORT = "- Soap\n- Water\n- Dry"


def choices(count: int, better: str = SHORT, worse: str = LONG) -> list[tuple[Feedback, Turn]]:
    """Choices of one kind of answer over another, on different questions."""
    acts = []
    for number in range(count):
        asked = turn(f"Question {number}?", worse)
        value = json.dumps({"chosen": 0, "answers": [better, worse]})
        given = act(FeedbackKind.CHOICE, asked, value, f"f{number:03}")
        acts.append((replace(given, created=NOON + timedelta(minutes=number)), asked))
    return acts


def test_a_new_user_gets_the_model_as_it_is() -> None:
    profile = build_profile([])
    assert instructions(profile) == ()
    assert profile.shown() == ()
    assert set(profile.weights) == {0.0}
    assert choose([LONG, SHORT], profile).index == 0


def test_after_ten_choices_of_short_lists_the_profile_asks_for_short_lists() -> None:
    profile = build_profile(choices(10))
    assert {Dimension.LENGTH, Dimension.STRUCTURE} & profile.learned.used
    assert profile[Dimension.LENGTH].value < 0 < profile[Dimension.STRUCTURE].value
    chosen = choose([LONG, SHORT], profile)
    assert chosen.index == 1
    assert chosen.reasons


def test_one_choice_changes_nothing_yet() -> None:
    assert build_profile(choices(1)).shown() == ()


def test_choices_that_contradict_each_other_are_not_used() -> None:
    acts = choices(6) + [
        (replace(given, id=f"x{given.id}"), asked) for given, asked in choices(6, LONG, SHORT)
    ]
    assert build_profile(acts).learned.used == frozenset()


def test_taking_back_every_act_equals_never_having_given_one() -> None:
    undone = [(replace(given, undone=True), asked) for given, asked in choices(10)]
    assert build_profile(undone) == build_profile([])


def test_taking_back_one_act_equals_never_having_given_it() -> None:
    acts = choices(8)
    odd = choices(1, LONG, SHORT)[0]
    with_undone = [*acts[:4], (replace(odd[0], id="odd", undone=True), odd[1]), *acts[4:]]
    assert build_profile(with_undone) == build_profile(acts)


def test_the_error_bar_shrinks_with_evidence() -> None:
    def width(count: int) -> float:
        spread = build_profile(choices(count)).learned.posterior.sd
        return spread[DIMENSIONS.index(Dimension.LENGTH)]

    assert width(0) > width(3) > width(10) > 0


def test_a_lock_holds_whatever_is_learned() -> None:
    locked = ProfileValue("length", 0.8, locked=True)
    state = build_profile(choices(20), [locked])[Dimension.LENGTH]
    assert (state.value, state.source) == (0.8, "locked")


def test_a_lock_without_a_value_keeps_the_middle() -> None:
    state = build_profile(choices(20), [ProfileValue("length", None, locked=True)])
    assert state[Dimension.LENGTH].value == 0.0
    assert not state[Dimension.LENGTH].acts


def test_a_set_value_acts_at_once_and_learning_starts_from_it() -> None:
    wish = ProfileValue("formality", 0.7, locked=False)
    profile = build_profile([], [wish])
    assert profile[Dimension.FORMALITY].value == pytest.approx(0.7)
    assert instructions(profile) == ("Use a formal tone.",)


def test_a_tier_bounds_what_was_set_and_says_who() -> None:
    bound = Bound(-0.2, 0.2, "Example Bank", "Neutral tone towards clients.")
    profile = build_profile([], [ProfileValue("formality", -0.9, locked=True)],
                            {"formality": bound})  # fmt: skip
    state = profile[Dimension.FORMALITY]
    assert (state.value, state.clamped) == (-0.2, True)
    assert state.bound is bound
    assert instructions(profile) == ()


def test_a_tier_may_demand_more_than_the_middle() -> None:
    bound = Bound(0.5, 1.0, "Example Bank", "Formal tone towards clients.")
    profile = build_profile([], (), {"formality": bound})
    assert instructions(profile) == ("Use a formal tone.",)


def test_settings_of_another_version_are_passed_over() -> None:
    assert build_profile([], [ProfileValue("sarcasm", 1.0, locked=True)]) == build_profile([])


def test_the_users_own_words_silence_the_profile_on_that_style() -> None:
    profile = build_profile([], [ProfileValue("emoji", -0.9, locked=True)])
    assert instructions(profile) == ("Do not use emojis.",)
    assert instructions(profile, [Style.EMOJI]) == ()


def test_short_and_lists_become_one_instruction() -> None:
    wishes = [ProfileValue("length", -0.9, locked=False), ProfileValue("structure", 0.9, False)]
    assert instructions(build_profile([], wishes)) == (SHORT_LIST,)


def test_instructions_stay_few() -> None:
    wishes = [ProfileValue(d.value, 0.9, locked=True) for d in DIMENSIONS]
    assert len(instructions(build_profile([], wishes))) == MAX_INSTRUCTIONS


def test_a_first_rating_alone_says_nothing_of_style() -> None:
    asked = turn("Why?", LONG)
    assert build_profile([(act(FeedbackKind.DOWN, asked), asked)]).learned.evidence == 0


def test_ratings_that_differ_with_length_are_learned_from() -> None:
    acts = []
    for number in range(16):
        asked = turn(f"Q{number}?", LONG if number % 2 else SHORT)
        kind = FeedbackKind.DOWN if number % 2 else FeedbackKind.UP
        acts.append((act(kind, asked, identity=f"r{number}"), asked))
    assert build_profile(acts)[Dimension.LENGTH].value < 0


def test_who_changes_their_mind_has_one_opinion() -> None:
    asked, other = turn("Q?", LONG), turn("P?", SHORT)
    first = act(FeedbackKind.UP, asked, identity="a")
    second = replace(act(FeedbackKind.DOWN, asked, identity="b"), created=NOON + timedelta(1))
    rest = (act(FeedbackKind.UP, other, identity="c"), other)
    changed = build_profile([(first, asked), (second, asked), rest])
    assert changed == build_profile([(second, asked), rest])


# -- the mathematics -----------------------------------------------------------------------


def evidence(*lengths: float) -> list[Evidence]:
    return [Evidence((x, *[0.0] * (len(DIMENSIONS) - 1))) for x in lengths]


def test_no_evidence_leaves_the_prior() -> None:
    posterior = fit([], PRIOR)
    assert posterior.mean == PRIOR.mean
    assert posterior.sd == pytest.approx(PRIOR.sd)


def test_the_mode_has_no_slope() -> None:
    from math import exp

    data = evidence(1.0, 0.5, -0.25, 1.5)
    w = fit(data, PRIOR).mean[0]
    slope = w / PRIOR.sd[0] ** 2 - sum(e.x[0] / (1 + exp(w * e.x[0])) for e in data)
    assert abs(slope) < 1e-6


def test_leaving_one_out_agrees_with_fitting_without_it() -> None:
    data = evidence(1.0, 0.5, -0.25, 1.5, 0.8, 1.1)
    approximate = leave_one_out(data, fit(data, PRIOR))
    for index, each in enumerate(data):
        rest = data[:index] + data[index + 1 :]
        exact = log_probability(fit(rest, PRIOR).mean, each)
        assert approximate[index] == pytest.approx(exact, abs=0.005)


def test_two_comparisons_are_too_few_to_prove_anything() -> None:
    assert learn(evidence(2.0, 2.0)).used == frozenset()


# -- choosing and asking -------------------------------------------------------------------


def test_a_stated_wish_outweighs_what_was_learned() -> None:
    profile = build_profile(choices(10))
    assert choose([SHORT, LONG], profile, ["Give detailed answers."]).index == 1


@pytest.mark.parametrize(
    ("wish", "good", "bad"),
    [
        ("End with a question.", "Soap helps. Do you have any?", "Soap helps. Use it."),
        ("Do not use brackets.", "Soap of any kind helps.", "Soap (any kind) helps."),
        ("Do not use emojis.", "Soap helps.", "Soap helps 😀"),
        ("Show the code first.", "```\nx\n```\nSo.", "So.\n```\nx\n```"),
        ("Skip greetings and closing phrases.", "Soap helps.", "Sure! Soap helps."),
    ],
)
def test_a_wish_without_a_dimension_still_decides(wish: str, good: str, bad: str) -> None:
    empty = build_profile([])
    assert choose([bad, good], empty, [wish]).index == 1
    assert choose([good, bad], empty, [wish]).index == 0


def test_an_empty_candidate_is_never_chosen() -> None:
    assert choose(["  ", LONG], build_profile(choices(10))).index == 1


def test_choosing_among_none_is_a_fault() -> None:
    with pytest.raises(ValueError, match="nothing"):
        choose([], build_profile([]))


def test_the_pair_that_differs_most_teaches_most() -> None:
    assert most_informative([SHORT, SHORT + "\n- Done", LONG], build_profile([])) in {
        (0, 2),
        (1, 2),
    }


def test_the_first_comparison_is_about_the_widest_error_bar() -> None:
    profile = build_profile([], [ProfileValue("length", 0.5, locked=True)])
    assert most_uncertain(profile) is not Dimension.LENGTH
    assert most_uncertain(profile, DIMENSIONS) is None


def test_starting_comparisons_are_few_skippable_and_end() -> None:
    profile = build_profile([])
    offered = set(open_dimensions(profile, []))
    asked = []
    while (pair := next_pair(profile, offered)) is not None:
        offered.remove(pair.dimension)
        asked.append(pair.dimension)
    assert len(asked) == len(set(asked)) == len(PAIRS) <= 10


def test_nothing_is_compared_that_the_person_or_a_tier_has_settled() -> None:
    bound = Bound(0.2, 1.0, "Example Bank", "Letters are formal.")
    profile = build_profile(
        [],
        [ProfileValue("emoji", None, locked=True), ProfileValue("hedging", -0.3, locked=False)],
        {"formality": bound},
        [picked(PAIRS[0], high=True)],
    )
    left = open_dimensions(profile, ["Use bullet points."])
    assert left == {Dimension.DIRECTNESS, Dimension.EXAMPLES, Dimension.READING_LEVEL}


def test_a_pick_shapes_answers_until_the_person_sets_the_slider() -> None:
    pick = picked(PAIRS[0], high=False)
    state = build_profile([], picks=[pick])[Dimension.LENGTH]
    assert (state.value, state.source, state.acts) == (-0.5, "picked", True)
    by_hand = build_profile([], [ProfileValue("length", 0.4, locked=False)], picks=[pick])
    assert (by_hand[Dimension.LENGTH].value, by_hand[Dimension.LENGTH].source) == (0.4, "set")


def test_a_pick_is_where_learning_starts_from() -> None:
    unpicked = build_profile(choices(12))[Dimension.LENGTH]
    against = build_profile(choices(12), picks=[picked(PAIRS[0], high=unpicked.value < 0)])
    assert against[Dimension.LENGTH].source in {"learned", "picked"}
    assert against[Dimension.LENGTH].value != unpicked.value


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.dimension.value)
def test_a_starting_pair_differs_in_its_dimension(pair: object) -> None:
    from assistant.personal.dimensions import measure

    index = DIMENSIONS.index(pair.dimension)  # type: ignore[attr-defined]
    low, high = measure(pair.low), measure(pair.high)  # type: ignore[attr-defined]
    assert high[index] - low[index] >= 0.5
    chosen = picked(pair, high=True)  # type: ignore[arg-type]
    assert chosen.value is not None
    assert chosen.value > 0


def test_features_are_counted_as_a_person_would() -> None:
    f = features("Hi there! Use soap (any).\n\n- one\n- two\n\n```\n- not (this)\n```\nOkay?")
    assert (f.items, f.brackets, f.opening, f.asks_last, f.code_first) == (2, 1, True, True, False)
    assert features("").words == 0


def _shorter(count: int) -> list[Evidence]:
    return [Evidence(tuple(-1.0 if d is Dimension.LENGTH else 0.0 for d in DIMENSIONS))] * count


def test_what_barely_proves_itself_barely_weighs_and_much_proof_nearly_frees_it() -> None:
    index = DIMENSIONS.index(Dimension.LENGTH)
    shares = []
    for count in (4, 10, 60):
        learned = learn(_shorter(count))
        assert learned.used == {Dimension.LENGTH}
        assert learned.fitted[index] == pytest.approx(fit(_shorter(count), PRIOR).mean[index])
        shares.append(learned.weights[index] / learned.fitted[index])
    assert 0 < shares[0] < 0.4 < shares[1] < 0.98 < shares[2] <= 1


def test_a_tiers_bound_holds_whatever_share_of_the_way_learning_is_worth() -> None:
    long = turn("Why?", "Because it rains. " * 30)
    acts = [(act(FeedbackKind.EDIT, long, "Because it rains.", f"f{n}"), long) for n in range(4)]
    free = build_profile(acts)[Dimension.LENGTH]
    assert free.source == "learned"
    assert free.weight < 0
    bound = Bound(0.3, 1.0, "issuer", "reason")
    held = build_profile(acts, bounds={"length": bound})[Dimension.LENGTH]
    at_bound = build_profile([], [ProfileValue("length", 0.3, locked=True)])[Dimension.LENGTH]
    assert held.value == pytest.approx(0.3)
    assert 2 * held.weight == pytest.approx(at_bound.weight)
