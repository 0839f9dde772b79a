"""Prompt assembly: a stable prefix, past turns as they were released, then the question.

The prefix is system text and tier lines only, so an act of feedback never costs a
re-evaluation. Preferences stand beside the question (PrefEval: 0.03 to 0.75 by that
alone), never in the history, so history never holds stale, erased or forbidden memories.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.engine.model_messages import ChatMessage
from assistant.personal.placement import Beside

TEMPLATE_VERSION = 1
"""Stored with each turn, so that `why` can render the prompt anew as it was."""

SYSTEM_TEXT = (
    "You are a helpful AI assistant running privately on this computer. "
    "Answer clearly and honestly. You are a program: do not claim feelings or a body."
)

VIEWPOINTS_LINE = (
    "Give at least three different viewpoints on this, each fairly and briefly, and take no side."
)
"""Beside the question when the person asks for other viewpoints."""


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A question and the answer that was released for it, without any preference block."""

    question: str
    answer: str


def system_message(tier_lines: Sequence[str]) -> ChatMessage:
    """The prefix: our text, then the lines the tiers require, in their order."""
    return ChatMessage("system", "\n".join((SYSTEM_TEXT, *tier_lines)))


def question_message(
    lines: Sequence[str], wishes: Beside, question: str, files: str = ""
) -> ChatMessage:
    """The question with the lines its topic obliges to and the person's wishes beside it.

    ``files`` is text of attached files, quoted; the question stands nearest to the answer.
    """
    quoted = (files,) if files else ()
    return ChatMessage("user", "\n\n".join((*quoted, *lines, wishes.around(question))))


def past_messages(turns: Sequence[PastTurn]) -> tuple[ChatMessage, ...]:
    """Past turns as messages, two each."""
    return tuple(
        message
        for turn in turns
        for message in (
            ChatMessage("user", turn.question),
            ChatMessage("assistant", turn.answer),
        )
    )
