"""The memory child: embedder and vector index behind the wall, and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.engine.child import Desk, begin
from assistant.engine.memory_messages import (
    AdapterWanted,
    CountIndex,
    Embed,
    Embedded,
    EmbedderLoaded,
    IndexClear,
    IndexHits,
    IndexPut,
    IndexQuery,
    IndexRemove,
    IndexState,
    LoadAdapter,
    LoadEmbedder,
    Scored,
    ScoreTexts,
    SetPaused,
)
from assistant.engine.messages import Done, Failed, Reply, Request, RequestEnvelope
from assistant.engine.model_messages import LoadFailed
from assistant.errors import ModelInvalid, ModelMissing


def main(arguments: Sequence[str]) -> None:
    """Wall, load, serve. Arguments come from the supervisor."""
    desk = Desk(begin(list(arguments)))
    envelope = desk.jobs.take()
    if envelope is None or not isinstance(envelope.body, LoadEmbedder):
        os._exit(2)
    began = time.perf_counter()
    try:
        shelf = Shelf(envelope.body)
    except ModelMissing:
        desk.reply(envelope.id, LoadFailed("missing"))
        return
    except ModelInvalid:
        desk.reply(envelope.id, LoadFailed("altered"))
        return
    embedder, seconds = shelf.embedder, time.perf_counter() - began
    desk.reply(envelope.id, EmbedderLoaded(embedder.dimensions, embedder.max_tokens, seconds))
    while True:
        waiting: RequestEnvelope | None = desk.jobs.take()
        if waiting is not None:
            desk.reply(waiting.id, _guarded(shelf.answer, waiting.body))


class Shelf:
    """The embedder, policy's adapters over it, and the index of vectors.

    Raises ModelMissing, ModelInvalid where the embedder's files are not what they should be.
    """

    def __init__(self, request: LoadEmbedder) -> None:
        # Heavy imports only behind the wall.
        from assistant.engine.embedder import Adapters, open_embedder, verified_folder
        from assistant.engine.vector_index import VectorIndex

        folder = verified_folder(Path(request.folder), request.sha256)
        self.embedder = open_embedder(folder, library=request.library)
        self._adapters = Adapters(self.embedder)
        self._index = VectorIndex(self.embedder.dimensions, chroma_from=request.chroma_from)

    def answer(self, body: Request) -> Reply:
        """Carry out one request. Raises ValueError for vectors of another shape."""
        match body:
            case Embed(texts):
                return Embedded(tuple(self.embedder.embed(texts)))
            case LoadAdapter(sha256, data):
                self._adapters.keep(sha256, data)
            case ScoreTexts(sha256, texts):
                logits = self._adapters.logits(sha256, texts)
                return AdapterWanted() if logits is None else Scored(tuple(logits))
            case IndexPut(ids, vectors):
                self._index.put(ids, vectors)
            case IndexRemove(ids):
                self._index.remove(ids)
            case IndexQuery(vector, k):
                hits, way = self._index.query(vector, k)
                return IndexHits(tuple(hits), way)
            case IndexClear():
                self._index.clear()
            case CountIndex():
                return IndexState(*self._index.state())
            case SetPaused(paused):
                self._index.pause(paused)
            case _:
                return Failed("not for this child")
        return Done()


def _guarded(answer: Callable[[Request], Reply], body: Request) -> Reply:
    try:
        return answer(body)
    except ValueError:
        return Failed("vectors of another shape")
    except ModelInvalid:
        return Failed("an adapter that cannot be used")
