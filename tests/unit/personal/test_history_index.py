"""BM25 over turns with their neighbours, and vectors of windows."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.personal.earlier import averaged, windows
from assistant.personal.history_index import COMMON, ENOUGH, LENT, HistoryIndex, lend
from assistant.personal.protocols import DIMENSIONS
from assistant.personal.vectors import SmallIndex
from assistant.vault.records import Found
from tests.generators import WORDS
from tests.unit.personal.fakes import WordEmbedder


def filled(*texts: str, conversation: str = "c") -> HistoryIndex:
    index = HistoryIndex()
    for position, text in enumerate(texts):
        index.put(f"{conversation}{position}", conversation, position, text)
    return index


def ids(index: HistoryIndex, question: str) -> list[str]:
    return [hit.item_id for hit in index.turns(question, 10)]


def test_the_turn_that_says_it_comes_first_and_its_neighbours_after_it() -> None:
    index = filled("We met Anna.", "She moved to Lisbon.", "In spring.", "Rain today.")
    assert ids(index, "Who moved to Lisbon?") == ["c1", "c2", "c0", "c3"]


def test_a_neighbour_in_another_conversation_is_none() -> None:
    index = filled("She moved to Lisbon.")
    index.put("d1", "d", 1, "In spring.")
    assert ids(index, "Lisbon") == ["c0"]


def test_nothing_matches_question_words_alone() -> None:
    assert ids(filled("What would you recommend?"), "What would you recommend?") == []


def test_the_limit_holds() -> None:
    assert len(filled(*["Lisbon"] * 9).turns("Lisbon", 3)) == 3


def test_an_index_of_nothing_finds_nothing() -> None:
    assert ids(HistoryIndex(), "Lisbon") == []


@given(st.lists(WORDS, min_size=1, max_size=6), st.integers(0, 5), WORDS)
@settings(max_examples=60, deadline=None)
def test_removing_a_turn_equals_never_having_put_it(
    texts: list[str], gone: int, question: str
) -> None:
    gone %= len(texts)
    without = HistoryIndex()
    for position, text in enumerate(texts):
        if position != gone:
            without.put(f"c{position}", "c", position, text)
    removed = filled(*texts)
    removed.remove([f"c{gone}", "unknown"])
    assert len(removed) == len(without)
    for a, b in zip(removed.turns(question, 9), without.turns(question, 9), strict=True):
        assert a.item_id == b.item_id
        assert a.score == pytest.approx(b.score)


@given(st.lists(WORDS, min_size=1, max_size=5), WORDS)
@settings(max_examples=30, deadline=None)
def test_putting_a_turn_again_replaces_it(texts: list[str], question: str) -> None:
    once, twice = filled(*texts), filled(*texts)
    twice.put("c0", "c", 0, "horror films")
    twice.put("c0", "c", 0, texts[0])
    assert [h.item_id for h in once.turns(question, 9)] == [
        h.item_id for h in twice.turns(question, 9)
    ]


def test_a_common_word_finds_no_new_turns_where_rarer_ones_found_enough() -> None:
    index = HistoryIndex()
    for number in range(COMMON + ENOUGH + 10):
        rare = "lighthouse " if number < ENOUGH else ""
        index.put(f"t{number:04}", f"c{number}", 0, f"{rare}weather")
    found = index.turns("lighthouse weather", 2 * COMMON)
    assert {hit.item_id for hit in found} == {f"t{number:04}" for number in range(ENOUGH)}
    assert found[0].score > index.turns("lighthouse", 1)[0].score


def test_a_removed_word_is_held_nowhere() -> None:
    index = filled("We met Anna.", "She moved to Lisbon.")
    index.remove(["c1"])
    assert "lisbon" not in repr(vars(index))


def test_clearing_leaves_nothing() -> None:
    index = filled("Lisbon", "Porto")
    index.clear()
    assert len(index) == 0
    assert ids(index, "Lisbon") == []


def test_windows_reach_one_and_two_turns_and_leave_out_what_is_not_there() -> None:
    said = {0: "first", 2: "third", 3: " ", 4: "fifth", 5: "sixth"}
    assert windows(said, 2) == ["third", "first third fifth"]


def test_an_average_has_unit_length_and_lies_between() -> None:
    a, b = WordEmbedder.vector("horror films"), WordEmbedder.vector("cook dinner")
    values = struct.unpack(f"<{DIMENSIONS}f", averaged([a, b]))
    assert math.sqrt(sum(v * v for v in values)) == pytest.approx(1.0, abs=1e-5)
    index = SmallIndex()
    index.put("mean", averaged([a, b]))
    (_, to_a), (_, to_b) = index.query(a, 1)[0], index.query(b, 1)[0]
    assert to_a == pytest.approx(to_b, abs=1e-5)


@pytest.mark.parametrize(
    "vector", [b"", b"\x00" * 4 * DIMENSIONS, b"\xff" * 4 * DIMENSIONS, b"abc"]
)
def test_what_is_no_vector_is_refused(vector: bytes) -> None:
    with pytest.raises(ValueError, match="vector"):
        SmallIndex().put("x", vector)
    with pytest.raises(ValueError, match="vector"):
        averaged([vector])


def test_a_removed_vector_is_not_found() -> None:
    index = SmallIndex()
    index.put("a", WordEmbedder.vector("films"))
    index.put("b", WordEmbedder.vector("films"))
    index.remove(["a", "unknown"])
    assert [key for key, _ in index.query(WordEmbedder.vector("films"), 5)] == ["b"]
    assert index.cosine("b", "b") == pytest.approx(1.0)
    assert index.cosine("a", "b") is None


def test_hits_of_another_index_lend_to_the_turns_around_them_in_the_same_shares() -> None:
    near = [("b", "a", -1), ("b", "c", 1), ("b", "d", 2), ("b", "far", 3), ("x", "y", 1)]
    found = lend([Found("b", 4.0), Found("c", 1.0)], near, 10)
    shares = dict(zip((-2, -1, 1, 2), LENT, strict=True))
    assert {hit.item_id: hit.score for hit in found} == {
        "b": 4.0, "c": 1.0 + 4.0 * shares[-1], "a": 4.0 * shares[1], "d": 4.0 * shares[-2],
    }  # fmt: skip
    assert [hit.item_id for hit in lend([Found("b", 4.0), Found("c", 1.0)], near, 2)] == ["b", "c"]


def test_hits_without_a_score_lend_nothing_and_keep_their_order() -> None:
    found = [Found("newest", 0.0), Found("older", 0.0)]
    assert lend(found, [("newest", "other", 1)], 5) == found
