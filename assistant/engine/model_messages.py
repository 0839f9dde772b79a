"""What the front and the model child say to each other (``engine.messages`` frames it).

Times travel as seconds, sizes as bytes. Text a model or its file made is untrusted, as is.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from assistant.engine.limits import Count

MAX_CANDIDATES = 3

MAX_GRAMMAR = 32 * 1024
"""Longest grammar a request may carry, in characters."""

Role = Literal["system", "user", "assistant"]
Reason = Literal["stop", "length", "cancelled", "window"]

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
    mmap: bool = True


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


GenerationEvent = (
    PromptProgress | PromptEvaluated | TextDelta | CandidateFinished | GenerationFinished
)
