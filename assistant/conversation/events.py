"""What one turn tells its listener, in order; the same for TUI, CLI, tests and benchmarks.

A turn yields ``TurnBegan``, then any of ``Waiting``, ``PolicyNotice``, ``Recalled``,
``AnswerText`` and exactly one ending: ``TurnEnded`` or ``TurnFailed``. Refusals and
cancellations are endings with a status, not exceptions. All text that came from a
person, a model or a bundle is *raw*: each face makes it inert before showing it.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["complete", "cancelled", "refused", "interrupted", "confirm"]


class Event(msgspec.Struct, frozen=True, tag_field="event"):
    """Base of the tagged union, so that a turn can cross the holder's socket."""


class UsedItem(msgspec.Struct, frozen=True):
    """What was placed beside the question: kind is preference, feedback, turn or chunk.

    A chunk is a part of an attached file and ``place`` its citation, ``[report.pdf p. 3]``.
    """

    kind: str
    id: str
    text: str
    score: float
    place: str = ""


class KeptOut(msgspec.Struct, frozen=True):
    """A wish that applied and yet stood back from the prompt; ``reason`` is its code.

    Kind "preference", or "profile" for what the profile would have said.
    """

    item: UsedItem
    reason: str


class Source(msgspec.Struct, frozen=True):
    """A file read for an answer: its pages or lines, none where it was read whole."""

    name: str
    places: tuple[str, ...]
    kind: str


class AttachedFile(msgspec.Struct, frozen=True):
    """What became of a file of the conversation in one turn.

    ``placed``: "whole", "parts" (``parts`` of ``parts_in_all``) or "none"; ``tokens`` is
    what that took, ``size`` the file's bytes. ``blocked`` parts policy kept out. ``new``:
    it came with this question. ``note`` says what a person must know about its reading.
    """

    id: str
    name: str
    kind: str
    size: int
    tokens: int
    placed: Literal["whole", "parts", "none"]
    parts: int
    parts_in_all: int
    blocked: int
    new: bool
    note: str = ""


class Ruling(msgspec.Struct, frozen=True):
    """A policy decision with everything a person is owed: who, which rule, why, appeal."""

    effect: str
    rule: str
    tier: str
    issuer: str
    title: str
    reason: str
    appeal: str
    help: str = ""
    score: float | None = None
    view: str = ""
    where: str = "input"


class TurnBegan(Event, frozen=True, tag="began"):
    """The turn has an id and, unless incognito, is in the vault."""

    turn: str
    conversation: str


class Waiting(Event, frozen=True, tag="waiting"):
    """What is being waited for now; ``done`` of ``total`` where that is known.

    "withheld" is an answer being written that is shown once a guard model judged the whole,
    "guard" that judgement.
    """

    what: Literal["model", "memory", "files", "policy", "prompt", "answer", "withheld", "guard"]
    done: int = 0
    total: int = 0


class PolicyNotice(Event, frozen=True, tag="policy"):
    """A note, warning or redaction by policy; the turn goes on."""

    ruling: Ruling


class Recalled(Event, frozen=True, tag="recalled"):
    """The memories chosen for this turn; empty when none was relevant enough."""

    used: tuple[UsedItem, ...]


class AnswerText(Event, frozen=True, tag="text"):
    """Checked, releasable answer text to append; ``candidate`` is 0 unless several run."""

    text: str
    candidate: int = 0


class TurnEnded(Event, frozen=True, tag="ended"):
    """The turn's record. Times are seconds since the question was handed over.

    ``status`` "confirm" means policy wants the user's yes: ask again with the rule in
    ``confirmed``. ``ruling`` is the strictest decision of the turn, if any.
    ``suggestion`` is one courteous line to show after the answer, or empty.
    ``sources`` are the attached files that were read for the answer, and where;
    ``attachments`` says of each file of the conversation what became of it.
    ``candidates`` holds all answers in their order when several were generated (one that
    policy stopped is empty) and ``chosen`` the index of ``answer`` among them; ``pair`` are
    the two whose comparison would teach the profile most.
    """

    turn: str
    conversation: str
    status: Status
    answer: str
    model: str
    ruling: Ruling | None = None
    used: tuple[UsedItem, ...] = ()
    tokens: int = 0
    prompt_tokens: int = 0
    first_token_s: float | None = None
    first_shown_s: float | None = None
    tokens_per_s: float | None = None
    context_used: int = 0
    context_size: int = 0
    seed: int = 0
    personalised: bool = True
    candidates: tuple[str, ...] = ()
    chosen: int = 0
    suggestion: str = ""
    pair: tuple[int, int] = (0, 1)
    sources: tuple[Source, ...] = ()
    attachments: tuple[AttachedFile, ...] = ()


class TurnFailed(Event, frozen=True, tag="failed"):
    """A fault (a child died, the disk is full). ``again`` says whether a retry makes sense."""

    turn: str
    message: str
    hint: str
    exit_code: int
    again: bool


TurnEvent = TurnBegan | Waiting | PolicyNotice | Recalled | AnswerText | TurnEnded | TurnFailed
