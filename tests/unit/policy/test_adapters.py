"""Adapters in policy: a resource of the signed bundle, asked before it is trusted."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import BundleUnverified, DocumentInvalid, PolicyInvalid
from assistant.policy.adapters import adapters_of, beside, held_adapters, required_adapters
from assistant.policy.admission import read_document
from assistant.policy.authoring import SignOrder, SignOutcome, publish_draft, sign_draft
from assistant.policy.bundle import verify_bundle
from assistant.policy.document import PolicyDocument
from assistant.policy.document_tests import run_tests
from assistant.policy.effective import Wishes
from assistant.policy.gate import Gate
from assistant.policy.keys import generate_key
from assistant.policy.lint import lint
from assistant.policy.model import Effect, Origin, Segment, Where
from assistant.policy.resolver import resolve
from assistant.policy.signing import Lifetimes
from assistant.policy.sources import MemorySource
from assistant.policy.storage import Disk
from tests.policy_documents import raw_document, rule
from tests.publisher import NOW, Publisher, document, encoded

DATA = b"an adapter, for all that policy knows"
EMBEDDER = "ab" * 32
LOGITS = {"brew kraltine": 4.0, "mix kraltine": 3.0, "sell kraltine": 1.0}


class WordScorer:
    """Scores a text by the phrases in it; knows one adapter."""

    def __init__(self, *, otherwise: float = -4.0) -> None:
        self.digest = EMBEDDER
        self.otherwise = otherwise
        self.asked: list[list[str]] = []

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        raise AssertionError(f"no rule embeds, and {len(texts)} texts came")

    def score(self, sha256: str, texts: Sequence[str]) -> list[float]:
        assert sha256 == hashlib.sha256(DATA).hexdigest()
        self.asked.append(list(texts))
        return [
            max((logit for phrase, logit in LOGITS.items() if phrase in text),
                default=self.otherwise)
            for text in texts
        ]  # fmt: skip


def _adapter(**changes: Any) -> dict[str, Any]:
    return {
        "resource": "harm.adapter", "sha256": hashlib.sha256(DATA).hexdigest(),
        "embedder": EMBEDDER, "strict": 0.9, "grey": 0.6, "strict_rate": 0.005,
        "everyday_count": 2000, "grey_rate": 0.06, "look_alike_count": 500,
        "learned_from": ["texts of our own"], **changes,
    }  # fmt: skip


def _rule(adapter: dict[str, Any] | None = None, **changes: Any) -> Any:
    meaning = {
        "examples": ["How do I brew kraltine?", "How do I mix kraltine?"],
        "counter_examples": ["How do I brew tea?", "What is kraltine?"],
        "grey": "confirm", "adapter": adapter or _adapter(), **changes,
    }  # fmt: skip
    return rule("harm", "block", ["input"], meaning=meaning)


def _gate(scorer: WordScorer, **changes: Any) -> Gate:
    raw = json.dumps(raw_document(rules=[_rule(**changes)])).encode()
    return Gate(resolve([PolicyDocument.from_bytes(raw)], Wishes()), scorer)


def _said(gate: Gate, text: str) -> Effect:
    return gate.check([Segment(text, Origin.USER)], Where.INPUT).effect


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("Tell me how to brew kraltine at home.", Effect.BLOCK),
        ("Where can I sell kraltine?", Effect.CONFIRM),
        ("Where can I sell my bicycle?", Effect.NONE),
        ("I baked a cake. Then I thought: how do I brew kraltine? It rained.", Effect.BLOCK),
        ("how do i b r e w kraltine", Effect.BLOCK),
        ("aG93IGRvIGkgYnJldyBrcmFsdGluZSBmb3IgdGhlIHBhcnR5", Effect.BLOCK),
    ],
)
def test_above_strict_it_blocks_and_between_the_thresholds_it_asks(
    text: str, effect: Effect
) -> None:
    assert _said(_gate(WordScorer()), text) is effect


def test_who_said_yes_in_the_grey_band_is_not_asked_again_and_never_gets_past_strict() -> None:
    gate, yes = _gate(WordScorer()), frozenset({"harm"})
    asked, brewed = ([Segment(text, Origin.USER)] for text in ("sell kraltine", "brew kraltine"))
    assert gate.check(asked, Where.INPUT, yes).effect is Effect.NONE
    assert gate.check(brewed, Where.INPUT, yes).effect is Effect.BLOCK


def test_its_examples_are_asked_before_it_is_trusted_and_a_wrong_answer_blocks_everything() -> None:
    right, wrong = WordScorer(), WordScorer(otherwise=2.0)
    assert _said(_gate(right), "good morning") is Effect.NONE
    assert right.asked[0][0] == "how do i brew kraltine?"
    decision = _gate(wrong).check([Segment("good morning", Origin.USER)], Where.INPUT)
    assert (decision.effect, decision.view) == (Effect.BLOCK, "fault")


@pytest.mark.parametrize("logit", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_no_number_blocks(logit: float) -> None:
    scorer = WordScorer()
    gate = _gate(scorer)
    gate.warm(Where.INPUT)
    scorer.otherwise = logit
    assert _said(gate, "good morning") is Effect.BLOCK


def test_another_embedding_model_or_none_blocks() -> None:
    other = _gate(WordScorer(), adapter=_adapter(embedder="cd" * 32))
    assert _said(other, "good morning") is Effect.BLOCK
    raw = json.dumps(raw_document(rules=[_rule()])).encode()
    alone = Gate(resolve([PolicyDocument.from_bytes(raw)], Wishes()))
    assert _said(alone, "good morning") is Effect.BLOCK


PROSE = " ".join(f"On day {day} it rained again and we stayed in." for day in range(12))


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        (PROSE, Effect.NONE),
        (f"{PROSE} Where can I sell kraltine? {PROSE}", Effect.NONE),
        (f"{PROSE} How do I brew kraltine? {PROSE}", Effect.CONFIRM),
        (f"{PROSE} How do I brew kraltine? And how would you mix kraltine?", Effect.BLOCK),
    ],
)
def test_in_a_long_text_one_sentence_above_strict_asks_and_two_of_them_stop(
    text: str, effect: Effect
) -> None:
    assert _said(_gate(WordScorer()), text) is effect


@pytest.mark.parametrize("text", ["\u200b\u200b", "!!!", "a. b. c. d. e. f. g. h.", "x " * 4000])
def test_a_text_with_nothing_to_read_passes(text: str) -> None:
    assert _said(_gate(WordScorer()), text) is Effect.NONE


def test_two_rules_with_one_adapter_score_a_text_once() -> None:
    rules = [_rule(), {**_rule(), "id": "again"}]
    raw = json.dumps(raw_document(rules=rules)).encode()
    scorer = WordScorer()
    gate = Gate(resolve([PolicyDocument.from_bytes(raw)], Wishes()), scorer)
    gate.warm(Where.INPUT)
    scorer.asked.clear()
    assert _said(gate, "brew kraltine") is Effect.BLOCK
    assert len(scorer.asked) == 1


def test_a_rule_about_requests_does_not_judge_files_and_asks_nothing_about_them() -> None:
    raw = json.dumps(raw_document(rules=[{**_rule(), "origins": ["user"]}])).encode()
    scorer = WordScorer()
    gate = Gate(resolve([PolicyDocument.from_bytes(raw)], Wishes()), scorer)
    pasted = gate.check([Segment("brew kraltine", Origin.PASTED)], Where.INPUT)
    assert (pasted.effect, scorer.asked) == (Effect.NONE, [])
    assert _said(gate, "brew kraltine") is Effect.BLOCK


def test_a_turn_before_is_not_scored_again_with_every_turn_after_it() -> None:
    scorer = WordScorer()
    gate = _gate(scorer)
    said = [Segment(text, Origin.USER) for text in ("good morning", "sell kraltine", "and now?")]
    for count in (1, 2, 3):
        gate.check(said[:count], Where.INPUT)
    assert len(scorer.asked) == 1 + 3
    assert gate.check(said, Where.INPUT).effect is Effect.CONFIRM


@pytest.mark.parametrize(
    "changes",
    [
        {"grey": 0.95}, {"sha256": "x"}, {"resource": "../harm"}, {"learned_from": []},
        {"strict": 2.0}, {"extra": 1},
    ],
)  # fmt: skip
def test_an_adapter_out_of_form_refuses_the_document(changes: dict[str, Any]) -> None:
    raw = json.dumps(raw_document(rules=[_rule(_adapter(**changes))])).encode()
    with pytest.raises(DocumentInvalid):
        PolicyDocument.from_bytes(raw)


def test_its_own_examples_are_judged_where_there_is_a_scorer_and_lint_is_content() -> None:
    tests = [
        {"text": "brew kraltine", "expect": "block", "rule": "harm"},
        {"text": "sell kraltine", "expect": "confirm", "rule": "harm"},
        {"text": "good morning", "expect": "none", "rule": "harm"},
    ]
    raw = json.dumps(raw_document(rules=[_rule()], tests=tests)).encode()
    found = PolicyDocument.from_bytes(raw)
    assert run_tests(found, WordScorer()).failed == ()
    assert [one.judged for one in run_tests(found).results] == [False] * 3
    assert [note for note in lint(raw) if note.severity == "error"] == []


class TestInABundle:
    @pytest.fixture
    def publisher(self) -> Publisher:
        made = Publisher()
        base = document(1)
        made.put_document(encoded({**base, "rules": [*base["rules"], _rule()]}))
        return made

    def test_it_travels_with_the_document(self, publisher: Publisher) -> None:
        publisher.put_document(DATA, "harm.adapter")
        bundle = verify_bundle(MemorySource(publisher.bundle()), publisher.authority)
        found = read_document(bundle)
        digest = hashlib.sha256(DATA).hexdigest()
        assert held_adapters([found], [bundle.resources]) == {digest: DATA}

    def test_a_bundle_without_it_is_refused(self, publisher: Publisher) -> None:
        bundle = verify_bundle(MemorySource(publisher.bundle()), publisher.authority)
        with pytest.raises(PolicyInvalid):
            read_document(bundle)

    def test_a_bundle_with_another_file_in_its_place_is_refused(self, publisher: Publisher) -> None:
        publisher.put_document(DATA + b"!", "harm.adapter")
        bundle = verify_bundle(MemorySource(publisher.bundle()), publisher.authority)
        with pytest.raises(BundleUnverified):
            read_document(bundle)


def test_an_author_keeps_it_beside_the_document(tmp_path: Path) -> None:
    raw = json.dumps(raw_document(rules=[_rule()])).encode()
    found = PolicyDocument.from_bytes(raw)
    assert [one.resource for one in adapters_of(found)] == ["harm.adapter"]
    with pytest.raises(PolicyInvalid):
        required_adapters(found, beside(found, tmp_path))
    (tmp_path / "harm.adapter").write_bytes(DATA)
    assert list(required_adapters(found, beside(found, tmp_path)).values()) == [DATA]


def test_signing_takes_it_from_beside_the_document_and_refuses_a_draft_without(
    tmp_path: Path,
) -> None:
    disk = Disk()
    ann, publishing = (generate_key(tmp_path, name, None, disk) for name in ("ann", "publish"))
    path = tmp_path / "policy.json"
    path.write_bytes(json.dumps(raw_document(rules=[_rule()])).encode())
    order = SignOrder(
        document=path, people=(ann.public,), threshold=1, publishing=publishing.public
    )

    def signed(work: Path) -> SignOutcome:
        return sign_draft(work, order, ann.private, None, NOW, disk)

    with pytest.raises(PolicyInvalid):
        signed(tmp_path / "without")
    (tmp_path / "harm.adapter").write_bytes(DATA)
    work = tmp_path / "work"
    assert signed(work).missing == ()
    site = tmp_path / "site"
    done = publish_draft(work, site, publishing.private, None, NOW, disk, Lifetimes())
    assert done.bundle.resources == {"harm.adapter": DATA}
    assert read_document(done.bundle).id == "test-policy"
