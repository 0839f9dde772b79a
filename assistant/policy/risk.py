"""A risk that grows with what a conversation came close to, and fades turn by turn.

One grey question is curiosity; the fourth in a row is a pattern. Below the limit nothing
changes; at it, what a rule only found grey is put to the user before the chat goes on. Risk
never blocks: a block needs a rule that says so about this text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from assistant.policy.model import UNGUARDED, UNSCORED, Decision, Effect

FADE: Final = 0.6
"""What is left of the risk after each turn; a half-life of about a turn and a half."""
LIMIT: Final = 1.5
_WEIGHTS: Final = {
    Effect.NONE: 0.0,
    Effect.NOTE: 0.6,
    Effect.WARN: 0.6,
    Effect.CONFIRM: 0.8,
    Effect.REDACT: 0.4,
    Effect.BLOCK: 1.0,
}


def next_risk(risk: float, decision: Decision) -> float:
    """The risk after a turn with this decision about the user's text."""
    weight = 0.0 if decision.view in {UNSCORED, UNGUARDED} else _WEIGHTS[decision.effect]
    return risk * FADE + weight


def with_risk(decision: Decision, risk: float) -> Decision:
    """``decision``, with a grey finding by meaning raised to a question at the limit."""
    grey = decision.view == "meaning" and Effect.NONE < decision.effect < Effect.CONFIRM
    return replace(decision, effect=Effect.CONFIRM) if grey and risk >= LIMIT else decision
