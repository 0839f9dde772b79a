"""The protocol between the front process and its two children.

Every message is one msgspec tagged union member inside an ``Envelope``, encoded as
msgpack. Nothing here is ever pickled: unpickling a child's message ran code in the
parent when it was tried. A message that does not decode is a ``ProtocolViolation``.
The members are in ``model_messages`` and ``memory_messages``; what both children say
is here.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from assistant.engine.limits import Count
from assistant.engine.memory_messages import (
    AdapterWanted,
    CountIndex,
    Embed,
    Embedded,
    EmbedderLoaded,
    IndexClear,
    IndexHits,
    IndexPut,
    IndexQuery,
    IndexRemove,
    IndexState,
    LoadAdapter,
    LoadEmbedder,
    Scored,
    ScoreTexts,
    SetPaused,
)
from assistant.engine.model_messages import (
    Absorbed,
    AbsorbRequest,
    Cancel,
    CandidateFinished,
    CountMessages,
    Counts,
    CountTexts,
    DecodeProbed,
    GenerateRequest,
    GenerationFinished,
    LoadFailed,
    LoadModel,
    LoadPrefix,
    ModelLoaded,
    PrefixLoaded,
    ProbeDecode,
    PromptEvaluated,
    PromptProgress,
    SavePrefix,
    SetThreads,
    Slice,
    TextDelta,
    WindowExceeded,
)


class Layer(StrEnum):
    """One layer of the wall around a child."""

    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    SECCOMP = "seccomp"
    NO_NEW_PRIVILEGES = "no_new_privileges"
    DESCRIPTORS = "descriptors"
    ENVIRONMENT = "environment"
    CORE_DUMPS = "core_dumps"
    CAPABILITIES = "capabilities"


class WallReport(msgspec.Struct, frozen=True, tag="wall_report"):
    """Which layers hold, and for each that does not, why: the child's first message."""

    held: tuple[Layer, ...]
    missing: dict[Layer, str]
    seconds: float


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The child could not do it. ``what`` is a fixed word of ours, never foreign text."""

    what: str


class Done(msgspec.Struct, frozen=True, tag="done"):
    """Done, nothing to tell."""


Request = (
    LoadModel
    | GenerateRequest
    | AbsorbRequest
    | CountTexts
    | CountMessages
    | SavePrefix
    | LoadPrefix
    | ProbeDecode
    | SetThreads
    | Cancel
    | LoadEmbedder
    | Embed
    | LoadAdapter
    | ScoreTexts
    | IndexPut
    | IndexRemove
    | IndexQuery
    | IndexClear
    | CountIndex
    | SetPaused
)

Reply = (
    WallReport
    | ModelLoaded
    | LoadFailed
    | PromptProgress
    | PromptEvaluated
    | TextDelta
    | CandidateFinished
    | GenerationFinished
    | WindowExceeded
    | Absorbed
    | Counts
    | Slice
    | PrefixLoaded
    | DecodeProbed
    | EmbedderLoaded
    | Embedded
    | Scored
    | AdapterWanted
    | IndexState
    | IndexHits
    | Failed
    | Done
)


class RequestEnvelope(msgspec.Struct, frozen=True):
    """A request and the number its replies will carry."""

    id: Count
    body: Request


class ReplyEnvelope(msgspec.Struct, frozen=True):
    """A reply to request ``id``; 0 belongs to no request."""

    id: Count
    body: Reply
