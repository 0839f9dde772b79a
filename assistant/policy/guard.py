"""What guard models say, read into one verdict; ``guarding`` says when one is asked.

Output formats: Qwen3Guard-Gen (its model card: "Safety: …", "Categories: …", "Refusal: …")
and Llama Guard 3 (its model card: "safe", or "unsafe" and the codes on the next line). What
cannot be read is a fault, never "safe".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from assistant.errors import PolicyInvalid
from assistant.policy.effective import EffectiveRule
from assistant.policy.model import Effect
from assistant.policy.ruleset import Finding

MAX_OUTPUT: Final = 2000


class Safety(StrEnum):
    """The three levels of Qwen3Guard; Llama Guard knows the outer two."""

    SAFE = "safe"
    CONTROVERSIAL = "controversial"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class GuardVerdict:
    """One judgement: the model family, the level, the categories in the model's own words."""

    model: str
    safety: Safety
    categories: tuple[str, ...]
    refusal: bool | None = None


_LEVEL: Final = re.compile(r"^Safety:\s*(Safe|Controversial|Unsafe)\s*$", re.MULTILINE)
_CATEGORIES: Final = re.compile(r"^Categories:\s*(.+?)\s*$", re.MULTILINE)
_REFUSAL: Final = re.compile(r"^Refusal:\s*(Yes|No)\s*$", re.MULTILINE)
_CODES: Final = re.compile(r"S\d{1,2}(?:\s*,\s*S\d{1,2})*")


def read_qwen3guard(output: str) -> GuardVerdict:
    """The verdict in Qwen3Guard-Gen's output; :class:`PolicyInvalid` if there is none."""
    levels = _LEVEL.findall(output[:MAX_OUTPUT])
    named = _CATEGORIES.search(output[:MAX_OUTPUT])
    if len(levels) != 1 or named is None:
        raise PolicyInvalid("The guard model's answer cannot be read.")
    refusal = _REFUSAL.search(output[:MAX_OUTPUT])
    categories = tuple(part.strip() for part in named.group(1).split(","))
    return GuardVerdict(
        "qwen3guard",
        Safety(levels[0].lower()),
        tuple(part for part in categories if part and part != "None"),
        None if refusal is None else refusal.group(1) == "Yes",
    )


def read_llama_guard(output: str) -> GuardVerdict:
    """The verdict in Llama Guard's output; :class:`PolicyInvalid` if there is none."""
    lines = [line.strip() for line in output[:MAX_OUTPUT].strip().splitlines() if line.strip()]
    if lines == ["safe"]:
        return GuardVerdict("llama-guard", Safety.SAFE, ())
    if len(lines) == 2 and lines[0] == "unsafe" and _CODES.fullmatch(lines[1]):
        codes = tuple(code.strip() for code in lines[1].split(","))
        return GuardVerdict("llama-guard", Safety.UNSAFE, codes)
    raise PolicyInvalid("The guard model's answer cannot be read.")


def guard_findings(rules: Sequence[EffectiveRule], verdict: GuardVerdict) -> list[Finding]:
    """The rules that name one of the verdict's categories.

    ``unsafe`` has the rule's effect; ``controversial`` at most asks the user.
    """
    if verdict.safety is Safety.SAFE:
        return []
    named = {category.casefold() for category in verdict.categories}
    found: list[Finding] = []
    for rule in rules:
        guard = rule.rule.match.guard
        if guard is None or guard.model != verdict.model:
            continue
        if named & {category.casefold() for category in guard.categories}:
            mild = verdict.safety is Safety.CONTROVERSIAL
            # A verdict is about the whole text: there is no place in it to redact.
            whole = Effect.BLOCK if rule.effect is Effect.REDACT else rule.effect
            effect = min(rule.effect, Effect.CONFIRM) if mild else whole
            found.append(Finding(rule, "guard", None, effect))
    return found
