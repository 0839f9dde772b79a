"""Running a document's own examples: which rule caught what, and which rules nobody tests."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.errors import PolicyTestsFailed
from assistant.policy.document import PolicyDocument, Rule, Test
from assistant.policy.effective import Wishes
from assistant.policy.gate import Gate
from assistant.policy.meaning import MeaningScorer
from assistant.policy.model import Decision, Effect, Origin, Segment, Where, origin_at
from assistant.policy.resolver import resolve


@dataclass(frozen=True, slots=True)
class TestResult:
    """One example: what was expected, what was decided. ``judged`` is false where the rule
    needs an embedding model and there was none."""

    number: int
    test: Test
    decision: Decision
    judged: bool
    passed: bool


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many examples of a rule must match and how many must not."""

    rule_id: str
    positive: int
    negative: int

    @property
    def enough(self) -> bool:
        """At least two of each."""
        return self.positive >= 2 and self.negative >= 2


@dataclass(frozen=True, slots=True)
class TestReport:
    """All results and the coverage of every rule."""

    results: tuple[TestResult, ...]
    coverage: tuple[Coverage, ...]

    @property
    def failed(self) -> tuple[TestResult, ...]:
        """The examples whose decision is not the expected one."""
        return tuple(result for result in self.results if not result.passed)

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Rules without two examples that match and two that do not."""
        return tuple(part.rule_id for part in self.coverage if not part.enough)


def run_tests(document: PolicyDocument, scorer: MeaningScorer | None = None) -> TestReport:
    """Run every example against this document alone.

    Without a ``scorer`` rules by meaning stand aside, and examples that expect one of them
    are reported as not judged rather than as failed.
    """
    judged_document = document if scorer is not None else _without_meaning(document)
    gate = Gate(resolve([judged_document], Wishes()), scorer)
    unable = set() if scorer is not None else _by_meaning(document)
    results = tuple(
        _run(gate, number, test, unable) for number, test in enumerate(document.tests, start=1)
    )
    return TestReport(results, tuple(_coverage(rule, document.tests) for rule in document.rules))


def require_passing(document: PolicyDocument, scorer: MeaningScorer | None = None) -> TestReport:
    """The report, if every example passes; otherwise :class:`PolicyTestsFailed`."""
    report = run_tests(document, scorer)
    if report.failed:
        numbers = ", ".join(str(result.number) for result in report.failed[:10])
        raise PolicyTestsFailed(
            f"{len(report.failed)} of {len(report.results)} examples fail (number {numbers})."
        )
    return report


def _run(gate: Gate, number: int, test: Test, unable: set[str]) -> TestResult:
    where = Where(test.where)
    origin = Origin(test.origin) if test.origin else origin_at(where)
    decision = gate.check([Segment(test.text, origin)], where)
    expected = Effect.of(test.expect)
    passed = decision.effect is expected
    if passed and test.rule is not None and expected is not Effect.NONE:
        named = decision.source.rule_id if decision.source else ""
        passed = test.rule in (named, *decision.also)
    judged = test.rule not in unable
    return TestResult(number, test, decision, judged, passed or not judged)


def _coverage(rule: Rule, tests: tuple[Test, ...]) -> Coverage:
    own = [test.expect != "none" for test in tests if test.rule == rule.id]
    return Coverage(rule.id, sum(own), len(own) - sum(own))


def _by_meaning(document: PolicyDocument) -> set[str]:
    return {rule.id for rule in document.rules if rule.match.meaning is not None}


def _without_meaning(document: PolicyDocument) -> PolicyDocument:
    rules = tuple(
        rule.model_copy(update={"match": rule.match.model_copy(update={"meaning": None})})
        for rule in document.rules
    )
    return document.model_copy(update={"rules": rules})
