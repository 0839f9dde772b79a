"""An export as Markdown that a person can read, and that imports again.

Comments that a renderer hides carry what Markdown cannot; a line of the text itself
that looks like one of them gets a backslash in front.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO, Final, TypeVar

import msgspec

from assistant.errors import UsageError
from assistant.vault.records import Conversation, Preference, ProfileValue
from assistant.vault.transfer import (
    EXPORT_AGAIN,
    MAX_IMPORT_BYTES,
    ExportDocument,
    ExportedAttachment,
    ExportedConversation,
    ExportedTurn,
)

T = TypeVar("T")
_MARK: Final = re.compile(r"<!-- assistant:(\w+)(?: (.*))? -->")
_LOOKS_LIKE_ONE: Final = re.compile(r"^(?=\\*<!-- assistant:)", re.MULTILINE)
_ESCAPED: Final = re.compile(r"^\\(?=\\*<!-- assistant:)", re.MULTILINE)


def to_markdown(document: ExportDocument) -> Iterator[str]:
    """The document piece by piece."""
    yield "<!-- assistant:export 1 -->\n"
    if document.preferences or document.profile:
        yield "# Preferences\n\n"
    for value in document.profile:
        yield _mark("profile", value)
    for preference in document.preferences:
        yield _mark("preference", replace(preference, text=""))
        yield _text(preference.text)
    for each in document.conversations:
        yield _mark("conversation", each.conversation)
        yield f"# {_one_line(each.conversation.title) or 'Conversation'}\n\n"
        for exported in each.turns:
            yield from _turn(exported)


def from_markdown(file: BinaryIO, *, limit: int = MAX_IMPORT_BYTES) -> ExportDocument:
    """Read such an export; UsageError if it is too large or not one."""
    data = file.read(limit + 1)
    if len(data) > limit:
        raise UsageError(
            "The file is too large to import.", hint="Export fewer conversations at a time."
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError("The file is not text in UTF-8.", hint=EXPORT_AGAIN) from error
    parts = _parts(text)
    if next(parts, None) != ("export", "1", ""):
        raise UsageError("The file is not a Markdown export of this program.", hint=EXPORT_AGAIN)
    reader = _Reader()
    for name, value, body in parts:
        reader.take(name, value, body)
    return reader.document()


class _Reader:
    def __init__(self) -> None:
        self._preferences: list[Preference] = []
        self._profile: list[ProfileValue] = []
        self._conversations: list[ExportedConversation] = []
        self._turns: list[ExportedTurn] = []

    def take(self, name: str, value: str, body: str) -> None:
        if name == "preference":
            self._preferences.append(replace(_parse(value, Preference), text=body))
        elif name == "profile":
            self._profile.append(_parse(value, ProfileValue))
        elif name == "conversation":
            self._end()
            self._conversations.append(ExportedConversation(_parse(value, Conversation)))
        elif name == "turn" and self._conversations:
            self._turns.append(_parse(value, ExportedTurn))
        elif name == "attachment" and self._turns:
            file = _parse(value, ExportedAttachment)
            whole = msgspec.structs.replace(file, attachment=replace(file.attachment, text=body))
            last = self._turns[-1]
            self._turns[-1] = msgspec.structs.replace(last, attachments=(*last.attachments, whole))
        elif name in {"question", "answer"} and self._turns:
            last = self._turns[-1]
            changes = {"question": body} if name == "question" else {"answer": body}
            turn = replace(last.turn, **changes)  # type: ignore[arg-type]
            self._turns[-1] = msgspec.structs.replace(last, turn=turn)
        else:
            raise UsageError(
                "The Markdown export has an unknown or misplaced mark.", hint=EXPORT_AGAIN
            )

    def document(self) -> ExportDocument:
        self._end()
        return ExportDocument(
            tuple(self._conversations), tuple(self._preferences), tuple(self._profile)
        )

    def _end(self) -> None:
        if self._conversations:
            last = self._conversations[-1]
            self._conversations[-1] = msgspec.structs.replace(last, turns=tuple(self._turns))
        self._turns = []


def _turn(exported: ExportedTurn) -> Iterator[str]:
    turn = exported.turn
    bare = msgspec.structs.replace(
        exported, turn=replace(turn, question="", answer=""), attachments=()
    )
    yield _mark("turn", bare) + "**You**\n\n" + "<!-- assistant:question -->\n"
    yield _text(turn.question)
    for each in exported.attachments:
        file = each.attachment
        yield f"**Attached: {_one_line(file.name)}**\n\n"
        yield _mark("attachment", msgspec.structs.replace(each, attachment=replace(file, text="")))
        yield _text(file.text)
    yield "**Assistant**\n\n" + "<!-- assistant:answer -->\n" + _text(turn.answer)


def _parts(text: str) -> Iterator[tuple[str, str, str]]:
    """Each mark with its value and the text up to the closing mark."""
    name, value, body, inside = "", "", [], False  # type: ignore[var-annotated]
    for line in text.split("\n"):
        found = _MARK.fullmatch(line.removesuffix("\r"))
        if found is not None and found[1] == "end":
            if not inside:
                raise UsageError(
                    "The Markdown export has an unknown or misplaced mark.", hint=EXPORT_AGAIN
                )
            yield name, value, _ESCAPED.sub("", "\n".join(body))
            inside = False
        elif found is not None:
            if inside:
                raise UsageError("A text in the Markdown export has no end.", hint=EXPORT_AGAIN)
            name, value, body = found[1], found[2] or "", []
            inside = name in {"preference", "question", "answer", "attachment"}
            if not inside:
                yield name, value, ""
        elif inside:
            body.append(line)
    if inside:
        raise UsageError("A text in the Markdown export has no end.", hint=EXPORT_AGAIN)


def _text(text: str) -> str:
    return _LOOKS_LIKE_ONE.sub(r"\\", text) + "\n<!-- assistant:end -->\n\n"


def _mark(name: str, value: object) -> str:
    # ">" is escaped, so that the value can never close the comment.
    encoded = msgspec.json.encode(value).decode().replace(">", "\\u003e")
    return f"<!-- assistant:{name} {encoded} -->\n"


def _parse(value: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(value.encode(), type=kind)
    except msgspec.MsgspecError as error:
        raise UsageError(
            "A mark in the Markdown export cannot be read.", hint=EXPORT_AGAIN
        ) from error


def _one_line(text: str) -> str:
    return " ".join(text.split())
