"""Growth: what a turn costs before the first token as messages and memories pile up.

The whole front over a real vault: gate, recall, prompt, the vault's writes; and the model
child, which reads the question. Vectors point in random directions. ``many`` is a new
conversation in a vault of so many turns, ``long`` the next turn of one that has so many.
"""

from __future__ import annotations

import random
import struct
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from assistant.app import LocalFront, default_settings
from assistant.conversation.events import TurnEnded
from assistant.holder.interface import Application, Ask
from assistant.holder.scorer import embedder_digest
from assistant.personal.protocols import DIMENSIONS
from assistant.vault import KdfParameters, Vault
from assistant.vault.records import Embedding, ItemKind, TurnOutcome, TurnStatus
from scripts.bench_suites._engines import row
from scripts.bench_suites.vault import Text

SIZES = {"quick": (200, 1_000), "full": (1_000, 10_000, 100_000)}
LENGTHS = {"quick": (5, 10), "full": (100, 1_000)}
"""Both of the full ones are longer than the window: what differs is what lies outside it."""
ROUNDS = {"quick": 4, "full": 15}
PASSPHRASE = "words for a benchmark 7"
KDF = KdfParameters()
PREFERENCES = 200
SLICE = 500


def run(size: str) -> Iterable[dict[str, object]]:
    """Each size beside the smallest one, in the same run."""
    rounds = ROUNDS.get(size, 15)
    for name, counts in (("many", SIZES), ("long", LENGTHS)):
        least: list[float] = []
        for count in counts.get(size, counts["full"]):
            times = _measured(count, rounds, long=name == "long")
            least = least or times
            what = "turns in the vault" if name == "many" else "turns in the conversation"
            yield row(f"first token with {count:,} {what}", times, "s", least, "the fewest",
                      "≤ 1.5")  # fmt: skip


def _measured(count: int, rounds: int, *, long: bool) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        front = LocalFront(default_settings(Path(folder)))
        try:
            conversation = _filled(front, count, long=long)
            application = front.unlock(PASSPHRASE)
            text = Text(2)
            _first_token(application, f"Tell me about {text.of(8)}.", conversation)
            _until_filled(front, count)
            return [
                _first_token(application, f"Tell me about {text.of(8)}.", conversation)
                for _ in range(rounds)
            ]
        finally:
            front.lock()


def _first_token(application: Application, question: str, conversation: str) -> float:
    ask = Ask(question, conversation=conversation, max_tokens=1)
    ended = list(application.handle(ask))[-1]
    if not isinstance(ended, TurnEnded) or ended.first_token_s is None:
        raise TypeError("the turn failed")
    time.sleep(0.2)  # the turn is embedded and read into the main sequence
    return ended.first_token_s


def _until_filled(front: LocalFront, count: int) -> None:
    assert front._memory is not None
    while front._memory.index_count().items < count:
        time.sleep(0.1)
    time.sleep(1.0)


def _filled(front: LocalFront, count: int, *, long: bool) -> str:
    """Turns of 12 and 12 words; the id of the conversation to go on with, "" for none."""
    front.make_home()
    digest = embedder_digest(front.registry.embedder().sha256)
    text, chance = Text(1), random.Random(3)
    vectors = [_direction(chance) for _ in range(SLICE)]
    vault, _ = Vault.create(front.vault_folder, PASSPHRASE.encode(), kdf=KDF, now=front.now)
    with vault:
        chat = ""

        def some(number: int) -> None:
            nonlocal chat
            if not chat or not long:
                chat = vault.conversations.start("Bench").id
            turns = [vault.turns.begin(chat, text.of(12)).id for _ in range(number)]
            for turn in turns:
                vault.turns.append_answer(turn, text.of(12))
                vault.turns.finish(turn, TurnOutcome(TurnStatus.COMPLETE))
            _embed(vault, ItemKind.TURN, turns, digest, vectors)

        for start in range(0, count, SLICE):
            vault.atomically(partial(some, min(SLICE, count - start)))
        kept = [vault.preferences.add(f"I like {text.of(8)}.").id for _ in range(PREFERENCES)]
        _embed(vault, ItemKind.PREFERENCE, kept, digest, vectors)
    return chat if long else ""


def _embed(
    vault: Vault, kind: ItemKind, items: list[str], digest: str, vectors: list[bytes]
) -> None:
    vault.embeddings.put(
        Embedding(kind, item, digest, vector) for item, vector in zip(items, vectors, strict=False)
    )


def _direction(chance: random.Random) -> bytes:
    values = [chance.gauss(0, 1) for _ in range(DIMENSIONS)]
    length = sum(value * value for value in values) ** 0.5
    return struct.pack(f"<{DIMENSIONS}f", *(value / length for value in values))
