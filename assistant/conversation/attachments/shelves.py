"""Where attached files are kept: in the vault with their turn, or in memory for incognito."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assistant.conversation.attachments.document import Document
from assistant.conversation.attachments.placing import Excerpt, KeptFile
from assistant.conversation.ledger import turn_notes
from assistant.conversation.question import TurnKey
from assistant.personal.passages import Passage, PassageCache, Weighed
from assistant.personal.protocols import Embedder
from assistant.vault.records import Attachment, Chunk, Span

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.vault import Vault
    from assistant.vault.transfer import ExportedAttachment

EMBEDDED_AT_ONCE = 256
"""Parts of incognito files that are embedded when asked about; of more, words decide."""


class Ranking:
    """Ranks parts with the embedder, where it is ready, and the words."""

    def __init__(self, embedder: Embedder, cache: PassageCache) -> None:
        self._embedder, self._cache = embedder, cache

    def rank(
        self, question: str, files: Sequence[KeptFile], vectors: Mapping[str, bytes]
    ) -> list[Weighed]:
        """Parts that may matter, best first."""
        parts = [
            Passage(part.id, part.file, part.ordinal, part.text)
            for file in files
            for part in file.parts
        ]
        asked = self._embedder.embed([question]) if vectors else None
        return self._cache.of(parts).weigh(question, asked[0] if asked else None, vectors)

    def forget(self) -> None:
        """Drop what was made ready for the next question."""
        self._cache.clear()

    def embed(self, texts: Sequence[str]) -> list[bytes] | None:
        """Vectors, or None while the embedder is not there."""
        return self._embedder.embed(texts)


class VaultShelf:
    """The ordinary case: encrypted, with the turn, until they are erased.

    ``changed`` is called when parts wait to be embedded, ``catch_up`` to wait for that.
    """

    def __init__(
        self,
        vault: Vault,
        ranking: Ranking,
        digest: str,
        changed: Callable[[], None],
        catch_up: Callable[[], None],
    ) -> None:
        self._vault, self._ranking, self._digest = vault, ranking, digest
        self._changed, self._catch_up = changed, catch_up

    def keep(self, key: TurnKey, documents: Sequence[Document]) -> tuple[str, ...]:
        """Into the vault, all of them in one commit."""
        if not documents:
            return ()
        kept = self._vault.atomically(lambda: [self._add(key, each) for each in documents])
        self._changed()
        return tuple(kept)

    def _add(self, key: TurnKey, document: Document) -> str:
        kept = self._vault.attachments.add(
            key.turn, name=document.name, kind=document.kind.value, size=document.size,
            sha256=document.sha256, text=document.text, note=document.note,
            spans=spans_of(document),
        )  # fmt: skip
        return kept.id

    def files(self, conversation: str) -> tuple[KeptFile, ...]:
        """Every file of the conversation, with its parts."""
        kept = self._vault.attachments.of_conversation(conversation) if conversation else ()
        chunks = self._vault.attachments.chunks(each.id for each in kept)
        return kept_files(kept, chunks)

    def of_turn(self, turn: str) -> tuple[str, ...]:
        """What came with it, or with the one it was an answer again of."""
        stored = self._vault.turns.many([turn]).get(turn)
        if stored is None:
            return ()
        came = [each.id for each in self._vault.attachments.on_turns([turn]).get(turn, ())]
        notes: Any = turn_notes(stored).get("files", [])
        return tuple(dict.fromkeys([*came, *(str(n["id"]) for n in notes if n.get("new"))]))

    def rank(self, question: str, files: Sequence[KeptFile]) -> Sequence[Weighed]:
        """By words, and by meaning once every part is embedded."""
        self._catch_up()
        vectors = self._vault.attachments.vectors((file.id for file in files), self._digest)
        return self._ranking.rank(question, files, vectors)


class MemoryShelf:
    """For incognito: nothing is written, and it ends with the conversation."""

    def __init__(
        self, ranking: Ranking, new_id: Callable[[], str], now: Callable[[], datetime]
    ) -> None:
        self._ranking, self._new_id, self._now = ranking, new_id, now
        self._kept: dict[TurnKey, list[tuple[Attachment, tuple[Chunk, ...]]]] = {}
        self._vectors: dict[str, bytes] = {}

    def keep(self, key: TurnKey, documents: Sequence[Document]) -> tuple[str, ...]:
        """In memory."""
        made = [self._made(key, each) for each in documents]
        if made:
            self._kept[key] = made
        return tuple(kept.id for kept, _ in made)

    def _made(self, key: TurnKey, document: Document) -> tuple[Attachment, tuple[Chunk, ...]]:
        kept = Attachment(
            self._new_id(), key.turn, document.name, document.kind.value, document.size,
            document.sha256, document.note, document.text, self._now(),
        )  # fmt: skip
        chunks = (
            Chunk(
                self._new_id(), kept.id, ordinal, span.start, span.stop, span.first, span.last,
                document.text[span.start : span.stop],
            )
            for ordinal, span in enumerate(spans_of(document))
        )  # fmt: skip
        return kept, tuple(chunks)

    def files(self, conversation: str) -> tuple[KeptFile, ...]:
        """Every file of the conversation, with its parts."""
        held = [
            f for k, files in self._kept.items() if k.conversation == conversation for f in files
        ]
        return kept_files([kept for kept, _ in held], [c for _, chunks in held for c in chunks])

    def of_turn(self, turn: str) -> tuple[str, ...]:
        """What came with it."""
        return tuple(kept.id for kept, _ in self._with(turn))

    def exported(self, turn: str, kept_as: str) -> tuple[ExportedAttachment, ...]:
        """The files of a turn as the vault takes them, when they are to be kept after all."""
        from assistant.vault.transfer import ExportedAttachment

        return tuple(
            ExportedAttachment(
                replace(kept, turn_id=kept_as), tuple(c.id for c in chunks),
                tuple(Span(c.start, c.stop, c.first, c.last) for c in chunks),
            )
            for kept, chunks in self._with(turn)
        )  # fmt: skip

    def _with(self, turn: str) -> list[tuple[Attachment, tuple[Chunk, ...]]]:
        return [f for key, files in self._kept.items() if key.turn == turn for f in files]

    def rank(self, question: str, files: Sequence[KeptFile]) -> Sequence[Weighed]:
        """By words, and by meaning where the parts are few enough to embed now."""
        parts = [part for file in files for part in file.parts]
        missing = [part for part in parts if part.id not in self._vectors]
        if len(parts) <= EMBEDDED_AT_ONCE and missing:
            made = self._ranking.embed([part.text for part in missing])
            self._vectors |= zip((part.id for part in missing), made or (), strict=False)
        return self._ranking.rank(question, files, self._vectors)

    def clear(self) -> None:
        """Drop everything."""
        self._kept, self._vectors = {}, {}
        self._ranking.forget()

    def forget(self, *, turn: str = "", file: str = "") -> bool:
        """Drop what came with a turn, or one file; whether there was any."""
        before = sum(map(len, self._kept.values()))
        self._kept = {
            key: [each for each in files if each[0].id != file]
            for key, files in self._kept.items()
            if key.turn != turn
        }
        held = {c.id for files in self._kept.values() for _, chunks in files for c in chunks}
        self._vectors = {part: v for part, v in self._vectors.items() if part in held}
        dropped = sum(map(len, self._kept.values())) < before
        if dropped:
            self._ranking.forget()
        return dropped


def spans_of(document: Document) -> tuple[Span, ...]:
    """A document's parts as the vault keeps them."""
    return tuple(Span(part.start, part.end, part.first, part.last) for part in document.parts)


def kept_files(kept: Sequence[Attachment], chunks: Sequence[Chunk]) -> tuple[KeptFile, ...]:
    """Files with those of these parts that are theirs."""
    parts: dict[str, list[Excerpt]] = {each.id: [] for each in kept}
    for c in chunks:
        parts[c.attachment_id].append(excerpt(c))
    return tuple(
        KeptFile(f.id, f.name, f.kind, f.size, f.note, tuple(parts[f.id]), f.turn_id) for f in kept
    )


def excerpt(c: Chunk) -> Excerpt:
    """A stored part as it is placed."""
    return Excerpt(c.id, c.attachment_id, c.ordinal, c.start, c.stop, c.first, c.last, c.text)
