"""Requests and replies about the taxonomy's controls: card, risks, consents, comments, packs.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from typing import Literal

from assistant.holder.card import Card
from assistant.holder.wire import Reply, Request


class CardQuery(Request, frozen=True, tag="card"):
    """Who and what this is aligned to, from live state. Reply: ``CardReply``.

    ``export`` names the format of the file it is meant for; policy may forbid that.
    """

    export: Literal["", "json", "markdown"] = ""


class CardReply(Reply, frozen=True, tag="card-reply"):
    """The alignment card."""

    card: Card


ControlRequest = CardQuery
ControlReply = CardReply
