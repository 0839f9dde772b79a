"""The domain a text is about, read from everyday words: what partitions memories.

A preference about food has no business in a question about code, however alike the two
sentences look to an embedding; and "I am vegetarian" matters for "what shall I cook"
although the sentences share no word. A word list does both, needs no model, and can be
read. A text may touch several domains or none; none means "cannot tell", never "nothing".

An unasked-for memory hurts most in some domains. A ``PRIVATE`` one is recalled only for a
question in that same domain. While only words can be compared, a ``DISCREET`` one (a nut
allergy, a faith) needs a question that shares any domain with it; with vectors that rule
stopped no leak and cost one right memory in twenty.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from assistant.personal.lexicon import LISTS
from assistant.personal.words import stem, words

PRIVATE = frozenset({"intimacy", "diary", "crime"})
DISCREET = frozenset({"health", "belief"})

_BY_STEM: dict[str, tuple[str, ...]] = {}
for _list, _words in LISTS.items():
    _domain = _list.removeprefix("domain ")
    for _word in sorted(_words) if _domain != _list else ():
        _key = stem(_word.replace("-", ""))
        _BY_STEM[_key] = tuple(dict.fromkeys((*_BY_STEM.get(_key, ()), _domain)))


@lru_cache(maxsize=4_096)
def domains(text: str) -> frozenset[str]:
    """The domains a text touches, at most three, the most often named first to stay."""
    seen: Counter[str] = Counter()
    for word in dict.fromkeys(words(text.replace("-", ""))):
        for domain in _BY_STEM.get(stem(word.removesuffix("'s")), ()):
            seen[domain] += 1
    if not seen:
        return frozenset()
    ranked = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
    floor = ranked[0][1] / 3
    return frozenset(d for d, n in ranked[:4] if n >= floor)


def private(about: frozenset[str], asked: frozenset[str]) -> bool:
    """Whether a memory of domains ``about`` is for questions of its own domain only."""
    return bool((about & PRIVATE) - asked)


def kept_back(about: frozenset[str], asked: frozenset[str]) -> bool:
    """Whether words alone must keep a memory of domains ``about`` from this question."""
    return private(about, asked) or (bool(about & DISCREET) and not about & asked)
