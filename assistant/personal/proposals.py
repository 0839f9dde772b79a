"""Proposals: what an act of feedback seems to say, as one line the user may accept.

Propose, do not assume. A proposal is read from what the *user* did: what they changed in
an answer, what they keep choosing, what they wrote in a note. It is never read from system
text, recalled text or the model's own words. The reading is deterministic: each rule
compares counts of the answer before and after. At most one proposal per act, and none that
the user already stated, was offered or rejected.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from assistant.personal.features import (
    Features,
    count_words,
    features,
    without_brackets,
    without_frame,
)
from assistant.personal.feedback import comparisons
from assistant.personal.preferences import read_preference
from assistant.personal.styles import Style, Wish
from assistant.vault.records import (
    Feedback,
    FeedbackKind,
    Preference,
    PreferenceSource,
    Turn,
)

REPEATED = 3
"""Choices that must agree before a taste is proposed from choices."""

AGREEMENT = 0.8
"""Share of the choices that differ in a style which must point the same way."""

SHORTER = 0.7
LONGER = 1.4
CLEAR_WORDS = 8
"""An edit changes the length when it goes below ``SHORTER`` or above ``LONGER`` of the
words, by at least ``CLEAR_WORDS`` words."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One line to offer, the preference it would become, and where it comes from.

    ``provenance`` is the id of the act of feedback; erasing that act erases the proposal.
    """

    offer: str
    text: str
    source: PreferenceSource
    provenance: str


# What is offered, and the sentence that is kept. The wordings are those the default 135M
# model followed most often (9 answers each): "Use emojis." 1, with an emoji in it 6; "Keep
# answers short." 5, the one below 9; "End with a question." 1, the one below 4.
SAYINGS: dict[str, tuple[str, str]] = {
    "shorter": ("short answers", "Answer briefly, in one or two sentences."),
    "longer": ("more detail", "Give more detail in answers."),
    "short lists": ("short lists", "Answer with short bullet lists."),
    "lists": ("lists over prose", "Use bullet points."),
    "prose": ("prose over lists", "Write prose, no bullet points."),
    "formal": ("a more formal tone", "Use a formal tone."),
    "casual": ("a more casual tone", "Use a casual tone."),
    "no emoji": ("answers without emoji", "Do not use emojis."),
    "emoji": ("answers with emoji", "Use emojis 😀 in your answer."),
    "no headings": ("answers without headings", "Do not use headings."),
    "headings": ("answers with headings", "Use headings."),
    "examples": ("answers with examples", 'Include an example that begins with "For example".'),
    "no examples": ("answers without examples", "Give no examples."),
    "no frame": ("answers without greetings or closing phrases",
                 "Skip greetings and closing phrases."),
    "closing question": ("answers that end with a question",
                 "End your answer by asking me a question."),
    "no closing question": ("answers that do not end with a question",
                            "Do not end with a question."),
    "no brackets": ("answers without brackets", "Do not use brackets."),
    "no hedging": ("answers without hedging", "Be direct, no hedging."),
    "hedging": ("uncertainty to be pointed out", "Say where you are unsure."),
    "no exclamation": ("answers without exclamation marks", "Do not use exclamation marks."),
    "code first": ("the code first", "Show the code first."),
    "simpler": ("plainer words", "Use simple words."),
    "harder": ("more technical language", "Use technical language."),
}  # fmt: skip


def propose(
    act: Feedback,
    turn: Turn,
    *,
    earlier: Iterable[tuple[Feedback, Turn]] = (),
    known: Sequence[Preference] = (),
) -> Proposal | None:
    """What this act seems to say, or None.

    ``earlier`` are the other acts (without undone ones), for tastes that show only in
    repetition; ``known`` are the preferences of *every* state, rejected ones included.
    """
    if act.undone:
        return None
    for saying, source in _readings(act, turn, earlier):
        offer, text = SAYINGS.get(saying, ("", saying))
        line = f"You seem to prefer {offer}." if offer else _quoting(text)
        proposal = Proposal(line, text, source, act.id)
        if not is_known(text, known):
            return proposal
    return None


def _readings(
    act: Feedback, turn: Turn, earlier: Iterable[tuple[Feedback, Turn]]
) -> Iterable[tuple[str, PreferenceSource]]:
    if act.kind is FeedbackKind.EDIT:
        for saying in read_edit(turn.answer, act.value):
            yield saying, PreferenceSource.EDIT
    elif act.kind is FeedbackKind.NOTE:
        for saying in read_note(act.value):
            yield saying, PreferenceSource.PROPOSED
    if act.kind in (FeedbackKind.CHOICE, FeedbackKind.EDIT):
        for saying in read_choices([*earlier, (act, turn)]):
            yield saying, PreferenceSource.CHOICE


# -- one edit ------------------------------------------------------------------------------

_Rule = tuple[str, Callable[[Features, Features], bool]]

_CHANGES: tuple[_Rule, ...] = (
    ("no emoji", lambda a, b: a.emoji > 0 == b.emoji),
    ("emoji", lambda a, b: a.emoji == 0 < b.emoji),
    ("code first", lambda a, b: a.code_first is False and b.code_first is True),
    ("closing question", lambda a, b: not a.asks_last and b.asks_last),
    ("lists", lambda a, b: a.items < 2 <= b.items),
    ("prose", lambda a, b: a.items >= 2 and b.items == 0 and b.sentences >= 2),
    ("headings", lambda a, b: a.headings == 0 < b.headings),
    ("no headings", lambda a, b: a.headings > 0 == b.headings),
    ("examples", lambda a, b: a.examples == 0 < b.examples),
    ("no examples", lambda a, b: a.examples > 0 == b.examples),
    ("no brackets", lambda a, b: a.brackets > 0 == b.brackets),
    ("no exclamation", lambda a, b: a.exclamations > 0 == b.exclamations),
    ("no closing question", lambda a, b: a.asks_last and not b.asks_last),
    ("no hedging", lambda a, b: a.hedges >= 2 and b.hedges == 0),
    ("hedging", lambda a, b: a.hedges == 0 and b.hedges >= 2),
    ("casual", lambda a, b: _tone(b) - _tone(a) <= -2),
    ("formal", lambda a, b: _tone(b) - _tone(a) >= 2),
    ("simpler", lambda a, b: _long_share(a) - _long_share(b) >= 0.10),
    ("harder", lambda a, b: _long_share(b) - _long_share(a) >= 0.10),
)


def read_edit(before: str, after: str) -> list[str]:
    """Names of the changes an edit shows, the most telling first; empty for none.

    Where an edit mostly shortens, what else disappeared says little, unless its
    disappearance is all there is.
    """
    if not after.strip() or before.strip() == after.strip():
        return []
    a, b = features(before), features(after)
    framed = (a.opening and not b.opening) or (a.closing and not b.closing)
    if framed and _only(without_frame(before), b):
        return ["no frame"]
    if a.brackets > 0 == b.brackets and _only(without_brackets(before), b):
        return ["no brackets"]
    changes = [name for name, shown in _CHANGES if shown(a, b)]
    shorter, longer = _shorter(a, b), _longer(a, b)
    if shorter and b.items >= 2:
        return ["short lists", *(name for name in changes if name in _ADDED)]
    if shorter:
        return [*(name for name in changes if name in _ADDED), "shorter"]
    if longer:
        return [*(name for name in changes if name in _ADDED), "longer"]
    return (["no frame"] if framed else []) + changes


_ADDED = frozenset({"closing question", "emoji", "headings", "examples", "code first", "prose"})
"""Changes that say something even where the length changed: adding is never incidental."""


def _shorter(a: Features, b: Features) -> bool:
    return b.words <= SHORTER * a.words and a.words - b.words >= CLEAR_WORDS


def _longer(a: Features, b: Features) -> bool:
    return b.words >= LONGER * a.words and b.words - a.words >= CLEAR_WORDS


def _only(expected: str, b: Features) -> bool:
    """Whether the edit left about what the named removal alone would have left."""
    words = count_words(expected)
    return words > 0 and abs(words - b.words) <= max(2, 0.1 * words)


def _tone(f: Features) -> int:
    return f.formal - f.informal


def _long_share(f: Features) -> float:
    return f.long_words / f.words if f.words >= 15 else 0.2


# -- choices and notes ---------------------------------------------------------------------

_DIRECTIONS: tuple[tuple[str, str, Callable[[Features], float], float], ...] = (
    ("shorter", "longer", lambda f: float(f.words), 12.0),
    ("prose", "lists", lambda f: float(f.items), 2.0),
    ("no emoji", "emoji", lambda f: float(f.emoji), 1.0),
    ("no headings", "headings", lambda f: float(f.headings), 1.0),
    ("no examples", "examples", lambda f: float(f.examples), 1.0),
    ("no closing question", "closing question", lambda f: float(f.asks_last), 1.0),
    ("no brackets", "", lambda f: float(f.brackets), 1.0),
    ("casual", "formal", lambda f: float(_tone(f)), 2.0),
    ("no exclamation", "", lambda f: float(f.exclamations), 1.0),
    ("simpler", "harder", _long_share, 0.10),
)


def read_choices(acts: Sequence[tuple[Feedback, Turn]]) -> list[str]:
    """Tastes that the choices and edits agree on, the most often confirmed first."""
    down: Counter[int] = Counter()
    up: Counter[int] = Counter()
    for act, turn in acts:
        for pair in comparisons(act, turn):
            better, worse = features(pair.better), features(pair.worse)
            for index, (_, _, measure, clear) in enumerate(_DIRECTIONS):
                step = measure(better) - measure(worse)
                down[index] += step <= -clear
                up[index] += step >= clear
    agreed = [
        (counts[index], saying)
        for index, (low, high, _, _) in enumerate(_DIRECTIONS)
        for counts, other, saying in ((down, up, low), (up, down, high))
        if saying
        and counts[index] >= REPEATED
        and counts[index] >= AGREEMENT * (counts[index] + other[index])
    ]
    return [saying for _, saying in sorted(agreed, key=lambda pair: -pair[0])]


_WISHED: dict[Wish, str] = {
    Wish(Style.LENGTH, -1): "shorter",
    Wish(Style.LENGTH, 1): "longer",
    Wish(Style.STRUCTURE, 1): "lists",
    Wish(Style.STRUCTURE, -1): "prose",
    Wish(Style.FORMALITY, 1): "formal",
    Wish(Style.FORMALITY, -1): "casual",
    Wish(Style.EMOJI, 1): "emoji",
    Wish(Style.EMOJI, -1): "no emoji",
    Wish(Style.HEADINGS, 1): "headings",
    Wish(Style.HEADINGS, -1): "no headings",
    Wish(Style.EXAMPLES, 1): "examples",
    Wish(Style.EXAMPLES, -1): "no examples",
    Wish(Style.GREETING, -1): "no frame",
    Wish(Style.QUESTION, 1): "closing question",
    Wish(Style.QUESTION, -1): "no closing question",
    Wish(Style.BRACKETS, -1): "no brackets",
    Wish(Style.EXCLAMATION, -1): "no exclamation",
    Wish(Style.HEDGING, 1): "hedging",
    Wish(Style.HEDGING, -1): "no hedging",
    Wish(Style.DIRECTNESS, 1): "no hedging",
    Wish(Style.CODE_FIRST, 1): "code first",
    Wish(Style.READING_LEVEL, -1): "simpler",
    Wish(Style.READING_LEVEL, 1): "harder",
}

# What says something of the person, or how answers ought to be from now on. A remark on
# the one answer ("this is wrong about soap", "no, it closed in May") is neither.
_STANDING = re.compile(
    r"""^(?:(?:please|but|and|also|in\ (?:the\ )?future|from\ now\ on|next\ time)[\s,]+)*(?:
    i(?:'m|'d|\ am|\ prefer|\ like|\ love|\ hate|\ dislike|\ avoid|\ never|\ always|\ only|\ want
       |\ need|\ would|\ don't|\ dont|\ do\ not|\ can't|\ cant|\ live|\ work|\ have)
    |always|never|remember|my|(?:no|fewer|less|more)(?=\ \w+)|you\ (?:should|can|may|could|need\ to)
    |(?:don't|dont|do\ not)|answer|reply|respond|write|speak|say|explain|describe|use|give|show
    |include|mention|add|put|start|begin|end|finish|be|keep|make|call|address|tell|ask|assume
    |avoid|skip|stop|drop|omit|leave\ out|cite|quote|translate|convert|format|prefer)\b""",
    re.IGNORECASE | re.VERBOSE,
)
LONGEST_STATEMENT = 120
"""Characters of a note that may become a preference in its own words."""


def read_note(note: str) -> list[str]:
    """What a note wishes for, from now on.

    A wish with a wording of its own is proposed in that ("too long": short answers); one
    with a condition, in another language or of another kind in the words of the note.
    """
    plain = " ".join(note.replace("’", "'").split())
    reading = read_preference(plain)
    wishes = {w.style: w for w in reading.wishes}
    if reading.condition or not any(wish in _WISHED for wish in wishes.values()):
        standing = _STANDING.match(plain) is not None and " " in plain
        return [plain] if standing and len(plain) <= LONGEST_STATEMENT else []
    short = wishes.get(Style.LENGTH) == Wish(Style.LENGTH, -1)
    if short and wishes.get(Style.STRUCTURE) == Wish(Style.STRUCTURE, 1):
        return ["short lists"]
    return [_WISHED[wish] for wish in wishes.values() if wish in _WISHED]


def _quoting(text: str) -> str:
    return f"Remember this: {text}"


def is_known(text: str, known: Sequence[Preference]) -> bool:
    """Whether a preference of any state, rejected ones too, says this already."""
    wishes = set(read_preference(text).wishes)
    return any(
        p.text.strip().lower() == text.strip().lower()
        or (wishes and wishes <= set(read_preference(p.text).wishes))
        for p in known
    )
