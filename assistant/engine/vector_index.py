"""Nearest vectors by cosine: exact at once, by Chroma once it holds everything.

Exact search over a numpy matrix answers from the first vector on. Chroma's in-memory
client is filled in slices by a background thread at the lowest priority; only ids and
vectors go into it, never text, and never its persistent client (plaintext on disk).
Measured here, 384 dimensions: 1,000 items exact 0.1 ms, Chroma 1.2; 10,000: 0.6 and
1.3; 30,000: 1.7 and 1.6. So Chroma wins from about 30,000 items on.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
Way = Literal["exact", "chroma"]

FILL_SLICE = 64
"""Vectors put into Chroma at a time: about 15 ms, so that a query never waits long."""

FILL_PAUSE = 0.02
QUIET = 1.0
"""Seconds without a request before the fill goes on."""

LEAST_PRIORITY = 19
FIRST_ROOM = 1024


class Collection(Protocol):
    """What is asked of Chroma."""

    def upsert(self, ids: Sequence[str], vectors: Array) -> None:
        """Add or replace."""
        ...

    def delete(self, ids: Sequence[str]) -> None:
        """Forget ids."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...

    def query(self, vector: Array, k: int) -> list[tuple[str, float]]:
        """The nearest."""
        ...


def _open_collection() -> Collection:
    # Its import takes 0.3 s and nobody waits for it.
    from assistant.engine.chroma_edge import ChromaCollection

    return ChromaCollection()


class VectorIndex:
    """Ids with unit vectors. Methods are called by one thread; the fill is another."""

    def __init__(
        self,
        dimensions: int,
        *,
        chroma_from: int,
        quiet: float = QUIET,
        open_chroma: Callable[[], Collection] = _open_collection,
    ) -> None:
        self._dimensions = dimensions
        self._chroma_from = chroma_from
        self._quiet = quiet
        self._open = open_chroma
        self._matrix: Array = np.zeros((FIRST_ROOM, dimensions), dtype=np.float32)
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        # Ids whose present vector Chroma does not have yet, in order of arrival.
        self._due: dict[str, None] = {}
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._collection: Collection | None = None
        self._filler: threading.Thread | None = None
        self._broken = False
        self._paused = False
        self._last_use = time.monotonic()

    def put(self, ids: Sequence[str], vectors: bytes) -> None:
        """Add or replace. ``ValueError`` if the bytes are not ids × dimensions floats."""
        rows = np.frombuffer(vectors, dtype="<f4").reshape(len(ids), self._dimensions)
        if not np.isfinite(rows).all():
            raise ValueError
        length = np.linalg.norm(rows, axis=1, keepdims=True)
        unit = rows / np.maximum(length, np.float32(1e-12))
        with self._lock:
            self._touch()
            for place, id_ in enumerate(ids):
                self._matrix_row(id_)[:] = unit[place]
                self._due[id_] = None
            self._changed.notify()
            if self._filler is None and len(self._ids) >= self._chroma_from:
                self._filler = threading.Thread(target=self._fill, name="fill", daemon=True)
                self._filler.start()

    def remove(self, ids: Sequence[str]) -> None:
        """Forget ids, in both places, and overwrite their vectors."""
        with self._lock:
            self._touch()
            known = [id_ for id_ in dict.fromkeys(ids) if id_ in self._rows]
            for id_ in known:
                self._drop_row(id_)
                self._due.pop(id_, None)
            if known:
                # Also those still due: an older vector of theirs may be in Chroma.
                self._tell_chroma(lambda chroma: chroma.delete(known))

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._matrix[:] = 0
            self._matrix = self._matrix[:FIRST_ROOM].copy()
            self._ids.clear()
            self._rows.clear()
            self._due.clear()
            self._tell_chroma(lambda chroma: chroma.clear())

    def query(self, vector: bytes, k: int) -> tuple[list[tuple[str, float]], Way]:
        """The ``k`` nearest with their cosine, nearest first."""
        wanted = np.frombuffer(vector, dtype="<f4").astype(np.float32)
        if wanted.shape != (self._dimensions,) or not np.isfinite(wanted).all():
            raise ValueError
        wanted /= np.float32(max(float(np.linalg.norm(wanted)), 1e-12))
        with self._lock:
            self._touch()
            if self._collection is not None and self._by_chroma():
                try:
                    return self._collection.query(wanted, min(k, len(self._ids))), "chroma"
                except Exception:  # noqa: BLE001 - whatever it raises, it is let go
                    self._do_without_chroma()
            return self._query_exact(wanted, k), "exact"

    def pause(self, paused: bool) -> None:
        """Hold the fill back, or let it go on."""
        with self._lock:
            self._paused = paused
            self._changed.notify()

    def state(self) -> tuple[int, int, Way]:
        """Items, items Chroma has taken over, and who answers now."""
        with self._lock:
            taken = len(self._ids) - len(self._due) if self._collection is not None else 0
            return len(self._ids), taken, "chroma" if self._by_chroma() else "exact"

    # --- exact -------------------------------------------------------------------------

    def _touch(self) -> None:
        self._last_use = time.monotonic()

    def _matrix_row(self, id_: str) -> Array:
        row = self._rows.get(id_)
        if row is None:
            row = self._rows[id_] = len(self._ids)
            self._ids.append(id_)
            if row >= len(self._matrix):
                larger = np.zeros((2 * len(self._matrix), self._dimensions), dtype=np.float32)
                larger[:row] = self._matrix
                self._matrix = larger
        view: Array = self._matrix[row]
        return view

    def _drop_row(self, id_: str) -> None:
        row, last = self._rows.pop(id_), len(self._ids) - 1
        if row != last:
            self._matrix[row] = self._matrix[last]
            self._ids[row] = self._ids[last]
            self._rows[self._ids[row]] = row
        self._ids.pop()
        self._matrix[last] = 0

    def _query_exact(self, wanted: Array, k: int) -> list[tuple[str, float]]:
        count = len(self._ids)
        if count == 0:
            return []
        scores = self._matrix[:count] @ wanted
        k = min(k, count)
        top = np.argpartition(-scores, k - 1)[:k]
        ordered = top[np.argsort(-scores[top], kind="stable")]
        return [(self._ids[row], float(scores[row])) for row in ordered]

    # --- Chroma ------------------------------------------------------------------------

    def _by_chroma(self) -> bool:
        return (
            self._collection is not None
            and not self._due
            and len(self._ids) >= max(1, self._chroma_from)
        )

    def _tell_chroma(self, what: Callable[[Collection], None]) -> None:
        if self._collection is not None:
            try:
                what(self._collection)
            except Exception:  # noqa: BLE001 - whatever it raises, it is let go
                self._do_without_chroma()

    def _do_without_chroma(self) -> None:
        """Chroma only makes it faster: whatever it raises, exact search goes on."""
        self._collection = None
        self._broken = True

    def _fill(self) -> None:
        """The background thread: a slice at a time, only while all is quiet; else asleep."""
        if sys.platform == "linux":
            # There a thread has a priority of its own.
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), LEAST_PRIORITY)
        while self._wait_for_work():
            try:
                self._open_chroma()
                self._fill_slice()
            except Exception:  # noqa: BLE001 - whatever it raises, it is let go
                with self._lock:
                    self._do_without_chroma()
            time.sleep(FILL_PAUSE)

    def _wait_for_work(self) -> bool:
        """Sleep until a vector is due and all has been quiet; False when given up."""
        while True:
            with self._lock:
                self._changed.wait_for(
                    lambda: self._broken or (bool(self._due) and not self._paused)
                )
                still = self._quiet - (time.monotonic() - self._last_use)
            if self._broken or still <= 0:
                return not self._broken
            time.sleep(still)

    def _open_chroma(self) -> None:
        if self._collection is None:
            collection = self._open()
            with self._lock:
                self._collection = collection

    def _fill_slice(self) -> None:
        with self._lock:
            ids = [id_ for id_, _ in zip(self._due, range(FILL_SLICE), strict=False)]
            if not ids or self._collection is None:
                return
            rows = self._matrix[[self._rows[id_] for id_ in ids]]
            self._collection.upsert(ids, rows)
            for id_ in ids:
                del self._due[id_]
