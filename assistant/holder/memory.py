"""Feeding the indexes: at unlock from the vault's vectors, then whatever has none yet.

The indexes are disposable; vectors live in the vault. Work goes in slices and waits
while a turn runs: on two cores, one thing computes at a time.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from assistant.engine.interfaces import Memory, Phase
from assistant.errors import AssistantError, NoSuchItem
from assistant.personal.earlier import REACHES, averaged, windows
from assistant.personal.history_index import HistoryIndex
from assistant.personal.passages import PassageCache
from assistant.personal.protocols import index_key
from assistant.personal.remembered import forget_texts
from assistant.personal.vectors import SmallIndex
from assistant.vault.records import Embedding, ItemKind, Turn, TurnStatus

if TYPE_CHECKING:
    from assistant.vault import Vault

_SLICE = 16
_FEED_SLICE = 2000
HISTORY_LIMIT = 20_000
"""Turns up to which their words are indexed in this process too; beyond, the vault's own
full-text index answers and its hits lend to their neighbours, so that a long history costs
the screen nothing."""
EAGER = 2_000
"""Turns whose words are indexed as the vault opens, in a quarter of a second; of more when
the first question has had its answer, which would share this process with them."""
SETTLED = 1.5
"""Seconds after the unlock at which indexing more begins."""
FILLING = 0.3
"""Seconds a question waits for the index of vectors after the unlock, enough for 10,000."""
_LOOKED = "memory.looked"
_EMBEDDED_BY = "memory.embedder"
_NEVER = (0, "")
_KINDS = (ItemKind.PREFERENCE, ItemKind.FEEDBACK, ItemKind.TURN, ItemKind.CHUNK)


class LiveEmbedder:
    """The memory child as ``personal`` wants it: None while it is not there."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def embed(self, texts: Sequence[str]) -> list[bytes] | None:
        """Vectors, or None while the model loads, restarts or has died."""
        if self._memory.state.phase not in {Phase.READY, Phase.GENERATING}:
            return None
        try:
            return self._memory.embed(texts)
        except AssistantError:
            return None


class TurnIndex:
    """Nearest turns and rated answers, held by the memory child."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def query(self, vector: bytes, k: int) -> Sequence[tuple[str, float]]:
        """The nearest keys; empty while the child is not there."""
        if self._memory.state.phase not in {Phase.READY, Phase.GENERATING}:
            return ()
        try:
            return self._memory.index_query(vector, k)
        except AssistantError:
            return ()


class MemoryFeed:
    """One background thread that keeps the indexes equal to the vault."""

    def __init__(
        self,
        vault: Vault,
        memory: Memory,
        digest: str,
        clock: Callable[[], float] = time.monotonic,
        eager: int = EAGER,
    ) -> None:
        self._vault, self._memory, self._digest = vault, memory, digest
        self._clock, self._eager = clock, eager
        self.preferences = SmallIndex()
        self.history = HistoryIndex()
        self.passages = PassageCache()
        self._history_ready = threading.Event()
        self._unindexed: Iterator[Turn] | None = None
        self._too_many = False
        # Of each kind the newest item up to which every one has a vector.
        self._looked: dict[ItemKind, tuple[int, str]] = {}
        self._known: dict[ItemKind, tuple[int, str]] = {}
        self._changes = self._erasures = 0
        self._began = clock()
        self._turn_running = threading.Event()
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._caught_up = threading.Event()
        self._filled = threading.Event()
        self._filled_at: int | None = None
        self._fill_before: int | None = None
        self._changing = threading.Lock()
        memory.subscribe(lambda _state: self._wake.set())
        self._thread = threading.Thread(target=self._run, name="memory-feed", daemon=True)

    def start(self) -> None:
        """Begin; preferences are searchable at once, the rest when the child is ready."""
        self._began = self._clock()
        self._known = self._looks_kept()
        self._looked = dict(self._known)
        for found in self._vault.embeddings.of_kind(ItemKind.PREFERENCE, self._digest):
            self.preferences.put(index_key(found.kind, found.item_id), found.vector)
        self._thread.start()

    @property
    def history_ready(self) -> bool:
        """Whether every finished turn is in ``history``; until then the vault is searched."""
        return self._history_ready.is_set()

    def stop(self) -> None:
        """End the thread; what was not embedded yet is found missing next time."""
        self._stopped.set()
        self._wake.set()
        forget_texts()
        self.passages.clear()
        if self._thread.is_alive():
            self._thread.join(5.0)
        try:
            self._keep_looks()
        except AssistantError:
            # No room, or closed already: the next start looks at everything.
            return

    def pause(self, paused: bool) -> None:
        """Hold back while a turn runs."""
        if paused:
            self._turn_running.set()
        else:
            self._turn_running.clear()
            self._wake.set()
        if self._memory.state.phase is Phase.READY:
            self._memory.pause(paused)

    def turn_added(self, turn_id: str) -> None:
        """A turn ended: searchable by its words at once, by meaning when embedded."""
        if self.history_ready:
            try:
                self._index(self._vault.turns.get(turn_id))
            except NoSuchItem:
                return
        self.changed()

    def changed(self) -> None:
        """Something was added or reworded: look for what has no vector."""
        self._changes += 1
        self._caught_up.clear()
        self._wake.set()

    def forget(self, items: Iterable[tuple[ItemKind, str]]) -> None:
        """Drop erased items from the running indexes, at once.

        Call it after the vault has erased them: what was being embedded meanwhile is then
        found gone and dropped.
        """
        with self._changing:
            self._forget(list(items))
        forget_texts()

    def _forget(self, erased: Sequence[tuple[ItemKind, str]]) -> None:
        keys = [index_key(kind, item) for kind, item in erased]
        self.preferences.remove(keys)
        self.history.remove(item for kind, item in erased if kind is ItemKind.TURN)
        self.passages.clear()
        # What comes next may get the number of what was erased.
        self._erasures += 1
        self._looked.clear()
        if keys and self._memory.state.phase in {Phase.READY, Phase.GENERATING}:
            try:
                self._memory.index_remove(keys)
            except AssistantError:
                # A dead child holds nothing; its successor is filled from the vault.
                pass

    def catch_up(self, patience: float) -> None:
        """Wait until everything has a vector, at most ``patience`` seconds.

        For the index of a long history it waits ``FILLING``: the newest turns are put into
        it first, and words find the others meanwhile.
        Returns early when there is nothing to remember at all, so that an empty vault's
        first answer does not wait for a model it has no use for.
        """
        if patience <= 0 or self._nothing_kept():
            return
        deadline = time.monotonic() + patience
        try:
            self._memory.wait_ready(patience)
        except AssistantError:
            return
        self._wake.set()
        self._caught_up.wait(max(0.0, deadline - time.monotonic()))
        self._filled.wait(max(0.0, min(FILLING, deadline - time.monotonic())))

    def _nothing_kept(self) -> bool:
        vault = self._vault
        few = not vault.turns.more_than(1) and not vault.attachments.count()
        return few and not vault.preferences.list()

    def _run(self) -> None:
        self.preferences.mapped()
        while not self._stopped.is_set():
            if not self._work():
                unindexed = not self.history_ready and not self._too_many
                self._wake.wait(SETTLED if unindexed else 30.0)
                self._wake.clear()

    def _work(self) -> bool:
        """A slice of each that is due; False when there is nothing to do now."""
        if self._turn_running.is_set():
            return False
        worked = self._memory.state.phase is Phase.READY and self._child_slice()
        indexed = not self.history_ready and self._may_index() and self._index_slice()
        return worked or indexed

    def _child_slice(self) -> bool:
        """Embed what has no vector, then fill the index; False when both are done."""
        restarts = self._memory.state.restarts
        try:
            if self._filled_at != restarts:
                # A new child: its index is empty, whatever the last one held.
                self._memory.index_clear()
                self._filled_at, self._fill_before = restarts, None
                self._filled.clear()
            if self._embed_slice():
                return True
            if not self._filled.is_set() and not self._fill_slice():
                self._filled.set()
            return not self._filled.is_set()
        except AssistantError:
            # The child died or the vault is closing; the next wake tries again.
            return False

    def _may_index(self) -> bool:
        if self._too_many:
            return False
        return self._clock() - self._began >= SETTLED or not self._vault.turns.more_than(
            self._eager
        )

    def _index_slice(self) -> bool:
        """Index some turns by their words; False when all are, or there are too many."""
        if self._unindexed is None:
            self._too_many = self._vault.turns.more_than(HISTORY_LIMIT)
            if self._too_many:
                return False
            self._unindexed = self._vault.turns.all()
        turns = list(islice(self._unindexed, _FEED_SLICE // 10))
        for turn in turns:
            self._index(turn)
        if not turns:
            self._history_ready.set()
        return bool(turns)

    def _index(self, turn: Turn) -> None:
        if turn.status is TurnStatus.COMPLETE:
            said = f"{turn.question}\n{turn.answer}"
            self.history.put(turn.id, turn.conversation_id, turn.position, said)

    def _fill_slice(self) -> bool:
        """Put some vectors into the child's index; whether there are more."""
        with self._changing:  # nothing is erased between reading and putting it
            found, self._fill_before = self._vault.embeddings.newest_first(
                self._digest, _FEED_SLICE, before=self._fill_before
            )
            keys = [index_key(each.kind, each.item_id) for each in found]
            if keys:
                self._memory.index_put(keys, [each.vector for each in found])
        return self._fill_before > 0

    def _embed_slice(self) -> bool:
        changes = self._changes
        for kind in _KINDS:
            erasures = self._erasures
            newest = self._vault.embeddings.newest(kind)
            # A preference loses its vector when it is reworded; the others keep theirs.
            after = 0 if kind is ItemKind.PREFERENCE else self._looked.get(kind, _NEVER)[0]
            missing = self._vault.embeddings.missing(kind, self._digest, _SLICE, after=after)
            if missing:
                self._embed(kind, missing)
                return True
            with self._changing:
                if erasures == self._erasures:
                    self._looked[kind] = newest
        if changes != self._changes:
            return True  # what was added meanwhile may be of a kind looked at before
        self._forget_older_models()
        self._caught_up.set()
        return False

    def _forget_older_models(self) -> None:
        """Vectors of an embedder that is used no more go once this one has embedded all."""
        settings = self._vault.settings
        if settings.get(_EMBEDDED_BY) != self._digest and not self._nothing_kept():
            self._vault.embeddings.forget_other_models(self._digest)
            if settings.get(_LOOKED):
                settings.put(_LOOKED, "{}")  # what the other had embedded is there no more
            settings.put(_EMBEDDED_BY, self._digest)

    def _looks_kept(self) -> dict[ItemKind, tuple[int, str]]:
        """What the last holder had looked at, as far as it is still the same item."""
        kept = json.loads(self._vault.settings.get(_LOOKED) or "{}")
        found = {}
        for kind in _KINDS:
            number, identity = kept.get(f"{self._digest}:{kind.value}", _NEVER)
            if self._vault.embeddings.is_there(kind, number, identity):
                found[kind] = (number, identity)
        return found

    def _keep_looks(self) -> None:
        """Spare the next start the look at everything, where there is much."""
        if self._looked != self._known and self._vault.turns.more_than(self._eager):
            looks = {f"{self._digest}:{kind.value}": seen for kind, seen in self._looked.items()}
            self._vault.settings.put(_LOOKED, json.dumps(looks))

    def _embed(self, kind: ItemKind, ids: Sequence[str]) -> None:
        texts = {item: text for item in ids if (text := self._text(kind, item))}
        vectors = dict(zip(texts, self._memory.embed(list(texts.values())), strict=True))
        if kind is ItemKind.TURN:
            vectors = self._with_neighbours(texts, vectors)
        with self._changing:
            kept = self._vault.atomically(lambda: self._keep(kind, texts, vectors))
            if kind is ItemKind.PREFERENCE:
                for item, vector in kept.items():
                    self.preferences.put(index_key(kind, item), vector)
            elif kept and kind is not ItemKind.CHUNK:
                keys = [index_key(kind, item) for item in kept]
                self._memory.index_put(keys, list(kept.values()))

    def _with_neighbours(
        self, texts: dict[str, str], vectors: dict[str, bytes]
    ) -> dict[str, bytes]:
        """A turn's vector averaged with those of the windows around it (design.md 6)."""
        wanted = [text for item, own in texts.items() for text in self._windows(item, own)]
        around = self._memory.embed(wanted)
        return {
            item: averaged([vectors[item], *around[len(REACHES) * n : len(REACHES) * (n + 1)]])
            for n, item in enumerate(texts)
        }

    def _windows(self, item: str, text: str) -> list[str]:
        try:
            turn = self._vault.turns.get(item)
        except NoSuchItem:
            return [text] * len(REACHES)
        said = self._vault.turns.questions_near(turn, max(REACHES))
        if turn.position not in said:  # erased in between
            return [text] * len(REACHES)
        return windows(said, turn.position)

    def _keep(
        self, kind: ItemKind, texts: dict[str, str], vectors: dict[str, bytes]
    ) -> dict[str, bytes]:
        """Store the vectors of items that are as they were; nothing erased comes back."""
        kept = {i: v for i, v in vectors.items() if self._text(kind, i) == texts[i]}
        self._vault.embeddings.put(
            Embedding(kind, item, self._digest, vector) for item, vector in kept.items()
        )
        return kept

    def _text(self, kind: ItemKind, item: str) -> str:
        """What stands for an item: a preference's or a part's text, a turn's question."""
        if kind is ItemKind.CHUNK:
            chunk = self._vault.attachments.chunks_by_id([item]).get(item)
            return chunk.text if chunk else ""
        try:
            if kind is ItemKind.PREFERENCE:
                return self._vault.preferences.get(item).text
            if kind is ItemKind.FEEDBACK:
                return self._vault.turns.get(self._vault.feedback.get(item).turn_id).question
            return self._vault.turns.get(item).question
        except NoSuchItem:
            return ""  # erased between the look and the read
