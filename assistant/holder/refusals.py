"""Refusals of policy outside a turn: each names who set it, the rule, why, and the appeal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.conversation.events import Ruling
from assistant.errors import PolicyRefusal

if TYPE_CHECKING:
    from assistant.policy.model import RuleSource


def by_bound(source: RuleSource | Ruling, what: str, *, instead: str = "") -> PolicyRefusal:
    """A tier's bound on a setting does not allow ``what``; ``instead`` says what it does."""
    rule = source.rule if isinstance(source, Ruling) else source.rule_id
    return PolicyRefusal(
        f"{source.issuer} does not allow {what} ({rule}): {source.reason}",
        hint=f"{instead} Appeal: {source.appeal}".strip(),
    )


def by_rule(ruling: Ruling, what: str) -> PolicyRefusal:
    """The gate does not let ``what`` through."""
    return PolicyRefusal(
        f"Policy does not allow {what}: {ruling.reason} "
        f"(rule {ruling.rule}, {ruling.issuer}, tier {ruling.tier})",
        hint=f"Appeal: {ruling.appeal}" if ruling.appeal else None,
    )
