"""``policy simulate``: JSON lines of texts in, one decision a line out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from assistant.errors import UsageError
from assistant.policy.gate import Gate
from assistant.policy.model import Decision, Origin, Segment, Where, origin_at

MAX_LINE: Final = 4 * 1024 * 1024


def simulate(gate: Gate, lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The decision about each line ``{"text": …, "where": "input"}`` (``where`` may be missing).

    ``origin`` may say whose the text is (``user``, ``pasted``, ``recalled``, ``preference``,
    ``model``); without it, it is the user's, and at ``output`` the model's. An empty line is
    skipped; a line of another shape is a :class:`UsageError` that names it.
    """
    for number, line in enumerate(lines, start=1):
        if line.strip():
            segment, where = _read(line, number)
            yield as_json(gate.check([segment], where))


def as_json(decision: Decision) -> dict[str, Any]:
    """A decision with the keys that ``policy simulate`` promises."""
    source = decision.source
    return {
        "effect": decision.effect.label,
        "rule": source.rule_id if source else None,
        "tier": source.tier.value if source else None,
        "issuer": source.issuer if source else None,
        "score": None if decision.score is None else round(decision.score, 6),
        "view": decision.view or None,
    }


def _read(line: str, number: int) -> tuple[Segment, Where]:
    if len(line) > MAX_LINE:
        raise UsageError(f"Line {number} is longer than {MAX_LINE} characters.")
    try:
        value = json.loads(line)
        text, where = value["text"], Where(value.get("where", "input"))
        origin = Origin(value["origin"]) if "origin" in value else origin_at(where)
        if origin is Origin.TRUSTED:
            raise ValueError("nothing that is given here is trusted")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f'Line {number} is not of the form {{"text": …, "where": "input"}}.'
        ) from error
    if not isinstance(text, str):
        raise UsageError(f"Line {number} has a text that is not a string.")
    return Segment(text, origin), where
