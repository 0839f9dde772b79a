"""The texts the adapter learns from, each with its source, fold and use.

Public sets marked *may train*, and texts written for this program. What is ``held`` never
trains any model: thresholds are chosen on it. ``fold`` says which crossed model has not seen
a text. Everything is put in the form in which the gate will see it.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from assistant.policy import everyday
from assistant.policy.canonical import canonical
from assistant.policy.everyday import everyday_texts, look_alikes
from assistant.policy.meaning import passages
from scripts.adapter_texts import Text, every_text, physical, sampled
from scripts.adapter_training.frames import distress, framed
from scripts.bench_suites._evaluation import lines, present

FOLDS: Final = 3
_HELD: Final = 3
"""One own text in so many is held back."""

# Questions of red_instruct's largest part are marked harmful whatever they ask ("How to create
# a supernatural drama?"); only those that name a harm are believed.
_HARM: Final = re.compile(
    r"\b(kill|murder|bomb|poison|weapon|steal|stole|hack|fraud|fake|forg|attack|explosive|illegal"
    r"|without (?:their|his|her|your|any|someone's)?\s*(?:consent|permission|knowledge|being)"
    r"|harm|hurt|sabotag|destroy|racis|racial superiority|xenophob|genocid|terror|violen|abus"
    r"|harass|bully|blackmail|extort|launder|traffick|smuggl|drug|malware|virus more|ransom"
    r"|suicide|self-harm|plagiari|cheat|evad|avoid paying|sexis|homophob|transphob|nazi"
    r"|supremac|eugenic|hate|threat|stalk|spy|counterfeit|bribe|exploit\w* (?:people|workers|child"
    r"|someone|vulnerab)|starve|infect|brainwash|deceiv|falsif|fabricat|misinform"
    r"|false information|propaganda|discriminat)",
)
_ALWAYS_TRAINED: Final = {"everyday.security_work"}
"""Too like an attacker's words to be left to chance; the help desk is held back instead."""
_LEFT_OUT: Final = {"Adult Content", "Political Campaigning", "Tailored Financial Advice"}


@dataclass(frozen=True, slots=True)
class Row:
    """A text as the gate sees it: ``kind`` is how often it is drawn, ``source`` is reported."""

    text: str
    harmful: bool
    source: str
    kind: str
    held: bool
    fold: int


def corpus(seed: int = 1) -> list[Row]:
    """All texts, each once; the same for one seed. Sets that are absent are left out.

    So is every text that a set for measuring alone holds as well.
    """
    rows: dict[str, Row] = {}
    measured = _measured()
    for text, harmful, source, kind, held_by in _all(random.Random(seed)):
        seen = canonical(text)
        if seen.strip(_ENDS) in measured:
            continue
        held = held_by == _ALWAYS or (bool(held_by) and _number(held_by.format(seen)) % _HELD == 0)
        rows.setdefault(
            seen, Row(seen, harmful, source, kind, held, _number(seen) // _HELD % FOLDS)
        )
    return list(rows.values())


def held_back() -> list[Row]:
    """What trains nothing; of the public sets only what is there."""
    return [row for row in corpus() if row.held]


def _number(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


# The last of each: what decides whether a text is held back. Everyday texts are held back by
# topic, so that none of a topic on which the threshold is chosen has trained anything.
_ENDS: Final = " .?!"
_NEVER: Final = ""
_ALWAYS: Final = "always"
_BY_TEXT: Final = "{}"


def _all(rng: random.Random) -> Iterator[tuple[str, bool, str, str, str]]:
    for text in _baseline_examples():
        yield text, False, "the baseline's own examples", "example", _NEVER
    for row in _lines("harmbench/behaviors_text_all.csv"):
        if row["FunctionalCategory"] != "copyright":
            yield row["Behavior"], True, "harmbench", "harm", _NEVER
    for row in _lines("jailbreakbench/behaviors_harmful.csv"):
        yield row["goal"], True, "jailbreakbench", "harm", _NEVER
    for row in _lines("red_instruct/prompts.csv"):
        if _believed(row):
            yield row["prompt"], True, "red_instruct", "asked", _NEVER
    for row in _lines("purplellama/mitre_frr.jsonl"):
        yield row["prompt"], False, "purplellama benign", "natural", _BY_TEXT
    for row in _lines("mt_bench_questions/questions.jsonl"):
        yield row["turns"][0], False, "mt_bench", "natural", _BY_TEXT
    for row in _lines("pandalm/testset.jsonl"):
        yield f"{row['instruction']} {row['input']}", False, "pandalm", "natural", _BY_TEXT
    for text in sampled.requests():
        held_by = _ALWAYS if _number(text) % _HELD == 1 else _NEVER
        yield text, False, "requests SmolLM2 made up", "sampled", held_by
    for text in everyday_texts(4000):
        yield text, False, "everyday templates", "everyday", _NEVER
    for text in framed(rng, 6000):
        yield text, False, "framed", "framed", _NEVER
    for text in look_alikes(1000):
        yield text, False, "look-alike templates", "look-alike", _BY_TEXT
    for text in distress():
        yield text, False, "distress", "look-alike", _BY_TEXT
    situation = _situations()
    for own in every_text(rng):
        yield (own.text, own.harmful, f"own: {own.family}", *_own_kind(own, situation))


def _own_kind(own: Text, situation: Callable[[str], int]) -> tuple[str, str]:
    if own.family == "candid":
        return f"candid {'harm' if own.harmful else 'twin'}", _NEVER
    if own.family.startswith("physical"):
        # By situation: nothing about one that is held back has been seen in other words.
        kind = "physical harm" if own.harmful else "physical"
        return kind, f"situation {situation(own.text)}"
    if own.harmful:
        return "own harm", _BY_TEXT
    if own.family in _ALWAYS_TRAINED:
        return "everyday", _NEVER
    if own.family.startswith("everyday.held_"):
        return "everyday", _ALWAYS
    if own.family.startswith("everyday"):
        return "everyday", f"topic {own.family}"
    return "look-alike", _BY_TEXT


def _situations() -> Callable[[str], int]:
    lines_ = Path(physical.__file__).with_suffix(".txt").read_text("utf-8").splitlines()
    words = [set(line.lower().replace("|", " ").split()) for line in lines_ if line[:2] == "= "]
    rare = Counter(word for one in words for word in one)

    def nearest(text: str) -> int:
        own = set(re.findall(r"[a-z'-]+", text.lower()))
        shared = [sum(1 / rare[word] for word in own & one) for one in words]
        return shared.index(max(shared))

    return nearest


def _baseline_examples() -> list[str]:
    """What the baseline's other rules must let pass must pass here, too."""
    source = Path(everyday.__file__).parent / "baseline_source" / "document.json"
    tests = json.loads(source.read_text("utf-8"))["tests"]
    said = [test for test in tests if test.get("where", "input") == "input"]
    return [test["text"] for test in said if test["expect"] in ("none", "warn")]


def _lines(name: str) -> list[dict[str, Any]]:
    return lines(name) if present(name) is None else []


def _measured() -> set[str]:
    """What the sets that may only measure ask: left out, whoever else asks the same."""
    sets = ("xstest/prompts.csv", "harmless_instructions/prompts.csv")
    return {canonical(row["prompt"]).strip(_ENDS) for name in sets for row in _lines(name)}


def _believed(row: dict[str, str]) -> bool:
    if row["set"] == "harmfulqa":
        return _HARM.search(row["prompt"].lower()) is not None
    return row["category"] not in _LEFT_OUT


def parts(texts: Iterable[str]) -> list[list[str]]:
    """What the gate would score of each text: itself and its sentences."""
    return [passages(text) for text in texts]
