"""Policy documents for tests: small, valid, and changed in one place at a time."""

from __future__ import annotations

import json
from typing import Any

from assistant.policy.document import PolicyDocument

EVERYWHERE = ["input", "output", "memory", "preference", "export"]


def raw_document(**changes: Any) -> dict[str, Any]:
    """A whole document as JSON values, with ``changes``."""
    return {
        "format": "bounds-policy/1",
        "id": "test-policy",
        "issuer": "Test Authority",
        "tier": "national",
        "version": 1,
        "issued": "2026-01-01T00:00:00Z",
        "effective": "2026-01-01T00:00:00Z",
        "expires": "2030-01-01T00:00:00Z",
        "contact": "policy@example.org",
        "appeal": "appeal@example.org",
        "summary": "Rules for a test.",
        **changes,
    }


def document(**changes: Any) -> PolicyDocument:
    """The same, read."""
    return PolicyDocument.from_bytes(json.dumps(raw_document(**changes)).encode())


def rule(
    rule_id: str = "r",
    effect: str = "block",
    where: list[str] | None = None,
    help_text: str = "",
    **match: Any,
) -> dict[str, Any]:
    """One rule as JSON values; ``match`` are its ``terms``, ``pattern`` and so on."""
    return {
        "id": rule_id,
        "title": f"Rule {rule_id}",
        "reason": f"Because of {rule_id}.",
        "where": where or EVERYWHERE,
        "match": match,
        "effect": effect,
        "help": help_text,
    }
