"""The only module that touches Chroma: its in-memory client, ids and vectors only."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import chromadb
import numpy as np
import numpy.typing as npt
from chromadb.config import Settings


class ChromaCollection:
    """One collection in cosine space. Never the persistent client: it writes plaintext."""

    def __init__(self) -> None:
        # Chroma's settings read ``.env`` from the working folder unless told not to.
        settings = Settings(_env_file=None, anonymized_telemetry=False, is_persistent=False)
        self._client: Any = chromadb.Client(settings)
        # All in-memory clients of a process share one store.
        self._name = f"memories-{uuid.uuid4().hex}"
        self._collection: Any = self._create()

    def upsert(self, ids: Sequence[str], vectors: npt.NDArray[np.float32]) -> None:
        """Add or replace."""
        self._collection.upsert(ids=list(ids), embeddings=vectors)

    def delete(self, ids: Sequence[str]) -> None:
        """Forget ids, whether present or not."""
        self._collection.delete(ids=list(ids))

    def clear(self) -> None:
        """Forget everything."""
        self._client.delete_collection(self._name)
        self._collection = self._create()

    def query(self, vector: npt.NDArray[np.float32], k: int) -> list[tuple[str, float]]:
        """The ``k`` nearest with their cosine, nearest first."""
        found = self._collection.query(
            query_embeddings=[vector], n_results=k, include=["distances"]
        )
        pairs = zip(found["ids"][0], found["distances"][0], strict=True)
        return [(str(id_), 1.0 - float(distance)) for id_, distance in pairs]

    def _create(self) -> Any:
        return self._client.create_collection(
            self._name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
        )
