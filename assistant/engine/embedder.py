"""Text to vectors with a sentence-transformers model. Only the memory child imports it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from assistant.errors import ModelInvalid, ModelMissing

MAX_FILE = 2 * 1024**3
BATCH = 32


def verified_folder(folder: Path, sha256: Mapping[str, str]) -> Path:
    """``folder`` if every listed file is there with its digest.

    Raises ``ModelMissing`` or ``ModelInvalid``. Names are relative to the folder.
    """
    for name, digest in sha256.items():
        path = folder / name
        if not path.is_file():
            raise ModelMissing("A file of the embedding model is missing.")
        if path.stat().st_size > MAX_FILE:
            raise ModelInvalid("A file of the embedding model is too long.")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ModelInvalid("A file of the embedding model was altered.")
    return folder


class Embedder(Protocol):
    """Text to unit-length vectors."""

    dimensions: int
    max_tokens: int

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One float32 little-endian vector per text."""
        ...


def open_embedder(folder: Path, *, library: bool = False) -> Embedder:
    """The fast forward pass where it computes this model exactly, else the library.

    ``library`` asks for the library in any case: `doctor` holds the two to one another.
    """
    from assistant.engine import bert

    fast = bert.fits(folder) and not library
    return bert.BertEmbedder(folder) if fast else LibraryEmbedder(folder)


class Adapters:
    """The adapters that were sent, by their digest; few, because each is large."""

    MOST = 4

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._kept: dict[str, Callable[[Sequence[str]], list[float]]] = {}

    def keep(self, sha256: str, data: bytes) -> None:
        """Take an adapter in, in place of the oldest where there are many.

        Raises ``ModelInvalid`` for another digest, a broken file, or an embedder that
        cannot be adapted.
        """
        from assistant.engine.adapter import read_adapter
        from assistant.engine.bert import BertEmbedder

        if hashlib.sha256(data).hexdigest() != sha256:
            raise ModelInvalid("An adapter was altered.")
        if not isinstance(self._embedder, BertEmbedder):
            raise ModelInvalid("This embedding model cannot be adapted.")
        scorer = self._embedder.adapted(read_adapter(data))
        while len(self._kept) >= self.MOST:
            del self._kept[next(iter(self._kept))]
        self._kept[sha256] = scorer

    def logits(self, sha256: str, texts: Sequence[str]) -> list[float] | None:
        """One logit per text; None where the adapter has not been sent."""
        scorer = self._kept.get(sha256)
        return None if scorer is None else scorer(texts)


class LibraryEmbedder:
    """Any sentence-transformers model, through that library."""

    def __init__(self, folder: Path) -> None:
        # torch makes a cache directory as it is imported; behind the wall nothing can be
        # made, and nothing needs to be: this one exists and is never written to.
        tempfile.tempdir = str(folder)
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder)
        import torch
        from sentence_transformers import SentenceTransformer

        torch.set_num_threads(1)
        torch.set_num_interop_threads(1)
        self._model: Any = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        self.dimensions = int(self._model.get_embedding_dimension())
        self.max_tokens = int(self._model.max_seq_length)

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        """One unit-length float32 little-endian vector per text."""
        if not texts:
            return []
        vectors = self._model.encode(
            list(texts),
            batch_size=BATCH,
            normalize_embeddings=True,
            convert_to_numpy=True,
            show_progress_bar=False,
        )
        return [row.astype("<f4").tobytes() for row in vectors]
