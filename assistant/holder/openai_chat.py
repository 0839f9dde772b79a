"""OpenAI's chat completions, read strictly and put as one turn of ours.

How "messages" become a turn: consecutive user, system and developer texts are one text,
in their order; a client's system prompt is text from outside, read by the gate like any
other, and never instructs above the tiers. The last such text is the question. Each
earlier one with the answer after it is an exchange the client claims; the gate reads those
too, and drops what it would have stopped.

What would change the answer and is not offered is refused by its name (tools, stop, n > 1,
images, response_format), not passed over. Sampling fields (temperature, top_p, penalties)
are passed over: the home's settings, inside their bounds, decide. Field meanings follow
https://platform.openai.com/docs/api-reference/chat.
"""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

from assistant.conversation.events import Ruling, TurnEnded
from assistant.errors import UsageError
from assistant.holder.interface import Ask, Exchange

ALIAS = "assistant"
"""The model name that means whichever model is in use."""
_MESSAGES_LIMIT = 2_000

FinishReason = Literal["stop", "length", "content_filter"]


class _Part(msgspec.Struct, frozen=True):
    type: str
    text: str = ""


class _Message(msgspec.Struct, frozen=True):
    role: str
    content: str | tuple[_Part, ...] | None = None
    tool_calls: tuple[msgspec.Raw, ...] | None = None

    def text(self) -> str:
        """The message's text. Raises UsageError for anything that is not text."""
        if self.tool_calls:
            raise UsageError("Tools are not offered here.", hint="messages")
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        if any(part.type not in {"text", "input_text"} for part in self.content):
            raise UsageError("Only text is read here, no images or files.", hint="messages")
        return "\n\n".join(part.text for part in self.content)


class _StreamOptions(msgspec.Struct, frozen=True):
    include_usage: bool = False


class _Format(msgspec.Struct, frozen=True):
    type: str = "text"


class Wishes(msgspec.Struct, frozen=True):
    """Our own extension, the field "assistant": what `ask` has as flags."""

    confirmed: tuple[str, ...] = ()
    personalise: bool = True
    incognito: bool = False


class ChatRequest(msgspec.Struct, frozen=True):
    """The fields that are read. All of it is unverified."""

    model: str
    messages: tuple[_Message, ...]
    stream: bool = False
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    seed: int | None = None
    n: int | None = None
    stop: str | tuple[str, ...] | None = None
    tools: tuple[msgspec.Raw, ...] | None = None
    functions: tuple[msgspec.Raw, ...] | None = None
    response_format: _Format | None = None
    logprobs: bool | None = None
    assistant: Wishes = Wishes()

    @property
    def include_usage(self) -> bool:
        """Whether a stream ends with a chunk of token counts."""
        return self.stream_options is not None and self.stream_options.include_usage


_decoder = msgspec.json.Decoder(ChatRequest)


def read_request(body: bytes) -> ChatRequest:
    """Parse and judge a body. Raises UsageError, whose hint names the field."""
    try:
        request = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        # msgspec's words name the place and the type, never the content.
        raise UsageError(f"The body is not a chat request: {error}.", hint="") from error
    for field, given in (
        ("n", request.n not in {None, 1}), ("stop", bool(request.stop)),
        ("tools", bool(request.tools)), ("functions", bool(request.functions)),
        ("logprobs", bool(request.logprobs)),
        ("response_format", request.response_format not in {None, _Format("text")}),
    ):  # fmt: skip
        if given:
            raise UsageError(f"{field} is not offered here.", hint=field)
    if not 1 <= len(request.messages) <= _MESSAGES_LIMIT:
        raise UsageError(f"messages must be from 1 to {_MESSAGES_LIMIT:,}.", hint="messages")
    return request


def as_ask(request: ChatRequest, conversation: str, *, incognito: bool) -> Ask:
    """The request as one turn. Raises UsageError where its shape allows no question."""
    exchanges, question = _exchanges(request.messages)
    most = request.max_completion_tokens or request.max_tokens
    if most is not None and not 1 <= most <= 131_072:
        raise UsageError("max_tokens must be from 1 to 131072.", hint="max_tokens")
    if request.seed is not None and not 0 <= request.seed < 2**32:
        raise UsageError("seed must be from 0 to 4294967295.", hint="seed")
    return Ask(
        text=question, conversation=conversation, earlier=exchanges, seed=request.seed,
        max_tokens=most, incognito=incognito or request.assistant.incognito,
        personalise=request.assistant.personalise, confirmed=request.assistant.confirmed,
    )  # fmt: skip


def _exchanges(messages: tuple[_Message, ...]) -> tuple[tuple[Exchange, ...], str]:
    said: list[list[str]] = []
    answers: list[list[str]] = []
    for message in messages:
        if message.role in {"user", "system", "developer"}:
            if len(said) == len(answers):
                said.append([])
            said[-1].append(message.text())
        elif message.role == "assistant":
            if not said:
                raise UsageError("The first message cannot be an answer.", hint="messages")
            if len(answers) < len(said):
                answers.append([])
            answers[-1].append(message.text())
        else:
            raise UsageError("A role is user, assistant, system or developer.", hint="messages")
    if len(answers) == len(said):
        raise UsageError("The last message must be the question.", hint="messages")
    texts = ["\n\n".join(part for part in parts if part.strip()) for parts in said]
    if not texts[-1]:
        raise UsageError("The question is empty.", hint="messages")
    told = zip(texts[:-1], answers, strict=True)
    return tuple(Exchange(q, "\n\n".join(a)) for q, a in told), texts[-1]


def mark_of(exchanges: tuple[Exchange, ...]) -> bytes:
    """A digest by which a conversation is known again when its client goes on with it."""
    digest = hashlib.sha256()
    for exchange in exchanges:
        for text in (exchange.question, exchange.answer):
            data = text.strip().encode(errors="replace")
            digest.update(len(data).to_bytes(8, "big") + data)
    return digest.digest()


def refusal_text(ruling: Ruling, status: str) -> str:
    """What a client shows in the place of an answer: who, which rule, why, and appeal."""
    head = "This needs your yes." if status == "confirm" else "This is not answered here."
    lines = [head, f"Rule: {ruling.rule} — {ruling.title}", f"Set by: {ruling.issuer}"]
    lines.append(f"Reason: {ruling.reason}")
    lines += [f"Appeal: {ruling.appeal}"] if ruling.appeal else []
    lines += [ruling.help] if ruling.help else []
    return "\n".join(lines)


def finish_reason(ending: TurnEnded, most: float) -> FinishReason:
    """OpenAI's word for how a turn ended that might take so many tokens at most."""
    if ending.status in {"refused", "confirm"}:
        return "content_filter"
    return "length" if ending.tokens >= most or ending.status == "cancelled" else "stop"


def usage(ending: TurnEnded) -> dict[str, int]:
    """Token counts of a turn."""
    return {
        "prompt_tokens": ending.prompt_tokens,
        "completion_tokens": ending.tokens,
        "total_tokens": ending.prompt_tokens + ending.tokens,
    }


def account(ending: TurnEnded, disclosure: tuple[str, ...]) -> dict[str, Any]:
    """Our own extension to a reply: the turn for `why`, and the rule where one decided.

    ``disclosure`` is what is to be said at the start of a conversation. It is a field of its
    own for the client to show: in the answer's text a program would read it as the answer,
    and send it back as what was said.
    """
    ruling = ending.ruling
    return {
        "turn": ending.turn, "conversation": ending.conversation, "status": ending.status,
        "effect": ruling.effect if ruling else "none", "rule": ruling.rule if ruling else None,
        "tier": ruling.tier if ruling else None, "issuer": ruling.issuer if ruling else None,
        "disclosure": disclosure,
    }  # fmt: skip
