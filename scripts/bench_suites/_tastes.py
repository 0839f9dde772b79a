"""Simulated users: a hidden taste, how they judge an answer, how they would edit it.

Deliberately written without the product's features or word lists: what the profile
measures must not be what it is judged by. The last two tastes have no dimension in the
profile; they can only be learned through preferences and candidates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Taste:
    """``holds`` judges an answer, ``mend`` edits one, ``agrees`` is what they say yes to."""

    name: str
    holds: Callable[[str], bool]
    mend: Callable[[str], str]
    agrees: str


def _sentences(text: str) -> list[str]:
    plain = re.sub(r"(?m)^\s*(?:[-*]|\d+[.)])\s+", "", text).replace("\n", " ")
    return [s.strip() for s in re.split(r"(?<=[.!?])\s+", plain) if len(s.split()) > 2]


def _first(text: str, count: int) -> str:
    return " ".join(_sentences(text)[:count]) or text.strip()[:200]


def _list_lines(text: str) -> int:
    return sum(bool(re.match(r"\s*(?:[-*•]|\d+[.)])\s", line)) for line in text.splitlines())


def _word_length(text: str) -> float:
    found = re.findall(r"[A-Za-z]+", text)
    return sum(map(len, found)) / len(found) if found else 0.0


def _plainest(text: str) -> str:
    return " ".join(sorted(_sentences(text), key=_word_length)[:2]) or text[:100]


_SPOKEN = {"n't": " not", "'re": " are", "'ll": " will", "'ve": " have", "'m": " am"}


def _written(text: str) -> str:
    for spoken, written in _SPOKEN.items():
        text = text.replace("’", "'").replace(spoken, written)
    text = re.sub(r"\b(it|that|there|here|what)'s\b", r"\1 is", text, flags=re.IGNORECASE)
    return "It is advisable to note the following. " + text.replace("!", ".")


def _is_written(text: str) -> bool:
    return not re.search(r"\w['’](?:t|re|ll|ve|m|s)\b|!|\b(?:hey|yeah|cool|guys)\b", text.lower())


_COURTESY = (
    r"(?i)^\s*(?:sure|certainly|of course|great question|hello|hi|absolutely)\b[^.!\n]*[.!]?\s*"
)
_GOODBYE = (
    r"(?i)(?:i hope|hope this|let me know|feel free|good luck|if you have any)[^.!?]*[.!?]?\s*$"
)


TASTES = (
    Taste("short", lambda t: len(t.split()) <= 60, lambda t: _first(t, 2), r"short"),
    Taste("lists", lambda t: _list_lines(t) >= 2,
          lambda t: "\n".join(f"- {s}" for s in _sentences(t)[:4]), r"bullet|list"),
    Taste("formal", _is_written, _written, r"formal"),
    Taste("plain words", lambda t: _word_length(t) <= 4.6, _plainest, r"simple|short"),
    Taste("emoji", lambda t: any(ord(c) >= 0x1F300 for c in t), lambda t: f"{t.strip()} 🙂",
          r"emoji"),
    Taste("examples", lambda t: bool(re.search(r"(?i)for example|for instance|e\.g\.", t)),
          lambda t: f"{t.strip()} For example, begin with five minutes a day.", r"example"),
    Taste("direct", lambda t: not re.search(_COURTESY, t) and not re.search(_GOODBYE, t),
          lambda t: re.sub(_GOODBYE, "", re.sub(_COURTESY, "", t)), r"greeting|direct|hedg"),
    Taste("ends with a question", lambda t: t.strip()[-1:] == "?",
          lambda t: f"{t.strip()} Would you like to know more?", r"question"),
    Taste("no brackets", lambda t: "(" not in t and ")" not in t,
          lambda t: re.sub(r"\s*\([^)]*\)", "", t), r"bracket"),
)  # fmt: skip

TRAINING = (
    "Why should I drink water?", "How can I sleep better?", "What is inflation?",
    "How do I clean a bicycle?", "Tell me about Rome.", "How do I prepare for an interview?",
    "Why do cats purr?", "How do I start running?", "What is a good breakfast?",
    "How does a battery work?", "Why is the sky blue?", "How do I save money?",
    "What is photosynthesis?", "How can I learn to cook?", "What causes thunder?",
    "How do I write a good letter?", "Why do we dream?", "How do plants grow?",
    "What makes a good friend?", "How do I plan a trip?",
)  # fmt: skip

HELD_OUT = (
    "What is a good way to learn guitar?", "How do I stay healthy in winter?",
    "Why do leaves change colour?", "How do I care for a house plant?",
    "What is gravity?", "How can I remember names?", "Tell me about the Moon.",
    "How do I make new friends?",
)  # fmt: skip

FACTS = (
    ("What is the capital of France?", "paris"),
    ("What is the capital of Italy?", "rome"),
    ("How many days are in a week?", r"seven|\b7\b"),
    ("What colour is the sky on a clear day?", "blue"),
    ("Who wrote Romeo and Juliet?", "shakespeare"),
    ("What is the chemical formula of water?", "h2o|h₂o"),
    ("Which planet do we live on?", "earth"),
    ("What do bees make?", "honey"),
    ("What is the largest ocean?", "pacific"),
    ("How many legs does a spider have?", r"eight|\b8\b"),
    ("What is frozen water called?", r"\bice\b"),
    ("What is the opposite of hot?", "cold"),
)
