"""The request that turns personalisation off, or on again, for one conversation."""

from __future__ import annotations

from assistant.holder.wire import Reply, Request


class ChatPersonalisation(Request, frozen=True, tag="chat-personalisation"):
    """Whether one conversation ("last": the latest) is answered with what was learned.

    ``on`` None only asks. Reply: ``ChatPersonal``; it cannot switch on what a setting or a
    tier has switched off everywhere.
    """

    conversation: str
    on: bool | None = None


class ChatPersonal(Reply, frozen=True, tag="chat-personal"):
    """What holds in that conversation now."""

    conversation: str
    on: bool
