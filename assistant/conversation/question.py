"""What a turn is asked, and what it leaves behind."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.conversation.attachments.document import Document
from assistant.conversation.events import AttachedFile, KeptOut, Ruling, Source, Status, UsedItem


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its circumstances.

    ``confirmed`` names the rules whose "confirm" the person has answered with yes.
    ``candidates`` is 1 to 3. ``exact`` asks for the same answer again for the same seed,
    cached or cold, at some cost. ``seed`` is already drawn: a turn draws no randomness.
    ``viewpoints`` asks for several viewpoints, which a tier may require besides.
    ``again_of`` is the turn whose place this one takes, on a branch of its own.
    ``documents`` are the files sent with it. ``pasted`` are parts of the text that came from
    elsewhere: the gate reads them as data besides.
    """

    text: str
    conversation: str
    personalise: bool
    seed: int
    max_tokens: int
    candidates: int = 1
    exact: bool = False
    confirmed: tuple[str, ...] = ()
    viewpoints: bool = False
    again_of: str = ""
    documents: tuple[Document, ...] = ()
    pasted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TurnKey:
    """The ids a begun turn has."""

    turn: str
    conversation: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything a finished turn records besides its question and released answer."""

    status: Status
    answer: str
    model: str
    model_sha256: str
    sampling: str
    seed: int
    personalised: bool
    used: tuple[UsedItem, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    profile: tuple[tuple[str, str], ...] = ()
    instructions: tuple[str, ...] = ()
    kept_out: tuple[KeptOut, ...] = ()
    rules_in_force: int = 0
    tokens: int = 0
    prompt_tokens: int = 0
    first_token_s: float | None = None
    first_shown_s: float | None = None
    tokens_per_s: float | None = None
    candidates: tuple[str, ...] = ()
    chosen: int = 0
    template_version: int = 0
    added: str = ""
    viewpoints: str = ""
    sources: tuple[Source, ...] = ()
    files: tuple[AttachedFile, ...] = ()

    @property
    def ruling(self) -> Ruling | None:
        """The strictest decision of the turn; the first of equals."""
        return max(self.rulings, key=lambda ruling: _SEVERITY[ruling.effect], default=None)


_SEVERITY = {"none": 0, "note": 1, "warn": 2, "confirm": 3, "redact": 4, "block": 5}
