"""The gate: text and where it stands in, one decision out. It closes when it fails.

One gate serves everything: typed and pasted text, recalled memories, preferences, exports
and, through :meth:`Gate.stream`, an answer while it is written. Segments are checked one by
one with their origin; those of the user also as one, so that a term cannot be split over
turns. What comes from verified tiers is skipped: a policy names its own forbidden terms.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.errors import GuardFailed
from assistant.policy.effective import EffectivePolicy
from assistant.policy.guarding import (
    GUARD_FAULT,
    GuardModel,
    guarded,
    in_doubt,
    judges,
    weighed,
)
from assistant.policy.meaning import MeaningScorer
from assistant.policy.model import Decision, Effect, Origin, Segment, Where
from assistant.policy.ruleset import Finding, RuleSet, decide
from assistant.policy.stream import FAULT, SentenceJudge, StreamGate, redact


class Gate:
    """Checks text against one effective policy."""

    def __init__(
        self,
        policy: EffectivePolicy,
        scorer: MeaningScorer | None = None,
        guard: GuardModel | None = None,
    ) -> None:
        """``scorer`` embeds text for rules by meaning; without one such a rule blocks.

        ``guard`` judges what they are unsure of; without one such a rule notes that.
        """
        self._policy, self._guard = policy, guard
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
            found += self._second_look(segments, where, found)
        except GuardFailed:
            return GUARD_FAULT
        except Exception:  # noqa: BLE001 - whatever fails in here, nothing may pass unchecked
            return FAULT
        return decide([f for f in found if not _is_confirmed(f, confirmed)])

    def warm(self, where: Where) -> None:
        """Make rules by meaning ready, so that the first check need not wait. May raise."""
        self._at(where).meaning.warm()

    @property
    def judges_finished(self) -> bool:
        """Whether :meth:`finished` asks a guard model: until then no answer is to be shown."""
        return judges(guarded(self._policy.rules_at(Where.OUTPUT), Origin.MODEL), self._guard)

    def finished(
        self, question: str, answer: str, confirmed: frozenset[str] = frozenset()
    ) -> Decision:
        """What rules by a guard model say of a complete answer; a fault blocks.

        To be asked once an answer is whole and before it counts as such.
        """
        try:
            rules = guarded(self._policy.rules_at(Where.OUTPUT), Origin.MODEL)
            found = weighed(rules, self._guard, question, answer)
        except Exception:  # noqa: BLE001 - whatever fails in here, nothing may pass unchecked
            return GUARD_FAULT
        return decide([f for f in found if not _is_confirmed(f, confirmed)])

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

    def _second_look(
        self, segments: Sequence[Segment], where: Where, found: Sequence[Finding]
    ) -> list[Finding]:
        """A guard model's, on one text a person typed that another stage is unsure of."""
        if where is not Where.INPUT or len(segments) != 1 or not in_doubt(found):
            return []
        if segments[0].origin is not Origin.USER or decide(found).stops:
            return []
        rules = guarded(self._policy.rules_at(where), Origin.USER)
        return weighed(rules, self._guard, segments[0].text, None)


def _is_confirmed(finding: Finding, confirmed: frozenset[str]) -> bool:
    return finding.force is Effect.CONFIRM and finding.rule.rule.id in confirmed
