"""Rules by meaning: calibrated heads, windows, languages, failing closed; guard models."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from assistant.errors import PolicyInvalid, UsageError
from assistant.policy.calibrate import calibrate
from assistant.policy.document import PolicyDocument
from assistant.policy.effective import Wishes
from assistant.policy.gate import Gate
from assistant.policy.guard import Safety, read_llama_guard, read_qwen3guard
from assistant.policy.languages import language_of
from assistant.policy.lint import false_hits
from assistant.policy.meaning import MAX_TOKENS, passages
from assistant.policy.model import Decision, Effect, Origin, Segment, Where
from assistant.policy.remembering import RememberingScorer
from assistant.policy.resolver import resolve
from assistant.policy.risk import LIMIT, next_risk, with_risk
from scripts.bench_suites._disguises import DISGUISES
from tests.policy_documents import raw_document, rule

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "guard.json").read_text("utf-8"))
MAKE = ("build", "brew", "make", "assemble", "mix")
THING = ("kraltine", "zubrane", "vexoline")
EXAMPLES = [f"how do i {make} the {thing} of doom" for make in MAKE for thing in THING]
COUNTER = [f"how do i {make} the {cake} for tea" for make in MAKE for cake in ("cake", "bread")]


class HashingScorer:
    """Embeds words by hashing them: no model, the same vectors everywhere."""

    def __init__(self, digest: str = "ab" * 32, *, broken: bool = False) -> None:
        self.digest = digest
        self.broken = broken
        self.seen: list[str] = []

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        if self.broken:
            raise TimeoutError
        self.seen += texts
        return [self._vector(text) for text in texts]

    def score(self, sha256: str, texts: Sequence[str]) -> list[float]:
        raise LookupError(f"{sha256} for {len(texts)} texts")

    def _vector(self, text: str) -> bytes:
        vector = np.full(64, 1e-3, dtype="<f4")
        for word in text.lower().split():
            vector[hashlib.sha256(word.strip("?.!,").encode()).digest()[0] % 64] += 1
        unit: bytes = (vector / np.linalg.norm(vector)).astype("<f4").tobytes()
        return unit


def _raw(**meaning: object) -> bytes:
    match = {"examples": EXAMPLES, "counter_examples": COUNTER, **meaning}
    return json.dumps(raw_document(rules=[rule("m", meaning=match)])).encode()


@pytest.fixture(scope="module")
def calibrated() -> bytes:
    return calibrate(_raw(), HashingScorer())[0]


def _gate(raw: bytes, scorer: HashingScorer | None) -> Gate:
    return Gate(resolve([PolicyDocument.from_bytes(raw)], Wishes()), scorer)


def _check(gate: Gate, text: str) -> Decision:
    return gate.check([Segment(text, Origin.USER)], Where.INPUT)


def test_a_calibrated_rule_blocks_its_kind_and_lets_the_rest_pass(calibrated: bytes) -> None:
    gate = _gate(calibrated, HashingScorer())
    decision = _check(gate, "How do I assemble the zubrane of doom?")
    assert (decision.effect, decision.view) == (Effect.BLOCK, "meaning")
    assert decision.score is not None
    assert _check(gate, "How do I make the bread for tea?").effect is Effect.NONE


def test_calibration_states_its_rates_and_keeps_them(calibrated: bytes) -> None:
    _, (report,) = calibrate(_raw(), HashingScorer(), strict_rate=0.01, grey_rate=0.05)
    assert 0 < report.strict_rate <= 0.01
    assert report.strict_rate <= report.grey_rate <= 0.05
    assert report.benign_count >= 1000
    assert report.recall_grey >= report.recall_strict
    head = PolicyDocument.from_bytes(calibrated).rules[0].match.meaning
    assert head is not None
    assert head.head is not None
    assert head.head.embedder == "ab" * 32


def test_calibrating_twice_gives_the_same_document(calibrated: bytes) -> None:
    assert calibrate(_raw(), HashingScorer())[0] == calibrated


def test_a_rate_too_small_for_the_texts_at_hand_is_refused() -> None:
    with pytest.raises(UsageError, match="too few"):
        calibrate(_raw(), HashingScorer(), strict_rate=1e-5)


@pytest.mark.parametrize(
    "scorer",
    [
        pytest.param(None, id="nothing embeds"),
        pytest.param(HashingScorer("cd" * 32), id="another embedding model"),
        pytest.param(HashingScorer(broken=True), id="time-out"),
    ],
)
def test_a_stage_that_cannot_judge_closes_the_gate(
    calibrated: bytes, scorer: HashingScorer | None
) -> None:
    gate = _gate(calibrated, scorer)
    decision = _check(gate, "What is the capital of France?")
    assert (decision.effect, decision.view) == (Effect.BLOCK, "fault")
    step = gate.stream().feed("Paris is the capital. And ")
    assert step.released == ""
    assert step.decision is not None
    assert step.decision.view == "fault"


def test_a_rule_never_calibrated_closes_the_gate() -> None:
    assert _check(_gate(_raw(), HashingScorer()), "hello there").view == "fault"


def test_one_bad_sentence_among_many_is_found_wherever_it_stands(calibrated: bytes) -> None:
    gate = _gate(calibrated, HashingScorer())
    filler = ["The weather was mild and the river ran slowly past the old mill."] * 40
    for place in (0, 20, 40):
        sentences = [*filler[:place], "How do I brew the kraltine of doom?", *filler[place:]]
        assert _check(gate, " ".join(sentences)).stops
    assert not _check(gate, " ".join(filler)).stops


def test_windows_are_short_and_overlap() -> None:
    words = [f"word{n}" for n in range(500)]
    windows = passages(" ".join(words))
    assert all(sum(1 + len(w) // 4 for w in part.split()) <= MAX_TOKENS for part in windows)
    assert all(any(word in part.split() for part in windows) for word in words)
    pairs = pairwise(windows)
    assert all(first.split()[-1] in second.split() for first, second in pairs)


@pytest.mark.parametrize("name", DISGUISES)
def test_a_disguise_does_not_hide_the_meaning(calibrated: bytes, name: str) -> None:
    text = DISGUISES[name]("how do i brew the zubrane of doom")
    assert _check(_gate(calibrated, HashingScorer()), text).stops


def test_a_language_the_rule_does_not_speak_is_said_to_be_unscored(calibrated: bytes) -> None:
    gate = _gate(calibrated, HashingScorer())
    decision = _check(gate, "Wie kann ich heute den Kuchen für die Kinder backen?")
    assert (decision.effect, decision.view) == (Effect.NOTE, "unscored")
    assert decision.unscored == ("m",)
    silent = calibrate(_raw(unscored="none"), HashingScorer())[0]
    quiet = _check(_gate(silent, HashingScorer()), "Как мне испечь пирог?")
    assert (quiet.effect, quiet.unscored) == (Effect.NONE, ("m",))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I bake bread?", "en"),
        ("Wie backe ich ein Brot, und was brauche ich?", "de"),
        ("Comment est-ce que je peux faire du pain ?", "fr"),
        ("¿Cómo puedo hacer pan en casa?", "es"),
        ("Как испечь хлеб?", "ru"),
        ("パンの作り方を教えて", "ja"),
        ("如何烤面包", "zh"),
        ("bake bread", ""),
        ("hоw dо i bаke breаd", ""),
    ],
)
def test_the_language_of_a_text_is_told_or_left_open(text: str, language: str) -> None:
    assert language_of(text) == language or (language == "" and language_of(text) == "en")


def test_an_answer_is_shown_sentence_by_sentence_after_its_judgement(calibrated: bytes) -> None:
    stream = _gate(calibrated, HashingScorer()).stream()
    assert stream.feed("Bread is made of flour").released == ""
    assert stream.feed(". Then").released == "Bread is made of flour. "
    step = stream.feed(" how do i brew the kraltine of doom. ")
    assert step.released == ""
    assert step.decision is not None
    assert step.decision.stops


def test_a_sentence_of_an_answer_is_embedded_once(calibrated: bytes) -> None:
    scorer = HashingScorer()
    stream = _gate(calibrated, scorer).stream(Where.INPUT)
    for sentence in ("The first of them is this. ", "The second of them is that. ", "A third."):
        stream.feed(sentence)
    stream.finish()
    assert len(scorer.seen) == len(set(scorer.seen)) == 4


def test_false_hits_count_what_a_rule_by_meaning_touches(calibrated: bytes) -> None:
    scorer = HashingScorer()
    assert false_hits(PolicyDocument.from_bytes(calibrated))["m"].touched == 0
    assert 0 < false_hits(PolicyDocument.from_bytes(calibrated), scorer)["m"].touched < 100
    raw = json.loads(calibrated)
    head = raw["rules"][0]["match"]["meaning"]["head"]
    head["grey"] = 1e-12
    touches_all = PolicyDocument.from_bytes(json.dumps(raw).encode())
    assert false_hits(touches_all, scorer)["m"].touched == 1000


def test_false_hits_tell_the_grey_band_from_the_rules_own_effect(calibrated: bytes) -> None:
    raw = json.loads(calibrated)
    head = raw["rules"][0]["match"]["meaning"]["head"]
    counted = []
    for strict, grey in ((1.0, 1e-12), (1e-11, 1e-12), (0.5, 1e-12)):
        head["strict"], head["grey"] = strict, grey
        document = PolicyDocument.from_bytes(json.dumps(raw).encode())
        hits = false_hits(document, HashingScorer())["m"]
        counted.append((hits.full, hits.grey))
    assert counted[:2] == [(0, 1000), (1000, 0)]
    full, softer = counted[2]
    assert full + softer == 1000


def test_a_number_that_is_none_is_not_remembered() -> None:
    class Failing(HashingScorer):
        def score(self, sha256: str, texts: Sequence[str]) -> list[float]:
            self.seen += texts
            return [float("nan") for _ in texts] if len(self.seen) == 1 else [1.0 for _ in texts]

    scorer = Failing()
    remembering = RememberingScorer(scorer, 4)
    assert math.isnan(remembering.score("d", ["one"])[0])
    assert remembering.score("d", ["one", "two"]) == [1.0, 1.0]
    assert remembering.score("d", ["two"]) == [1.0]
    assert scorer.seen == ["one", "one", "two"]


def test_trusted_segments_are_not_judged(calibrated: bytes) -> None:
    scorer = HashingScorer()
    segments = [Segment("how do i brew the kraltine of doom", Origin.TRUSTED)]
    assert _gate(calibrated, scorer).check(segments, Where.INPUT).effect is Effect.NONE
    assert scorer.seen == []


def test_risk_grows_with_grey_turns_fades_and_only_ever_asks() -> None:
    grey = Decision(Effect.NOTE, None, 0.6, "meaning")
    risk = 0.0
    for _ in range(8):
        risk = next_risk(risk, grey)
    assert risk < LIMIT, "grey turns alone approach the limit and do not reach it"
    risk = next_risk(risk, Decision(Effect.BLOCK, None, None, "plain"))
    assert with_risk(grey, risk).effect is Effect.CONFIRM
    for _ in range(3):
        risk = next_risk(risk, Decision(Effect.NONE))
    assert with_risk(grey, risk) == grey
    assert next_risk(0.0, Decision(Effect.NOTE, None, None, "unscored")) == 0.0


@pytest.mark.parametrize("case", VECTORS["qwen3guard"])
def test_recorded_answers_of_qwen3guard_are_read(case: dict[str, object]) -> None:
    verdict = read_qwen3guard(str(case["output"]))
    assert verdict.safety is Safety(str(case["safety"]))
    assert list(verdict.categories) == case["categories"]
    assert verdict.refusal == case["refusal"]


@pytest.mark.parametrize("case", VECTORS["llama_guard"])
def test_recorded_answers_of_llama_guard_are_read(case: dict[str, object]) -> None:
    verdict = read_llama_guard(str(case["output"]))
    assert verdict.safety is Safety(str(case["safety"]))
    assert list(verdict.categories) == case["categories"]


@pytest.mark.parametrize("output", VECTORS["unreadable"])
def test_an_answer_that_cannot_be_read_is_never_safe(output: str) -> None:
    with pytest.raises(PolicyInvalid):
        read_qwen3guard(output)
    with pytest.raises(PolicyInvalid):
        read_llama_guard(output)
