"""What the front and the memory child say to each other (``engine.messages`` frames it).

Vectors travel as float32 little-endian bytes, times as seconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from assistant.engine.limits import Count

# --- front → memory child ------------------------------------------------------------


class LoadEmbedder(msgspec.Struct, frozen=True, tag="load_embedder"):
    """Load the embedding model in ``folder``; every file must have its digest.

    ``library`` asks for sentence-transformers itself where a faster pass would do.
    """

    folder: str
    sha256: dict[str, str]
    chroma_from: Count
    library: bool = False


class Embed(msgspec.Struct, frozen=True, tag="embed"):
    """Embed texts, in one batch."""

    texts: tuple[str, ...]


class LoadAdapter(msgspec.Struct, frozen=True, tag="load_adapter"):
    """Keep an adapter (``engine.adapter``), whose digest must be ``sha256``."""

    sha256: str
    data: bytes


class ScoreTexts(msgspec.Struct, frozen=True, tag="score_texts"):
    """One logit per text by the adapter with that digest."""

    sha256: str
    texts: tuple[str, ...]


class IndexPut(msgspec.Struct, frozen=True, tag="index_put"):
    """Add or replace vectors. ``vectors`` is ids × dimensions of float32."""

    ids: tuple[str, ...]
    vectors: bytes


class IndexRemove(msgspec.Struct, frozen=True, tag="index_remove"):
    """Forget these ids, whether present or not."""

    ids: tuple[str, ...]


class IndexQuery(msgspec.Struct, frozen=True, tag="index_query"):
    """The ``k`` nearest by cosine."""

    vector: bytes
    k: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class IndexClear(msgspec.Struct, frozen=True, tag="index_clear"):
    """Forget everything."""


class CountIndex(msgspec.Struct, frozen=True, tag="count_index"):
    """How much the index holds."""


class SetPaused(msgspec.Struct, frozen=True, tag="set_paused"):
    """Hold background work back while a turn runs."""

    paused: bool


# --- memory child → front ------------------------------------------------------------


class EmbedderLoaded(msgspec.Struct, frozen=True, tag="embedder_loaded"):
    """The embedder answers now."""

    dimensions: int
    max_tokens: int
    seconds: float


class Embedded(msgspec.Struct, frozen=True, tag="embedded"):
    """One unit-length vector per text."""

    vectors: tuple[bytes, ...]


class Scored(msgspec.Struct, frozen=True, tag="scored"):
    """One logit per text."""

    logits: tuple[float, ...]


class AdapterWanted(msgspec.Struct, frozen=True, tag="adapter_wanted"):
    """The child has no such adapter: it is new, or was restarted. Send it and ask again."""


class IndexState(msgspec.Struct, frozen=True, tag="index_state"):
    """How much the index holds, and how much of it Chroma has taken over."""

    items: int
    in_chroma: int
    searched_by: Literal["exact", "chroma"]


class IndexHits(msgspec.Struct, frozen=True, tag="index_hits"):
    """Nearest first: id and cosine."""

    hits: tuple[tuple[str, float], ...]
    searched_by: Literal["exact", "chroma"]
