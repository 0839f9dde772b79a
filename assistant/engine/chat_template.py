"""Renders a chat with the model's own template, so that text cannot forge markers.

The template (untrusted Jinja from the model file) sees placeholders instead of the
messages. What it writes around them is *literal* and may hold special tokens; the
contents are put back as plain text, which is tokenised without special tokens.
"""

from __future__ import annotations

import os
import secrets
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NoReturn

import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from assistant.engine.model_messages import ChatMessage
from assistant.errors import ModelInvalid

CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)

MAX_TEMPLATE = 256 * 1024
"""Longest template taken from a model file, in characters."""

MAX_FACTOR = 1000
MAX_SECONDS = 2.0
MAX_RENDERED = 4 * 1024 * 1024

Way = Literal["model", "model_without_system", "chatml"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of prompt text: the template's own words, or the content of a message."""

    text: str
    literal: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """One message with the literal after it (and, for the first, the one before it).

    So a segment ends where the next content begins: what opens a question is evaluated
    with the turn before it, while the user reads.
    """

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        """What the model is shown."""
        return "".join(piece.text for piece in self.pieces)


class _Refused(Exception):
    """The template does not render this conversation."""


def _refuse(*_: object) -> NoReturn:
    raise _Refused


class ChatTemplate:
    """A model's chat template; ChatML where it has none or one that does not work."""

    def __init__(self, source: str, *, bos: str, eos: str) -> None:
        self._bos, self._eos = bos, eos
        self._own = _compile(source) if 0 < len(source) <= MAX_TEMPLATE else None
        chatml = _compile(CHATML)
        assert chatml is not None
        self._chatml = chatml
        self.way: Way = self._choose()

    def render(self, messages: Sequence[ChatMessage], *, prompt: bool) -> tuple[Segment, ...]:
        """Segments of the conversation; with ``prompt``, up to where the answer starts.

        Raises ``ModelInvalid`` if the template cannot render it in any way.
        """
        ways: tuple[Way, ...] = (self.way, "chatml") if self.way != "chatml" else ("chatml",)
        for way in ways:
            try:
                return self._render(messages, way, prompt=prompt)
            except _Refused:
                continue
        raise ModelInvalid("The model's chat template does not render this conversation.")

    def _choose(self) -> Way:
        trial = (
            ChatMessage("system", "s"),
            ChatMessage("user", "q"),
            ChatMessage("assistant", "a"),
            ChatMessage("user", "r"),
        )
        ways: tuple[Way, ...] = ("model", "model_without_system")
        for way in ways:
            try:
                self._render(trial, way, prompt=True)
            except _Refused:
                continue
            return way
        return "chatml"

    def _render(
        self, messages: Sequence[ChatMessage], way: Way, *, prompt: bool
    ) -> tuple[Segment, ...]:
        template = self._chatml if way == "chatml" else self._own
        if template is None:
            raise _Refused
        if way == "model_without_system":
            messages = fold_system(messages)
        nonce = secrets.token_hex(16)
        marks = [f"{nonce}x{place:06d}x" for place in range(len(messages))]
        shown = [{"role": m.role, "content": mark} for m, mark in zip(messages, marks, strict=True)]
        with _time_limit():
            text = self._run(template, shown, prompt=prompt)
        return _cut(text, marks, messages)

    def _run(self, template: jinja2.Template, shown: list[dict[str, str]], *, prompt: bool) -> str:
        try:
            parts: list[str] = []
            length = 0
            for part in template.generate(
                messages=shown,
                add_generation_prompt=prompt,
                bos_token=self._bos,
                eos_token=self._eos,
                raise_exception=_refuse,
            ):
                parts.append(part)
                length += len(part)
                if length > MAX_RENDERED:
                    raise _Refused
            return "".join(parts)
        except _Refused:
            raise
        except Exception as error:
            raise _Refused from error


def fold_system(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """System text moved to the head of the first user message (templates without system)."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    others = [m for m in messages if m.role != "system"]
    if system and others and others[0].role == "user":
        others[0] = ChatMessage("user", f"{system}\n\n{others[0].content}")
    elif system:
        others.insert(0, ChatMessage("user", system))
    return others


class _Sandbox(ImmutableSandboxedEnvironment):  # type: ignore[misc]
    """Jinja's sandbox, with products bounded too: ``'x' * 10**9`` is a gigabyte."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(
        self, context: jinja2.runtime.Context, operator: str, left: object, right: object
    ) -> object:
        if operator == "**" or not _small(left) or not _small(right):
            raise _Refused
        return super().call_binop(context, operator, left, right)


def _small(value: object) -> bool:
    if isinstance(value, int | float):
        return abs(value) < MAX_FACTOR
    return isinstance(value, str) and len(value) < MAX_FACTOR


@contextmanager
def _time_limit() -> Iterator[None]:
    """Refuse after ``MAX_SECONDS``: a template can loop without writing anything.

    By an alarm, so only in the main thread (the child renders there) and on Unix; the
    supervisor's own limit holds everywhere.
    """
    if threading.current_thread() is not threading.main_thread() or os.name == "nt":
        yield
        return
    before = signal.signal(signal.SIGALRM, _refuse)
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _compile(source: str) -> jinja2.Template | None:
    # Flags and extensions as transformers.apply_chat_template has them.
    environment = _Sandbox(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    try:
        return environment.from_string(source)
    except Exception:  # noqa: BLE001 - foreign code: a template that does not compile is none
        return None


def _cut(text: str, marks: Sequence[str], messages: Sequence[ChatMessage]) -> tuple[Segment, ...]:
    """Cut rendered text at the placeholders. Each must be there once, in order."""
    literals: list[str] = []
    for mark in marks:
        literal, found, text = text.partition(mark)
        if not found or mark in text:
            raise _Refused
        literals.append(literal)
    literals.append(text)
    segments: list[Segment] = []
    for place, message in enumerate(messages):
        before = literals[0] if place == 0 else ""
        pieces = (
            Piece(before, literal=True),
            Piece(message.content, literal=False),
            Piece(literals[place + 1], literal=True),
        )
        segments.append(Segment(tuple(piece for piece in pieces if piece.text)))
    return tuple(segments)
