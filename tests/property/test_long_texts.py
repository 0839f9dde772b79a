"""A long text is read by tables and in groups; it must read as a short one does."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.policy import views
from assistant.policy.blobs import Base64, Hexadecimal
from assistant.policy.canonical import FOLDS, canonical
from assistant.policy.channels import ALL_SIGNS, before_decoders
from assistant.policy.effective import Wishes
from assistant.policy.escapes import Escapes
from assistant.policy.gate import Gate
from assistant.policy.long_blobs import (
    long_base64,
    long_hexadecimal,
    long_percent,
    narrow,
)
from assistant.policy.model import Origin, Segment, Where
from assistant.policy.resolver import resolve
from assistant.policy.tables import LONG
from tests.policy_documents import document, rule

SEEDS = st.text(
    alphabet=st.one_of(
        st.characters(), st.sampled_from("ab1!|@€é中Ъ ﷺﬃ각\u200b\u0301\U000e0061.-_\n ")
    ),
    min_size=1,
    max_size=30,
)


def _long(seed: str) -> str:
    return (seed + " ") * (LONG // len(seed) + 1)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_long_text_folds_as_each_of_its_characters_does(seed: str) -> None:
    text = _long(seed)
    assert canonical(text) == re.sub(" {2,}", " ", "".join(FOLDS[ord(char)] for char in text))


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_every_view_of_a_long_text_is_that_of_its_pieces(seed: str) -> None:
    text = _long(seed)
    for view in (views.leet, views.rot13, views.letters):
        assert view(text) == "".join(map(view, text))


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab中 .\n1@Ъ_", min_size=3, max_size=40))
def test_runs_stand_in_a_long_text_where_they_stand_in_a_short_one(seed: str) -> None:
    # Two words and a gap too wide keep one repetition from running into the next.
    part = f"no{seed}  ...  no"
    apart = views.find_runs(part)
    times = LONG // len(part) + 1
    assert views.find_runs(part * times) == [
        (at * len(part) + start, at * len(part) + end)
        for at in range(times)
        for start, end in apart
    ]


@pytest.mark.parametrize("filler", ["x y z. ", "Ъ Ы Э. ", "a бγ 中 ก ", "%41 &lt; 6f "])
def test_one_spelled_out_term_is_found_among_many_runs(filler: str) -> None:
    gate = Gate(resolve([document(rules=[rule(terms=["bomb"])])], Wishes()))
    text = filler * (LONG // len(filler)) + " b.o.m.b " + filler * 100

    def seen(given: str) -> str:
        return gate.check([Segment(given, Origin.USER)], Where.INPUT).view

    assert seen(text) == "letters"
    assert seen(text.replace("b.o.m.b", "b.o.m.p")) == ""


ENCODED = st.lists(
    st.sampled_from(
        ["Q", "QWxs", "QWxsQ", "ab", "\n", "\r", "\r\n", " ", "+", "/", "-", "_", "=", "é", "中",
         "0x", "\\x", "\\", "0", "41", "414", "F6", "x", "X", "0X", "g", ".", "c3", "%41", "%C3%A9",
         "%c3", "%ff", "%", "%4"]
    ),
    max_size=24,
).map("".join)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(ENCODED)
def test_arrays_decode_as_the_expressions_do(text: str) -> None:
    data = narrow(text)
    for signs in (ALL_SIGNS, ""):
        assert long_base64(data, signs) == Base64(signs).decode(text)
    assert long_hexadecimal(data) == Hexadecimal.decode(text)
    escaped = "a" + text.replace("+", "")
    read = long_percent(escaped.encode()).decode("utf-8", "ignore")
    assert read == (Escapes.decode(escaped) or escaped)


PARTS = ["b", "o", "m", "|8", "@", "0", "!b", "ob", "n", "z", "O.", "-", "中", "é", " ", "b o m b"]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.sampled_from(PARTS), max_size=12).map("".join),
    st.sampled_from(["the quick brown fox. ", "中文 字符 ", "é à. "]),
)
def test_a_long_text_is_judged_as_its_only_odd_part_is(part: str, filler: str) -> None:
    rules = [rule(terms=["bomb", "o boom o"]), rule("second", pattern=["b.{1,3}mb"])]
    gate = Gate(resolve([document(rules=rules)], Wishes()))
    text = filler * (LONG // len(filler) + 1) + f" --- {part} --- " + filler

    def seen(given: str) -> tuple[str, tuple[str, ...]]:
        found = gate.check([Segment(given, Origin.USER)], Where.INPUT)
        return found.view, found.also

    assert seen(text) == seen(f" --- {part} --- ")


def test_decoders_see_a_text_that_has_the_same_plain_view() -> None:
    points = [*range(0xD800), *range(0xE000, 0x20000), *range(0xE0000, 0xE1000)]
    text = "".join(map(chr, points))
    assert canonical(before_decoders(text)) == canonical(text)
