"""A proposal in the model's phrasing and the person's own words.

Where the deterministic reading of an edit or a note finds nothing, a large enough model may
put it into one sentence. A grammar leaves it no words but those the person wrote into the
edit or the note, so that nothing of the model's, of the system's or of anything recalled
can become a preference; it may always say that there is nothing to say.

On 40 writers' edits the default model of 135 million parameters gave no sentence whose
words were supported when it was free, and none that made sense under the grammar. Hence
``LEAST_PARAMETERS``.
"""

from __future__ import annotations

import re

from assistant.personal.lexicon import LISTS
from assistant.vault.records import Feedback, FeedbackKind, Turn

LEAST_PARAMETERS = 1_000_000_000
MAX_OWN = 80
MAX_TOKENS = 32
NOTHING = "None."

_VERBS = ("Prefer", "Avoid", "Use", "Keep")
_SMALL = ("the", "a", "of", "to", "and", "or", "in", "with", "no", "my", "for", "on", "about")
_WORD = re.compile(r"[^\W\d_]{3,24}")
_ANY_WORD = re.compile(r"[^\W\d_]+")
_KINDS = {FeedbackKind.EDIT, FeedbackKind.NOTE}


def own_words(act: Feedback, turn: Turn) -> tuple[str, ...]:
    """What the person wrote in the act, in order, each once; empty for other acts.

    Of an edit only what the answer did not hold already counts: that was the model's.
    """
    if act.kind not in _KINDS or act.undone:
        return ()
    given = set(_words(turn.answer)) if act.kind is FeedbackKind.EDIT else set()
    new = (word for word in _words(act.value) if word not in given and _carries(word))
    return tuple(dict.fromkeys(new))[:MAX_OWN]


def can_be_phrased(words: tuple[str, ...]) -> bool:
    """Whether there is enough of the person's own to make a sentence of."""
    return len(words) >= 2


def grammar(words: tuple[str, ...]) -> str:
    """GBNF for one sentence of closed form over these words; they hold letters only."""
    own = " | ".join(f'"{word}"' for word in words)
    small = " | ".join(f'"{word} "' for word in _SMALL)
    verbs = " | ".join(f'"{verb} "' for verb in _VERBS)
    return (
        f'root ::= "{NOTHING}" | verb phrase (" when " phrase)? "."\n'
        'phrase ::= part (" " part (" " part (" " part)?)?)?\n'
        "part ::= small? own\n"
        f"verb ::= {verbs}\nsmall ::= {small}\nown ::= {own}\n"
    )


def asking(act: Feedback) -> str:
    """What the model is asked; the answer it is about stands in the conversation before."""
    if act.kind is FeedbackKind.EDIT:
        did = f"I rewrote your answer like this: {act.value[:1_000]}"
    else:
        did = f"Of your answer I say: {act.value[:1_000]}"
    return (
        f"{did}\n\nIn one short sentence, what should you do in future answers? "
        f"If that is not clear, say {NOTHING}"
    )


def supported(sentence: str, words: tuple[str, ...]) -> bool:
    """Whether it has the form, says something, and says it in the person's own words."""
    verb, _, rest = sentence.partition(" ")
    said = [word for word in _words(rest) if word not in _SMALL and word != "when"]
    return (
        verb in _VERBS
        and sentence.endswith(".")
        and len(set(said)) == len(said) >= 2
        and set(said) <= set(words)
    )


def _words(text: str) -> list[str]:
    return [word.lower() for word in _ANY_WORD.findall(text[:20_000])]


def _carries(word: str) -> bool:
    return _WORD.fullmatch(word) is not None and word not in LISTS["function"]
