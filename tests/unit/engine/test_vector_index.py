"""The index answers as comparing with every vector would, whoever answers."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.vector_index import VectorIndex

DIMENSIONS = 8
NEVER = 10**9

operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 12), st.integers(0, 10**6)),
        st.tuples(st.just("remove"), st.integers(0, 12), st.just(0)),
        st.tuples(st.just("clear"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


def _vector(seed: int, dimensions: int = DIMENSIONS) -> bytes:
    return np.random.default_rng(seed).standard_normal(dimensions).astype("<f4").tobytes()


def _cosine(left: bytes, right: bytes) -> float:
    a, b = np.frombuffer(left, "<f4"), np.frombuffer(right, "<f4")
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def _brute(held: dict[str, bytes], wanted: bytes, k: int) -> list[float]:
    return sorted((_cosine(vector, wanted) for vector in held.values()), reverse=True)[:k]


@given(operations, st.integers(1, 6))
def test_exact_search_finds_what_comparing_with_every_vector_finds(
    steps: list[tuple[str, int, int]], k: int
) -> None:
    index, held = VectorIndex(DIMENSIONS, chroma_from=NEVER), dict[str, bytes]()
    for what, number, seed in steps:
        id_ = f"id-{number}"
        if what == "put":
            held[id_] = _vector(seed)
            index.put([id_], held[id_])
        elif what == "remove":
            held.pop(id_, None)
            index.remove([id_])
        else:
            held.clear()
            index.clear()
    wanted = _vector(99)
    hits, way = index.query(wanted, k)
    assert way == "exact"
    assert [score for _, score in hits] == pytest.approx(_brute(held, wanted, k), abs=1e-5)
    assert all(_cosine(held[id_], wanted) == pytest.approx(score, abs=1e-5) for id_, score in hits)
    assert index.state() == (len(held), 0, "exact")


def test_the_matrix_grows_and_keeps_every_vector() -> None:
    index = VectorIndex(DIMENSIONS, chroma_from=NEVER)
    ids = [f"id-{number}" for number in range(3000)]
    index.put(ids, b"".join(_vector(number) for number in range(3000)))
    for number in (0, 1023, 1024, 2999):
        assert index.query(_vector(number), 1)[0][0][0] == f"id-{number}"


@pytest.mark.parametrize(
    "vectors", [b"", b"\0" * 4, b"\0" * (4 * DIMENSIONS + 1), np.full(8, np.nan, "<f4").tobytes()]
)
def test_vectors_of_another_shape_or_without_numbers_are_refused(vectors: bytes) -> None:
    index = VectorIndex(DIMENSIONS, chroma_from=NEVER)
    with pytest.raises(ValueError):
        index.put(["a"], vectors)
    with pytest.raises(ValueError):
        index.query(vectors, 1)
    assert index.state()[0] == 0


def test_an_empty_index_finds_nothing() -> None:
    assert VectorIndex(DIMENSIONS, chroma_from=1).query(_vector(1), 5) == ([], "exact")


def _filled(count: int) -> VectorIndex:
    index = VectorIndex(DIMENSIONS, chroma_from=1, quiet=0.0)
    index.put([f"id-{n}" for n in range(count)], b"".join(_vector(n) for n in range(count)))
    assert _wait_for_chroma(index)
    return index


def _wait_for_chroma(index: VectorIndex) -> bool:
    end = time.monotonic() + 200
    while index.state()[2] != "chroma" and time.monotonic() < end:
        time.sleep(0.02)
    return index.state()[2] == "chroma"


def test_chroma_takes_over_when_it_holds_everything_and_answers_the_same() -> None:
    index = _filled(150)
    exact = VectorIndex(DIMENSIONS, chroma_from=NEVER)
    exact.put([f"id-{n}" for n in range(150)], b"".join(_vector(n) for n in range(150)))
    for seed in range(1000, 1020):
        ours, way = index.query(_vector(seed), 5)
        theirs, _ = exact.query(_vector(seed), 5)
        assert way == "chroma"
        assert [id_ for id_, _ in ours] == [id_ for id_, _ in theirs]
        assert [s for _, s in ours] == pytest.approx([s for _, s in theirs], abs=1e-4)


def test_a_removed_or_replaced_vector_is_gone_from_chroma_too() -> None:
    index = _filled(20)
    index.remove(["id-3", "never there"])
    index.put(["id-4"], _vector(4000))
    # What is due again is searched exactly until Chroma has it.
    assert index.query(_vector(4), 1)[0][0][0] != "id-4"
    assert _wait_for_chroma(index)
    ids = [id_ for id_, _ in index.query(_vector(3), 20)[0]]
    assert "id-3" not in ids
    assert index.query(_vector(4000), 1)[0][0][0] == "id-4"
    assert index.state() == (19, 19, "chroma")
    index.clear()
    assert index.query(_vector(4), 5)[0] == []


def test_the_fill_waits_while_a_turn_runs() -> None:
    index = VectorIndex(DIMENSIONS, chroma_from=1, quiet=0.0)
    index.pause(True)
    index.put(["a"], _vector(1))
    time.sleep(0.2)
    assert index.state() == (1, 0, "exact")
    index.pause(False)
    assert _wait_for_chroma(index)


class _BrokenChroma:
    """A collection that fails at everything."""

    def upsert(self, ids: object, vectors: object) -> None:
        raise RuntimeError

    def delete(self, ids: object) -> None:
        raise RuntimeError

    def clear(self) -> None:
        raise RuntimeError

    def query(self, vector: object, k: int) -> list[tuple[str, float]]:
        raise RuntimeError


def test_exact_search_goes_on_where_chroma_fails() -> None:
    index = VectorIndex(DIMENSIONS, chroma_from=1, quiet=0.0, open_chroma=_BrokenChroma)
    index.put(["a", "b"], _vector(1) + _vector(2))
    time.sleep(0.2)
    assert index.query(_vector(2), 1)[0][0][0] == "b"
    index.remove(["b"])
    assert index.state() == (1, 0, "exact")
