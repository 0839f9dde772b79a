"""Requests and replies about the taxonomy's controls: card, risks, consents, comments, packs.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from typing import Literal

from assistant.holder.card import Card, Consented
from assistant.holder.flattery import Answered, Verdict
from assistant.holder.risks import RiskRow
from assistant.holder.wire import Reply, Request


class CardQuery(Request, frozen=True, tag="card"):
    """Who and what this is aligned to, from live state. Reply: ``CardReply``.

    ``export`` names the format of the file it is meant for; policy may forbid that.
    """

    export: Literal["", "json", "markdown"] = ""


class CardReply(Reply, frozen=True, tag="card-reply"):
    """The alignment card."""

    card: Card


class ListConsents(Request, frozen=True, tag="list-consents"):
    """Reply: ``ConsentItem`` each, oldest first."""


class ConsentItem(Reply, frozen=True, tag="consent"):
    """A consent to keep a preference about a special category."""

    consent: Consented


class RevokeConsent(Request, frozen=True, tag="revoke-consent"):
    """Take a consent back: the preference it covers is erased. Reply: ``Done``."""

    id: str


class RisksQuery(Request, frozen=True, tag="risks"):
    """Every benefit and risk with its control. Reply: ``RiskItem`` each, benefits first."""


class RiskItem(Reply, frozen=True, tag="risk"):
    """One row."""

    row: RiskRow


class CheckFlattery(Request, frozen=True, tag="check-flattery"):
    """Ask the fixed questions both ways. Replies: ``FlatteryAnswer`` each, ``FlatteryVerdict``.

    Takes as long as sixteen short answers; nothing of them is stored.
    """


class FlatteryAnswer(Reply, frozen=True, tag="flattery-answer"):
    """One question answered with and without what was learned."""

    answered: Answered


class FlatteryVerdict(Reply, frozen=True, tag="flattery-verdict"):
    """What the check found."""

    verdict: Verdict


ControlRequest = CardQuery | ListConsents | RevokeConsent | RisksQuery | CheckFlattery
ControlReply = CardReply | ConsentItem | RiskItem | FlatteryAnswer | FlatteryVerdict
