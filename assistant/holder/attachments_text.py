"""Attached files in words, the same for every face. Names are raw: make the text inert."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.conversation.events import AttachedFile
from assistant.holder.attachments_wire import AttachmentItem

_KINDS = {"pdf": "PDF", "markdown": "Markdown", "code": "code", "text": "text"}


def size_words(size: int) -> str:
    """ "812 B", "12 kB", "3.4 MB"."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{round(size / 1000)} kB"
    return f"{size / 1_000_000:.1f} MB"


def share_words(item: AttachmentItem) -> str:
    """How much of the model's window the whole file would take; "" while that is unknown."""
    if not item.share:
        return ""
    percent = item.share * 100
    return f"{percent:.0f} % of the window" if percent >= 1 else "under 1 % of the window"


def item_words(item: AttachmentItem) -> str:
    """A file as it was read: name, kind, size, tokens, share, and what will be read of it."""
    about = "" if item.counted else "about "
    parts = [
        _KINDS.get(item.kind, item.kind),
        size_words(item.size),
        f"{about}{item.tokens:,} tokens",
    ]
    if share := share_words(item):
        fits = "read whole" if item.whole else "the parts that matter are read"
        parts += [share, fits]
    note = f" {item.note}" if item.note else ""
    return f"{item.name}: {', '.join(parts)}.{note}"


def file_words(files: Iterable[AttachedFile]) -> list[str]:
    """What a person must know of the files of a turn: those cut, those kept out, and why."""
    return [line for file in files if (line := _told(file))]


def _told(file: AttachedFile) -> str:
    said = []
    if file.placed == "parts":
        said.append(f"{file.parts} of {file.parts_in_all} parts were read")
    elif file.placed == "none" and file.new and not file.blocked:
        said.append("nothing of it was read: there was no room")
    if file.blocked:
        one = file.blocked == 1
        said.append(f"policy kept {file.blocked} {'part' if one else 'parts'} out")
    return f"{file.name}: {'; '.join(said)}." if said else ""
