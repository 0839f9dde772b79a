"""The vault: unlocking, saving, searching, size, a new master key.

``quick`` uses 2,000 messages and cheap key derivation; ``full`` goes to 100,000.
A message is a question or an answer, so a turn is two.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path
from typing import Any

from assistant.vault import KdfFloor, KdfParameters, Vault, calibrate
from assistant.vault.keys import argon2id
from assistant.vault.records import TurnOutcome, TurnStatus

PASSPHRASE = b"correct horse battery staple"
_SYLLABLES = [start + end for start in "bdfgklmnprst" for end in "aeiou"]


def _now() -> datetime:
    return datetime.now(UTC)


def _words(dice: random.Random) -> list[str]:
    """A vocabulary of 20,000, to be drawn from by Zipf's law."""
    return ["".join(dice.choices(_SYLLABLES, k=dice.randint(1, 4))) for _ in range(20_000)]


class Text:
    """Texts of words by Zipf's law, the same for one seed."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._words = _words(self._dice)
        shares = (1 / (rank + 1) for rank in range(len(self._words)))
        self._weights = list(accumulate(shares))

    def of(self, count: int) -> str:
        return " ".join(self._dice.choices(self._words, cum_weights=self._weights, k=count))


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _times(count: int, work: Callable[[], object]) -> list[float]:
    found = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        found.append((time.perf_counter() - start) * 1000)
    return found


def _fill(vault: Vault, text: Text, messages: int) -> None:
    """Add turns up to that many messages, 500 turns a commit, 50 turns a conversation."""
    while (missing := messages // 2 - vault.turns.count()) > 0:

        def batch(count: int = min(500, missing)) -> None:
            for number in range(count):
                if number % 50 == 0:
                    chat = vault.conversations.start(text.of(4)).id
                turn = vault.turns.begin(chat, text.of(15))
                vault.turns.append_answer(turn.id, text.of(60))
                vault.turns.finish(turn.id, TurnOutcome(TurnStatus.COMPLETE))

        vault.atomically(batch)


def _unlock(folder: Path, kdf: KdfParameters, floor: KdfFloor) -> Iterator[dict[str, Any]]:
    start = time.perf_counter()
    argon2id(PASSPHRASE, bytes(16), kdf)
    derived = time.perf_counter() - start
    start = time.perf_counter()
    vault = Vault.open(folder, PASSPHRASE, now=_now, floor=floor)
    opened = time.perf_counter() - start
    start = time.perf_counter()
    sum(1 for _ in vault.embeddings.all("none"))
    vault.conversations.list()
    vault.preferences.list()
    loaded = time.perf_counter() - start
    vault.close()
    yield _row("unlock: key derivation", derived, "s", memory_mib=kdf.memory_kib // 1024)
    yield _row("unlock: open", opened - derived, "s")
    yield _row("unlock: load", loaded, "s")


def _saves(vault: Vault, text: Text, plain: Path) -> Iterator[dict[str, Any]]:
    """A sentence appended, beside the same row in plain SQLite in the same run."""
    turn = vault.turns.begin(vault.conversations.start().id, text.of(15))
    sentence = text.of(15)
    rival = sqlite3.connect(plain, isolation_level=None)
    rival.execute("PRAGMA synchronous = FULL")
    rival.execute("CREATE TABLE turns(id INTEGER PRIMARY KEY, answer TEXT)")
    rival.execute("INSERT INTO turns VALUES (1, '')")
    sql = "UPDATE turns SET answer = answer || ? WHERE id = 1"
    found, bare = [], []
    for _ in range(200):
        # One after the other, so that a busy disk is busy for both.
        found += _times(1, lambda: vault.turns.append_answer(turn.id, sentence))
        bare += _times(1, lambda: rival.execute(sql, (sentence,)))
    rival.close()
    vault.turns.finish(turn.id, TurnOutcome(TurnStatus.COMPLETE))
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        ours, theirs = _percentile(found, share), _percentile(bare, share)
        yield _row(f"save {name}", ours, "ms", rival=theirs, ratio=ours / theirs)


def _searches(vault: Vault, text: Text, messages: int) -> Iterator[dict[str, Any]]:
    """Words as people type them: two drawn like the texts' own, so often common ones."""
    history = _times(100, lambda: vault.search.history(text.of(2)))
    ranked = _times(50, lambda: vault.search.turns(text.of(8), 50))
    yield _row(f"history search p95 at {messages:,}", _percentile(history, 0.95), "ms")
    yield _row(f"ranked search p95 at {messages:,}", _percentile(ranked, 0.95), "ms")


def _row(figure: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {"figure": figure, "value": value, "unit": unit, **more}


def run(size: str) -> Iterator[dict[str, Any]]:
    """Rows of figures; see scripts/bench."""
    full = size == "full"
    floor = KdfFloor() if full else KdfFloor(8, 1, 1)
    kdf = calibrate(time.perf_counter) if full else KdfParameters(8, 1, 1)
    text, home = Text(1), Path(tempfile.mkdtemp())
    try:
        folder = home / "vault"
        vault, _ = Vault.create(folder, PASSPHRASE, kdf=kdf, floor=floor, now=_now)
        empty = _bytes(folder)
        for messages in (1_000, 10_000, 100_000) if full else (1_000, 2_000):
            _fill(vault, text, messages)
            yield from _searches(vault, text, messages)
        yield _row("file size per message", (_bytes(folder) - empty) / messages, "bytes")
        yield from _saves(vault, text, home / "plain.db")
        start = time.perf_counter()
        vault.access.rekey(PASSPHRASE, kdf=kdf)
        yield _row(f"new master key at {messages:,}", time.perf_counter() - start, "s")
        chat = vault.conversations.list(limit=1)[0].id
        start = time.perf_counter()
        vault.erase.conversation(chat)
        yield _row(f"erase a conversation at {messages:,}", time.perf_counter() - start, "s")
        start = time.perf_counter()
        vault.back_up(home / "copy")
        yield _row(f"backup at {messages:,}", time.perf_counter() - start, "s")
        vault.close()
        yield from _unlock(folder, kdf, floor)
    finally:
        shutil.rmtree(home)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.db"))
