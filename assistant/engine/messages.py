"""The protocol between the front process and its two children.

Every message is one msgspec tagged union member inside an ``Envelope``, encoded as
msgpack. Nothing here is ever pickled: unpickling a child's message ran code in the
parent when it was tried. A message that does not decode is a ``ProtocolViolation``.

Vectors travel as float32 little-endian bytes, times as seconds, sizes as bytes.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

MAX_FRAME = 16 * 1024 * 1024
"""Longest frame either side reads. Longer things (KV state, vectors) go in slices."""

SLICE = 4 * 1024 * 1024
"""Payload of one slice of a longer transfer, in bytes."""

MAX_CANDIDATES = 3

MAX_GRAMMAR = 32 * 1024
"""Longest grammar a request may carry, in characters."""

Role = Literal["system", "user", "assistant"]
Reason = Literal["stop", "length", "cancelled", "window"]

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Seed = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class ChatMessage(msgspec.Struct, frozen=True):
    """One message of a conversation. ``content`` is plain text: it cannot forge markers."""

    role: Role
    content: str


class Sampling(msgspec.Struct, frozen=True):
    """How the next token is drawn. ``temperature`` 0 is greedy; 0 or 1 turns others off."""

    temperature: Annotated[float, msgspec.Meta(ge=0.0, le=5.0)] = 0.7
    top_p: Annotated[float, msgspec.Meta(gt=0.0, le=1.0)] = 0.95
    top_k: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 40
    min_p: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.05
    repeat_penalty: Annotated[float, msgspec.Meta(ge=0.5, le=3.0)] = 1.0
    repeat_window: Annotated[int, msgspec.Meta(ge=0, le=4096)] = 64
    frequency_penalty: Annotated[float, msgspec.Meta(ge=-2.0, le=2.0)] = 0.0
    presence_penalty: Annotated[float, msgspec.Meta(ge=-2.0, le=2.0)] = 0.0


# --- front → model child -------------------------------------------------------------


class LoadModel(msgspec.Struct, frozen=True, tag="load_model"):
    """Load the file behind descriptor ``fd``, whose digest must be ``sha256``.

    ``context`` 0 means the model's own, at most ``context_limit`` tokens.
    """

    fd: int
    sha256: str
    context: Count = 0
    context_limit: Count = 8192
    threads: Count = 0
    chunk: Annotated[int, msgspec.Meta(ge=1, le=2048)] = 256
    flash_attention: bool = True
    cache_type: Literal["f16", "q8_0"] = "f16"


class GenerateRequest(msgspec.Struct, frozen=True, tag="generate"):
    """One turn.

    ``history`` (system text, then past turns without preference blocks) lives in the
    main sequence. ``question`` (preference block and question) is evaluated on forked
    sequences that are dropped afterwards. ``exact`` asks that the main sequence be
    evaluated in the canonical split even where a shifted one could be kept, so that
    the seed gives the same answer on a cold engine. ``grammar`` (GBNF, rule ``root``) is
    what the answer must match; one that does not parse fails the request.
    """

    history: tuple[ChatMessage, ...]
    question: ChatMessage
    candidates: Annotated[int, msgspec.Meta(ge=1, le=MAX_CANDIDATES)] = 1
    seed: Seed = 0
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=131_072)] = 512
    sampling: Sampling = Sampling()
    exact: bool = False
    grammar: Annotated[str, msgspec.Meta(max_length=MAX_GRAMMAR)] = ""


class AbsorbRequest(msgspec.Struct, frozen=True, tag="absorb"):
    """Evaluate ``history`` into the main sequence when nothing else is to be done."""

    history: tuple[ChatMessage, ...]


class CountTexts(msgspec.Struct, frozen=True, tag="count_texts"):
    """Tokens of each text alone."""

    texts: tuple[str, ...]


class CountMessages(msgspec.Struct, frozen=True, tag="count_messages"):
    """Tokens each message adds to a prompt, with what the template puts around it."""

    messages: tuple[ChatMessage, ...]


class SavePrefix(msgspec.Struct, frozen=True, tag="save_prefix"):
    """The KV state of ``history`` as bytes, in slices, evaluating it first if need be."""

    history: tuple[ChatMessage, ...]


class LoadPrefix(msgspec.Struct, frozen=True, tag="load_prefix"):
    """One slice of a state made by ``SavePrefix``; taken over when ``last`` is set."""

    data: bytes
    last: bool


class ProbeDecode(msgspec.Struct, frozen=True, tag="probe_decode"):
    """Decode ``tokens`` tokens from a fixed prompt: does this build run, how fast?"""

    tokens: Annotated[int, msgspec.Meta(ge=1, le=512)] = 8


class SetThreads(msgspec.Struct, frozen=True, tag="set_threads"):
    """Use this many threads from the next step on; 0 lets the governor choose."""

    threads: Annotated[int, msgspec.Meta(ge=0, le=512)]


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    """Stop the request with this id, in the middle of prompt evaluation too."""

    request: Count


# --- model child → front -------------------------------------------------------------


class ModelLoaded(msgspec.Struct, frozen=True, tag="model_loaded"):
    """What was loaded. The strings come from the file and are untrusted, as is."""

    unverified_name: str
    unverified_architecture: str
    context_size: int
    trained_context: int
    parameters: int
    weight_bytes: int
    template: Literal["model", "model_without_system", "chatml"]
    can_shift: bool
    threads: int
    seconds: float


class LoadFailed(msgspec.Struct, frozen=True, tag="load_failed"):
    """The file is not what was asked for, or the engine refused it."""

    why: Literal["missing", "altered", "refused"]


class PromptProgress(msgspec.Struct, frozen=True, tag="prompt_progress"):
    """``done`` of ``total`` prompt tokens are evaluated."""

    done: int
    total: int


class PromptEvaluated(msgspec.Struct, frozen=True, tag="prompt_evaluated"):
    """The prompt is ready; ``reused_tokens`` came from the main sequence."""

    prompt_tokens: int
    reused_tokens: int
    seconds: float


class TextDelta(msgspec.Struct, frozen=True, tag="text_delta"):
    """New text of one candidate: whole characters only. Untrusted, as is."""

    candidate: int
    text: str
    tokens: int


class CandidateFinished(msgspec.Struct, frozen=True, tag="candidate_finished"):
    """One candidate ended, after ``tokens`` tokens."""

    candidate: int
    reason: Reason
    tokens: int


class GenerationFinished(msgspec.Struct, frozen=True, tag="generation_finished"):
    """The last event of a generation. ``prompt`` is exactly what was evaluated."""

    prompt: str
    prompt_tokens: int
    generated_tokens: int
    decode_seconds: float
    context_used: int
    context_size: int


class WindowExceeded(msgspec.Struct, frozen=True, tag="window_exceeded"):
    """Only event of a generation that does not fit.

    ``question_tokens`` counts system text and question alone: if that is too long,
    the client raises ``PromptTooLong``; otherwise the caller drops oldest turns.
    """

    prompt_tokens: int
    question_tokens: int
    max_tokens: int
    context_size: int


class Absorbed(msgspec.Struct, frozen=True, tag="absorbed"):
    """``tokens`` of the history are in the main sequence; ``complete`` if all are."""

    tokens: int
    complete: bool


class Counts(msgspec.Struct, frozen=True, tag="counts"):
    """Token counts in the order asked."""

    tokens: tuple[int, ...]


class Slice(msgspec.Struct, frozen=True, tag="slice"):
    """One slice of a longer answer."""

    data: bytes
    last: bool


class PrefixLoaded(msgspec.Struct, frozen=True, tag="prefix_loaded"):
    """``tokens`` are in the main sequence now; 0 if the state did not fit this model."""

    tokens: int


class DecodeProbed(msgspec.Struct, frozen=True, tag="decode_probed"):
    """The build decodes, this fast."""

    tokens: int
    seconds: float


# --- front → memory child ------------------------------------------------------------


class LoadEmbedder(msgspec.Struct, frozen=True, tag="load_embedder"):
    """Load the embedding model in ``folder``; every file must have its digest.

    ``library`` asks for sentence-transformers itself where a faster pass would do.
    """

    folder: str
    sha256: dict[str, str]
    chroma_from: Count
    library: bool = False


class Embed(msgspec.Struct, frozen=True, tag="embed"):
    """Embed texts, in one batch."""

    texts: tuple[str, ...]


class LoadAdapter(msgspec.Struct, frozen=True, tag="load_adapter"):
    """Keep an adapter (``engine.adapter``), whose digest must be ``sha256``."""

    sha256: str
    data: bytes


class ScoreTexts(msgspec.Struct, frozen=True, tag="score_texts"):
    """One logit per text by the adapter with that digest."""

    sha256: str
    texts: tuple[str, ...]


class IndexPut(msgspec.Struct, frozen=True, tag="index_put"):
    """Add or replace vectors. ``vectors`` is ids × dimensions of float32."""

    ids: tuple[str, ...]
    vectors: bytes


class IndexRemove(msgspec.Struct, frozen=True, tag="index_remove"):
    """Forget these ids, whether present or not."""

    ids: tuple[str, ...]


class IndexQuery(msgspec.Struct, frozen=True, tag="index_query"):
    """The ``k`` nearest by cosine."""

    vector: bytes
    k: Annotated[int, msgspec.Meta(ge=1, le=10_000)]


class IndexClear(msgspec.Struct, frozen=True, tag="index_clear"):
    """Forget everything."""


class CountIndex(msgspec.Struct, frozen=True, tag="count_index"):
    """How much the index holds."""


class SetPaused(msgspec.Struct, frozen=True, tag="set_paused"):
    """Hold background work back while a turn runs."""

    paused: bool


# --- memory child → front ------------------------------------------------------------


class EmbedderLoaded(msgspec.Struct, frozen=True, tag="embedder_loaded"):
    """The embedder answers now."""

    dimensions: int
    max_tokens: int
    seconds: float


class Embedded(msgspec.Struct, frozen=True, tag="embedded"):
    """One unit-length vector per text."""

    vectors: tuple[bytes, ...]


class Scored(msgspec.Struct, frozen=True, tag="scored"):
    """One logit per text."""

    logits: tuple[float, ...]


class AdapterWanted(msgspec.Struct, frozen=True, tag="adapter_wanted"):
    """The child has no such adapter: it is new, or was restarted. Send it and ask again."""


class IndexState(msgspec.Struct, frozen=True, tag="index_state"):
    """How much the index holds, and how much of it Chroma has taken over."""

    items: int
    in_chroma: int
    searched_by: Literal["exact", "chroma"]


class IndexHits(msgspec.Struct, frozen=True, tag="index_hits"):
    """Nearest first: id and cosine."""

    hits: tuple[tuple[str, float], ...]
    searched_by: Literal["exact", "chroma"]


# --- both ----------------------------------------------------------------------------


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

GenerationEvent = (
    PromptProgress | PromptEvaluated | TextDelta | CandidateFinished | GenerationFinished
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
