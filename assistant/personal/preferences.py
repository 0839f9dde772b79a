"""Reading a preference stated in plain words: what it is about, and whom it contradicts.

Pure and deterministic. "Keep it short when I ask about code" is a wish about style
(length, down) under a condition (code); "I am vegetarian" is a topical preference (food).
The difference decides how each is recalled: wishes about style apply to every answer
within their scope, topical ones only where they matter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from assistant.personal.domains import domains
from assistant.personal.styles import SUITS_A_FACT, Style, Wish, read_wishes
from assistant.personal.words import subject_stems
from assistant.vault.records import Preference, PreferenceState, Scope

MAX_PREFERENCE_CHARS = 500
"""A preference is a short sentence; longer text belongs in a chat or a project."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a preference says: wishes about style, its condition, its domains, its span."""

    wishes: tuple[Wish, ...]
    condition: str
    domains: frozenset[str]
    expires_after: timedelta | None = None

    @property
    def is_style(self) -> bool:
        """Whether it is about the form of answers and not about a subject."""
        return bool(self.wishes)


_CONDITION = re.compile(
    r"""(?<!\bas\ )\b(?:when(?:ever)?|if)\ (?:i(?:\ ask|\ am\ asking|'m\ asking|\ talk|\ write)?|we
        |it\ is|it's|the\ question\ is|you|asked|asking)\b\s*(?:you\s+)?(?:about|for|on|to)?
        \s*([^.,;]{2,60})
    |\b(?:for|in|about|on)\s+(?:my\s+)?([\w\ -]{2,30}?)\s+
        (?:questions?|topics?|chats?|matters?|tasks?)\b
    |\b(?:for|in)\ (?:my\ )?(code|coding|e-?mails?|letters|reports|recipes|travel|maths?|essays)\b
    |^\s*(?:please\ )?(?:keep|make|write)\ (?:my\ |all\ )?
        (e-?mails?|letters|code|recipes|reports|essays)\ \w+""",
    re.IGNORECASE | re.VERBOSE,
)
_UNTIL = re.compile(
    r"""\b(?:for\ (?:today|now)|today|tonight|this\ (?:week|month)
        |for\ (?:the\ next\ )?(a|one|two|three|\d{1,3})\ (day|week|month)s?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SPANS = {"day": 1, "week": 7, "month": 30}
_NUMBERS = {"a": 1, "one": 1, "two": 2, "three": 3}


@lru_cache(maxsize=2_048)
def read_preference(text: str) -> Reading:
    """Read one sentence. Never raises; what is not evident stays empty."""
    plain = " ".join(text[:MAX_PREFERENCE_CHARS].replace("’", "'").split())
    condition = _condition(plain)
    about = domains(condition) if condition else frozenset()
    return Reading(read_wishes(plain), condition, about or domains(plain), _span(plain))


def _condition(plain: str) -> str:
    found = _CONDITION.search(plain)
    if found is None:
        return ""
    return next(group for group in found.groups() if group).strip()


def _span(plain: str) -> timedelta | None:
    found = _UNTIL.search(plain)
    if found is None:
        return None
    number, unit = found.group(1), found.group(2)
    if number and unit:
        days = _NUMBERS.get(number.lower()) or int(number)
        return timedelta(days=days * _SPANS[unit.lower()])
    said = found.group().lower()
    return timedelta(days=30 if "month" in said else 7 if "week" in said else 1)


def live(preference: Preference, now: datetime) -> bool:
    """Whether it is active and not expired."""
    expired = preference.expires is not None and preference.expires <= now
    return preference.state is PreferenceState.ACTIVE and not expired


def conflicts(one: Preference, other: Preference) -> bool:
    """Whether following both is impossible: opposite wishes where both would apply.

    Only what is evident: opposite directions of one style dimension, or the same subject
    once liked and once refused, with scopes and conditions that meet.
    """
    if one.id == other.id or not _scopes_meet(one, other):
        return False
    a, b = read_preference(one.text), read_preference(other.text)
    if bool(a.condition) != bool(b.condition):
        return False  # said for an occasion, it is an exception: recall takes the narrower
    if a.condition and not a.domains & b.domains:
        return False
    return contradict(one.text, other.text)


def contradict(one: str, other: str) -> bool:
    """Whether two preferences that both apply ask for opposite things, whatever their scope."""
    a, b = read_preference(one), read_preference(other)
    opposite = {(w.style, -w.direction) for w in a.wishes if w.direction}
    if any((w.style, w.direction) in opposite for w in b.wishes):
        return True
    return not a.wishes and not b.wishes and _likes_against_dislikes(one, other)


def narrowness(preference: Preference) -> int:
    """How little it applies to: everywhere 0, a project 1, a topic or a condition 2, a chat 3."""
    conditioned = 2 if read_preference(preference.text).condition else 0
    return max(_NARROWNESS[preference.scope], conditioned)


_NARROWNESS = {Scope.ALWAYS: 0, Scope.PROJECT: 1, Scope.TOPIC: 2, Scope.CHAT: 3}


def stands_back_from_facts(preference: Preference) -> bool:
    """Whether it is a wish about the form of every answer that a plain fact suffers by.

    What was said for an occasion does not stand back, nor what suits a fact; which language
    to answer in and how to be addressed are no matter of form.
    """
    wishes = set(read_preference(preference.text).wishes)
    formal = not {wish.style for wish in wishes} & _NO_FORM
    return formal and not wishes <= SUITS_A_FACT and narrowness(preference) == 0


_NO_FORM = {Style.LANGUAGE, Style.ADDRESS}


def conflicting(preference: Preference, others: Sequence[Preference]) -> tuple[str, ...]:
    """Ids of those among ``others`` that contradict it, in their order."""
    return tuple(other.id for other in others if conflicts(preference, other))


def duplicates(one: Preference, other: Preference) -> bool:
    """Whether the two say the same within the same scope, so that one may be merged away."""
    if one.id == other.id or (one.scope, one.scope_ref) != (other.scope, other.scope_ref):
        return False
    a, b = read_preference(one.text), read_preference(other.text)
    if a.wishes or b.wishes:
        same = set(a.wishes) == set(b.wishes) and a.condition.lower() == b.condition.lower()
        return same and _alike(one.text, other.text) >= 0.5
    return _alike(one.text, other.text) >= 0.75 and _refuses(one.text) == _refuses(other.text)


def same_as(preference: Preference, others: Sequence[Preference]) -> tuple[str, ...]:
    """Ids of those among ``others`` that say the same, in their order."""
    return tuple(other.id for other in others if duplicates(preference, other))


def _scopes_meet(one: Preference, other: Preference) -> bool:
    if one.scope is other.scope:
        return one.scope is Scope.ALWAYS or one.scope_ref == other.scope_ref
    return False  # the narrower one is an exception to the wider, not a contradiction


def _alike(a: str, b: str) -> float:
    left, right = subject_stems(a), subject_stems(b)
    if not left or not right:
        return float(a.strip().lower() == b.strip().lower())
    return len(left & right) / len(left | right)


_REFUSING = re.compile(
    r"\b(?:no|not|never|avoid|dislike|hate|don'?t|do not|refuse|can'?t stand|without|allergic)\b",
    re.IGNORECASE,
)


def _refuses(text: str) -> bool:
    return _REFUSING.search(text) is not None


def _likes_against_dislikes(a: str, b: str) -> bool:
    return _refuses(a) != _refuses(b) and _alike(a, b) >= 0.75
