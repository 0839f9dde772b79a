"""Requests and replies about the taxonomy's controls: card, risks, consents, comments, packs.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from typing import Literal

from assistant.holder.card import Card, Consented
from assistant.holder.flattery import Answered, Verdict
from assistant.holder.risks import RiskRow
from assistant.holder.wire import Reply, Request
from assistant.policy.comment import RuleComment


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


class AddComment(Request, frozen=True, tag="add-comment"):
    """Say something about a rule, bound or requirement of a tier. Reply: ``CommentItem``."""

    rule: str
    text: str
    kind: Literal["comment", "appeal"] = "comment"


class ListComments(Request, frozen=True, tag="list-comments"):
    """Reply: ``CommentItem`` each.

    ``export``: as policy lets them leave, then ``Done`` where some stay; refused where all do.
    ``confirmed`` are rules that want a yes for that and were given it.
    """

    export: bool = False
    confirmed: tuple[str, ...] = ()


class DeleteComment(Request, frozen=True, tag="delete-comment"):
    """Reply: ``Done``."""

    id: str


class CommentItem(Reply, frozen=True, tag="comment"):
    """A comment as kept in the vault."""

    id: str
    comment: RuleComment


class MakePack(Request, frozen=True, tag="make-pack"):
    """Chosen preferences for others to read. Reply: ``PackItem``.

    Raises UsageError for one of a special category, PolicyRefusal where a tier forbids.
    """

    ids: tuple[str, ...]
    title: str = ""
    about: str = ""


class PackItem(Reply, frozen=True, tag="pack"):
    """The file's content, readable JSON."""

    content: str


class AdoptPack(Request, frozen=True, tag="adopt-pack"):
    """A pack's sentences as proposals. Replies: ``PreferenceItem`` each, then ``Done``."""

    content: str


ControlRequest = (
    CardQuery | ListConsents | RevokeConsent | RisksQuery | CheckFlattery | AddComment
    | ListComments | DeleteComment | MakePack | AdoptPack
)  # fmt: skip
ControlReply = (
    CardReply | ConsentItem | RiskItem | FlatteryAnswer | FlatteryVerdict | CommentItem | PackItem
)
