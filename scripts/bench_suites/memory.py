"""The memory child: start, embedding, search by size, resident memory."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from assistant.engine import MemoryClient, MemorySettings
from scripts.bench_suites._engines import engine, row
from scripts.bench_suites.stream import _embedder

SIZES = {"quick": (1_000,), "full": (1_000, 10_000, 100_000)}
QUERIES = 40
NEVER = 2_000_000_000

LIBRARY = (
    "import time; t = time.perf_counter()\n"
    "from assistant.engine.embedder import LibraryEmbedder\n"
    "from pathlib import Path; import sys\n"
    "e = LibraryEmbedder(Path(sys.argv[1])); print(time.perf_counter() - t)\n"
    "e.embed(['warm']); t = time.perf_counter()\n"
    "for n in range(20): e.embed([f'how do I keep tomatoes fresh for {n} days'])\n"
    "print((time.perf_counter() - t) / 20)\n"
)


def run(size: str) -> Iterable[dict[str, object]]:
    """sentence-transformers is the rival for start and embedding, Chroma for search."""
    yield from _embedding()
    for count in SIZES.get(size, SIZES["full"]):
        yield from _search(count)
    yield from _resident()


def _embedding() -> Iterable[dict[str, object]]:
    folder = _embedder()
    library = subprocess.run(
        [sys.executable, "-c", LIBRARY, str(folder.path)],
        cwd=Path(__file__).resolve().parents[2],
        env={"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    their_start, their_embed = (float(line) for line in library.stdout.split())
    began = time.perf_counter()
    memory = MemoryClient()
    memory.start(folder)
    memory.wait_ready(60)
    ready = time.perf_counter() - began
    memory.embed(["warm"])
    began = time.perf_counter()
    for n in range(20):
        memory.embed([f"how do I keep tomatoes fresh for {n} days"])
    each = (time.perf_counter() - began) / 20
    memory.stop()
    yield row("start to ready", [ready], "s", [their_start], "sentence-transformers")
    yield row("embedding a sentence", [each], "s", [their_embed], "sentence-transformers")


def _vectors(count: int) -> list[bytes]:
    """Random directions; one in ten is used again with small changes."""
    chance = random.Random(0)
    base = [[chance.gauss(0, 1) for _ in range(384)] for _ in range(min(count, 1000))]
    rows = []
    for n in range(count):
        values = list(base[n % len(base)])
        for _ in range(40):
            values[chance.randrange(384)] += chance.gauss(0, 1)
        rows.append(struct.pack("<384f", *values))
    return rows


def _search(count: int) -> Iterable[dict[str, object]]:
    vectors = _vectors(count)
    ids = [f"id-{n}" for n in range(count)]
    times: dict[str, list[float]] = {}
    for way, chroma_from in (("exact", NEVER), ("chroma", 1)):
        memory = MemoryClient(MemorySettings(chroma_from))
        memory.start(_embedder())
        memory.wait_ready(60)
        began = time.perf_counter()
        memory.index_put(ids, vectors)
        memory.index_query(vectors[0], 10)
        if way == "exact":
            yield row(f"{count} vectors, put to first answer", [time.perf_counter() - began], "s")
        while memory.index_count().searched_by != way:
            time.sleep(0.5)
        if way == "chroma":
            yield row(f"{count} vectors into Chroma", [time.perf_counter() - began], "s")
        times[way] = [_timed(memory, vectors[n * 7 % count]) for n in range(QUERIES)]
        memory.stop()
    p95 = sorted(times["exact"])[int(QUERIES * 0.95)]
    yield row(f"{count} vectors, exact query", times["exact"], "s", times["chroma"], "Chroma")
    yield row(f"{count} vectors, exact query, p95", [p95], "s")


def _timed(memory: MemoryClient, vector: bytes) -> float:
    began = time.perf_counter()
    memory.index_query(vector, 10)
    return time.perf_counter() - began


def _resident() -> Iterable[dict[str, object]]:
    memory = MemoryClient()
    memory.start(_embedder())
    memory.wait_ready(60)
    memory.index_put(["a"], memory.embed(["a"]))
    time.sleep(3)
    with engine() as model:
        for name, pid in (("model child", model.pid), ("memory child", memory.pid)):
            status = Path(f"/proc/{pid}/status")
            if status.exists():
                line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
                yield row(f"{name}, resident", [int(line.split()[1]) / 1024], "MB")
    memory.stop()
