"""Attached files for the scripted application: read as the real one does, in memory."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.conversation.events import AttachedFile, Source
from assistant.errors import AttachmentRefused, NoSuchItem
from assistant.holder.attachments_wire import Attach, AttachmentItem, Detach
from assistant.holder.interface import Done

WINDOW = 8192


class ScriptedFiles:
    """What waits for a question. Four bytes are a token; a page is 2,000 bytes."""

    def __init__(self) -> None:
        self.waiting: dict[str, AttachmentItem] = {}
        self.kept: dict[str, AttachmentItem] = {}
        self._number = 0

    def attach(self, request: Attach) -> Iterable[AttachmentItem]:
        """Text is taken, zero bytes are binary."""
        if b"\x00" in request.data:
            raise AttachmentRefused("The file holds binary data, not text.", hint="Save as text.")
        self._number += 1
        tokens = len(request.data) // 4
        kind = "pdf" if request.data.startswith(b"%PDF-") else "text"
        note = "It is not UTF-8." if b"\xe9" in request.data else ""
        item = AttachmentItem(
            f"a{self._number}", request.name, kind, len(request.data), tokens, True,
            tokens / WINDOW, tokens / WINDOW <= 0.35, 1 + len(request.data) // 2000, note,
        )  # fmt: skip
        self.waiting[item.id] = item
        yield item

    def detach(self, request: Detach) -> Iterable[Done]:
        """What waits, or was kept."""
        held = self.waiting if request.id in self.waiting else self.kept
        if held.pop(request.id, None) is None:
            raise NoSuchItem("There is no attached file with that id.")
        yield Done("It is no longer attached.")

    def asked(self, ids: Iterable[str]) -> tuple[AttachmentItem, ...]:
        """What a question was put about; it waits no longer."""
        asked = {identity: self.waiting.pop(identity) for identity in ids}
        self.kept |= asked
        return tuple(asked.values())


def sources_of(items: Iterable[AttachmentItem]) -> tuple[Source, ...]:
    """Short files whole, of long ones pages 3 and 7."""
    return tuple(Source(i.name, () if i.whole else ("3", "7"), i.kind) for i in items)


def read_of(items: Iterable[AttachmentItem]) -> tuple[AttachedFile, ...]:
    """The same, as the turn tells it; policy keeps a part of a long file out."""
    return tuple(
        AttachedFile(
            i.id, i.name, i.kind, i.size, 400, "whole" if i.whole else "parts",
            i.parts if i.whole else 2, i.parts, 0 if i.whole else 1, True,
        )
        for i in items
    )  # fmt: skip
