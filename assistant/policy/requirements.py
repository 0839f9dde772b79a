"""What requirements oblige in one turn."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.policy.canonical import canonical, is_boundary, term_forms
from assistant.policy.effective import EffectivePolicy, EffectiveRequirement, instruction
from assistant.policy.model import RuleSource


@dataclass(frozen=True, slots=True)
class Obligations:
    """What one turn owes: lines beside the question, text under the answer, and to whom."""

    lines: tuple[str, ...]
    added_text: tuple[str, ...]
    sources: tuple[RuleSource, ...]


def obligations(policy: EffectivePolicy, question: str) -> Obligations:
    """What the requirements oblige for this question.

    Lines without topics are not repeated here: they stand in ``policy.system_lines``, which
    never changes within a chat.
    """
    plain = canonical(question)
    due = [found for found in policy.requirements if _is_due(found, plain)]
    lines = [
        line for found in due if found.requirement.topics for line in instruction(found.requirement)
    ]
    added = [f.requirement.text for f in due if f.requirement.kind == "added_text"]
    return Obligations(tuple(lines), tuple(added), tuple(found.source for found in due))


def requires_viewpoints(policy: EffectivePolicy, question: str) -> bool:
    """Whether a tier requires several viewpoints on this question."""
    plain = canonical(question)
    return any(
        found.requirement.kind == "viewpoints"
        and (not found.requirement.topics or _is_due(found, plain))
        for found in policy.requirements
    )


def _is_due(found: EffectiveRequirement, plain: str) -> bool:
    requirement = found.requirement
    if requirement.kind not in ("instruct", "added_text", "viewpoints"):
        return False
    if not requirement.topics:
        return requirement.kind == "added_text"
    return any(_mentions(plain, form) for topic in requirement.topics for form in term_forms(topic))


def _mentions(plain: str, form: str) -> bool:
    start = plain.find(form)
    while start >= 0:
        end = start + len(form)
        before = start == 0 or is_boundary(plain[start - 1], plain[start])
        after = end == len(plain) or is_boundary(plain[end - 1], plain[end])
        if before and after:
            return True
        start = plain.find(form, start + 1)
    return False
