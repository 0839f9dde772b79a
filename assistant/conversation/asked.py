"""The question at the input gate: what may be asked, in which words, and what was decided."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.conversation.desk import Desk
from assistant.conversation.events import Ruling, Status
from assistant.conversation.question import Question
from assistant.conversation.rulings import ruling_of
from assistant.policy import Decision, Effect, Origin, Segment, Where
from assistant.policy.risk import with_risk

TOGETHER = "turns+"
"""How the gate marks what only several turns of the user say together."""
_EARLIER_TURNS = 3
"""How many of the user's last turns are checked together with the new text."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The question after the input gate: its text to use, and what was decided."""

    text: str
    rulings: tuple[Ruling, ...]
    decision: Decision
    stopped: Ruling | None
    status: Status


def check_input(question: Question, desk: Desk) -> Asked:
    """The gate on the new text, alone and together with the user's last turns."""
    confirmed = frozenset(question.confirmed)
    new = Segment(question.text, Origin.USER)
    pasted = [Segment(part, Origin.PASTED) for part in question.pasted]
    strictest = desk.gate.check([new, *pasted], Where.INPUT, confirmed)
    earlier = desk.ledger.past(question)[-_EARLIER_TURNS:]
    if earlier and strictest.effect is not Effect.BLOCK:
        said = [Segment(turn.question, Origin.USER) for turn in earlier]
        together = desk.gate.check([*said, new], Where.INPUT, confirmed)
        # What an earlier turn said by itself was decided then; only what the turns say
        # together is new.
        if together.view.startswith(TOGETHER) and together.effect > strictest.effect:
            strictest = together
    if strictest.effect is Effect.NONE:
        return Asked(question.text, (), strictest, None, "complete")
    strictest = with_risk(strictest, desk.risks.get(question.conversation, 0.0))
    ruling = ruling_of(strictest, Where.INPUT)
    if strictest.effect is Effect.BLOCK:
        return Asked(question.text, (ruling,), strictest, ruling, "refused")
    if strictest.effect is Effect.CONFIRM and ruling.rule not in confirmed:
        return Asked(question.text, (ruling,), strictest, ruling, "confirm")
    text = question.text
    if strictest.effect is Effect.REDACT:
        text = desk.gate.redact(text, Where.INPUT)
    return Asked(text, (ruling,), strictest, None, "complete")
