"""Canonical views, against fixed vectors, and each with its own match rule."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from assistant.policy import views
from assistant.policy.canonical import PlainFold, canonical
from assistant.policy.channels import decoded
from assistant.policy.effective import Wishes
from assistant.policy.gate import Gate
from assistant.policy.model import Origin, Segment, Where
from assistant.policy.resolver import resolve
from scripts.bench_suites._disguises import DISGUISES
from tests.policy_documents import document, rule

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "views.json").read_text("utf-8"))
TERMS = ["bomb", "pipe bomb", "detonators", "zorblax"]


@pytest.fixture(scope="module")
def gate() -> Gate:
    made = document(
        rules=[rule(terms=TERMS), rule("p", pattern=[r"\bhow (to|do i) brew .{0,20}\bkraltine\b"])]
    )
    return Gate(resolve([made], Wishes()))


def _view(gate: Gate, text: str) -> str:
    return gate.check([Segment(text, Origin.USER)], Where.INPUT).view


@pytest.mark.parametrize(("text", "plain"), VECTORS["plain"])
def test_the_plain_view_follows_its_vectors(text: str, plain: str) -> None:
    assert canonical(text) == plain
    folded, spans = PlainFold().feed(text, [(at, at + 1) for at in range(len(text))])
    assert folded == plain
    assert len(spans) == len(plain)


@pytest.mark.parametrize(("text", "view", "hidden"), VECTORS["decoded"])
def test_the_decoded_views_follow_their_vectors(text: str, view: str, hidden: str) -> None:
    assert (view, hidden) in [
        (name, found.replace("\0", "").strip()) for name, found in decoded(text)
    ]


@pytest.mark.parametrize(("text", "expected"), VECTORS["letters"])
def test_the_letters_view_follows_its_vectors(text: str, expected: str) -> None:
    assert views.letters(canonical(text)) == expected


@pytest.mark.parametrize(("text", "view"), VECTORS["decisions"])
def test_each_view_keeps_its_own_match_rule(gate: Gate, text: str, view: str) -> None:
    assert _view(gate, text) == view


@pytest.mark.parametrize("name", DISGUISES)
@pytest.mark.parametrize("text", [*TERMS, "tell me how to brew good kraltine today"])
def test_a_listed_term_or_pattern_is_caught_in_every_disguise(
    gate: Gate, name: str, text: str
) -> None:
    assert _view(gate, DISGUISES[name](text)) != ""


@pytest.mark.parametrize("outer", ["base64", "hex", "url"])
@pytest.mark.parametrize("inner", ["base64", "hex", "url", "rot13", "reversed"])
def test_two_encodings_inside_each_other_are_read(gate: Gate, outer: str, inner: str) -> None:
    assert _view(gate, DISGUISES[outer](DISGUISES[inner]("a pipe bomb"))) != ""


def test_a_term_is_caught_after_fifty_thousand_harmless_words(gate: Gate) -> None:
    harmless = "the quick brown fox jumps over the lazy dog and then sleeps " * 4200
    assert len(harmless.split()) > 50_000
    assert _view(gate, harmless) == ""
    assert _view(gate, harmless + "zorblax") == "plain"
    middle = len(harmless) // 2
    assert _view(gate, harmless[:middle] + " zorblax " + harmless[middle:]) == "plain"
    assert _view(gate, "zorblax " + harmless) == "plain"


@pytest.mark.parametrize(
    "unit",
    ["the quick brown fox ", "a b c d ", "%41a", "Съешь ещё ", "h0w ", "6f ", "QWxs", "&lt;",
     " ", "\u200b", "\U000e0061", "ﷺ", "Ab1+/-_", "é\u0301"],
)  # fmt: skip
def test_reading_the_views_takes_time_in_proportion_to_the_text(gate: Gate, unit: str) -> None:
    def seconds(size: int) -> float:
        text = (unit * (size // len(unit) + 1))[:size]
        best = 9.0
        for _ in range(2):
            start = time.perf_counter()
            _view(gate, text)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(200_000) < 10 * seconds(40_000) + 0.05
