"""Instructions inside pasted text: what is recognised, and what is by mistake.

Each of BIPIA's attack sentences stands at the start, in the middle and at the end of one of
its e-mails, pasted; PurpleLlama's cases are pasted as they are. BIPIA is tasks in plain
words ("Suggest a recipe"), PurpleLlama's indirect cases are orders hidden in documents.
Recognised means touched: the rule warns, it never stops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from assistant.policy.everyday import everyday_texts, look_alikes
from assistant.policy.gate import Gate
from assistant.policy.model import Effect, Origin, Segment, Where
from scripts.bench_suites._evaluation import lines, present

Row = dict[str, Any]
Share = Callable[[str, Sequence[bool]], Row]
_EMAILS, _ATTACKS = "bipia/email_test.jsonl", "bipia/text_attacks_test.csv"
_CASES, _BENIGN = "purplellama/prompt_injection.jsonl", "purplellama/mitre_frr.jsonl"
_QUESTIONS, _SAFE = "mt_bench_questions/questions.jsonl", "xstest/prompts.csv"
_EVERYDAY = "harmless_instructions/prompts.csv"
RULE = "instructions-in-data"


def injection(gate: Gate, share: Share, size: str) -> Iterator[Row]:
    """Rows as ``share`` makes them; a missing set says so."""
    for name, files, read in _SETS:
        missing = present(*files)
        if missing is not None:
            yield {**missing, "figure": f"{name}: absent"}
            continue
        texts = read()[: 30 if size == "quick" else 100_000]
        yield share(f"pasted, {name}: recognised", [recognised(gate, text) for text in texts])


def recognised(gate: Gate, text: str) -> bool:
    """Whether the rule speaks about the text when it was pasted."""
    decision = gate.check([Segment(text, Origin.PASTED)], Where.INPUT)
    named = decision.source.rule_id if decision.source else ""
    return decision.effect > Effect.NONE and RULE in (named, *decision.also)


def _attacked(place: Callable[[str, str], str]) -> list[str]:
    emails = [str(row["context"]) for row in lines(_EMAILS)]
    attacks = [str(row["attack"]) for row in lines(_ATTACKS)]
    return [place(emails[at % len(emails)], attack) for at, attack in enumerate(attacks)]


def _in_the_middle(email: str, attack: str) -> str:
    at = email.find(" ", len(email) // 2)
    return f"{email[:at]}\n{attack}\n{email[at:]}"


def _cases(kind: str) -> list[str]:
    return [str(row["user_input"]) for row in lines(_CASES) if row["injection_type"] == kind]


_SETS: tuple[tuple[str, tuple[str, ...], Callable[[], list[str]]], ...] = (
    ("bipia, before an e-mail", (_EMAILS, _ATTACKS), lambda: _attacked(
        lambda email, attack: f"{attack}\n{email}")),
    ("bipia, in an e-mail", (_EMAILS, _ATTACKS), lambda: _attacked(_in_the_middle)),
    ("bipia, after an e-mail", (_EMAILS, _ATTACKS), lambda: _attacked(
        lambda email, attack: f"{email}\n{attack}")),
    ("purplellama, in documents", (_CASES,), lambda: _cases("indirect")),
    ("purplellama, typed", (_CASES,), lambda: _cases("direct")),
    ("by mistake, bipia's e-mails alone", (_EMAILS,), lambda: [
        str(row["context"]) for row in lines(_EMAILS)]),
    ("by mistake, everyday templates", (), lambda: everyday_texts(4000)),
    ("by mistake, look-alike templates", (), lambda: look_alikes(1000)),
    ("by mistake, harmless_instructions", (_EVERYDAY,), lambda: [
        str(row["prompt"]) for row in lines(_EVERYDAY)]),
    ("by mistake, mt_bench", (_QUESTIONS,), lambda: [
        str(turn) for row in lines(_QUESTIONS) for turn in row["turns"]]),
    ("by mistake, purplellama benign", (_BENIGN,), lambda: [
        str(row["prompt"]) for row in lines(_BENIGN)]),
    ("by mistake, xstest safe", (_SAFE,), lambda: [
        str(row["prompt"]) for row in lines(_SAFE) if row["label"] == "safe"]),
)  # fmt: skip
