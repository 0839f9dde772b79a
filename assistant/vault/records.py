"""What the vault keeps, as frozen values. Every instant is aware and in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970 (UTC); a naive datetime is a fault of the caller."""
    return (instant - _EPOCH) // _MICROSECOND


def from_microseconds(value: int) -> datetime:
    """The inverse of ``to_microseconds``."""
    return _EPOCH + timedelta(microseconds=value)


class TurnStatus(StrEnum):
    """``open`` while it is generated; found open at unlock it becomes ``interrupted``."""

    OPEN = "open"
    COMPLETE = "complete"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    INTERRUPTED = "interrupted"


class ItemKind(StrEnum):
    """What can be recalled, embedded, used by a turn and erased."""

    PREFERENCE = "preference"
    FEEDBACK = "feedback"
    TURN = "turn"
    ATTACHMENT = "attachment"
    CHUNK = "chunk"


class Scope(StrEnum):
    """How far a preference reaches; ``scope_ref`` names the project, topic or chat."""

    ALWAYS = "always"
    PROJECT = "project"
    TOPIC = "topic"
    CHAT = "chat"


class PreferenceSource(StrEnum):
    """Where a preference came from."""

    STATED = "stated"
    EDIT = "edit"
    CHOICE = "choice"
    PROPOSED = "proposed"
    IMPORTED = "imported"


class PreferenceState(StrEnum):
    """A proposal waits as ``proposed`` until the user accepts or rejects it."""

    ACTIVE = "active"
    PROPOSED = "proposed"
    DISABLED = "disabled"
    REJECTED = "rejected"


class FeedbackKind(StrEnum):
    """One act of feedback; ``value`` is a score, an edited answer, a choice or a note."""

    UP = "up"
    DOWN = "down"
    SCORE = "score"
    EDIT = "edit"
    CHOICE = "choice"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread of turns."""

    id: str
    title: str
    created: datetime
    updated: datetime
    pinned: bool = False
    folder: str = ""
    forked_from: str | None = None


@dataclass(frozen=True, slots=True)
class TurnOutcome:
    """How a turn ended: what is known only then. Seconds and tokens per second."""

    status: TurnStatus
    tokens: int = 0
    first_token_s: float | None = None
    first_shown_s: float | None = None
    tokens_per_s: float | None = None
    effect: str = "none"
    rule: str = ""
    tier: str = ""
    issuer: str = ""
    reason: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question with what was released of its answer."""

    id: str
    conversation_id: str
    parent_id: str | None
    position: int
    question: str
    answer: str
    status: TurnStatus
    model_id: str
    model_digest: str
    seed: int
    sampling: str
    created: datetime
    template_version: int
    personalised: bool
    tokens: int = 0
    first_token_s: float | None = None
    first_shown_s: float | None = None
    tokens_per_s: float | None = None
    effect: str = "none"
    rule: str = ""
    tier: str = ""
    issuer: str = ""
    reason: str = ""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class UsedItem:
    """What shaped a turn: the id stays when the item is erased, its text does not."""

    kind: ItemKind
    item_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Preference:
    """A short sentence about how this person likes to be answered."""

    id: str
    text: str
    scope: Scope
    scope_ref: str
    source: PreferenceSource
    provenance: str | None
    state: PreferenceState
    domain: str
    created: datetime
    updated: datetime
    expires: datetime | None = None
    uses: int = 0


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the user thought of an answer; an undone one stays, marked."""

    id: str
    turn_id: str
    kind: FeedbackKind
    value: str
    reasons: tuple[str, ...]
    created: datetime
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file attached to a turn: its name without a path, its text, its size in bytes."""

    id: str
    turn_id: str
    name: str
    kind: str
    size: int
    sha256: str
    note: str
    text: str
    created: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """``text[start:stop]`` of an attachment; ``first`` to ``last`` are its pages or lines."""

    start: int
    stop: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of an attachment's text, with its place in it; see ``Span``."""

    id: str
    attachment_id: str
    ordinal: int
    start: int
    stop: int
    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class Embedding:
    """A vector (float32, little endian) of an item, by the model with that digest."""

    kind: ItemKind
    item_id: str
    model_digest: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class LoggedDecision:
    """One decision of policy: which rule, never which text."""

    seq: int
    at: datetime
    rule: str
    tier: str
    issuer: str
    where: str
    effect: str
    score: float | None
    view: str


@dataclass(frozen=True, slots=True)
class ProfileValue:
    """A dimension of the style profile; None is not set by the user."""

    dimension: str
    value: float | None
    locked: bool


@dataclass(frozen=True, slots=True)
class PolicyMemory:
    """The vault's copy of the policy floors (opaque JSON) and the highest clock seen."""

    floors: str
    clock: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """One full-text hit; a higher score is better."""

    item_id: str
    score: float


@dataclass(frozen=True, slots=True)
class SnippetPart:
    """A piece of a snippet; ``hit`` marks a searched word."""

    text: str
    hit: bool


@dataclass(frozen=True, slots=True)
class HistoryHit:
    """One hit of the history search, newest first; ``file`` names the one it is in, if any."""

    turn_id: str
    conversation_id: str
    title: str
    created: datetime
    parts: tuple[SnippetPart, ...]
    file: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something about the vault's integrity that the person must be told.

    ``kind``: ``interrupted`` (a save was cut short; checked and sound),
    ``lost`` (the last ``lost`` changes are missing), ``forked`` (an older copy was
    put back and used), ``altered`` (pages differ from those last saved), ``unmarked``
    (the commit file is gone, so a loss could not be noticed), ``repaired`` (a damaged
    copy was rewritten from the intact one), ``old-header`` (the key file is older
    than the vault), ``orphan`` (a database without its key file was set aside).
    """

    kind: str
    message: str
    at: datetime
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure removed, so that running indexes drop it too."""

    items: tuple[tuple[ItemKind, str], ...] = ()
    conversations: tuple[str, ...] = field(default=())
