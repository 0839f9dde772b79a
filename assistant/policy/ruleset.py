"""Rules compiled for one place, and how what they find becomes one decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.policy.canonical import canonical
from assistant.policy.channels import before_decoders, decoded_views, joined
from assistant.policy.effective import EffectiveRule
from assistant.policy.matcher import compiled
from assistant.policy.meaning import MeaningScorer, MeaningStage
from assistant.policy.model import ALLOWED, UNSCORED, Decision, Effect, Origin


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that matched, in which view, with a score if it is statistical."""

    rule: EffectiveRule
    view: str
    score: float | None = None
    effect: Effect | None = None

    @property
    def force(self) -> Effect:
        """The effect this finding has: the rule's, or a weaker one in its grey band."""
        return self.rule.effect if self.effect is None else self.effect


class RuleSet:
    """The rules of one place, compiled."""

    def __init__(self, rules: Sequence[EffectiveRule], scorer: MeaningScorer | None = None) -> None:
        self.rules = tuple(rules)
        self.meaning = MeaningStage(self.rules, scorer)
        self.compiled = compiled(
            tuple((tuple(r.rule.match.terms), tuple(r.rule.match.pattern)) for r in self.rules)
        )

    def findings(self, text: str) -> list[Finding]:
        """Every rule that matches ``text`` in some view, each once, in the first view."""
        if self.compiled.empty:
            return []
        found: dict[int, str] = {}
        source = before_decoders(text)
        plain = canonical(source)
        for matcher in self.compiled.plain:
            for hit in matcher.find(plain, 0, final=True):
                found.setdefault(hit.rule, hit.view)
        for name, hidden in decoded_views(source):
            folded = canonical(hidden)
            for matcher in self.compiled.decoded:
                for hit in matcher.find(folded, 0, final=True):
                    found.setdefault(hit.rule, joined(name, hit.view))
        return [Finding(self.rules[rule], view) for rule, view in found.items()]

    def judged(
        self, text: str, origin: Origin | None = None, by: MeaningScorer | None = None
    ) -> list[Finding]:
        """What the rules by meaning say; raises where they cannot judge at all.

        With ``origin`` only those that judge text from there, the others at no cost; ``by``
        as in :meth:`~assistant.policy.meaning.MeaningStage.judge`.
        """
        return [
            Finding(said.rule, "meaning" if said.score is not None else UNSCORED, said.score,
                    said.effect)
            for said in self.meaning.judge(text, origin, by)
        ]  # fmt: skip


def decide(findings: Sequence[Finding]) -> Decision:
    """The strictest finding as a decision; the higher tier is named where two are equal."""
    unscored = tuple(dict.fromkeys(f.rule.rule.id for f in findings if f.view == UNSCORED))
    findings = [finding for finding in findings if finding.force is not Effect.NONE]
    if not findings:
        return ALLOWED if not unscored else Decision(Effect.NONE, unscored=unscored)
    ranked = sorted(findings, key=lambda f: (-f.force, f.rule.source.tier.rank))
    first = ranked[0]
    also = tuple(dict.fromkeys(f.rule.rule.id for f in ranked[1:]))
    return Decision(
        first.force, first.rule.decided_by, first.score, first.view, first.rule.rule.help,
        tuple(name for name in also if name != first.rule.rule.id), unscored,
    )  # fmt: skip
