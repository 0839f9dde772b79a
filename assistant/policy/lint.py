"""What an author should know before signing: mistakes that are still a valid document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assistant.errors import PolicyConflict, PolicyInvalid
from assistant.policy.canonical import term_forms
from assistant.policy.document import PolicyDocument, Rule
from assistant.policy.document_tests import run_tests
from assistant.policy.effective import Wishes
from assistant.policy.everyday import everyday_texts, look_alikes
from assistant.policy.meaning import MeaningScorer, MeaningStage, passages, requests_in
from assistant.policy.model import Effect
from assistant.policy.readings import readable_views
from assistant.policy.remembering import RememberingScorer
from assistant.policy.resolver import resolve
from assistant.policy.ruleset import RuleSet
from assistant.policy.strict_json import Path, line_of

_EVERYDAY_COUNT = 600
_TOGETHER = 50
_KEPT = 2000
"""Passages remembered while false hits are counted: more than the texts of one go have."""
_PROFILE = ("length", "structure", "formality", "directness", "hedging", "examples", "emoji",
            "reading_level")  # fmt: skip


@dataclass(frozen=True, slots=True)
class LintNote:
    """One remark, with its line. An ``error`` keeps the document from being signed."""

    severity: Literal["error", "warning"]
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class _Remark:
    severity: Literal["error", "warning"]
    path: Path
    message: str


def lint(raw: bytes) -> tuple[LintNote, ...]:
    """All remarks on a document that can be read, in the order of its lines.

    Raises :class:`DocumentInvalid` for one that cannot.
    """
    document = PolicyDocument.from_bytes(raw)
    text = raw.decode("utf-8")
    remarks = [
        *_rules(document),
        *_over_blocking(document),
        *_examples(document),
        *_bounds(document),
        *_dates(document),
    ]
    notes = [LintNote(r.severity, line_of(text, r.path), r.message) for r in remarks]
    return tuple(sorted(notes, key=lambda note: (note.line, note.message)))


@dataclass(frozen=True, slots=True)
class FalseHits:
    """Of a thousand harmless texts: ``full`` get the rule's effect, ``grey`` its softer one."""

    full: int = 0
    grey: int = 0

    @property
    def touched(self) -> int:
        """Either."""
        return self.full + self.grey


def false_hits(
    document: PolicyDocument, scorer: MeaningScorer | None = None
) -> dict[str, FalseHits]:
    """How many of a thousand harmless texts each rule would touch, by its id.

    Without a ``scorer``, or never calibrated, a rule by meaning counts by its terms and
    patterns alone. Raises what the scorer raises.
    """
    texts = [*everyday_texts(_EVERYDAY_COUNT), *look_alikes(1000 - _EVERYDAY_COUNT)]
    rules = resolve([document], Wishes()).rules
    written = RuleSet(rules)
    ahead = None if scorer is None else RememberingScorer(scorer, _KEPT)
    meant = MeaningStage([rule for rule in rules if _is_calibrated(rule.rule)], ahead)
    full: Counter[str] = Counter()
    grey: Counter[str] = Counter()
    for first in range(0, len(texts), _TOGETHER):
        few = texts[first : first + _TOGETHER]
        if ahead is not None:
            _score_ahead(document, ahead, few)
        for text in few:
            hit = {found.rule.rule.id for found in written.findings(text)}
            said = () if ahead is None else [s for s in meant.judge(text) if s.score is not None]
            hit |= {s.rule.rule.id for s in said if s.effect >= s.rule.effect}
            full.update(hit)
            grey.update({s.rule.rule.id for s in said} - hit)
    return {rule.id: FalseHits(full[rule.id], grey[rule.id]) for rule in document.rules}


def _is_calibrated(rule: Rule) -> bool:
    meaning = rule.match.meaning
    return meaning is not None and (meaning.head is not None or meaning.adapter is not None)


def _score_ahead(document: PolicyDocument, ahead: RememberingScorer, texts: Sequence[str]) -> None:
    """All that the rules will ask about the texts, in one go."""
    readings = [reading for text in texts for reading in readable_views(text)]
    meanings = [rule.match.meaning for rule in document.rules]
    for sha256 in {one.adapter.sha256 for one in meanings if one and one.adapter}:
        ahead.score(sha256, list({part for each in readings for part in requests_in(each)}))
    if any(one and one.head for one in meanings):
        ahead.embed(list({part for each in readings for part in passages(each)}))


def _rules(document: PolicyDocument) -> Iterator[_Remark]:
    for number, rule in enumerate(document.rules):
        at: Path = ("rules", number)
        if Effect.of(rule.effect) is Effect.BLOCK and not rule.help:
            yield _Remark("warning", at, f"{rule.id} blocks and offers nothing instead: "
                          "say in `help` what can be asked or where help is.")  # fmt: skip
        if len(rule.reason) < 20:
            yield _Remark("warning", (*at, "reason"), f"{rule.id}: a person refused will read "
                          "this reason; a few more words would help.")  # fmt: skip
        meaning = rule.match.meaning
        if meaning is not None and meaning.head is None and meaning.adapter is None:
            yield _Remark("error", (*at, "match", "meaning"), f"{rule.id} matches by meaning and "
                          "was never calibrated: run `assistant policy calibrate`.")  # fmt: skip
        if rule.match.guard is not None:
            yield _Remark("warning", (*at, "match", "guard"), f"{rule.id} asks for a guard model: "
                          "it counts only where the person has one of that family, for finished "
                          "answers and for questions that a rule by meaning is unsure of. "
                          "Elsewhere the decision says that no guard checked it.")  # fmt: skip
        yield from _terms(rule, at)


def _terms(rule: Rule, at: Path) -> Iterator[_Remark]:
    seen: dict[str, int] = {}
    for number, term in enumerate(rule.match.terms):
        where = (*at, "match", "terms", number)
        form = term_forms(term)[0]
        if form in seen:
            yield _Remark("warning", where, f"{rule.id}: this term is there twice.")
        seen[form] = number
        if len(form) < 4 and form.isascii():
            yield _Remark("warning", where, f"{rule.id}: so short a term stops more than is "
                          "meant; write what stands beside it.")  # fmt: skip
        if form != form[::-1] and form[::-1] in _common_words():
            yield _Remark("warning", where, f"{rule.id}: read backwards this term is the common "
                          f"word “{form[::-1]}”, which it would stop.")  # fmt: skip


def _common_words() -> frozenset[str]:
    texts = [*everyday_texts(_EVERYDAY_COUNT), *look_alikes(300)]
    return frozenset(word.strip(".,?!“”:").lower() for text in texts for word in text.split())


def _over_blocking(document: PolicyDocument) -> Iterator[_Remark]:
    try:
        counts = false_hits(document)
    except PolicyInvalid as error:
        yield _Remark("error", ("rules",), error.message)
        return
    numbers = {rule.id: number for number, rule in enumerate(document.rules)}
    for rule_id, hits in counts.items():
        if hits.touched:
            yield _Remark("warning", ("rules", numbers[rule_id]), f"{rule_id} would touch "
                          f"{hits.touched} of 1,000 harmless texts.")  # fmt: skip


def _examples(document: PolicyDocument) -> Iterable[_Remark]:
    report = run_tests(document)
    numbers = {rule.id: number for number, rule in enumerate(document.rules)}
    for result in report.failed:
        decided = result.decision.effect.label
        yield _Remark("error", ("tests", result.number - 1), f"example {result.number} expects "
                      f"{result.test.expect} and gets {decided}.")  # fmt: skip
    for part in report.coverage:
        if not part.enough:
            yield _Remark("warning", ("rules", numbers[part.rule_id]), f"{part.rule_id} has "
                          f"{part.positive} examples that match and {part.negative} that do not; "
                          "two of each is the least that says something.")  # fmt: skip


def _bounds(document: PolicyDocument) -> Iterator[_Remark]:
    try:
        resolve([document], Wishes())
    except PolicyConflict as error:
        yield _Remark("error", ("bounds",), error.message)
    for number, bound in enumerate(document.bounds):
        dimension = bound.key.removeprefix("profile.")
        if dimension != bound.key and dimension not in _PROFILE:
            yield _Remark("warning", ("bounds", number, "key"), f"no profile dimension is called "
                          f"{dimension}; known are {', '.join(_PROFILE)}.")  # fmt: skip


def _dates(document: PolicyDocument) -> Iterator[_Remark]:
    if (document.expires - document.effective).days < 30:
        yield _Remark("warning", ("expires",), "it expires within a month of taking effect.")
    if not document.consulted:
        yield _Remark("warning", (), "it does not say who was consulted (`consulted`).")
