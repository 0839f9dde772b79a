"""Policy decisions as the faces and the vault see them."""

from __future__ import annotations

from assistant.conversation.events import Ruling
from assistant.policy import Decision, Where
from assistant.policy.model import UNGUARDED, UNSCORED

FAULT = "fault"
_FAULT_REASON = (
    "A check that policy requires could not be completed, so nothing passes until it can."
)
_FAULT_HELP = (
    "Run `assistant doctor`: it says what is missing (often the embedding model) and what helps."
)
_UNSCORED_REASON = (
    "Your text is in a language this rule does not read, so it was not judged by it; "
    "nothing is held against you."
)
_UNGUARDED_REASON = (
    "Not checked by a guard: this rule is judged by a guard model and none of its kind is in "
    "use here (`assistant models add FILE --guard FAMILY`)."
)


def ruling_of(decision: Decision, where: Where) -> Ruling:
    """The decision with everything a person is owed; a fault names the program itself."""
    source = decision.source
    if source is None:
        return Ruling(
            effect=decision.effect.label, rule=decision.view or FAULT, tier="national",
            issuer="this program", title="A required check failed", reason=_FAULT_REASON,
            appeal="", help=decision.help or _FAULT_HELP, score=decision.score, view=decision.view,
            where=where.value,
        )  # fmt: skip
    aside = {UNSCORED: _UNSCORED_REASON, UNGUARDED: _UNGUARDED_REASON}.get(decision.view)
    return Ruling(
        effect=decision.effect.label, rule=source.rule_id, tier=source.tier.value,
        issuer=source.issuer, title=source.title, appeal=source.appeal,
        reason=aside or source.reason,
        help="" if aside else decision.help, score=decision.score, view=decision.view,
        where=where.value,
    )  # fmt: skip
