"""Adapters: one small format, read with suspicion, and the network they stand for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from assistant.engine import EmbedderFolder, MemoryClient
from assistant.engine.adapter import MATRICES, Shape, read_adapter
from assistant.engine.bert import BertEmbedder
from assistant.errors import EngineError, ModelInvalid
from scripts.adapter_training.packing import pack, unpacked
from tests.generators import adapter_edits

VECTOR = json.loads((Path(__file__).parents[2] / "vectors" / "adapter.json").read_text())
DATA = bytes.fromhex(VECTOR["hex"])
MINI = Shape(first=4, layers=2, width=384, inner=1536)


def _tensors(shape: Shape, seed: int, scale: float) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}
    for layer in range(shape.first, shape.first + shape.layers):
        prefix = f"encoder.layer.{layer}."
        for name in MATRICES:
            found[f"{prefix}{name}.weight"] = rng.normal(0, scale, shape.matrix(name))
        for name, size in shape.vectors():
            found[prefix + name] = rng.normal(0, scale, size)
    found["head.weight"], found["head.bias"] = rng.normal(0, 1, shape.width), rng.normal(0, 1, 1)
    return {name: value.astype(np.float32) for name, value in found.items()}


def _changes(shape: Shape, scale: float, seed: int = 1) -> bytes:
    base = {name: np.zeros_like(value) for name, value in _tensors(shape, 1, 1.0).items()}
    trained = _tensors(shape, seed, 1.0)
    small = {name: scale * value for name, value in trained.items()}
    return pack({**small, "head.weight": trained["head.weight"]}, base, shape)


def test_a_file_of_format_1_reads_to_the_same_numbers() -> None:
    adapter = read_adapter(DATA)
    assert len(DATA) == adapter.shape.length
    assert adapter.changes.keys() == VECTOR["changes"].keys()
    for name, values in VECTOR["changes"].items():
        assert np.allclose(adapter.changes[name], values, rtol=0, atol=1e-6), name
    assert np.allclose(adapter.head, VECTOR["head"])
    assert adapter.bias == VECTOR["bias"]


def test_four_bits_a_weight_stay_within_half_a_step_or_the_outermost_code() -> None:
    shape = Shape(first=0, layers=1, width=8, inner=16)
    trained = _tensors(shape, 3, 0.1)
    base = _tensors(shape, 4, 1.0)
    there = {name: base[name] + trained[name] for name in trained}
    back = unpacked(pack(there, base, shape), base)
    for name, wanted in there.items():
        largest = np.abs(trained[name]).max()
        assert np.abs(back[name] - wanted).max() <= largest * 0.5, name
    assert np.array_equal(back["head.weight"], there["head.weight"])


@given(adapter_edits(DATA))
def test_altered_bytes_are_refused_or_read_as_an_adapter_of_finite_numbers(data: bytes) -> None:
    try:
        adapter = read_adapter(data)
    except ModelInvalid:
        return
    assert len(data) == adapter.shape.length
    assert all(np.isfinite(change).all() for change in adapter.changes.values())
    assert np.isfinite(adapter.head).all()
    assert np.isfinite(adapter.bias)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_adapter_are_refused(data: bytes) -> None:
    with pytest.raises(ModelInvalid):
        read_adapter(data)


@pytest.mark.model
class TestWithTheEmbedder:
    @pytest.fixture(scope="class", autouse=True)
    def one_thread(self) -> Iterator[None]:
        with threadpool_limits(1):
            yield

    @pytest.fixture(scope="class")
    def plain(self, embedder_path: Path) -> BertEmbedder:
        return BertEmbedder(embedder_path)

    def test_a_change_of_nothing_gives_the_untouched_embedding_to_the_head(
        self, plain: BertEmbedder
    ) -> None:
        first, second = (read_adapter(_changes(MINI, 0.0, seed)) for seed in (1, 2))
        unit = np.frombuffer(plain.embed(["a cat"])[0], "<f4")
        logits = [plain.adapted(one)(["a cat"])[0] - one.bias for one in (first, second)]
        # The head sees the vector before it is brought to length one: the ratio stays.
        assert logits[0] / logits[1] == pytest.approx(
            float(unit @ first.head) / float(unit @ second.head), rel=1e-3
        )

    def test_the_embedding_stays_as_it_was_beside_an_adapter(self, plain: BertEmbedder) -> None:
        before = plain.embed(["a cat"])
        scorer = plain.adapted(read_adapter(_changes(MINI, 0.05)))
        assert scorer(["a cat"]) != scorer(["a report"])
        assert plain.embed(["a cat"]) == before

    def test_an_adapter_for_another_shape_is_refused(self, plain: BertEmbedder) -> None:
        with pytest.raises(ModelInvalid):
            plain.adapted(read_adapter(DATA))
        with pytest.raises(ModelInvalid):
            plain.adapted(read_adapter(_changes(Shape(5, 2, 384, 1536), 0.01)))

    def test_the_child_takes_an_adapter_once_and_again_after_a_restart(
        self, embedder_path: Path
    ) -> None:
        data = _changes(MINI, 0.02)
        digest = hashlib.sha256(data).hexdigest()
        client = MemoryClient()
        client.start(EmbedderFolder(embedder_path))
        try:
            client.wait_ready(60)
            first = client.score(digest, data, ["a cat", "a report"])
            assert client.score(digest, b"", ["a cat", "a report"]) == pytest.approx(first)
            client.start(EmbedderFolder(embedder_path))
            assert client.score(digest, data, ["a cat", "a report"]) == pytest.approx(first)
            with pytest.raises(EngineError):
                client.score("0" * 64, data, ["a cat"])
            with pytest.raises(EngineError):
                client.score(hashlib.sha256(b"x").hexdigest(), b"x", ["a cat"])
            assert len(client.embed(["a cat"])) == 1
        finally:
            client.stop()
