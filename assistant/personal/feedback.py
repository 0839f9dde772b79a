"""Acts of feedback: what is accepted, and what each implies.

An act is checked once, here, at the edge. What it implies is derived anew from the stored
act whenever it is needed (``lesson``, ``comparison``), never written down beside it: an
undone or erased act therefore leaves nothing behind.

Reasons follow the attributes rated in PRISM (Kirk et al., 2024, arXiv 2404.16019).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant.errors import UsageError
from assistant.vault.records import Feedback, FeedbackKind, Turn

REASONS = (
    "values",
    "creativity",
    "fluency",
    "factuality",
    "diversity",
    "safety",
    "personalisation",
    "helpfulness",
)

MAX_NOTE_CHARS = 1_000
MAX_ANSWER_CHARS = 100_000
MAX_CANDIDATES = 3
LIKED = 70
DISLIKED = 30
"""Scores from ``LIKED`` count as liked, up to ``DISLIKED`` as disliked; between, neither."""


@dataclass(frozen=True, slots=True)
class Act:
    """A checked act of feedback, ready to be stored as ``vault.records.Feedback``."""

    kind: FeedbackKind
    value: str
    reasons: tuple[str, ...]


class Role(StrEnum):
    """How a rated answer may stand beside a question."""

    EXAMPLE = "example"
    AVOID = "avoid"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Lesson:
    """What an act says about answers to such questions; ``text`` is never empty."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One answer the user put above another answer to the same question."""

    better: str
    worse: str


def read_act(
    kind: str,
    value: str = "",
    *,
    note: str = "",
    reasons: Sequence[str] = (),
    answers: Sequence[str] = (),
) -> tuple[Act, ...]:
    """Check an act; a ``note`` beside it becomes an act of its own, second in the result.

    ``answers`` are the candidates that were shown, for a choice: ``value`` is the chosen
    one's index from 0. Raises UsageError, whose message repeats nothing the user wrote.
    """
    try:
        known = FeedbackKind(kind)
    except ValueError:
        raise UsageError(
            f"Feedback is one of {', '.join(k.value for k in FeedbackKind)}."
        ) from None
    given = _reasons(reasons)
    if known is FeedbackKind.NOTE and given and not (value or note).strip():
        return (Act(known, "", given),)  # reasons say something without words
    main = Act(known, _VALUES[known](value or note, answers), given)
    if note.strip() and known is not FeedbackKind.NOTE:
        return main, Act(FeedbackKind.NOTE, _note(note, ()), ())
    return (main,)


def _reasons(given: Sequence[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(reason.strip().lower() for reason in given))
    if not set(wanted) <= set(REASONS):
        raise UsageError(f"Reasons are among {', '.join(REASONS)}.")
    return wanted


def _nothing(_value: str, _answers: Sequence[str]) -> str:
    return ""


def _score(value: str, _answers: Sequence[str]) -> str:
    plain = value.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 3 and 1 <= int(plain) <= 100):
        raise UsageError("A score is a whole number from 1 to 100.")
    return str(int(plain))


def _edit(value: str, _answers: Sequence[str]) -> str:
    if not value.strip():
        raise UsageError(
            "An edited answer cannot be empty.", hint="Write what you would have wanted to read."
        )
    if len(value) > MAX_ANSWER_CHARS:
        raise UsageError(f"An edited answer has at most {MAX_ANSWER_CHARS:,} characters.")
    return value


def _note(value: str, _answers: Sequence[str]) -> str:
    plain = " ".join(value.split())
    if not plain:
        raise UsageError("A note cannot be empty.", hint="Say what was good or bad about it.")
    if len(plain) > MAX_NOTE_CHARS:
        raise UsageError(f"A note has at most {MAX_NOTE_CHARS:,} characters.")
    return plain


def _choice(value: str, answers: Sequence[str]) -> str:
    if not 2 <= len(answers) <= MAX_CANDIDATES:
        raise UsageError("There is nothing to choose from: that turn had one answer.")
    plain = value.strip()
    if not (plain.isascii() and plain.isdigit() and len(plain) == 1 and int(plain) < len(answers)):
        raise UsageError(f"A choice is a number from 0 to {len(answers) - 1}.")
    # The answers not chosen are kept with the act: without them nothing could be learned
    # again after a later act is undone.
    return json.dumps({"chosen": int(plain), "answers": list(answers)}, ensure_ascii=False)


_VALUES = {
    FeedbackKind.UP: _nothing,
    FeedbackKind.DOWN: _nothing,
    FeedbackKind.SCORE: _score,
    FeedbackKind.EDIT: _edit,
    FeedbackKind.CHOICE: _choice,
    FeedbackKind.NOTE: _note,
}


def chosen_answer(act: Feedback) -> str:
    """The answer picked in a choice, or "" if the act is no readable choice."""
    chosen, answers = _read_choice(act)
    return answers[chosen] if answers else ""


def rating(act: Feedback) -> int | None:
    """The act as a score from 1 to 100, or None where it says nothing of good or bad."""
    if act.kind is FeedbackKind.UP:
        return 100
    if act.kind is FeedbackKind.DOWN:
        return 1
    return int(act.value) if act.kind is FeedbackKind.SCORE else None


def lesson(act: Feedback, turn: Turn) -> Lesson | None:
    """What a stored act says about answers to questions like the turn's, or None.

    An edited or chosen answer is an example; a liked answer too; a disliked one is to be
    avoided; a note is passed on in the user's words.
    """
    if act.undone:
        return None
    if act.kind is FeedbackKind.EDIT:
        return Lesson(Role.EXAMPLE, act.value)
    if act.kind is FeedbackKind.NOTE:
        return Lesson(Role.NOTE, act.value) if act.value else None
    if act.kind is FeedbackKind.CHOICE:
        text = chosen_answer(act)
        return Lesson(Role.EXAMPLE, text) if text.strip() else None
    score = rating(act)
    if score is None or not turn.answer.strip():
        return None
    if score >= LIKED:
        return Lesson(Role.EXAMPLE, turn.answer)
    return Lesson(Role.AVOID, turn.answer) if score <= DISLIKED else None


def comparisons(act: Feedback, turn: Turn) -> tuple[Comparison, ...]:
    """The pairs an act decides: chosen above each other, edited above the original."""
    if act.undone:
        return ()
    if act.kind is FeedbackKind.EDIT and act.value.strip() != turn.answer.strip():
        return (Comparison(act.value, turn.answer),)
    if act.kind is FeedbackKind.CHOICE:
        chosen, answers = _read_choice(act)
        return tuple(
            Comparison(answers[chosen], other)
            for index, other in enumerate(answers)
            if index != chosen and other.strip() != answers[chosen].strip()
        )
    return ()


def _read_choice(act: Feedback) -> tuple[int, list[str]]:
    if act.kind is not FeedbackKind.CHOICE:
        return 0, []
    try:
        parsed = json.loads(act.value)
        chosen, answers = int(parsed["chosen"]), [str(each) for each in parsed["answers"]]
    except (ValueError, KeyError, TypeError):
        return 0, []  # imported from elsewhere, where a choice was only a number
    return (chosen, answers) if 0 <= chosen < len(answers) else (0, [])
