"""Export and import: what the vault holds as plain values, and back.

The document is the same for JSON, Markdown and a ChatGPT export; the vault adds what
it does not have yet, by id, so importing twice adds nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, Literal

import msgspec

from assistant.errors import UsageError
from assistant.vault.attachments import Attachments, add_attachment
from assistant.vault.conversations import Conversations
from assistant.vault.feedback import FeedbackStore
from assistant.vault.preferences import Preferences
from assistant.vault.records import (
    Attachment,
    Conversation,
    Feedback,
    Preference,
    ProfileValue,
    Span,
    Turn,
    TurnStatus,
    UsedItem,
)
from assistant.vault.settings import Profile
from assistant.vault.turns import Turns, add_turn, add_used

if TYPE_CHECKING:
    from assistant.vault.database import Database
    from assistant.vault.store import Store

_ID: Final = re.compile("[0-9a-f]{1,64}")
_BATCH: Final = 50
MAX_IMPORT_BYTES: Final = 256 << 20
EXPORT_AGAIN: Final = "Export it again with `assistant export`, or choose another file."


class ExportedAttachment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that was attached, with the parts it was cut into (id and place of each)."""

    attachment: Attachment
    parts: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


class ExportedTurn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A turn with its files, what it used and what was said of it."""

    turn: Turn
    used: tuple[UsedItem, ...] = ()
    feedback: tuple[Feedback, ...] = ()
    attachments: tuple[ExportedAttachment, ...] = ()


class ExportedConversation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A conversation with its turns in order."""

    conversation: Conversation
    turns: tuple[ExportedTurn, ...] = ()


class ExportDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in one export."""

    conversations: tuple[ExportedConversation, ...] = ()
    preferences: tuple[Preference, ...] = ()
    profile: tuple[ProfileValue, ...] = ()
    format: Literal["bounded-assistant export"] = "bounded-assistant export"
    version: Annotated[int, msgspec.Meta(ge=1, le=1)] = 1


class ExportScope(msgspec.Struct, frozen=True):
    """What to export: conversations by id (None is all, () is none), preferences or not."""

    conversations: tuple[str, ...] | None = None
    preferences: bool = True


class Imported(msgspec.Struct, frozen=True):
    """What an import added, and what was passed over because it is there already."""

    conversations: int = 0
    turns: int = 0
    preferences: int = 0
    passed_over: int = 0


def to_json(document: ExportDocument) -> bytes:
    """The document as one JSON object with a newline at the end."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def from_json(file: BinaryIO, *, limit: int = MAX_IMPORT_BYTES) -> ExportDocument:
    """Read an export; UsageError if it is too large or not one."""
    data = file.read(limit + 1)
    if len(data) > limit:
        raise UsageError(
            "The file is too large to import.", hint="Export fewer conversations at a time."
        )
    try:
        return msgspec.json.decode(data, type=ExportDocument)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError("The file is not an export of this program.", hint=EXPORT_AGAIN) from error


def read_document(store: Store, scope: ExportScope) -> ExportDocument:
    """Everything in the scope; NoSuchItem if a named conversation is not there."""
    conversations = Conversations(store)
    if scope.conversations is None:
        chosen = tuple(reversed(conversations.list(limit=-1, pinned_first=False)))
    else:
        chosen = tuple(conversations.get(each) for each in scope.conversations)
    return ExportDocument(
        tuple(_exported(store, each) for each in chosen),
        Preferences(store).list() if scope.preferences else (),
        Profile(store).list() if scope.preferences else (),
    )


def write_document(store: Store, document: ExportDocument) -> Imported:
    """Add what is not there yet, some conversations to a commit.

    UsageError if an id or an instant in it is not of the form this program writes.
    """
    _check(document)
    counts = [0, 0, 0, 0]

    def add(db: Database, batch: tuple[ExportedConversation, ...]) -> list[int | None]:
        return [_add_conversation(db, each) for each in batch]

    for start in range(0, len(document.conversations), _BATCH):
        batch = document.conversations[start : start + _BATCH]
        for turns in store.write(lambda db, batch=batch: add(db, batch)):  # type: ignore[misc]
            counts[0 if turns is not None else 3] += 1
            counts[1] += turns or 0

    def rest(db: Database) -> None:
        for preference in document.preferences:
            known = db.row("SELECT 1 FROM preferences WHERE id = ?", preference.id)
            counts[3 if known else 2] += 1
            if not known:
                db.insert("preferences", preference)
        for value in document.profile:
            sql = "INSERT OR IGNORE INTO profile(dimension, value, locked) VALUES (?, ?, ?)"
            db.change(sql, value.dimension, value.value, int(value.locked))

    if document.preferences or document.profile:
        store.write(rest)
    return Imported(*counts)


def _check(unverified: ExportDocument) -> None:
    """Ids are shown and typed, so they are plain; instants are of no place or of one."""
    ids: list[str | None] = []
    instants: list[datetime | None] = []
    for each in unverified.conversations:
        ids += [each.conversation.id, each.conversation.forked_from]
        instants += [each.conversation.created, each.conversation.updated]
        for exported in each.turns:
            ids += [exported.turn.id, exported.turn.parent_id]
            ids += [said.id for said in exported.feedback]
            ids += [item.item_id for item in exported.used]
            for file in exported.attachments:
                ids += [file.attachment.id, *file.parts]
                instants.append(file.attachment.created)
                _check_parts(file)
            instants += [exported.turn.created, *(said.created for said in exported.feedback)]
    for preference in unverified.preferences:
        ids += [preference.id, preference.provenance]
        instants += [preference.created, preference.updated, preference.expires]
    if any(found is not None and not _ID.fullmatch(found) for found in ids):
        raise UsageError("The file holds an id that is not one.", hint=EXPORT_AGAIN)
    if any(found is not None and found.tzinfo is None for found in instants):
        raise UsageError("The file holds an instant without a time zone.", hint=EXPORT_AGAIN)


def _check_parts(unverified: ExportedAttachment) -> None:
    length = len(unverified.attachment.text)
    sound = len(unverified.parts) == len(unverified.spans) and all(
        0 <= span.start < span.stop <= length and 0 < span.first <= span.last
        for span in unverified.spans
    )
    if not sound:
        raise UsageError(
            "The file holds parts of an attached file that lie outside it.", hint=EXPORT_AGAIN
        )


def _exported(store: Store, conversation: Conversation) -> ExportedConversation:
    turns = Turns(store).list(conversation.id)
    ids = [turn.id for turn in turns]
    used, said = Turns(store).used_by(ids), FeedbackStore(store).on_turns(ids)
    files = Attachments(store).on_turns(ids)
    return ExportedConversation(
        conversation,
        tuple(
            ExportedTurn(
                turn, used.get(turn.id, ()), said.get(turn.id, ()),
                tuple(_exported_file(store, file) for file in files.get(turn.id, ())),
            )
            for turn in turns
        ),
    )  # fmt: skip


def _exported_file(store: Store, file: Attachment) -> ExportedAttachment:
    chunks = Attachments(store).chunks([file.id])
    spans = tuple(Span(c.start, c.stop, c.first, c.last) for c in chunks)
    whole = Attachments(store).get(file.id)
    return ExportedAttachment(whole, tuple(c.id for c in chunks), spans)


def _add_conversation(db: Database, exported: ExportedConversation) -> int | None:
    """The number of turns added, or None if the conversation is there already."""
    conversation = exported.conversation
    if db.row("SELECT 1 FROM conversations WHERE id = ?", conversation.id):
        return None
    db.insert("conversations", conversation)
    added = 0
    for each in _own(exported):
        if db.row("SELECT 1 FROM turns WHERE id = ?", each.turn.id):
            continue
        add_turn(db, each.turn)
        add_used(db, each.turn.id, each.used)
        added += 1
        for said in each.feedback:
            if not db.row("SELECT 1 FROM feedback WHERE id = ?", said.id):
                db.insert("feedback", replace(said, turn_id=each.turn.id))
        for file in each.attachments:
            kept = replace(file.attachment, turn_id=each.turn.id)
            if not db.row("SELECT 1 FROM attachments WHERE id = ?", kept.id):
                add_attachment(db, kept, _unused(db, file))
    return added


def _unused(db: Database, file: ExportedAttachment) -> Iterator[tuple[str, Span]]:
    """The parts whose ids are free: one that is taken belongs to another file here."""
    for identity, span in zip(file.parts, file.spans, strict=True):
        if not db.row("SELECT 1 FROM chunks WHERE id = ?", identity):
            yield identity, span


def _own(exported: ExportedConversation) -> Iterator[ExportedTurn]:
    """The turns, made to belong to this conversation and none of them open."""
    for position, each in enumerate(exported.turns):
        status = each.turn.status
        status = TurnStatus.INTERRUPTED if status is TurnStatus.OPEN else status
        turn = replace(
            each.turn,
            conversation_id=exported.conversation.id,
            position=position,
            status=status,
        )
        yield msgspec.structs.replace(each, turn=turn)
