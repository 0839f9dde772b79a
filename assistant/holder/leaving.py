"""What leaves the vault in the clear, to the clipboard or a file, passes the gate as an export."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.conversation.ledger import log_rulings
from assistant.conversation.rulings import ruling_of
from assistant.errors import PolicyRefusal
from assistant.holder.replies import CopyAllowed
from assistant.policy import Effect, Origin, Segment, Where

if TYPE_CHECKING:
    from assistant.conversation.events import Ruling
    from assistant.holder.requests import CopyText
    from assistant.policy import Gate
    from assistant.vault import Vault


class Leaving:
    """Asks the gate about text that is about to leave; every decision is logged."""

    def __init__(self, vault: Vault, gate: Gate) -> None:
        self._vault, self._gate = vault, gate

    def copied(self, request: CopyText) -> CopyAllowed:
        """The text as policy lets it be copied. Raises PolicyRefusal where it may not."""
        return self.allowed(request.text, frozenset(request.confirmed))

    def allowed(
        self, text: str, confirmed: frozenset[str] = frozenset(), what: str = "this text"
    ) -> CopyAllowed:
        """``text``, redacted where a rule says so, with the ruling if there was one.

        Raises PolicyRefusal, which calls the text ``what``, for a block, for a check that
        failed, and for a rule that wants a yes which ``confirmed`` does not give.
        """
        # All of it as foreign text: a selection on a screen has no origin of its own.
        decision = self._gate.check([Segment(text, Origin.MODEL)], Where.EXPORT, confirmed)
        if decision.effect is Effect.NONE:
            return CopyAllowed(text)
        ruling = ruling_of(decision, Where.EXPORT)
        log_rulings(self._vault, [ruling])
        if decision.effect in (Effect.BLOCK, Effect.CONFIRM):
            raise _refusal(ruling, what)
        if decision.effect is Effect.REDACT:
            text = self._gate.redact(text, Where.EXPORT)
        return CopyAllowed(text, ruling)


def _refusal(ruling: Ruling, what: str) -> PolicyRefusal:
    said = "asks for a yes before" if ruling.effect == Effect.CONFIRM.label else "does not let"
    leaves = "leaves" if ruling.effect == Effect.CONFIRM.label else "leave"
    return PolicyRefusal(
        f"Policy {said} {what} {leaves} the vault: {ruling.reason} "
        f"(rule {ruling.rule}, {ruling.issuer})",
        hint=f"Appeal: {ruling.appeal}" if ruling.appeal else "",
    )
