"""The fast forward pass gives what sentence-transformers gives."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from assistant.engine import EmbedderFolder, MemoryClient, MemorySettings
from assistant.engine.bert import BertEmbedder, fits
from assistant.engine.embedder import LibraryEmbedder, open_embedder, verified_folder
from assistant.errors import ModelInvalid, ModelMissing
from tests.recorded_vectors import RECORDED

pytestmark = pytest.mark.model

TEXTS = [
    "",
    " ",
    "hello world",
    "Ünïcödé, 日本語, 😀 and\ttabs\nlines",
    "\x00\x1b[31m\u202e control",
    "The quick brown fox jumps over the lazy dog. " * 40,
    "a" * 5000,
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """As in the child, where the environment says so before numpy is imported."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def fast(embedder_path: Path) -> BertEmbedder:
    return BertEmbedder(embedder_path)


@pytest.mark.filterwarnings("ignore")
def test_both_ways_give_the_same_vectors(fast: BertEmbedder, embedder_path: Path) -> None:
    library = LibraryEmbedder(embedder_path)
    ours = np.stack([np.frombuffer(row, "<f4") for row in fast.embed(TEXTS)])
    theirs = np.stack([np.frombuffer(row, "<f4") for row in library.embed(TEXTS)])
    assert np.abs(ours - theirs).max() < 1e-5
    assert (fast.dimensions, fast.max_tokens) == (library.dimensions, library.max_tokens)


@settings(max_examples=8, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=3))
def test_a_text_alone_and_among_others_gives_one_unit_vector(
    fast: BertEmbedder, texts: list[str]
) -> None:
    together = [np.frombuffer(row, "<f4") for row in fast.embed(texts)]
    alone = [np.frombuffer(fast.embed([text])[0], "<f4") for text in texts]
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.shape == (384,)
        assert np.abs(ours - theirs).max() < 1e-5
        assert np.linalg.norm(ours) == pytest.approx(1.0, abs=1e-5)


def test_near_texts_are_near(fast: BertEmbedder) -> None:
    cat, kitten, report = (
        np.frombuffer(row, "<f4")
        for row in fast.embed(["a cat", "a kitten", "the quarterly financial report"])
    )
    assert cat @ kitten > 0.5 > cat @ report


def test_the_fast_way_is_taken_only_where_it_computes_the_same_model(
    embedder_path: Path, tmp_path: Path
) -> None:
    assert isinstance(open_embedder(embedder_path), BertEmbedder)
    for name, change in (
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"model_type": "xlm-roberta"}),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True}),
    ):
        folder = tmp_path / f"{name}{next(iter(change))}".replace("/", "-")
        folder.mkdir()
        for file in ("config.json", "modules.json"):
            shutil.copy(embedder_path / file, folder)
        shutil.copytree(embedder_path / "1_Pooling", folder / "1_Pooling")
        assert fits(folder)
        path = folder / name
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
        assert not fits(folder)


def test_a_folder_counts_only_with_every_digest_right(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert verified_folder(tmp_path, {"a": digest}) == tmp_path
    with pytest.raises(ModelInvalid):
        verified_folder(tmp_path, {"a": "0" * 64})
    with pytest.raises(ModelMissing):
        verified_folder(tmp_path, {"a": digest, "b": digest})


def test_behind_the_wall_the_library_itself_gives_the_same_vectors(embedder_path: Path) -> None:
    sentences = ["one sentence", "Ünïcödé — and numbers: 1,234"]
    vectors = []
    for chosen in (MemorySettings(), MemorySettings(library=True)):
        client = MemoryClient(chosen)
        try:
            client.start(EmbedderFolder(embedder_path))
            client.wait_ready(120)
            assert client.wall is not None
            vectors.append(client.embed(sentences))
        finally:
            client.stop()
    for one, other in zip(*vectors, strict=True):
        assert np.allclose(np.frombuffer(one, "<f4"), np.frombuffer(other, "<f4"), atol=1e-3)


def test_the_vectors_recorded_for_tests_are_the_models_own(fast: BertEmbedder) -> None:
    now = np.stack([np.frombuffer(row, "<f4") for row in fast.embed(list(RECORDED))])
    then = np.stack([np.frombuffer(row, "<f4") for row in RECORDED.values()])
    assert np.abs(now - then).max() < 1e-3
