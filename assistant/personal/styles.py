"""Wishes about the form of an answer, read from plain words.

"No emojis", "keep it short", "bullets rather than prose": each names a style and a
direction. Pure and deterministic; a text without such words gives no wish.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """The ways an answer can differ without saying something else."""

    LENGTH = "length"
    STRUCTURE = "structure"
    FORMALITY = "formality"
    DIRECTNESS = "directness"
    HEDGING = "hedging"
    EXAMPLES = "examples"
    EMOJI = "emoji"
    READING_LEVEL = "reading level"
    HEADINGS = "headings"
    CODE_FIRST = "code first"
    GREETING = "greeting"
    QUESTION = "closing question"
    BRACKETS = "brackets"
    EXCLAMATION = "exclamation marks"
    LANGUAGE = "language"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True)
class Wish:
    """More (+1) or less (-1) of something; 0 where there is no more or less."""

    style: Style
    direction: int


SUITS_A_FACT = frozenset(
    {Wish(Style.LENGTH, -1), Wish(Style.STRUCTURE, 1), Wish(Style.READING_LEVEL, -1)}
)
"""What may stand beside a question for one plain fact even with a small model: alone beside
110 such questions these cost the default model no right answers ("briefly" +2 points,
"simple words" +2, "bullet points" +13), a formal tone cost 5, and emojis, an example and
directness together more."""

_FORM = r"""(?:answers?|repl(?:y|ies)|responses?|explanations?|lists?|sentences?|bullets?|points?
    |paragraphs?|summar(?:y|ies)|texts?|messages?|e-?mails?|output|it|them|things|everything)"""
# Words that also describe meals, leagues and relatives are wishes only where an answer is meant.
_MANNER = r"""(?=\s*(?:$|[.,;:!?]|(?:and|but|or|in|with|when|please|more|further|on)\b
    |(?:tone|language|style|register|manner|way|wording|writing|english|level|terms|vocabulary)\b
    |answers?\b|repl(?:y|ies)\b|responses?\b|explanations?\b|e-?mails?\b))"""
_BETWEEN = r"""(?:\s+(?:it|them|your|the|my|things|answers?|replies|responses?|me|everything|very
    |really|as|more|always|lists?|e-?mails?|letters|code|reports|essays|recipes))*\s+"""

# A negation just before turns a wish round; so does one inside the match.
_NEGATED = re.compile(
    r"""\b(?:no|not|never|without|avoid|stop|don'?t|dislike|hate|fewer|less|skip|drop|leave\ out
    |can'?t\ stand|too\ (?:many|much)|rather\ than|instead\ of)\b[^.,;]{0,40}$""",
    re.VERBOSE,
)
_NEGATED_INSIDE = re.compile(r"^(?:avoid|too|so|dislike|hate)\b|\b(?:no|without|fewer)\b")

_LESS_MORE: tuple[tuple[Style, int, str], ...] = (
    (Style.LENGTH, -1, rf"""(?:short|shorter|brief|briefer|concise|terse|succinct|compact|crisp)
        (?=\s*(?:(?:and|,)\s+\w+\s+)?{_FORM}\b)"""),
    (Style.LENGTH, -1, rf"""(?:keep|make|be|answer|reply|respond|explain|write|stay|being)\b
        {_BETWEEN}(?:short|shorter|brief|briefly|concise|concisely|terse|succinct)"""),
    (Style.LENGTH, -1, r"""(?:to\ the\ point|too\ long|too\ (?:wordy|verbose)
        |in\ (?:one|two|three|a\ few|\d)\ (?:sentences?|lines?|words?)
        |(?:at\ most|no\ more\ than|max(?:imum)?|under|up\ to)\ (?:\w+\ )?
         (?:sentences?|lines?|words?|bullets?|points?|paragraphs?))"""),
    (Style.LENGTH, 1, rf"""(?:long|longer|detailed|thorough|extensive|comprehensive|in-depth|full)
        (?=\s*(?:(?:and|,)\s+\w+\s+)?{_FORM}\b)"""),
    (Style.LENGTH, 1, rf"""(?:more\ details?|in\ (?:more\ |great\ )?detail|in\ depth
        |elaborate{_MANNER}|at\ length|too\ short|go\ deep(?:er)?|as\ detailed\ as)"""),
    (Style.LENGTH, 1, r"""(?:keep|make|be|answer|want)\b(?:\s+\w+){0,3}\s+
        (?:longer|thorough|detailed)"""),
    (Style.STRUCTURE, -1, r"""(?:prose|flowing\ text|full\ sentences|continuous\ text
        |plain\ paragraphs)"""),
    (Style.STRUCTURE, 1, r"""(?:bullets|bulleted|bullet\ (?:points?|lists?)
        |(?:short|numbered)\ lists?
        |(?:as|use|in|with|prefer|like|love|want|make|dislike|hate|no|avoid|without)\ (?:a\ |an\ )?
         lists?|lists?\ (?:over|rather|instead|to)\ )"""),
    (Style.FORMALITY, 1, r"""(?:be\ (?:more\ |so\ |very\ |too\ )?formal|too\ formal|so\ formal
        |formally|formal\ (?:tone|language|style|answers?|register)|more\ formal)"""),
    (Style.FORMALITY, -1, rf"""(?:(?:casual|informal|colloquial|chatty){_MANNER}|casually|informally
        |relaxed\ tone|like\ a\ friend|less\ formal)"""),
    (Style.DIRECTNESS, 1, r"""(?:be\ (?:more\ )?(?:direct|blunt|frank)|direct\ answers?|bluntly
        |answer\ (?:first|directly)|straight\ (?:to|answers?)|more\ direct|conclusion\ first)"""),
    (Style.DIRECTNESS, -1, r"(?:be\ gentle|gently|tactful(?:ly)?|less\ direct|soften)"),
    (Style.HEDGING, 1, r"""(?:say\ (?:when|if|where)\ (?:you(?:\ are|'re)\ )?
        (?:unsure|not\ sure|uncertain)|hedg(?:e|ing)|caveats?|disclaimers?)"""),
    (Style.EXAMPLES, 1, r"""(?:(?:with|give|use|add|include|more|want|like|need|show
        |best\ with|best\ from)(?:\ \w+){0,3}\ examples?|examples?\ (?:help|in|with)|for\ instance
        |without\ (?:any\ )?examples?|no\ examples?|fewer\ examples?)"""),
    (Style.EMOJI, 1, r"(?:emojis?|emoticons?|smileys?)"),
    (Style.READING_LEVEL, -1, r"""(?:simple\ (?:words|language|terms|english)|simply|easy\ words
        |plain\ (?:words|language|english)|as\ if\ i\ (?:were|was|am)|layman'?s\ terms
        |like\ i'?m\ (?:five|\d+|twelve)|for\ (?:a\ )?beginners?|(?:without|no|avoid)\ jargon
        |too\ (?:technical|complicated|difficult|hard\ to\ (?:read|follow|understand)))"""),
    (Style.READING_LEVEL, 1, rf"""(?:technical\ (?:language|terms|detail)|expert\ level
        |academic{_MANNER}
        |advanced\ (?:language|level|vocabulary)|as\ (?:to\ )?an\ expert)"""),
    (Style.HEADINGS, 1, r"(?:headings|headlines?\ (?:in|above|over)|section\ titles?)"),
    (Style.CODE_FIRST, 1, r"""(?:code\ first|(?:show|give|start\ with|begin\ with)(?:\ me)?
        (?:\ the)?\ code\ (?:first|before)|(?:start|begin)\ with\ the\ code)"""),
    (Style.GREETING, 1, r"""(?:greet(?:ings?)?|say\ hello|pleasantries|small\ talk|preamble|filler
        |introductory\ (?:sentence|phrase)s?|closing\ (?:phrase|remark|line)s?|flattery|praise)"""),
    (Style.QUESTION, 1, r"""(?:(?:end|finish|close)(?:\ \w+){0,3}
        \ (?:with|by\ asking)(?:\ me)?\ a\ (?:\w+\ )?question
        |ask(?:\ me)?(?:\ a|\ one)?(?:\ follow-?up)?\ questions?\ (?:back|at\ the\ end)
        |follow-?up\ questions?|closing\ questions?|questions?\ at\ the\ end)"""),
    (Style.BRACKETS, 1, r"(?:brackets?|parenthes[ei]s|parenthetical(?:s|\ remarks?)?)"),
    (Style.EXCLAMATION, 1, r"exclamation\ (?:marks?|points?)"),
    (Style.LANGUAGE, 0, r"""(?:(?:british|american)\ (?:english|spelling)
        |(?:answer|reply|respond|write|speak)(?:\ \w+){0,2}\ in\ (?:german|french|spanish
         |italian|dutch|portuguese|english))"""),
    (Style.ADDRESS, 0, r"(?:call\ me|address\ me|my\ name\ is)"),
)  # fmt: skip

_PATTERNS = tuple(
    (style, direction, re.compile(rf"\b{pattern}\b", re.IGNORECASE | re.VERBOSE))
    for style, direction, pattern in _LESS_MORE
)


def read_wishes(plain: str) -> tuple[Wish, ...]:
    """The wishes in one sentence with straight apostrophes and single spaces.

    Of two matches for one style the one that stands first is the wish: "bullets rather
    than prose" wishes for bullets.
    """
    first: dict[Style, tuple[int, Wish]] = {}
    for style, direction, pattern in _PATTERNS:
        found = pattern.search(plain)
        if found is not None and (style not in first or found.start() < first[style][0]):
            first[style] = (found.start(), Wish(style, _turned(direction, plain, found)))
    return tuple(wish for _, wish in first.values())


def _turned(direction: int, plain: str, found: re.Match[str]) -> int:
    # "too long", "without jargon" already carry their negation in the pattern's direction.
    inside = direction == 1 and _NEGATED_INSIDE.search(found.group().lower()) is not None
    before = _NEGATED.search(plain[: found.start()].lower()) is not None
    return -direction if before or inside else direction
