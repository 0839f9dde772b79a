"""The gate: text and where it stands in, one decision out. It closes when it fails.

One gate serves everything: typed and pasted text, recalled memories, preferences, exports
and, through :meth:`Gate.stream`, an answer while it is written. Segments are checked one by
one with their origin; those of the user also as one, so that a term cannot be split over
turns. What comes from verified tiers is skipped: a policy names its own forbidden terms.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.policy.effective import EffectivePolicy
from assistant.policy.guard import GuardVerdict, guard_findings
from assistant.policy.meaning import MeaningScorer
from assistant.policy.model import Decision, Effect, Origin, Segment, Where
from assistant.policy.ruleset import Finding, RuleSet, decide
from assistant.policy.stream import FAULT, SentenceJudge, StreamGate, redact


class Gate:
    """Checks text against one effective policy."""

    def __init__(self, policy: EffectivePolicy, scorer: MeaningScorer | None = None) -> None:
        """``scorer`` embeds text for rules by meaning; without one such a rule blocks."""
        self._policy = policy
        self._scorer = scorer
        self._sets: dict[tuple[Where, Origin | None], RuleSet] = {}

    def check(
        self,
        segments: Sequence[Segment],
        where: Where,
        confirmed: frozenset[str] = frozenset(),
    ) -> Decision:
        """The decision about ``segments`` together.

        ``confirmed`` are the ids of ``confirm`` rules the user has said yes to; it has no
        power over any stricter effect. Any failure in here blocks (view ``fault``).
        """
        try:
            found = self._findings(segments, where)
        except Exception:  # noqa: BLE001 - whatever fails in here, nothing may pass unchecked
            return FAULT
        return decide([f for f in found if not _is_confirmed(f, confirmed)])

    def warm(self, where: Where) -> None:
        """Make rules by meaning ready, so that the first check need not wait. May raise."""
        self._at(where).meaning.warm()

    def weigh(self, verdict: GuardVerdict, where: Where) -> Decision:
        """The decision that a guard model's verdict leads to here."""
        return decide(guard_findings(self._policy.rules_at(where), verdict))

    def redact(self, text: str, where: Where) -> str:
        """``text`` with what ``redact`` and ``block`` rules find replaced. May raise."""
        return redact(self._at(where), text)

    def stream(
        self, where: Where = Where.OUTPUT, confirmed: frozenset[str] = frozenset()
    ) -> StreamGate:
        """A gate for one text that arrives piece by piece."""
        rules = self._at(where, Origin.MODEL)
        judge = None if rules.meaning.empty else SentenceJudge(rules)
        return StreamGate(rules, judge, confirmed)

    def _at(self, where: Where, origin: Origin | None = None) -> RuleSet:
        """The rules of a place; with ``origin`` only those that judge text from there."""
        rules = self._policy.rules_at(where)
        if origin is not None:
            concerned = tuple(found for found in rules if found.rule.concerns(origin))
            if len(concerned) == len(rules):
                origin = None
            rules = concerned
        if (where, origin) not in self._sets:
            self._sets[where, origin] = RuleSet(rules, self._scorer)
        return self._sets[where, origin]

    def _findings(self, segments: Sequence[Segment], where: Where) -> list[Finding]:
        rules = self._at(where)
        found: list[Finding] = []
        for segment in segments:
            if segment.origin is not Origin.TRUSTED:
                said_there = rules.findings(segment.text)
                said_there += rules.judged(segment.text, segment.origin)
                found += [f for f in said_there if f.rule.rule.concerns(segment.origin)]
        said = [segment.text for segment in segments if segment.origin is Origin.USER]
        if len(said) > 1:
            known = {finding.rule.rule.id for finding in found}
            found += [
                Finding(f.rule, f"turns+{f.view}")
                for f in rules.findings("\n".join(said))
                if f.rule.rule.id not in known and f.rule.rule.concerns(Origin.USER)
            ]
        return found


def _is_confirmed(finding: Finding, confirmed: frozenset[str]) -> bool:
    return finding.force is Effect.CONFIRM and finding.rule.rule.id in confirmed
