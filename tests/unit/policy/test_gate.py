"""One gate for everything: segments, origins, effects, closing when it fails."""

from __future__ import annotations

from typing import Any

import pytest

from assistant.errors import DocumentInvalid
from assistant.policy.effective import Wishes
from assistant.policy.gate import Gate
from assistant.policy.model import Effect, Origin, Segment, Tier, Where
from assistant.policy.resolver import resolve
from assistant.policy.stream import FAULT
from tests.policy_documents import document, rule


def _gate(*documents: Any, wishes: Wishes | None = None) -> Gate:
    return Gate(resolve([document(**changes) for changes in documents], wishes or Wishes()))


def _user(*texts: str) -> list[Segment]:
    return [Segment(text, Origin.USER) for text in texts]


def test_a_term_split_over_two_turns_is_caught() -> None:
    gate = _gate({"rules": [rule(terms=["pipe bomb"])]})
    assert gate.check(_user("say pipe"), Where.INPUT).effect is Effect.NONE
    decision = gate.check(_user("say pipe", "bomb please"), Where.INPUT)
    assert (decision.effect, decision.view) == (Effect.BLOCK, "turns+plain")


def test_after_a_block_three_harmless_questions_get_three_answers() -> None:
    gate = _gate({"rules": [rule(terms=["zorblax"])]})
    assert gate.check(_user("zorblax"), Where.INPUT).stops
    for text in ("What is tea?", "How tall is Everest?", "Write a haiku."):
        assert gate.check(_user(text), Where.INPUT).effect is Effect.NONE


def test_text_of_verified_tiers_is_not_checked_and_every_other_origin_is() -> None:
    gate = _gate({"rules": [rule(terms=["zorblax"])]})
    for origin in Origin:
        decision = gate.check([Segment("zorblax", origin)], Where.INPUT)
        assert decision.stops == (origin is not Origin.TRUSTED)


def test_a_rule_is_checked_only_where_it_applies() -> None:
    gate = _gate({"rules": [rule(terms=["zorblax"], where=["memory"])]})
    assert {where for where in Where if gate.check(_user("zorblax"), where).stops} == {Where.MEMORY}


def test_the_strictest_effect_wins_the_higher_tier_is_named_and_the_rest_listed() -> None:
    gate = _gate(
        {"tier": "organisation", "issuer": "Org", "rules": [rule("org", terms=["zorblax"])]},
        {"rules": [rule("mild", "note", terms=["zorblax"]), rule("law", terms=["zorblax"])]},
    )
    decision = gate.check(_user("zorblax"), Where.INPUT)
    assert decision.effect is Effect.BLOCK
    assert decision.source is not None
    assert (decision.source.tier, decision.source.rule_id) == (Tier.NATIONAL, "law")
    assert set(decision.also) == {"org", "mild"}


def test_the_user_can_make_a_rule_stricter_and_is_named_for_it() -> None:
    law = {"rules": [rule("law", "note", terms=["zorblax"])]}
    decision = _gate(law, wishes=Wishes(effects={"law": Effect.BLOCK})).check(
        _user("zorblax"), Where.INPUT
    )
    assert decision.stops
    assert decision.source is not None
    assert decision.source.tier is Tier.USER
    milder = _gate(law, wishes=Wishes(effects={"law": Effect.NONE}))
    assert milder.check(_user("zorblax"), Where.INPUT).effect is Effect.NOTE


def test_a_yes_passes_a_question_and_nothing_stricter() -> None:
    gate = _gate({"rules": [rule("ask", "confirm", terms=["zorblax"]), rule("no", terms=["vex"])]})
    yes = frozenset({"ask", "no"})
    assert gate.check(_user("zorblax"), Where.INPUT).effect is Effect.CONFIRM
    assert gate.check(_user("zorblax"), Where.INPUT, yes).effect is Effect.NONE
    assert gate.check(_user("vex"), Where.INPUT, yes).stops


def test_display_text_is_never_altered_by_matching() -> None:
    gate = _gate({"rules": [rule("n", "note", terms=["zorblax"])]})
    text = "Ａ z\u200borblax — “Über” \U0001f600 e\u0301 ﬁ\n\n  end"
    stream = gate.stream()
    shown = "".join(stream.feed(char).released for char in text) + stream.finish().released
    assert shown == text
    assert gate.redact(text, Where.OUTPUT) == text


def test_a_fault_inside_the_gate_blocks_and_says_so() -> None:
    gate = _gate({"rules": [rule(terms=["zorblax"])]})
    broken: Any = [Segment(None, Origin.USER)]  # type: ignore[arg-type]
    assert gate.check(broken, Where.INPUT) == FAULT
    stream = gate.stream()
    not_text: Any = 7
    step = stream.feed(not_text)
    assert (step.released, step.decision) == ("", FAULT)
    assert stream.feed("later text ").released == "", "a stopped stream stays stopped"


def test_ten_thousand_terms_compile_and_match() -> None:
    terms = [f"term{number} of doom" for number in range(10_000)]
    gate = _gate({"rules": [rule(terms=terms)]})
    assert gate.check(_user("the term9999 of doom"), Where.INPUT).stops
    assert not gate.check(_user("the term of doom"), Where.INPUT).stops
    with pytest.raises(DocumentInvalid, match="10000 terms"):
        document(rules=[rule("a", terms=terms), rule("b", terms=["one more"])])
