"""The three tiers of policy: documents, resolver, gate, signed bundles.

Public names are loaded when first used, so that importing this package costs nothing: a
terminal that is about to ask for a passphrase needs neither pydantic nor TUF yet.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.policy.baseline import packaged_baseline
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
    from assistant.policy.floors import Floors
    from assistant.policy.gate import Gate
    from assistant.policy.loader import AuthorityState, Freshness, Places, PolicyState, load_policy
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
    from assistant.policy.resolver import resolve
    from assistant.policy.roots import ManagedBy, system_policy_folder
    from assistant.policy.stream import Step, StreamGate

_LAZY = {
    "ALLOWED": "assistant.policy.model",
    "PRECEDENCE": "assistant.policy.model",
    "Decision": "assistant.policy.model",
    "Effect": "assistant.policy.model",
    "Origin": "assistant.policy.model",
    "RuleSource": "assistant.policy.model",
    "Segment": "assistant.policy.model",
    "Tier": "assistant.policy.model",
    "Where": "assistant.policy.model",
    "Step": "assistant.policy.stream",
    "StreamGate": "assistant.policy.stream",
    "Gate": "assistant.policy.gate",
    "AuthorityState": "assistant.policy.loader",
    "EffectiveBound": "assistant.policy.effective",
    "EffectivePolicy": "assistant.policy.effective",
    "EffectiveRequirement": "assistant.policy.effective",
    "EffectiveRule": "assistant.policy.effective",
    "EffectiveValue": "assistant.policy.effective",
    "Floors": "assistant.policy.floors",
    "Freshness": "assistant.policy.loader",
    "ManagedBy": "assistant.policy.roots",
    "Places": "assistant.policy.loader",
    "PolicyDocument": "assistant.policy.document",
    "PolicyState": "assistant.policy.loader",
    "SessionNotice": "assistant.policy.effective",
    "Wish": "assistant.policy.effective",
    "Wishes": "assistant.policy.effective",
    "load_policy": "assistant.policy.loader",
    "packaged_baseline": "assistant.policy.baseline",
    "resolve": "assistant.policy.resolver",
    "system_policy_folder": "assistant.policy.roots",
}

__all__ = [
    "ALLOWED",
    "PRECEDENCE",
    "AuthorityState",
    "Decision",
    "Effect",
    "EffectiveBound",
    "EffectivePolicy",
    "EffectiveRequirement",
    "EffectiveRule",
    "EffectiveValue",
    "Floors",
    "Freshness",
    "Gate",
    "ManagedBy",
    "Origin",
    "Places",
    "PolicyDocument",
    "PolicyState",
    "RuleSource",
    "Segment",
    "SessionNotice",
    "Step",
    "StreamGate",
    "Tier",
    "Where",
    "Wish",
    "Wishes",
    "load_policy",
    "packaged_baseline",
    "resolve",
    "system_policy_folder",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(name)
    return getattr(import_module(_LAZY[name]), name)
