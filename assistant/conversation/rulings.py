"""Policy decisions as the faces and the vault see them."""

from __future__ import annotations

from assistant.conversation.events import Ruling
from assistant.policy import Decision, Where

FAULT = "fault"
_FAULT_REASON = (
    "A check that policy requires could not be completed, so nothing passes until it can."
)


def ruling_of(decision: Decision, where: Where) -> Ruling:
    """The decision with everything a person is owed; a fault names the program itself."""
    source = decision.source
    if source is None:
        return Ruling(
            effect=decision.effect.label, rule=decision.view or FAULT, tier="national",
            issuer="this program", title="A required check failed", reason=_FAULT_REASON,
            appeal="", help=decision.help, score=decision.score, view=decision.view,
            where=where.value,
        )  # fmt: skip
    return Ruling(
        effect=decision.effect.label, rule=source.rule_id, tier=source.tier.value,
        issuer=source.issuer, title=source.title, reason=source.reason, appeal=source.appeal,
        help=decision.help, score=decision.score, view=decision.view, where=where.value,
    )  # fmt: skip
