"""What requirements oblige a single turn to: lines for the model, text for the reader.

Topics match by the same canonical view as a rule's terms, so "shares" is found in
"Shares" and in "ѕhares" alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.policy.canonical import canonical
from assistant.policy.effective import EffectivePolicy, EffectiveRequirement, instruction
from assistant.policy.matcher import Compiled

_PER_TURN = ("instruct", "added_text", "viewpoints")


@dataclass(frozen=True, slots=True)
class Due:
    """``lines`` stand beside the question; ``added`` is appended to the answer.

    Both come from verified tiers and are not checked by the gate.
    """

    lines: tuple[str, ...]
    added: tuple[str, ...]


class Obligations:
    """The requirements of a policy, ready to be asked about a turn's text."""

    def __init__(self, policy: EffectivePolicy) -> None:
        chosen = [r for r in policy.requirements if r.requirement.kind in _PER_TURN]
        self._always = [
            r for r in chosen if not r.requirement.topics and r.requirement.kind == "added_text"
        ]
        self._topical = [r for r in chosen if r.requirement.topics]
        self._compiled = Compiled([(r.requirement.topics, ()) for r in self._topical])

    def due(self, text: str) -> Due:
        """What this turn's text obliges to. Lines without topics are in the system text."""
        met = [*self._always, *self._on_topic(text)]
        return Due(
            tuple(line for r in met for line in instruction(r.requirement)),
            tuple(r.requirement.text for r in met if r.requirement.kind == "added_text"),
        )

    def _on_topic(self, text: str) -> list[EffectiveRequirement]:
        if not self._topical:
            return []
        plain = canonical(text)
        hits = {
            hit.rule
            for matcher in self._compiled.plain
            for hit in matcher.find(plain, 0, final=True)
        }
        return [r for index, r in enumerate(self._topical) if index in hits]
