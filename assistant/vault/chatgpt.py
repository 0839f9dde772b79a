"""Reads the conversations.json of a ChatGPT data export.

The file is one array of conversations, each a tree of messages ("mapping") with the
leaf in view ("current_node"). It may be larger than memory allows, so the array is
read one conversation at a time.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

from assistant.errors import UsageError
from assistant.vault.records import Conversation, Turn, TurnStatus
from assistant.vault.transfer import ExportedConversation, ExportedTurn

MAX_FILE_BYTES: Final = 4 << 30
MAX_CONVERSATION_CHARACTERS: Final = 64 << 20
_CHUNK: Final = 1 << 20
_WHITE: Final = " \t\r\n"
_SHOWN: Final = frozenset({"text", "multimodal_text", "code"})
_LATEST: Final = 253402300799.0


class ChatGptImport:
    """Iterate over ``conversations``; ``branches_left_out`` counts what was not in view."""

    def __init__(self, file: BinaryIO, *, limit: int = MAX_FILE_BYTES) -> None:
        self._file, self._limit = file, limit
        self.branches_left_out = 0

    def conversations(self) -> Iterator[ExportedConversation]:
        """One conversation after the other; UsageError at the first malformed one."""
        for unverified_item in _items(self._file, self._limit):
            if not isinstance(unverified_item, dict):
                raise _malformed()
            yield self._conversation(unverified_item)

    def _conversation(self, unverified: dict[str, Any]) -> ExportedConversation:
        mapping = unverified.get("mapping")
        if not isinstance(mapping, dict):
            raise _malformed()
        name = str(unverified.get("conversation_id") or unverified.get("id") or "")
        identity = _id("conversation", name or json.dumps(unverified, sort_keys=True))
        path = _path(mapping, unverified.get("current_node"))
        leaves = sum(1 for node in mapping.values() if not _children(node))
        self.branches_left_out += max(0, leaves - 1)
        created = _instant(unverified.get("create_time"))
        turns = tuple(_turns(identity, path, created))
        updated = max((each.turn.created for each in turns), default=created)
        title = _valid(unverified.get("title"))
        return ExportedConversation(
            Conversation(identity, title, created, max(created, updated)), turns
        )


def _items(file: BinaryIO, limit: int) -> Iterator[Any]:
    """The items of a JSON array, decoded one at a time as the file is read."""
    text, decoder = _Text(file, limit), json.JSONDecoder(parse_constant=_refuse)
    if text.next() != "[":
        raise _malformed()
    text.drop(1)
    if text.next() == "]":
        return
    while True:
        yield text.item(decoder)
        sign = text.next()
        text.drop(1)
        if sign == "]":
            return
        if sign != ",":
            raise _malformed()
        text.next()


class _Text:
    """A window on the file's text that grows as long as an item is not complete."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self._file, self._left = file, limit
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._window, self._ended = "", False

    def next(self) -> str:
        """The next character that is not white space; it stays in the window."""
        while True:
            self._window = self._window.lstrip(_WHITE)
            if self._window:
                return self._window[0]
            if not self._grow(_CHUNK):
                raise _malformed()

    def drop(self, count: int) -> None:
        """Pass over characters."""
        self._window = self._window[count:]

    def item(self, decoder: json.JSONDecoder) -> Any:
        """The JSON value at the start of the window."""
        while True:
            try:
                value, end = decoder.raw_decode(self._window)
            except json.JSONDecodeError as error:
                # Doubling the window keeps the repeated attempts linear in sum.
                if not self._grow(max(_CHUNK, len(self._window))):
                    raise _malformed() from error
            except (RecursionError, ValueError) as error:
                raise _malformed() from error
            else:
                self.drop(end)
                return value

    def _grow(self, count: int) -> bool:
        if self._ended:
            return False
        if len(self._window) > MAX_CONVERSATION_CHARACTERS:
            raise UsageError(
                "A conversation in the file is too large to import.",
                hint="Take it out of the file.",
            )
        data = self._file.read(count)
        self._left -= len(data)
        if self._left < 0:
            raise UsageError(
                "The file is too large to import.", hint="Export fewer conversations at a time."
            )
        self._ended = not data
        try:
            self._window += self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise _malformed() from error
        return True


def _path(mapping: dict[str, Any], current: Any) -> list[dict[str, Any]]:
    """The messages from the root to the leaf in view; a circle is malformed."""
    if not isinstance(current, str) or current not in mapping:
        leaves = [name for name, node in mapping.items() if not _children(node)]
        current = leaves[-1] if leaves else None
    path: list[dict[str, Any]] = []
    seen: set[str] = set()
    while isinstance(current, str) and current in mapping:
        node = mapping[current]
        if current in seen or not isinstance(node, dict):
            raise _malformed()
        seen.add(current)
        if isinstance(node.get("message"), dict):
            path.append(node["message"])
        current = node.get("parent")
    return path[::-1]


def _turns(
    conversation: str, path: list[dict[str, Any]], created: datetime
) -> Iterator[ExportedTurn]:
    """Messages of the user, each with the assistant's that follow it."""
    questions: list[str] = []
    answers: list[str] = []
    model, at, count = "", created, 0
    for message in [*path, None]:
        role, text = ("user", "") if message is None else (_role(message), _content(message))
        if (role == "user" and answers) or message is None:
            if questions or answers:
                yield ExportedTurn(_turn(conversation, count, questions, answers, model, at))
                count += 1
            questions, answers, model = [], [], ""
        if message is None or not text:
            continue
        if role == "user":
            at = _instant(message.get("create_time"), at)
            questions.append(text)
        elif role == "assistant":
            answers.append(text)
            metadata = message.get("metadata")
            slug = metadata.get("model_slug") if isinstance(metadata, dict) else None
            model = _valid(slug) or model


def _turn(
    conversation: str,
    position: int,
    questions: list[str],
    answers: list[str],
    model: str,
    at: datetime,
) -> Turn:
    return Turn(
        id=_id("turn", f"{conversation} {position}"),
        conversation_id=conversation,
        parent_id=_id("turn", f"{conversation} {position - 1}") if position else None,
        position=position,
        question="\n\n".join(questions),
        answer="\n\n".join(answers),
        status=TurnStatus.COMPLETE,
        model_id=model,
        model_digest="",
        seed=0,
        sampling="{}",
        created=at,
        template_version=0,
        personalised=False,
        notes="imported from ChatGPT",
    )


def _role(message: dict[str, Any]) -> str:
    """user, assistant, or nothing for what was not shown as a message."""
    author, metadata = message.get("author"), message.get("metadata")
    role = author.get("role") if isinstance(author, dict) else None
    hidden = isinstance(metadata, dict) and metadata.get("is_visually_hidden_from_conversation")
    to_tool = role == "assistant" and message.get("recipient", "all") != "all"
    return role if role in {"user", "assistant"} and not hidden and not to_tool else ""


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if not isinstance(content, dict) or content.get("content_type") not in _SHOWN:
        return ""
    if content["content_type"] == "code":
        return _valid(content.get("text"))
    parts = content.get("parts")
    found = [_part(part) for part in parts] if isinstance(parts, list) else []
    return "\n".join(part for part in found if part)


def _part(part: Any) -> str:
    if isinstance(part, dict):
        return _valid(part.get("text")) or "[attachment]"
    return _valid(part)


def _valid(text: Any) -> str:
    """Text without the halves of surrogate pairs that JSON allows and UTF-8 does not."""
    if not isinstance(text, str):
        return ""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _children(node: Any) -> bool:
    return isinstance(node, dict) and bool(node.get("children"))


def _instant(seconds: Any, otherwise: datetime = datetime(1970, 1, 1, tzinfo=UTC)) -> datetime:
    if isinstance(seconds, int | float) and 0 < seconds <= _LATEST:
        return datetime.fromtimestamp(seconds, UTC)
    return otherwise


def _id(kind: str, name: str) -> str:
    return hashlib.sha256(f"ChatGPT {kind} {name}".encode()).hexdigest()[:12]


def _refuse(_: str) -> None:
    raise _malformed()


def _malformed() -> UsageError:
    return UsageError(
        "The file is not a ChatGPT conversations.json.",
        hint="Unpack the zip ChatGPT sent and choose the file of that name.",
    )
