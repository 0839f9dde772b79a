"""Who this is aligned to, and what answers each risk: from live state, on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import PolicyRefusal
from assistant.holder.card import BaseModel, Card, card_of
from assistant.holder.controls import CardQuery, CardReply

if TYPE_CHECKING:
    from assistant.holder.consents import Consents
    from assistant.holder.holder import Parts
    from assistant.holder.taste import Taste


class Bounds:
    """Reads everything anew for each answer; keeps nothing."""

    def __init__(self, parts: Parts, taste: Taste, consents: Consents) -> None:
        self._parts, self._taste, self._consents = parts, taste, consents

    def card(self, request: CardQuery) -> CardReply:
        """The alignment card. Raises PolicyRefusal where a tier forbids that export."""
        if request.export:
            require_export(self._parts, request.export)
        return CardReply(self.live_card())

    def live_card(self) -> Card:
        """The card of this very moment."""
        parts = self._parts
        return card_of(
            now=parts.now(),
            model=BaseModel(*parts.model_file(), *parts.model_about()),
            policy=parts.policy,
            documents=parts.documents,
            authorities=parts.authorities,
            preferences=parts.vault.preferences.list(),
            feedback=parts.vault.feedback.list(with_undone=True),
            profile=self._taste.profile,
            consents=self._consents.list(),
        )


def require_export(parts: Parts, form: str) -> None:
    """Raise PolicyRefusal where a tier does not allow files of this format."""
    source = parts.policy.clamp("export", form).source
    if source is not None:
        raise PolicyRefusal(
            f"{source.issuer} does not allow this export ({source.rule_id}): {source.reason}",
            hint=f"Appeal: {source.appeal}",
        )
