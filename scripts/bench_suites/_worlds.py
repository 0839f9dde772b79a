"""A home with so many turns, built fast: the real vault, vectors in random directions.

Embedding 100,000 real sentences would take a quarter of an hour; where a vector points does
not change what searching costs. Everything else is what ships: SQLCipher, full-text search,
the sealed commits.
"""

from __future__ import annotations

import random
import shutil
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant.app import LocalFront, default_settings
from assistant.personal.protocols import DIMENSIONS
from assistant.vault import KdfParameters, Vault
from assistant.vault.records import Embedding, FeedbackKind, ItemKind, TurnOutcome, TurnStatus
from scripts.bench_suites.vault import Text

PASSPHRASE = "words for a benchmark 7"
KDF = KdfParameters()
"""The floor of key derivation; what it takes on a machine is chosen, not measured here."""
PREFERENCES = 200
RATED = 10
"""One turn in so many has a rating."""
SLICE = 500
TOGETHER = 50
"""Turns in one conversation of a vault of many."""
ORDINARY = ("gardens", "rivers", "bread", "trains", "music", "weather", "birds", "books")
"""One of them stands in every question: what is asked about, in words no rule minds."""
_ASKED, _ANSWERED = 19, 60
_FAST = Path("/dev/shm")


@dataclass(frozen=True, slots=True)
class World:
    """Where the home lies, and the conversation to go on with ("" is a new one)."""

    home: Path
    conversation: str

    def front(self) -> LocalFront:
        """The front over this home, as the terminal has it."""
        return LocalFront(default_settings(self.home))


@contextmanager
def world(turns: int, *, long: bool = False) -> Iterator[World]:
    """Build it in memory, use it on the disk. ``long``: all turns in one conversation."""
    built = Path(tempfile.mkdtemp(prefix="bench-", dir=_FAST if _FAST.is_dir() else None))
    used = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        conversation = _filled(built / "home", turns, long=long)
        shutil.copytree(built / "home", used / "home")
        shutil.rmtree(built)
        yield World(used / "home", conversation)
    finally:
        shutil.rmtree(built, ignore_errors=True)
        shutil.rmtree(used, ignore_errors=True)


def _filled(home: Path, turns: int, *, long: bool) -> str:
    front = LocalFront(default_settings(home))
    front.make_home()
    digest = front.registry.embedder().digest
    text, chance = Text(1), random.Random(3)
    vectors = [_direction(chance) for _ in range(SLICE)]
    vault, _ = Vault.create(front.vault_folder, PASSPHRASE.encode(), kdf=KDF, now=front.now)
    with vault:
        put = partial(_put, vault, digest, vectors)
        chat = ""

        def some(start: int, number: int) -> None:
            nonlocal chat
            done, rated = [], []
            for place in range(start, start + number):
                if not chat or (not long and place % TOGETHER == 0):
                    chat = vault.conversations.start("Bench").id
                done.append(
                    _turn(vault, chat, f"{text.of(_ASKED)} {chance.choice(ORDINARY)}", text)
                )
                if place % RATED == 0:
                    rated.append(vault.feedback.add(done[-1], FeedbackKind.UP).id)
            put(ItemKind.TURN, done)
            put(ItemKind.FEEDBACK, rated)

        for start in range(0, turns, SLICE):
            vault.atomically(partial(some, start, min(SLICE, turns - start)))
        likes = [vault.preferences.add(f"I like {text.of(8)}.").id for _ in range(PREFERENCES)]
        put(ItemKind.PREFERENCE, likes)
    return chat if long else ""


def _turn(vault: Vault, chat: str, asked: str, text: Text) -> str:
    turn = vault.turns.begin(chat, asked).id
    vault.turns.append_answer(turn, text.of(_ANSWERED))
    vault.turns.finish(turn, TurnOutcome(TurnStatus.COMPLETE))
    return turn


def _put(
    vault: Vault, digest: str, vectors: Sequence[bytes], kind: ItemKind, ids: Sequence[str]
) -> None:
    vault.embeddings.put(
        Embedding(kind, item, digest, vector) for item, vector in zip(ids, vectors, strict=False)
    )


def _direction(chance: random.Random) -> bytes:
    values = [chance.gauss(0, 1) for _ in range(DIMENSIONS)]
    length = sum(value * value for value in values) ** 0.5
    return struct.pack(f"<{DIMENSIONS}f", *(value / length for value in values))


def question(text: Text, words: int = 10) -> str:
    """A question of words as frequent as those of the texts."""
    return f"Where should I {text.of(words)}?"
