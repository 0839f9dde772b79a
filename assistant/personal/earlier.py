"""Earlier turns, and what the user thought of them, as candidates for recall.

Only the user's own words of an earlier turn are ever recalled as memory, never the
model's: of what mem0 stored, 97.8 % was junk that came from system text, recalled text and
the model's own words. An answer is shown again only where the user rated, chose or edited
it, and then as an example of form.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence

from assistant.personal.considered import Considered
from assistant.personal.feedback import lesson
from assistant.personal.relevance import Asked
from assistant.personal.vectors import unit_vector
from assistant.personal.words import subject_stems
from assistant.vault.records import Feedback, ItemKind, Turn

SAME_QUESTION = 0.60
"""Cosine from which an earlier turn is about the same: measured between own paraphrases."""

COVERED = 0.75
"""Share of the question's words an earlier turn must hold while there are no vectors."""


def fuse(bm25: Mapping[str, float], dense: Mapping[str, float]) -> dict[str, float]:
    """Half and half after dividing each list by its maximum; each between 0 and 1.

    On LoCoMo this beat reciprocal-rank fusion (design.md section 6).
    """
    found: dict[str, float] = {}
    for scores in (bm25, dense):
        top = max([0.0, *scores.values()])
        for identity, score in scores.items():
            share = max(0.0, score) / top if top > 0 else 0.0
            found[identity] = found.get(identity, 0.0) + share / 2
    return found


def weigh_turns(
    turns: Mapping[str, Turn],
    acts: Sequence[Feedback],
    asked: Asked,
    bm25: Mapping[str, float],
    dense: Mapping[str, float],
) -> list[Considered]:
    """Each turn, and each act on it that teaches something, with its scores."""
    fused = fuse(bm25, dense)
    weighed: list[Considered] = []
    for identity in sorted(turns):
        turn, cosine = turns[identity], dense.get(identity)
        same = _same(asked, turn, cosine)
        ranked = standing(asked, turn.question, fused.get(identity, 0.0))
        scores = (ranked, bm25.get(identity, 0.0), cosine or 0.0)
        told = same and tells(turn.question)
        weighed.append(_item(ItemKind.TURN, identity, turn.question, scores, told))
        for act in acts:
            taught = lesson(act, turn) if act.turn_id == identity else None
            if taught is not None:
                item = _item(ItemKind.FEEDBACK, act.id, taught.text, scores, same)
                weighed.append(item.with_role(taught.role))
    return weighed


TELLS_WHEN = 0.15
ASKS = 0.16
SAYS_MUCH = 0.10
OF_ONESELF = 0.03
"""What a message is worth as evidence, whatever it is about (measured on LoCoMo): that it says
when, where when is asked; that it does not itself ask; that it says something at length (30
words and more count fully); that somebody speaks of themselves."""

_WHEN = re.compile(r"\s*(?:when|how long)\b", re.IGNORECASE)
_TIME = re.compile(
    r"""\b(?:yesterday|today|tonight|tomorrow|ago|recently|just|soon|since|weekend
        |(?:last|next|this)\ (?:week|month|year|night|weekend|morning|summer|winter|\w+day)
        |(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july
        |august|september|october|november|december|(?:19|20)\d\d|(?:year|month|week|day)s?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_ONESELF = re.compile(r"\b(?:i|my|we|our|i'm|i've)\b", re.IGNORECASE)


def standing(asked: Asked, said: str, fused: float) -> float:
    """The fused score of an earlier message with what it is worth as evidence, 0 to 1."""
    plain = said.replace("’", "'")
    worth = TELLS_WHEN * bool(_WHEN.match(asked.text) and _TIME.search(plain))
    worth += ASKS * (not plain.rstrip().endswith("?"))
    worth += SAYS_MUCH * min(1.0, len(plain.split()) / 30)
    worth += OF_ONESELF * (_ONESELF.search(plain) is not None)
    return (fused + worth) / (1.0 + TELLS_WHEN + ASKS + SAYS_MUCH + OF_ONESELF)


_TELLS = re.compile(
    r"\b(?:i(?:'m| am|'ve| have|'d| had| was| will|'ll| live| work| like| love| need| want| prefer"
    r"| hate| own| bought| went| use| study| speak| play| moved| started)"
    r"|my|we(?:'re| are| have)|our)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"\?\s*$|^\s*(?:what|who|when|where|why|how|which|can|could|do|does|is|are)\b", re.IGNORECASE
)


def tells(said: str) -> bool:
    """Whether an earlier message tells something about its author instead of only asking.

    "My name is Ada" is worth remembering; that a dinner recipe was once asked for is not,
    and shown to a small model it derails the answer.
    """
    plain = said.replace("’", "'")
    sentences = [s for s in re.split(r"(?<=[.!?\n])\s+", plain) if s.strip()]
    return any(_TELLS.search(s) and not _ASKS.search(s) for s in sentences)


def _same(asked: Asked, turn: Turn, cosine: float | None) -> bool:
    if cosine is not None:
        return cosine >= SAME_QUESTION
    wanted = set(asked.stems)
    return len(wanted) >= 2 and len(wanted & subject_stems(turn.question)) >= COVERED * len(wanted)


def _item(
    kind: ItemKind, identity: str, text: str, scores: tuple[float, float, float], same: bool
) -> Considered:
    score, bm25, dense = scores
    return Considered(kind, identity, text, score, bm25, dense, same, "" if same else "unrelated")


REACHES = (1, 2)
"""How many turns to each side the windows reach whose vectors a turn's own is averaged with."""


def windows(said: Mapping[int, str], position: int) -> list[str]:
    """A turn among its neighbours of the same conversation, as embedded beside the turn.

    ``said`` is what was said at each position; what is empty or missing is left out.
    """
    return [
        " ".join(
            text
            for near in range(position - reach, position + reach + 1)
            if (text := said.get(near, "")).strip()
        )
        for reach in REACHES
    ]


def averaged(vectors: Sequence[bytes]) -> bytes:
    """The unit-length mean of unit vectors: of a turn and of its windows, before indexing.

    Raises ValueError for none, for another length, or when they cancel out.
    """
    units = [unit_vector(vector) for vector in vectors]
    if not units:
        raise ValueError("there is nothing to average")
    layout = f"<{len(units[0])}f"
    total = struct.pack(layout, *(sum(column) for column in zip(*units, strict=True)))
    return struct.pack(layout, *unit_vector(total))
