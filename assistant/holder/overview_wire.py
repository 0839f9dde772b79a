"""Requests and replies about what is in force and what can run here: policy, models, drafts.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from assistant.conversation.events import Ruling
from assistant.holder.wire import Reply, Request


class PolicyQuery(Request, frozen=True, tag="policy"):
    """All of policy. Replies: ``AuthorityItem`` each, tier 1 first, then ``PolicyItem`` each."""


class AuthorityItem(Reply, frozen=True, tag="authority"):
    """One authority in force. Times are ISO 8601, UTC; ``last_import`` "" where it came along
    with the program. ``managed_by`` is package, system or enrolled; ``freshness`` fresh, stale
    or expired, and expired policy keeps restricting.
    """

    tier: str
    issuer: str
    version: int
    authority: str
    expires: str
    fresh_until: str
    freshness: str
    last_import: str
    managed_by: str
    alarm: str = ""
    summary: str = ""
    contact: str = ""
    appeal: str = ""
    consulted: tuple[str, ...] = ()


class PolicyWish(msgspec.Struct, frozen=True):
    """What one source asked for under a key; ``decided`` where it is what holds."""

    tier: str
    issuer: str
    rule: str
    value: str
    decided: bool


class PolicyItem(Reply, frozen=True, tag="policy-item"):
    """One rule, bound or requirement in force.

    ``value`` is what holds, in words, and ``source`` who decided it. ``wishes`` has every
    tier's; ``clamped`` each setting of the user's that is held back, with what they asked
    for. ``by`` is the authority of ``source``, absent where its state is not known here.
    """

    key: str
    kind: Literal["rule", "bound", "requirement"]
    value: str
    source: Ruling
    where: tuple[str, ...] = ()
    wishes: tuple[PolicyWish, ...] = ()
    clamped: tuple[str, ...] = ()
    by: AuthorityItem | None = None


class ModelsQuery(Request, frozen=True, tag="models"):
    """The models of this home. Reply: ``ModelItem`` each, the catalogue's first."""


Fits = Literal["yes", "tight", "no", "unknown"]


class ModelItem(Reply, frozen=True, tag="model"):
    """One model. Sizes are bytes; ``name`` may come from a model file: untrusted, raw.

    ``fits`` holds ``memory`` against ``machine``, the machine's memory: "tight" is more
    than half of it. ``managed`` is set where a tier does not allow this model. ``runs``
    says how the one in use is run here, and whether that was measured.
    """

    id: str
    name: str
    kind: Literal["chat", "embedding", "guard"]
    size: int
    memory: int
    licence: str
    sha256: str
    in_use: bool
    present: bool
    added: bool
    machine: int
    fits: Fits
    managed: Ruling | None = None
    runs: str = ""


class AcknowledgeNotices(Request, frozen=True, tag="acknowledge-notices"):
    """The person has read what the vault had to tell (``StatusLine.notices``). Reply: ``Done``."""


class GetDraft(Request, frozen=True, tag="get-draft"):
    """What was typed and not sent ("" is the conversation not yet begun). Reply: ``Draft``."""

    conversation: str


class KeepDraft(Request, frozen=True, tag="keep-draft"):
    """Keep it, encrypted; the empty text drops it. Reply: ``Done``.

    Nothing is kept of an incognito conversation. Raises NoSuchItem where there is no such
    conversation, UsageError where the text is too long.
    """

    conversation: str
    text: str


class Draft(Reply, frozen=True, tag="draft"):
    """A draft, or the empty text."""

    text: str


OverviewRequest = PolicyQuery | ModelsQuery | AcknowledgeNotices | GetDraft | KeepDraft
OverviewReply = AuthorityItem | PolicyItem | ModelItem | Draft
