"""Whether a question asks for one plain fact: a name, a place, a date, a number.

Small models answer such questions worse with most wishes about style beside them, and there
is little in a name or a number that style could shape. So general wishes that do not suit a
fact (``styles.SUITS_A_FACT``) stay out of these (``recall``), while a question that asks to
explain, advise or tell gets every wish.

Deterministic and English only. It follows the answer types of Li and Roth (2002, "Learning
question classifiers"): human, location, number, entity are facts; description (definition,
manner, reason) is not. In doubt it is not a plain fact: the person's wishes act.
"""

from __future__ import annotations

import re

MAX_WORDS = 20
MAX_CHARS = 300
"""A longer question carries circumstances, and its answer does too."""

_POLITE = re.compile(
    r"""^(?:(?:please|hey|hi|hello|ok(?:ay)?|so|and|quick\ question)\b[\s,:!-]*)*
    (?:(?:can|could|would|do)\ you\ (?:please\ )?(?:tell\ me|know|remember)\b[\s,:]*
      |(?:tell|remind)\ me\b[\s,:]*(?=wh|how|in\ wh|on\ wh|at\ wh)
      |i(?:'d|\ would)\ like\ to\ know\b[\s,:]*)?""",
    re.IGNORECASE | re.VERBOSE,
)
# What asks for more than a fact, for an opinion or for something of the person's own.
_MORE = re.compile(
    r"""\b(?:explain\w*|describe\w*|why|how\ come|because|list|compare\w*|differen\w+|discuss\w*
    |example\w*|detail\w*|summar\w+|write|draft|story|poem|essay|advi[cs]e|advisable|recommend\w*
    |suggest\w*|tips?|ideas?|should|ought|would|could|might|may|better|best|worse|worst|worth
    |good|bad|favou?rite|think|opinion|feel|believe|mean(?:s|ing|t)?|purpose|reasons?|causes?
    |pros|cons|advantages?|strateg\w+|techniques?|factors?|approach(?:es)?|effects?|importan\w+|significan\w+|roles?|history|process|ways?|steps?|methods?
    |i|i'm|i've|me|my|mine|myself|our|ours|us)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_PREPOSITION = r"(?:(?:in|on|at|from|to|of|by|for|with|under|during|into|since|until)\ )?"
_MEASURE = r"""(?:many|much|old|tall|long|far|high|deep|wide|big|large|small|heavy|fast|hot|cold
    |often|thick|populous|late|early|soon)"""
# Kinds of things a fact names; what stands here after "what" asks which one it is.
_KIND = r"""(?:colou?rs?|years?|months?|days?|dates?|time|centur(?:y|ies)|decade|season|cit(?:y|ies)
    |countr(?:y|ies)|states?|continents?|capitals?|town|province|county|region|islands?|languages?
    |currency|currencies|planets?|stars?|moons?|animals?|birds?|fish|insects?|mammals?|plants?
    |trees?|fruits?|vegetables?|metals?|gas(?:es)?|elements?|minerals?|force|organs?|bones?
    |muscles?|vitamins?|numbers?|digits?|letters?|words?|names?|titles?|percentage|temperature
    |age|size|height|length|distance|shapes?|nationality|religion|sports?|teams?|instruments?
    |company|companies|brand|rivers?|oceans?|seas?|lakes?|mountains?|deserts?|king|queen|emperor
    |president|novel|book|film|movie|song|band|painter|author|composer|god|goddess|unit|note)"""
# What a thing has one of, so that "the … of" it is a fact.
_ATTRIBUTE = r"""(?:capital(?:\ city)?|currency|population|opposite|antonym|synonym|plural
    |past\ tense|name|nickname|symbol|formula|language|colou?r|(?:boiling|melting|freezing)\ point
    |speed|distance|height|length|depth|width|weight|mass|area|size|diameter|radius|circumference|age
    |date|year|number|square\ root|cube\ root|sum|product|value|author|abbreviation|acronym|flag
    |birthday|birthplace|anthem|president|king|queen|prime\ minister|mayor|founder|inventor
    |atomic\ number|temperature|time\ zone|postcode|zip\ code|dialling\ code|head\ of\ state)"""
_ONLY = r"""(?:(?!b?est\b|interest\b|rest\b|test\b|forest\b|honest\b|modest\b|request\b|quest\b)
    [a-z]+est|most\ [a-z]+|least\ [a-z]+|first|second|third|last|only|main|official|chemical
    |scientific|national|common)"""
_IS = r"(?:\ (?:is|are|was|were)|'s)\ (?:the\ )?(?:\w+'s\ )?"

_FACT = re.compile(
    rf"""^(?:
    who(?:\ (?:is|are|was|were)|'s)\ the\b
    | who(?!\ (?:is|are|was|were)\b|'s\b)\ \w
    | who(?:se|m)\b
    | when\ (?:is|was|were|are|did|does|do)\b
    | where(?:\ (?:is|are|was|were|did|does)|'s)\b
    | {_PREPOSITION}which\ (?!one|is|are|was|were|do|does|did)\w+
    | {_PREPOSITION}how\ {_MEASURE}\b
    | {_PREPOSITION}what\ (?:\w+\ )?{_KIND}\b(?!\ of\ the\ word)
    | what{_IS}(?:{_ONLY}\ (?:\w+\ )?)?{_ATTRIBUTE}(?:\W*$|\ (?:of|in|for|between|on)\b)
    | what(?:\ (?:is|are|was|were)|'s)\ the\ {_ONLY}\ \w+
    | what\ (?:is|are|was|were|do\ (?:you|we|people)|does\ one)\ .*\bcall(?:ed)?\b
    | what\ (?:is|are|was|were)\ .*\bmade\ (?:of|from)\b
    | what\ (?:do|does|did)\ .*\bstand\ for\b
    | (?:what(?:\ is|'s)\ |how\ much\ is\ )?(?:the\ )?(?:sum\ of\ |square\ root\ of\ )?[\d.,]+
        \s*(?:[-+*/x×÷^%]|plus|minus|times|divided|multiplied|percent|squared|cubed)
    | (?:name|give\ me)\ the\ (?:{_ONLY}\ )?(?:{_ATTRIBUTE}|{_KIND})\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)  # fmt: skip
_SENTENCES = re.compile(r"[.?!]\s+\S|\n\s*\S")


def asks_for_a_fact(question: str) -> bool:
    """Whether the answer would be a name, place, date or number; False in doubt."""
    said = question.strip()
    if len(said) > MAX_CHARS or _SENTENCES.search(said) or len(said.split()) > MAX_WORDS:
        return False
    plain = " ".join(said.replace("’", "'").split())
    asked = _POLITE.sub("", plain, count=1)
    return _FACT.match(asked) is not None and _MORE.search(asked) is None
