"""When a guard model is asked, and what follows where there is none or it fails.

It is asked about a text that a rule by meaning is unsure of or could not read, and about
finished answers; design.md section 5. It can only tighten: no verdict lifts what another
stage found.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

from assistant.errors import GuardFailed
from assistant.policy.effective import EffectiveRule
from assistant.policy.guard import GuardVerdict, guard_findings
from assistant.policy.model import UNGUARDED, UNSCORED, Decision, Effect, Origin
from assistant.policy.ruleset import Finding

GUARD_FAULT: Final = Decision(
    Effect.BLOCK,
    view="fault",
    help="A policy rule is judged by your guard model, and that gave no verdict that can be "
    "read in time. `assistant models list` shows it; choose another with `assistant models "
    "use ID`, or forget it with `assistant models remove ID`.",
)


class GuardModel(Protocol):
    """A guard model, wherever it runs."""

    @property
    def family(self) -> str:
        """``qwen3guard`` or ``llama-guard``; empty where the user has none."""
        ...

    def judge(self, question: str, answer: str | None) -> GuardVerdict:
        """The verdict on a question, or on its finished answer. Raises whatever fails."""
        ...


def in_doubt(findings: Sequence[Finding]) -> bool:
    """Whether a rule by meaning has the text in its grey band, or could not read it."""
    return any(
        found.view == UNSCORED or (found.view == "meaning" and found.force < found.rule.effect)
        for found in findings
    )


def guarded(rules: Sequence[EffectiveRule], origin: Origin) -> tuple[EffectiveRule, ...]:
    """Those of ``rules`` that a guard model judges text of that origin by."""
    return tuple(
        found
        for found in rules
        if found.rule.match.guard is not None and found.rule.concerns(origin)
    )


def weighed(
    rules: Sequence[EffectiveRule], model: GuardModel | None, question: str, answer: str | None
) -> list[Finding]:
    """What the model says by ``rules``; a note for each that no model here can judge by.

    Raises GuardFailed where there is a model and it gives no verdict.
    """
    if not rules:
        return []
    try:
        family = model.family if model is not None else ""
        able = _able(rules, family)
        verdict = model.judge(question, answer) if model is not None and able else None
    except Exception as error:
        raise GuardFailed("The guard model gave no verdict.") from error
    if verdict is not None and verdict.model != family:
        raise GuardFailed("The guard model gave the verdict of another.")
    found = guard_findings(able, verdict) if verdict is not None else []
    left = [each for each in rules if each not in able]
    return found + [Finding(each, UNGUARDED, None, Effect.NOTE) for each in left]


def judges(rules: Sequence[EffectiveRule], model: GuardModel | None) -> bool:
    """Whether ``model`` will judge by one of ``rules``; true where it cannot be asked that."""
    if not rules or model is None:
        return False
    try:
        return bool(_able(rules, model.family))
    except Exception:  # noqa: BLE001 - what cannot say that it will not judge may stop an answer
        return True


def _able(rules: Sequence[EffectiveRule], family: str) -> list[EffectiveRule]:
    return [each for each in rules if each.rule.match.guard and
            each.rule.match.guard.model == family]  # fmt: skip
