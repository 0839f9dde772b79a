"""The three tiers of policy: documents, resolver, gate, signed bundles.

Public names are loaded when first used, so that importing this package costs nothing: a
terminal that is about to ask for a passphrase needs neither pydantic nor TUF yet.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from assistant.policy.model import (
    ALLOWED,
    PRECEDENCE,
    Decision,
    Effect,
    Origin,
    RuleSource,
    Segment,
    Tier,
    Where,
)

if TYPE_CHECKING:
    from assistant.policy.document import PolicyDocument
    from assistant.policy.effective import (
        EffectiveBound,
        EffectivePolicy,
        EffectiveRequirement,
        EffectiveRule,
        EffectiveValue,
        SessionNotice,
        Wish,
        Wishes,
    )
    from assistant.policy.resolver import resolve

_LAZY = {
    "EffectiveBound": "assistant.policy.effective",
    "EffectivePolicy": "assistant.policy.effective",
    "EffectiveRequirement": "assistant.policy.effective",
    "EffectiveRule": "assistant.policy.effective",
    "EffectiveValue": "assistant.policy.effective",
    "PolicyDocument": "assistant.policy.document",
    "SessionNotice": "assistant.policy.effective",
    "Wish": "assistant.policy.effective",
    "Wishes": "assistant.policy.effective",
    "resolve": "assistant.policy.resolver",
}

__all__ = [
    "ALLOWED",
    "PRECEDENCE",
    "Decision",
    "Effect",
    "EffectiveBound",
    "EffectivePolicy",
    "EffectiveRequirement",
    "EffectiveRule",
    "EffectiveValue",
    "Origin",
    "PolicyDocument",
    "RuleSource",
    "Segment",
    "SessionNotice",
    "Tier",
    "Where",
    "Wish",
    "Wishes",
    "resolve",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(name)
    return getattr(import_module(_LAZY[name]), name)
