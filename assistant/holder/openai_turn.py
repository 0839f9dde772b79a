"""One chat completion over the application: as one object, or as a stream of chunks."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import msgspec

from assistant.conversation.events import AnswerText, TurnEnded, TurnEvent, TurnFailed
from assistant.errors import AssistantError, HolderGone, NoSuchItem, PolicyRefusal, UsageError
from assistant.holder.interface import (
    AnyReply,
    Application,
    Ask,
    Cancellation,
    Exchange,
    GetSettings,
    SettingItem,
    StatusLine,
)
from assistant.holder.openai_chat import (
    ChatRequest,
    account,
    as_ask,
    finish_reason,
    mark_of,
    refusal_text,
    usage,
)

_KNOWN_CONVERSATIONS = 1_000
INVALID = ("invalid_request_error", "invalid_request")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What the server answers with. ``new_id`` gives unguessable ids, ``clock`` seconds."""

    application: Application
    token: str
    incognito: bool
    new_id: Callable[[], str]
    clock: Callable[[], float] = time.time


class Refused(Exception):
    """An HTTP answer that ends the request; the message has no text of anybody's."""

    def __init__(self, status: int, message: str, kind: str, code: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.kind, self.code, self.field = kind, code, field


class Conversations:
    """Which stored conversation a client goes on with, known by digests alone."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, str] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, exchanges: tuple[Exchange, ...]) -> str:
        """The conversation that stood at exactly this point, or ""."""
        with self._lock:
            return self._known.get(mark_of(exchanges), "") if exchanges else ""

    def remember(self, asked: Ask, answer: str, conversation: str) -> None:
        """Note where it stands now; the oldest notes are forgotten."""
        with self._lock:
            self._known[mark_of((*asked.earlier, Exchange(asked.text, answer)))] = conversation
            while len(self._known) > _KNOWN_CONVERSATIONS:
                self._known.popitem(last=False)


class Line(Protocol):
    """What a chat completion needs of its connection."""

    def send_json(self, status: int, value: object) -> None:
        """A whole answer."""
        ...

    def begin_stream(self) -> None:
        """The headers of an event stream."""
        ...

    def send_event(self, data: bytes) -> None:
        """One event of a stream. Raises OSError when the client went away."""
        ...

    def cancelled_when_gone(self) -> AbstractContextManager[Cancellation]:
        """Pulled when the client closes the connection."""
        ...


class ChatTurn:
    """One chat completion, as one object or as a stream of chunks."""

    def __init__(
        self,
        line: Line,
        request: ChatRequest,
        conversations: Conversations,
        endpoint: Endpoint,
        status: StatusLine,
    ) -> None:
        self._line, self._request, self._model = line, request, status.model
        self._application, self._conversations = endpoint.application, conversations
        self._id = f"chatcmpl-{endpoint.new_id()}"
        self._created = int(endpoint.clock())
        plain = as_ask(request, "", incognito=endpoint.incognito)
        known = self._conversations.find(plain.earlier)
        self._asked = msgspec.structs.replace(plain, conversation=known)
        # A client that tells of earlier messages is past its beginning.
        self._disclosure = () if plain.earlier else status.disclosure
        self._streaming = False
        settings = self._settings()
        # Of several candidates the profile chooses at the end, so nothing is sent before.
        self._several = settings.get("candidates", 1) > 1
        self._most = self._asked.max_tokens or settings.get("max_tokens", 0)

    def answer(self) -> None:
        """Run the turn and send it. Errors before the first byte are HTTP errors."""
        live = self._request.stream and not self._several
        with self._line.cancelled_when_gone() as cancellation:
            try:
                ending = self._run(cancellation, live=live)
            except OSError:
                cancellation.cancel()
                raise
            except (AssistantError, Refused) as error:
                if not self._streaming:
                    raise
                told = error if isinstance(error, Refused) else as_refused(error)
                self._line.send_event(msgspec.json.encode(error_object(told)))
                return
        if ending.conversation and ending.status == "complete":
            self._conversations.remember(self._asked, ending.answer, ending.conversation)
        self._finish(ending, live=live)

    def _settings(self) -> dict[str, float]:
        replies = self._application.handle(GetSettings())
        items = [reply for reply in replies if isinstance(reply, SettingItem)]
        return {item.key: float(item.value) for item in items if item.kind == "number"}

    def _run(self, cancellation: Cancellation, *, live: bool) -> TurnEnded:
        for event in self._events(cancellation):
            match event:
                case AnswerText(candidate=0) if live:
                    self._send_text(event.text)
                case TurnEnded():
                    return event
                case TurnFailed():
                    raise _by_exit_code(event.exit_code, event.message, "TurnFailed")
                case _:
                    pass
        raise AssertionError("a turn ends with TurnEnded or TurnFailed")

    def _events(self, cancellation: Cancellation) -> Iterator[TurnEvent | AnyReply]:
        try:
            yield from self._application.handle(self._asked, cancellation)
        except NoSuchItem:
            if not self._asked.conversation:
                raise
            # Its conversation was erased meanwhile; the client goes on in a new one.
            self._asked = msgspec.structs.replace(self._asked, conversation="")
            yield from self._application.handle(self._asked, cancellation)

    def _finish(self, ending: TurnEnded, *, live: bool) -> None:
        reason = finish_reason(ending, self._most)
        text = ending.answer
        if ending.ruling is not None and reason == "content_filter":
            told = refusal_text(ending.ruling, ending.status)
            text = f"{text}\n\n{told}" if text and not live else told
        if not self._request.stream:
            self._line.send_json(200, self._whole(ending, text, reason))
            return
        if not live or reason == "content_filter":
            self._send_text(f"\n\n{text}" if self._streaming else text)
        self._send_chunk({}, reason, ending)
        if self._request.include_usage:
            self._send({"choices": [], "usage": usage(ending)})
        self._line.send_event(b"[DONE]")

    def _whole(self, ending: TurnEnded, text: str, reason: str) -> dict[str, object]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
        return {
            "id": self._id, "object": "chat.completion", "created": self._created,
            "model": self._model, "choices": [choice], "usage": usage(ending),
            "assistant": account(ending, self._disclosure),
        }  # fmt: skip

    def _send_text(self, text: str) -> None:
        first: dict[str, object] = {} if self._streaming else {"role": "assistant"}
        self._send_chunk({**first, "content": text}, None, None)

    def _send_chunk(
        self, delta: dict[str, object], reason: str | None, ending: TurnEnded | None
    ) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        chunk: dict[str, object] = {"choices": [choice]}
        own = {"assistant": account(ending, self._disclosure)} if ending else {}
        self._send(chunk | own)

    def _send(self, chunk: dict[str, object]) -> None:
        if not self._streaming:
            self._line.begin_stream()
            self._streaming = True
        head = {
            "id": self._id, "object": "chat.completion.chunk", "created": self._created,
            "model": self._model,
        }  # fmt: skip
        self._line.send_event(msgspec.json.encode(head | chunk))


def as_refused(error: AssistantError) -> Refused:
    """An error of our tree in OpenAI's terms; its words never hold user text."""
    name = type(error).__name__
    if isinstance(error, UsageError):
        return Refused(400, error.message, *INVALID, error.hint)
    if isinstance(error, PolicyRefusal):
        return Refused(403, error.message, "policy_refusal", name)
    if isinstance(error, HolderGone):
        return Refused(503, error.message, "unavailable", name)
    return _by_exit_code(error.exit_code, error.message, name)


def _by_exit_code(code: int, message: str, name: str) -> Refused:
    """3 to 5 are what the person can mend: locked, no policy, no model."""
    if code in {3, 4, 5}:
        return Refused(503, message, "unavailable", name)
    return Refused(500, message, "server_error", name)


def error_object(refused: Refused) -> dict[str, object]:
    told = {"message": refused.message, "type": refused.kind, "code": refused.code}
    return {"error": told | {"param": refused.field or None}}
