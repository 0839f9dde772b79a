"""Simulated users: a hidden taste, how they judge an answer, how they would edit it.

Deliberately written without the product's features or word lists: what the profile
measures must not be what it is judged by. The last two tastes of each list have no
dimension in the profile; they can only be learned through preferences and candidates.

The wordings of style instructions were once chosen by how many answers passed the checks
of ``TASTES``. The checks of ``FRESH`` and every question of ``HELD_OUT`` were written
afterwards and have chosen nothing: figures on them are not flattered by that.
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


def _share_of_long(text: str) -> float:
    found = re.findall(r"[A-Za-z]+", text)
    return sum(len(word) >= 9 for word in found) / len(found) if found else 0.0


def _shortest_words(text: str) -> str:
    return " ".join(sorted(_sentences(text), key=_share_of_long)[:2]) or text[:100]


def _mostly_list(text: str) -> bool:
    written = [line for line in text.splitlines() if line.strip()]
    return _list_lines(text) >= 2 and 2 * _list_lines(text) >= len(written)


_CHATTY = (
    r"(?i)!|\b(?:lots? of|kind of|sort of|a bit|stuff|things|okay|gonna|just|really|pretty|kids)\b"
    r"|(?:^|[.?!]\s+)(?:and|but|so|well)\b|\byou(?:'|’)(?:re|ll|ve)\b"
)


def _businesslike(text: str) -> str:
    return "Kindly note the following. " + re.sub(_CHATTY, "", text).strip()


_ILLUSTRATES = r"(?i)\bexamples?\b|\bsuch as\b|\bimagine\b|\bsuppose\b|\bsay you\b"
_INTERJECTION = (
    r"(?i)^\s*(?:sure|certainly|of course|great|hello|hi|hey|absolutely|i'm|i am|as an|thank|well|"
    r"that's)\b[^.!\n]*[.!:]?\s*"
)
_PLEASANTRY = (
    r"(?i)\b(?:hope|happy to|glad to|feel free|let me know|good luck|enjoy)\b[^.!?]*[.!?]?\s*$"
)


def _closing(text: str) -> str:
    return text.strip()[-len(text.strip()) // 4 :]


FRESH = (
    Taste("few sentences", lambda t: len(_sentences(t)) <= 3, lambda t: _first(t, 2),
          r"short|brief"),
    Taste("mostly a list", _mostly_list,
          lambda t: "\n".join(f"* {s}" for s in _sentences(t)[:4]), r"bullet|list"),
    Taste("businesslike", lambda t: not re.search(_CHATTY, t), _businesslike, r"formal"),
    Taste("few long words", lambda t: _share_of_long(t) <= 0.08, _shortest_words, r"simple|short"),
    Taste("pictures in text",
          lambda t: any(0x2600 <= ord(c) <= 0x2B50 or ord(c) >= 0x1F000 for c in t),
          lambda t: f"⭐ {t.strip()}", r"emoji"),
    Taste("illustrated", lambda t: bool(re.search(_ILLUSTRATES, t)),
          lambda t: f"{t.strip()} An example: five minutes a day are enough.", r"example"),
    Taste("no small talk",
          lambda t: not re.search(_INTERJECTION, t) and not re.search(_PLEASANTRY, t),
          lambda t: re.sub(_PLEASANTRY, "", re.sub(_INTERJECTION, "", t)),
          r"greeting|direct|hedg"),
    Taste("asks something near its end", lambda t: "?" in _closing(t),
          lambda t: f"{t.strip()} Which part would you like to hear more about?", r"question"),
    Taste("under headings",
          lambda t: bool(re.search(r"(?m)^#{1,4} \S|^\*\*[^*\n]+\*\*:?\s*$", t)),
          lambda t: f"# In short\n\n{t.strip()}", r"heading"),
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
    "How do I choose a good melon?", "Why is the sea salty?", "How can I learn to swim?",
    "What is a glacier?", "How do I pack a suitcase well?", "Tell me about the Amazon river.",
    "Why do people yawn?", "How do I look after a wooden table?", "What does a judge do?",
    "How can I read more books?", "What is a solar eclipse?", "How do I make a good soup?",
    "Why do bees matter?", "How can I speak in public without fear?", "What is democracy?",
    "How do I keep houseplants alive?", "Tell me about the Sahara.", "Why do we need sleep?",
    "How do I start a small garden?", "What is a vaccine?", "How can I improve my handwriting?",
    "Why does bread rise?", "How do I get to know my neighbours?", "What is electricity?",
)  # fmt: skip
