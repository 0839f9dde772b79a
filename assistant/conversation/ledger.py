"""Where a turn is written: into the vault as it goes, or (``incognito``) nowhere.

The rest of a turn does not know which, so incognito cannot leak by a forgotten check.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from assistant.conversation.attachments.placing import PLACED_VERSION
from assistant.conversation.branches import Branches, chosen_tip, follow_newest
from assistant.conversation.events import AttachedFile, Ruling
from assistant.conversation.prompt import PastTurn
from assistant.conversation.question import Outcome, Question, TurnKey
from assistant.vault.records import ItemKind, Turn, TurnOutcome, TurnStatus, UsedItem

if TYPE_CHECKING:
    from assistant.vault import Vault

_KEPT = {TurnStatus.COMPLETE, TurnStatus.CANCELLED, TurnStatus.INTERRUPTED}
_TITLE_LENGTH = 60


class Ledger(Protocol):
    """What a turn writes to and reads its past from."""

    def past(self, question: Question) -> list[PastTurn]:
        """Turns before it on its branch that may be in a prompt, oldest first."""
        ...

    def begin(self, question: Question, asked: str, model: tuple[str, str]) -> TurnKey:
        """Open a turn; ``asked`` is the question after redaction, ``model`` id and digest."""
        ...

    def release(self, key: TurnKey, text: str) -> None:
        """Append released text to the answer; on return it survives a power cut."""
        ...

    def end(self, key: TurnKey, outcome: Outcome) -> None:
        """Close the turn."""
        ...

    def log(self, rulings: Sequence[Ruling]) -> None:
        """Count decisions: rule and tier, never text. Incognito too."""
        ...


def title_of(question: str) -> str:
    """A conversation's first title: its first question's first line, cut at a word."""
    line = question.strip().splitlines()[0] if question.strip() else ""
    if len(line) <= _TITLE_LENGTH:
        return line
    return line[:_TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def log_rulings(vault: Vault, rulings: Sequence[Ruling]) -> None:
    """Append decisions to the vault's hash-chained log."""
    for ruling in rulings:
        vault.decision_log.append(
            rule=ruling.rule, tier=ruling.tier, issuer=ruling.issuer, where=ruling.where,
            effect=ruling.effect, score=ruling.score, view=ruling.view,
        )  # fmt: skip


class VaultLedger:
    """The ordinary case: everything goes into the vault as it happens."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._released: dict[str, str] = {}

    def past(self, question: Question) -> list[PastTurn]:
        """Released turns; refused and open ones never enter a prompt."""
        if not question.conversation:
            return []
        branches = Branches(self._vault.turns.list(question.conversation))
        return released(branches.path(self._before(question, branches)))

    def _before(self, question: Question, branches: Branches) -> str:
        """The turn this one will follow; "" for a first one."""
        if question.again_of:
            return branches.parent(question.again_of)
        return chosen_tip(self._vault, question.conversation, branches)

    def begin(self, question: Question, asked: str, model: tuple[str, str]) -> TurnKey:
        """Save the question at once, in a new conversation where none was named."""
        conversation = question.conversation
        if conversation:
            branches = Branches(self._vault.turns.list(conversation))
            parent = self._before(question, branches) or conversation
            follow_newest(self._vault, conversation)
        else:
            conversation = parent = self._vault.conversations.start(title_of(asked)).id
        turn = self._vault.turns.begin(
            conversation, asked, parent_id=parent, model_id=model[0], model_digest=model[1],
            seed=question.seed, personalised=question.personalise,
        )  # fmt: skip
        return TurnKey(turn.id, conversation)

    def release(self, key: TurnKey, text: str) -> None:
        """Append to the stored answer."""
        self._vault.turns.append_answer(key.turn, text)
        self._released[key.turn] = self._released.get(key.turn, "") + text

    def end(self, key: TurnKey, outcome: Outcome) -> None:
        """Store the figures, the strictest ruling, and what was used (ids and scores)."""
        if self._released.pop(key.turn, "") != outcome.answer:
            # Of several candidates another than the first became the answer.
            self._vault.turns.set_answer(key.turn, outcome.answer)
        self._vault.turns.finish(key.turn, turn_outcome(outcome), used=used_items(outcome))
        self._vault.preferences.count_use(
            item.id for item in outcome.used if item.kind == "preference"
        )

    def log(self, rulings: Sequence[Ruling]) -> None:
        """Into the decision log."""
        log_rulings(self._vault, rulings)


def turn_outcome(outcome: Outcome) -> TurnOutcome:
    """An outcome in the vault's terms; what has no column of its own is in ``notes``."""
    ruling = outcome.ruling
    notes = {
        "rulings": [msgspec.to_builtins(each) for each in outcome.rulings],
        "profile": [list(pair) for pair in outcome.profile],
        "instructions": list(outcome.instructions),
        "kept_out": [[k.item.kind, k.item.id, k.reason] for k in outcome.kept_out],
        "sampling": outcome.sampling,
        "rules_in_force": outcome.rules_in_force,
        "prompt_tokens": outcome.prompt_tokens,
        "candidates": list(outcome.candidates),
        "added": outcome.added,
        "viewpoints": outcome.viewpoints,
        "files": [_file_note(each) for each in outcome.files],
    }
    return TurnOutcome(
        TurnStatus(outcome.status),
        outcome.tokens,
        outcome.first_token_s,
        outcome.first_shown_s,
        outcome.tokens_per_s,
        ruling.effect if ruling else "none",
        ruling.rule if ruling else "",
        ruling.tier if ruling else "",
        ruling.issuer if ruling else "",
        ruling.reason if ruling else "",
        json.dumps(notes),
    )


def _file_note(file: AttachedFile) -> dict[str, object]:
    """Ids and counts; the name is looked up, so that an erased file leaves none behind."""
    return {
        "id": file.id, "new": file.new, "parts": file.parts, "of": file.parts_in_all,
        "tokens": file.tokens, "blocked": file.blocked,
        "version": PLACED_VERSION,
    }  # fmt: skip


class _FileNote(msgspec.Struct):
    id: str = ""
    new: bool = False
    parts: int = 0
    of: int = 0
    tokens: int = 0
    blocked: int = 0
    version: int = 0


class _Notes(msgspec.Struct):
    """The shape of a turn's notes; an imported turn brings notes of somebody else's."""

    profile: list[tuple[str, str]] = []
    instructions: list[str] = []
    kept_out: list[tuple[str, str, str]] = []
    sampling: str = ""
    rules_in_force: int = 0
    prompt_tokens: int = 0
    candidates: list[str] = []
    added: str = ""
    viewpoints: str = ""
    files: list[_FileNote] = []


def turn_notes(turn: Turn) -> dict[str, object]:
    """The inverse of the notes ``turn_outcome`` writes; {} for a turn that has none.

    Notes of another shape, as an altered export brings them, count as none.
    """
    try:
        notes = json.loads(turn.notes) if turn.notes else {}
        msgspec.convert(notes, _Notes)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return {}
    return dict(notes)


def released(turns: Sequence[Turn]) -> list[PastTurn]:
    """What of these turns may stand in a prompt: never a refused one, never an empty one."""
    return [PastTurn(t.question, t.answer) for t in turns if t.status in _KEPT and t.answer]


def used_items(outcome: Outcome) -> tuple[UsedItem, ...]:
    """What shaped an answer, as the vault keeps it: ids and scores, no text."""
    return tuple(UsedItem(ItemKind(u.kind), u.id, u.score) for u in outcome.used)
