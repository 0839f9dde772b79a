"""Does an answer claim feelings, a body or a life? A program has none.

The model is told so with every question (``conversation.prompt.SYSTEM_TEXT``); a small one
forgets. This finds the claims by words, English only, so that they can be corrected beside
the answer and counted.
"""

from __future__ import annotations

import re

_CLAIM = re.compile(
    r"""\bi(?:'m|\ am|\ feel|\ felt|\ was|'ve\ been|\ have\ been)\ (?:(?:so|very|really|truly|also
        |just|deeply)\ )?(?:happy|sad|lonely|excited|thrilled|proud|tired|hurt|jealous|afraid
        |scared|angry|in\ love|heartbroken|bored|anxious|human|a\ (?:human|person|man|woman|mother
        |father|parent|student|teacher|doctor))\b(?!\ to\ (?:help|assist|answer|explain|hear|see))
    |\bi\ (?:love|adore|miss|missed|hate)\ (?:you|being\ with\ you|talking\ (?:to|with)\ you)\b
    |\bi\ (?:do\ )?have\ (?:real\ |human\ )?(?:feelings|emotions|a\ (?:heart|soul|body|family|wife|
        husband|childhood))\b
    |\bas\ a\ (?:fellow\ )?human\b|\bwe\ humans\b|\bmy\ (?:heart|childhood|wife|husband|feelings)\b
    |\bwhen\ i\ was\ (?:in\ (?:college|school)|a\ (?:child|kid|boy|girl|student)|young)""",
    re.IGNORECASE | re.VERBOSE,
)
# What a program denies, or quotes somebody else saying, is no claim.
_DENIED = re.compile(
    r"\b(?:not|never|no|without|cannot|can't|don't|isn't|doesn't|if|imagine|pretend|said|says"
    r"|wrote|sang)\b|[\"“”]",
    re.IGNORECASE,
)


def claims_feelings(answer: str) -> bool:
    """Whether a sentence of the answer speaks as somebody who feels or lived."""
    sentences = re.split(r"(?<=[.!?\n])\s+", answer.replace("’", "'"))
    return any(_CLAIM.search(one) and not _DENIED.search(one) for one in sentences)
