"""Named parts of patterns: ``<name>`` in a pattern stands for the part of that name.

Put in place before the document is validated, so that nothing later has to know of them.
Parts do not name parts: one pass, whose result is at most as long as a pattern may be.
"""

from __future__ import annotations

import re
from typing import Any, Final

_NAME: Final = re.compile(r"<([a-z][a-z0-9_]{0,30})>")


def with_vocabulary(document: Any) -> Any:
    """The JSON value of a document with the parts its patterns name put in place.

    A value of the wrong shape, and a name that stands for nothing, are left as they are:
    validation will refuse the one, and the other is matched literally.
    """
    if not isinstance(document, dict) or not isinstance(document.get("vocabulary"), dict):
        return document
    parts = {k: v for k, v in document["vocabulary"].items() if isinstance(v, str)}
    rules = document.get("rules")
    if not isinstance(rules, list):
        return document
    return {**document, "rules": [_rule(rule, parts) for rule in rules]}


def _rule(rule: Any, parts: dict[str, str]) -> Any:
    if not isinstance(rule, dict) or not isinstance(rule.get("match"), dict):
        return rule
    patterns = rule["match"].get("pattern")
    if not isinstance(patterns, list):
        return rule
    filled = [_filled(text, parts) if isinstance(text, str) else text for text in patterns]
    return {**rule, "match": {**rule["match"], "pattern": filled}}


def _filled(pattern: str, parts: dict[str, str]) -> str:
    def part(found: re.Match[str]) -> str:
        named = parts.get(found.group(1))
        return found.group() if named is None else f"(?:{named})"

    return _NAME.sub(part, pattern)
