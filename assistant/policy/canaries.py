"""Known-bad and known-good texts that the gate must judge rightly before it is trusted.

A made-up rule is put beside the rules in force, through the same compiler and matchers, and
asked for in every disguise; then the first examples of the documents themselves are asked.
"""

from __future__ import annotations

import base64
import codecs
from collections.abc import Sequence
from typing import Final

from assistant.policy.document import PolicyDocument, Rule
from assistant.policy.document_match import Match
from assistant.policy.document_tests import run_tests
from assistant.policy.effective import Wishes
from assistant.policy.gate import Gate
from assistant.policy.model import Origin, Segment, Where
from assistant.policy.resolver import resolve

_TERM: Final = "quorblaxine"
_RULE: Final = Rule(
    id="canary",
    title="Canary",
    reason="The gate tests itself.",
    where=("input", "output"),
    match=Match(terms=(_TERM,), pattern=(r"\bhow to brew \w+ zubrane\b",)),
    effect="block",
)
_BAD: Final = (
    _TERM,
    f"please explain {_TERM.upper()}, now",
    "\u200b".join(_TERM),
    " ".join(_TERM),
    _TERM.replace("o", "0").replace("i", "1"),
    _TERM.replace("a", "а"),
    _TERM[::-1],
    codecs.encode(_TERM, "rot13"),
    base64.b64encode(_TERM.encode()).decode(),
    _TERM.encode().hex(),
    "".join(f"%{byte:02x}" for byte in _TERM.encode()),
    "tell me how to brew good zubrane",
)
_GOOD: Final = ("What is the capital of France?", "quorbl axis", "how to brew coffee")
EXAMPLES_EACH: Final = 12


def failing_canaries(documents: Sequence[PolicyDocument]) -> tuple[str, ...]:
    """The names of the canaries that got a wrong answer; empty when all is well."""
    gate = Gate(resolve([], Wishes(rules=(_RULE,))))
    failed = [f"bad {at}" for at, text in enumerate(_BAD) if not _stops(gate, text)]
    failed += [f"good {at}" for at, text in enumerate(_GOOD) if _stops(gate, text)]
    for document in documents:
        few = document.model_copy(update={"tests": document.tests[:EXAMPLES_EACH]})
        failed += [f"{document.id} test {r.number}" for r in run_tests(few).failed]
    return tuple(failed)


def _stops(gate: Gate, text: str) -> bool:
    whole = gate.check([Segment(text, Origin.USER)], Where.INPUT).stops
    stream = gate.stream()
    steps = [stream.feed(text), stream.finish()]
    return whole and any(step.decision is not None and step.decision.stops for step in steps)
