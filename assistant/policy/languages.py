"""Which language a text is in, well enough to know what a statistical rule may not judge.

By script, and for Latin script by the commonest little words. Short texts without any are
undecided (an empty answer), and undecided text is judged: a rule that skipped it would be
passed by writing in telegram style.
"""

from __future__ import annotations

import re
from typing import Final

from assistant.policy.canonical import canonical

_WORD: Final = re.compile(r"[^\W\d_]+")
_LITTLE: Final = {
    "en": "the a an of to and in is are was were i you he she it we they my your his her their "
    "this that what how do does did can could would should will with for on at from by not be "
    "have has me about if when where why which who there some any",
    "de": "der die das ein eine einen und oder nicht ist sind war ich du er sie es wir ihr mein "
    "dein wie was kann kannst wo warum wer mit für auf von zu den dem im am auch aber man mir",
    "fr": "le la les un une des et ou ne pas est sont je tu il elle nous vous mon ma mes ton "
    "comment que qui quoi pour dans sur avec du de ce cette puis peux peut au aux se",
    "es": "el la los las un una y o no es son yo tú él ella nosotros mi tu cómo como que qué "
    "quién para en con de del por se puedo puede al lo",
    "it": "il lo la gli le un una e o non è sono io tu lui lei noi mio tuo come che chi per in con "
    "di del della posso si al",
    "pt": "o a os as um uma e ou não é são eu tu você ele ela nós meu como que quem para em com de "
    "do da posso se ao no na",
    "nl": "de het een en of niet is zijn ik jij hij zij wij mijn hoe wat wie kan waar waarom met "
    "voor op van te in dat die",
}
LITTLE_WORDS: Final = {name: frozenset(canonical(words).split()) for name, words in _LITTLE.items()}
_SCRIPTS: Final = (
    ("ru", re.compile(r"[\u0400-\u04ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("hi", re.compile(r"[\u0900-\u0dff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\u1100-\u11ff\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
)
MOST_SEEN: Final = 20_000
"""Characters of a text that are looked at: enough to tell its language."""


def language_of(text: str) -> str:
    """A two-letter code, or nothing where the text does not say."""
    sample = text[:MOST_SEEN]
    letters = sum(char.isalpha() for char in sample) or 1
    latin = sum("a" <= char <= "z" for char in sample.lower())
    for name, script in _SCRIPTS:
        # A single look-alike letter is a disguise, half the text is a language.
        if len(script.findall(sample)) * 2 > letters and latin * 3 < letters:
            return name
    words = [word for word in _WORD.findall(canonical(sample)) if len(word) > 1]
    counts = {name: sum(word in little for word in words) for name, little in LITTLE_WORDS.items()}
    best = max(counts, key=lambda name: counts[name])
    if counts[best] < 2 or counts["en"] >= counts[best]:
        return "en" if counts["en"] else ""
    return best if counts[best] >= counts["en"] * 2 + 1 else ""


def little_words(text: str) -> int:
    """How many little English words of two letters or more stand in it."""
    words = _WORD.findall(text[:MOST_SEEN].lower())
    return sum(len(word) > 1 and word in LITTLE_WORDS["en"] for word in words)


def reads_as_words(text: str) -> bool:
    """Whether at least an eighth of the words are little English ones: text, not noise."""
    words = [word.lower() for word in _WORD.findall(text[:MOST_SEEN])]
    little = sum(word in LITTLE_WORDS["en"] for word in words)
    return len(words) >= 3 and little * 8 >= len(words)
