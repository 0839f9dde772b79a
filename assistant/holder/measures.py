"""What can be measured in this vault about its own use. Counts and sums; no text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from assistant.conversation.ledger import turn_notes
from assistant.holder.feelings import claims_feelings
from assistant.vault.records import Turn, TurnStatus

if TYPE_CHECKING:
    from assistant.vault import Vault

_PAUSE = timedelta(minutes=30)
_WEEK = timedelta(days=7)
_LEAST = timedelta(minutes=1)
"""What a single question is counted as."""
WATTS = 25.0
"""Assumed draw of a laptop's processor while it decodes; an assumption, said as one."""
PREFILL_SPEEDUP = 10.0
"""How much faster a prompt is read than an answer is written: about ten times here."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Figures of one vault. ``watt_hours`` is an estimate from the time decoding took
    at ``watts``.
    """

    turns: int
    answered: int
    refused: int
    personalised: int
    with_memory: int
    with_viewpoints: int
    claims_of_feelings: int
    feedback: int
    preferences_used: int
    week_turns: int
    week_minutes: int
    week_with_memory: int
    tokens: int
    watt_hours: float
    watts: float
    refusals_by_tier: tuple[tuple[str, int], ...]

    @property
    def memory_share(self) -> float:
        """Share of answers that used something remembered."""
        return self.with_memory / self.answered if self.answered else 0.0


def measure(vault: Vault, now: datetime) -> Measures:
    """Read every turn once; of its text only whether it claims feelings."""
    turns = list(vault.turns.all())
    answered = [t for t in turns if t.status is TurnStatus.COMPLETE]
    used = vault.turns.used_by([t.id for t in answered])
    notes = {t.id: turn_notes(t) for t in answered}
    week = [t for t in turns if now - t.created <= _WEEK]
    blocks: dict[str, int] = {}
    for entry in vault.decision_log.list(limit=1_000_000):
        if entry.effect == "block":
            blocks[entry.tier] = blocks.get(entry.tier, 0) + 1
    return Measures(
        turns=len(turns),
        answered=len(answered),
        refused=sum(t.status is TurnStatus.REFUSED for t in turns),
        personalised=sum(t.personalised for t in answered),
        with_memory=len(used),
        with_viewpoints=sum(bool(note.get("viewpoints")) for note in notes.values()),
        claims_of_feelings=sum(claims_feelings(t.answer) for t in answered),
        feedback=len(vault.feedback.list()),
        preferences_used=sum(p.uses > 0 for p in vault.preferences.list()),
        week_turns=len(week),
        week_minutes=minutes(week),
        week_with_memory=sum(t.id in used for t in week),
        tokens=sum(t.tokens for t in turns),
        watt_hours=round(sum(map(_seconds, turns)) * WATTS / 3600, 3),
        watts=WATTS,
        refusals_by_tier=tuple(sorted(blocks.items())),
    )


def minutes(turns: Iterable[Turn]) -> int:
    """Minutes in sessions: from a first question to the last, with pauses under half an
    hour; a question alone counts as one minute."""
    total = timedelta()
    last: datetime | None = None
    for created in sorted(turn.created for turn in turns):
        if last is None or created - last > _PAUSE:
            total += _LEAST
        else:
            total += created - last
        last = created
    return round(total.total_seconds() / 60)


def _seconds(turn: Turn) -> float:
    """Time the processor worked for a turn: writing as measured, reading estimated."""
    if not turn.tokens_per_s:
        return 0.0
    prompt: Any = turn_notes(turn).get("prompt_tokens", 0)
    read = float(prompt) / PREFILL_SPEEDUP if isinstance(prompt, (int, float)) else 0.0
    return (turn.tokens + read) / turn.tokens_per_s
