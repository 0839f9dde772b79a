"""What leaves the vault in the clear, to the clipboard or a file, passes the gate as an export."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from assistant.conversation.ledger import log_rulings, turn_notes
from assistant.conversation.rulings import ruling_of
from assistant.errors import PolicyRefusal, YesNeeded
from assistant.holder.replies import CopyAllowed
from assistant.policy import Effect, Origin, Segment, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assistant.conversation.events import Ruling
    from assistant.holder.requests import CopyText
    from assistant.policy import Gate
    from assistant.vault import Vault
    from assistant.vault.transfer import ExportDocument, ExportedConversation, ExportedTurn


_LISTED = 20
"""Ids a message names of what was kept back."""


@dataclass(frozen=True, slots=True)
class Permitted:
    """An export as policy lets it leave; ``stopped`` are conversations it keeps back, and why."""

    document: ExportDocument
    stopped: tuple[tuple[str, Ruling], ...]

    def told(self) -> str:
        """A sentence for each rule that kept conversations back, with their ids; "" for none."""
        by_rule: dict[str, list[str]] = {}
        for identity, ruling in self.stopped:
            by_rule.setdefault(_why(ruling), []).append(identity)
        return " ".join(f"Policy kept back {_counted(ids)}: {why}." for why, ids in by_rule.items())


def _counted(ids: list[str]) -> str:
    named = ", ".join(ids[:_LISTED]) + (", …" if len(ids) > _LISTED else "")
    return f"{len(ids)} conversation{'s' if len(ids) > 1 else ''} ({named})"


class Leaving:
    """Asks the gate about text that is about to leave; every decision is logged."""

    def __init__(self, vault: Vault, gate: Gate, confirmed: frozenset[str] = frozenset()) -> None:
        """``confirmed`` are the rules that ask for a yes and were given it."""
        self._vault, self._gate, self._confirmed = vault, gate, confirmed

    def copied(self, request: CopyText) -> CopyAllowed:
        """The text as policy lets it be copied. Raises PolicyRefusal where it may not."""
        # All of it as foreign text: a selection on a screen has no origin of its own.
        segments = [Segment(request.text, Origin.MODEL)]
        asked = Leaving(self._vault, self._gate, frozenset(request.confirmed))
        text, ruling = asked._allowed(request.text, segments, "this text")
        return CopyAllowed(text, ruling)

    def text(self, text: str, origin: Origin = Origin.USER) -> str:
        """One text as policy lets it leave. Raises PolicyRefusal where it may not."""
        return self._allowed(text, [Segment(text, origin)], "one of the texts")[0]

    def document(self, document: ExportDocument) -> Permitted:
        """An export as policy lets it leave. Raises PolicyRefusal where no conversation may.

        Raises YesNeeded for the first rule that asks for a yes it was not given.
        A conversation or preference that may not leave is left out, and so is a file with
        something to hide: its parts are told by their places in its text.
        """
        going, stopped = [], []
        for each in document.conversations:
            identity, ruling = each.conversation.id, self._decided(_said(each))
            if ruling is not None and ruling.effect == Effect.CONFIRM.label:
                raise _refusal(ruling, f"conversation {identity}")
            if ruling is not None and ruling.effect == Effect.BLOCK.label:
                stopped.append((identity, ruling))
                continue
            hides = ruling is not None and ruling.effect == Effect.REDACT.label
            going.append(self._hidden(each) if hides else each)
        if stopped and not going:
            identity, ruling = stopped[0]
            raise _refusal(ruling, f"conversation {identity}")
        preferences = [p for p in document.preferences if self._may_go_as_it_is(p.text)]
        permitted = msgspec.structs.replace(
            document, conversations=tuple(going), preferences=tuple(preferences)
        )
        return Permitted(permitted, tuple(stopped))

    def _hidden(self, each: ExportedConversation) -> ExportedConversation:
        title = self._gate.redact(each.conversation.title, Where.EXPORT)
        return msgspec.structs.replace(
            each,
            conversation=replace(each.conversation, title=title),
            turns=tuple(map(self._turn, each.turns)),
        )

    def _turn(self, each: ExportedTurn) -> ExportedTurn:
        hidden = self._gate.redact
        turn = replace(
            each.turn,
            question=hidden(each.turn.question, Where.EXPORT),
            answer=hidden(each.turn.answer, Where.EXPORT),
            notes=json.dumps({**turn_notes(each.turn), "candidates": []}),
        )
        acts = [replace(act, value=hidden(act.value, Where.EXPORT)) for act in each.feedback]
        files = [
            file
            for file in each.attachments
            if all(hidden(text, Where.EXPORT) == text
                   for text in (file.attachment.name, file.attachment.text))
        ]  # fmt: skip
        return msgspec.structs.replace(
            each, turn=turn, feedback=tuple(acts), attachments=tuple(files)
        )

    def _may_go_as_it_is(self, text: str) -> bool:
        try:
            return self.text(text, Origin.PREFERENCE) == text
        except YesNeeded:
            raise
        except PolicyRefusal:
            return False

    def _allowed(
        self, text: str, segments: Sequence[Segment], what: str
    ) -> tuple[str, Ruling | None]:
        ruling = self._ruling(segments, what)
        if ruling is not None and ruling.effect == Effect.REDACT.label:
            text = self._gate.redact(text, Where.EXPORT)
        return text, ruling

    def _ruling(self, segments: Sequence[Segment], what: str) -> Ruling | None:
        """The same. Raises PolicyRefusal for a block and for a check that failed, YesNeeded
        for a rule that wants a yes it was not given.
        """
        ruling = self._decided(segments)
        if ruling is not None and ruling.effect in (Effect.BLOCK.label, Effect.CONFIRM.label):
            raise _refusal(ruling, what)
        return ruling

    def _decided(self, segments: Sequence[Segment]) -> Ruling | None:
        """What policy says about it, logged; None for nothing."""
        decision = self._gate.check(segments, Where.EXPORT, self._confirmed)
        if decision.effect is Effect.NONE:
            return None
        ruling = ruling_of(decision, Where.EXPORT)
        log_rulings(self._vault, [ruling])
        return ruling


def _said(each: ExportedConversation) -> list[Segment]:
    """Every text of a conversation, each with where it comes from."""
    said = [Segment(turn.turn.question, Origin.USER) for turn in each.turns]
    said += [Segment(text, Origin.MODEL) for turn in each.turns for text in _answers(turn)]
    files = [file.attachment for turn in each.turns for file in turn.attachments]
    said += [Segment(text, Origin.PASTED) for f in files for text in (f.name, f.text)]
    said += [Segment(act.value, Origin.USER) for t in each.turns for act in t.feedback]
    return [*said, Segment(each.conversation.title, Origin.USER)]


def _answers(turn: ExportedTurn) -> list[str]:
    candidates = turn_notes(turn.turn).get("candidates", [])
    others = candidates if isinstance(candidates, list) else []
    return [turn.turn.answer, *map(str, others)]


def _why(ruling: Ruling) -> str:
    return f"{ruling.reason} (rule {ruling.rule}, {ruling.issuer})"


def _refusal(ruling: Ruling, what: str) -> PolicyRefusal:
    why = _why(ruling)
    if ruling.effect == Effect.CONFIRM.label:
        return YesNeeded(
            f"Policy asks for a yes before {what} leaves the vault: {why}",
            hint=f"Say yes to it with --confirm {ruling.rule}. Appeal: {ruling.appeal}",
            rule=ruling.rule,
        )
    return PolicyRefusal(
        f"Policy does not let {what} leave the vault: {why}",
        hint=f"Appeal: {ruling.appeal}",
    )
