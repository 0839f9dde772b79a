"""Attached files: those that wait for their question, and those that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from assistant.conversation.attachments.chunking import tokens_about
from assistant.conversation.attachments.decoding import MAX_CHARS
from assistant.conversation.attachments.document import Document, open_document
from assistant.conversation.attachments.placing import SHARE, KeptFile, Shelf, merged
from assistant.conversation.attachments.shelves import MemoryShelf, Ranking, VaultShelf
from assistant.conversation.events import TurnEnded, TurnEvent, TurnFailed
from assistant.engine.document_client import read_pdf
from assistant.engine.interfaces import Phase
from assistant.errors import AssistantError, NoSuchItem
from assistant.holder.attachments_wire import (
    Attach,
    AttachmentItem,
    AttachmentRequest,
    Detach,
    ListAttachments,
)
from assistant.holder.memory import LiveEmbedder, MemoryFeed
from assistant.holder.replies import Done
from assistant.vault.records import ItemKind

if TYPE_CHECKING:
    from assistant.holder.parts import Parts

MAX_WAITING = 16
"""Files that wait for a question at once; with one more the first is dropped."""
_PATIENCE = 5.0
"""Seconds to wait for parts to be embedded; until they are, words decide. A hundred pages
take longer than a person waits."""
_COUNTED_CHARS = 100_000
"""Of a longer text so much is counted and the rest reckoned from it."""


class Attachments:
    """Answers the requests of ``attachments_wire``, and gives a turn its files."""

    def __init__(self, parts: Parts, feed: MemoryFeed) -> None:
        self._vault, self._model, self._new_id = parts.vault, parts.model, parts.new_id
        self._feed = feed
        ranking = Ranking(LiveEmbedder(parts.memory), feed.passages)
        self._kept = VaultShelf(
            parts.vault, ranking, parts.embedder_digest, feed.changed,
            lambda: feed.catch_up(min(parts.patience, _PATIENCE)),
        )  # fmt: skip
        self.incognito = MemoryShelf(ranking, parts.new_id, parts.now)
        self._waiting: dict[str, Document] = {}

    def answers(self, request: object) -> bool:
        """Whether a request is for here."""
        return isinstance(request, AttachmentRequest)

    def handle(self, request: Any) -> Iterator[AttachmentItem | Done]:
        """Answer one request."""
        match request:
            case Attach():
                yield self._attach(request)
            case ListAttachments(conversation=""):
                for identity, document in list(self._waiting.items()):
                    yield self._item(identity, document)
            case ListAttachments():
                yield from map(self._kept_item, self._files(request.conversation))
            case Detach():
                yield self._detach(request.id)

    # -- for a turn ------------------------------------------------------------------------

    def shelf(self, *, incognito: bool) -> Shelf:
        """Where a turn's files are kept."""
        return self.incognito if incognito else self._kept

    def documents(self, ids: Iterable[str]) -> tuple[Document, ...]:
        """Files that wait. Raises NoSuchItem for an id of none."""
        wanted = list(dict.fromkeys(ids))
        if any(identity not in self._waiting for identity in wanted):
            raise NoSuchItem("There is no attached file with that id.", hint="Attach it again.")
        return tuple(self._waiting[identity] for identity in wanted)

    def heard(self, event: TurnEvent, ids: Iterable[str]) -> None:
        """Once a question with these has been answered or refused they wait no longer."""
        if isinstance(event, TurnFailed | TurnEnded) and getattr(event, "status", "") != "confirm":
            for identity in ids:
                self._waiting.pop(identity, None)

    def clear(self) -> None:
        """Forget everything in memory: the vault is being locked."""
        self._waiting.clear()
        self.incognito.clear()

    # -- requests --------------------------------------------------------------------------

    def _attach(self, request: Attach) -> AttachmentItem:
        document = open_document(
            request.name, request.data, lambda data: read_pdf(data, most_chars=MAX_CHARS)
        )
        identity = self._new_id()
        while len(self._waiting) >= MAX_WAITING:
            self._waiting.pop(next(iter(self._waiting)))
        self._waiting[identity] = document
        return self._item(identity, document)

    def _detach(self, identity: str) -> Done:
        if self._waiting.pop(identity, None) is not None:
            return Done("It is no longer attached.")
        if self.incognito.forget(file=identity):
            return Done("Dropped: it was never written.")
        erased = self._vault.erase.item(ItemKind.ATTACHMENT, identity)
        self._feed.forget(erased.items)
        return Done("Erased.")

    def _files(self, conversation: str) -> Iterable[KeptFile]:
        if held := self.incognito.files(conversation):
            return held
        latest = self._vault.conversations.latest() if conversation == "last" else None
        return self._kept.files(latest.id if latest else conversation)

    def _item(self, identity: str, document: Document) -> AttachmentItem:
        return self._measured(
            identity, document.name, document.kind.value, document.size, document.text,
            len(document.parts), document.note, "",
        )  # fmt: skip

    def _kept_item(self, file: KeptFile) -> AttachmentItem:
        return self._measured(
            file.id, file.name, file.kind, file.size, merged(file.parts), len(file.parts),
            file.note, file.turn,
        )  # fmt: skip

    def _measured(
        self, identity: str, name: str, kind: str, size: int, text: str, parts: int, note: str,
        turn: str,
    ) -> AttachmentItem:  # fmt: skip
        tokens, counted, window = self._tokens(text)
        share = tokens / window if window else 0.0
        return AttachmentItem(
            identity, name, kind, size, tokens, counted, round(share, 4),
            bool(window) and share <= SHARE, parts, note, turn,
        )  # fmt: skip

    def _tokens(self, text: str) -> tuple[int, bool, int]:
        """Tokens, whether the model counted them, and its window; estimated while it loads."""
        sample = text[:_COUNTED_CHARS]
        if self._model.state.phase is Phase.READY:
            try:
                counted = self._model.count([sample])[0] * len(text) / len(sample)
                window = self._model.wait_ready(0.0).context_size
                return round(counted), len(sample) == len(text), window
            except AssistantError:
                pass  # it died just now: the estimate will do
        loaded = self._model.loaded
        return round(tokens_about(text)), False, loaded.context_size if loaded else 0
