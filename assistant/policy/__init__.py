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

_LAZY = {
    "PolicyDocument": "assistant.policy.document",
}

__all__ = [
    "ALLOWED",
    "PRECEDENCE",
    "Decision",
    "Effect",
    "Origin",
    "PolicyDocument",
    "RuleSource",
    "Segment",
    "Tier",
    "Where",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(name)
    return getattr(import_module(_LAZY[name]), name)
