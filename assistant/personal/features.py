"""What can be counted in an answer: the ground on which style is learned.

Pure. Every figure is one a person could check by hand, so that the profile built on them
can be read. Code blocks count as code, never as prose, lists or brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARS = 100_000

_FENCE = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_BULLET = re.compile(r"^\s{0,8}(?:[-*+•–]|\d{1,3}[.)])\s+\S", re.MULTILINE)
_MARKER = re.compile(r"^\s{0,8}(?:[-*+•–]|\d{1,3}[.)])\s+", re.MULTILINE)
_HEADING = re.compile(r"^(?:#{1,6}\s+\S.*|\*\*[^*\n]{2,60}\*\*:?\s*)$", re.MULTILINE)
_EMOJI = re.compile(
    "[\U0001f300-\U0001faff\u2600-\u27bf\U0001f1e6-\U0001f1ff\u2b50\u2b55]|(?<!\\S)[:;]-?[)(DP](?!\\S)"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:[.,]\d+)*")
_SENTENCE_END = re.compile(r"[.!?…]+(?=[\s\"”')\]]|$)|\n+")
_BRACKETED = re.compile(r"[(\[][^()\[\]\n]{1,200}[)\]](?!\()")
_HEDGE = re.compile(
    r"\b(?:perhaps|maybe|might|may|could|possibly|probably|seems?|appears?|generally|usually|likely"
    r"|in general|tend(?:s)? to|it depends|i think|i believe|not (?:entirely )?(?:sure|certain)"
    r"|to some extent|arguably|sort of|kind of|however)\b",
    re.IGNORECASE,
)
_EXAMPLE = re.compile(
    r"\b(?:for example|for instance|e\.g\.|such as|example:|as an example|imagine|let's say|say,)",
    re.IGNORECASE,
)
_INFORMAL = re.compile(
    r"\b(?:hey|hi|yeah|yep|nope|gonna|wanna|gotta|kinda|cool|awesome|stuff|okay|ok|super|folks"
    r"|guys|no worries|you bet|a bunch|pretty much|lots of|check out)\b"
    r"|\b\w+['’](?:ll|re|ve|d|s|t|m)\b",
    re.IGNORECASE,
)
_FORMAL = re.compile(
    r"\b(?:therefore|furthermore|moreover|consequently|hence|thus|accordingly|regarding|pursuant"
    r"|nevertheless|nonetheless|whereas|shall|kindly|sincerely|additionally|in accordance"
    r"|utili[sz]e"
    r"|dear (?:sir|madam)|one (?:should|must|may)|it is (?:advisable|recommended|important))\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^\s*(?:(?:hi|hello|hey|greetings|dear|good (?:morning|afternoon|evening))\b[^.!?\n]*[.!?,]"
    r"|(?:sure|certainly|of course|absolutely|great question|good question|i'd be happy|i would be"
    r" happy|i'm happy|happy to help|thank you for|thanks for|what a)\b[^.!?:\n]*[.!?:])\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(?:^|(?<=[.!?\n\s]))(?:(?:i )?hope (?:this|that) helps|let me know|feel free|good luck|enjoy"
    r"|have a (?:great|nice|good)|if you (?:have|need) any|please (?:let me know|feel free)"
    r"|best (?:regards|wishes)|take care|happy \w+ing)\b[^.!?\n]*[.!?]*\s*[^\w.!?]*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Features:
    """Counts of one answer; ``code_first`` is None where there is no code."""

    words: int
    sentences: int
    items: int
    headings: int
    emoji: int
    exclamations: int
    brackets: int
    hedges: int
    examples: int
    informal: int
    formal: int
    long_words: int
    opening: bool
    closing: bool
    asks_last: bool
    code_first: bool | None


@lru_cache(maxsize=512)
def features(answer: str) -> Features:
    """Count. Empty text gives zeros; only the first ``MAX_CHARS`` characters are read."""
    text = answer[:MAX_CHARS].strip()
    prose = _FENCE.sub("\n", text)
    words = _WORD.findall(prose)
    bare = _MARKER.sub("", prose)
    return Features(
        words=len(words),
        sentences=len([part for part in _SENTENCE_END.split(bare) if _WORD.search(part)]),
        items=len(_BULLET.findall(prose)),
        headings=len(_HEADING.findall(prose)),
        emoji=len(_EMOJI.findall(prose)),
        exclamations=prose.count("!"),
        brackets=len(_BRACKETED.findall(bare)),
        hedges=len(_HEDGE.findall(prose)),
        examples=len(_EXAMPLE.findall(prose)),
        informal=len(_INFORMAL.findall(prose)),
        formal=len(_FORMAL.findall(prose)),
        long_words=sum(len(word) >= 8 for word in words),
        opening=_OPENING.match(prose) is not None,
        closing=_CLOSING.search(prose) is not None,
        asks_last=prose.rstrip(' \n*_"”)').endswith("?"),
        code_first=text.startswith("```") if "```" in text else None,
    )


def without_frame(answer: str) -> str:
    """The answer without an opening greeting or phrase and without a closing one."""
    text = answer.strip()
    for _ in range(2):
        text = _OPENING.sub("", text, count=1)
    for _ in range(3):
        text = _CLOSING.sub("", text, count=1).rstrip()
    return text


def without_brackets(answer: str) -> str:
    """The answer without what stands in brackets."""
    return _BRACKETED.sub("", answer)


def count_words(text: str) -> int:
    """Words outside code blocks."""
    return features(text).words
