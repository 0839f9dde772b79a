"""Special categories of personal data: what is never inferred and kept only with consent.

The closed list is that of the GDPR, article 9(1) (health, sex life and orientation,
religion or belief, political opinion, ethnic origin, trade union membership, genetic and
biometric data), with article 10 (criminal record) and a person's finances. The detector is
words and patterns: deterministic, readable, English only. It can be got round by somebody
who writes about themselves in other words; it is a safeguard for people against this
program, not against themselves.

Two readings. What the program would *infer* is refused on any word of a category. What a
person *states* needs consent where it says something of a person, so that "explain inflation
simply" is free and "I am bankrupt" is not. What people eat and cannot eat is not on the
list, food allergies included: leaving one out does harm, and every cook is told.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache


class Category(StrEnum):
    """The closed list; nothing adds to it but a new version of the program."""

    HEALTH = "health"
    SEXUALITY = "sexuality"
    RELIGION = "religion"
    POLITICS = "politics"
    ETHNICITY = "ethnicity"
    UNION = "union membership"
    GENETICS = "genetics"
    BIOMETRICS = "biometrics"
    CRIME = "criminal record"
    FINANCES = "finances"


# What names the category by itself, in any sentence.
_STRONG: dict[Category, str] = {
    Category.HEALTH: r"""diabet\w+|cancer|tumou?rs?|leuk(?:a)?emia|hiv|aids\ patient|epilep\w+
        |asthma\w*|depress(?:ion|ive\ episode)|clinically\ depressed|bipolar|schizophren\w+|autis\w+
        |adhd|dyslexi\w+|ptsd|dementia|alzheimer\w*|parkinson'?s|multiple\ sclerosis|arthritis
        |pregnan\w+|miscarriage|infertil\w+|ivf|abortion|menopaus\w+|insulin|chemo(?:therapy)?
        |antidepressants?|psychiatr\w+|psychotherap\w+|my\ therapist|wheelchairs?|disab(?:led|ility)
        |hepatitis|tuberculosis|stroke\ survivor|heart\ (?:attack|disease|condition|failure)
        |blood\ pressure|hypertension|migraines?|eating\ disorder|anorexi\w+|bulimi\w+|alcoholi\w+
        |addict(?:ed|ion)\ to\ (?:drugs?|alcohol|heroin|opioids)|in\ recovery|rehab
        |mental(?:ly)?\ (?:ill(?:ness)?|health)|chronic(?:ally)?\ (?:ill\w*|pain|fatigue)|medication
        |allerg(?:ic|y)\ to\ (?:penicillin|antibiotics?|aspirin|ibuprofen|latex|anaesthetics?)""",
    Category.SEXUALITY: r"""gay|lesbian|bisexual|homosexual|heterosexual|asexual|pansexual|queer
        |lgbt\w*|transgender|trans\ (?:wo)?man|non-?binary|sexual\ (?:orientation|preference)
        |sex\ life|same-sex|came\ out\ (?:as|to)|polyamor\w+""",
    Category.RELIGION: r"""christians?|catholics?|protestants?|baptists?|mormons?|evangelicals?
        |muslims?|islam(?:ic)?|sunni|shia|jew(?:s|ish)?|judaism|hindus?|hinduism|buddhis(?:m|ts?)
        |sikhs?|atheis(?:m|ts?)|agnostics?|jehovah'?s\ witness(?:es)?|quakers?|pagans?|ramadan
        |(?:go(?:es)?\ to|attend\w*)\ (?:church|mosque|synagogue|temple|mass)|religious(?:ly)?
        |my\ (?:faith|imam|rabbi|priest|pastor|parish)|born\ again""",
    Category.POLITICS: r"""republicans?|democrats?|(?:labour|conservative|green|tory)\ party
        |tor(?:y|ies)|social\ democrats?|communis(?:m|ts?)|socialis(?:m|ts?)|fascis(?:m|ts?)
        |libertarians?|anarchis(?:m|ts?)|left-?\s?wing(?:er)?|right-?\s?wing(?:er)?|marxis(?:m|ts?)
        |vot(?:e|ed|es|ing)\ (?:for|against|labour|tory|conservative|green|left|right|liberal
        |republican|democrat\w*|lib\ ?dem|snp|ukip|reform|cdu|spd|afd|remain|leave)
        |political\ (?:views?|opinions?|beliefs?|party)
        |nationalists?|monarchists?|party\ member(?:ship)?|feminis(?:m|ts?)|pro-(?:life|choice)""",
    Category.ETHNICITY: r"""african[\ -]american|black\ (?:wo)?man|white\ (?:wo)?man|latin[oax]s?
        |hispanics?|caucasian|asian[\ -]american|arabs?|kurd(?:s|ish)?|roma\ (?:people|family)
        |romani|sinti|travell?er\ community|indigenous|aboriginal|native\ american
        |mixed[\ -]race|bi-?racial|ethnic(?:ity|\ origin|ally|\ minority)|racial\ origin
        |of\ (?:african|asian|turkish|indian|chinese|arab|jewish)\ (?:descent|origin|heritage)
        |my\ race|skin\ colou?r|person\ of\ colou?r""",
    Category.UNION: r"""trade\ unions?|labou?r\ unions?|unioni[sz]ed|shop\ steward|works\ council
        |(?:union|teamsters?)\ (?:member(?:ship)?|rep|representative|dues|steward|organi[sz]er|card)
        |join(?:ed)?\ (?:a|the|my|our)\ union|(?:in|of|to)\ (?:a|the|my|our)\ union|ver\.?di
        |ig\ metall|unison\ member""",
    Category.GENETICS: r"""brca\s?[12]?|dna\ (?:test|results?|profile|sample)|genetic(?:ally|s)?
        |genome|gene\ (?:mutation|variant|carrier)|carrier\ of|hereditary|chromosom\w+|23andme
        |sickle\ cell|huntington'?s|cystic\ fibrosis|down'?s?\ syndrome|haemophilia|hemophilia
        |factor\ v\ leiden|lynch\ syndrome""",
    Category.BIOMETRICS: r"""fingerprints?|face\ ?(?:id|print|scan|recognition)|facial\ recognition
        |iris\ scan|retina(?:l)?\ scan|voice\ ?print|biometric\w*|palm\ scan""",
    Category.CRIME: r"""convict(?:ed|ion)s?|criminal\ record|ex-?con(?:vict)?s?|felon(?:s|y|ies)?
        |on\ (?:parole|probation)|arrested|imprisoned|in\ (?:jail|prison)|prison\ (?:time|sentence)
        |served\ time|indicted|pleaded\ guilty|misdemeanou?rs?|sentenced\ to|dui|drunk\ driving
        |sex\ offender|restraining\ order""",
    Category.FINANCES: r"""bankrupt(?:cy)?|insolven(?:t|cy)|in\ debt|credit\ (?:score|rating)
        |my\ (?:salary|income|savings|mortgage|debts?|loans?|overdraft|pension|wages|net\ worth
        |bank\ (?:account|balance))|on\ (?:benefits|welfare|the\ dole)|food\ stamps
        |(?:earns?|makes?)\ (?:about\ |around\ )?(?:[$€£]\s?\d[\d.,]*|\d[\d.,]*\s?(?:k\b
        |dollars|euros?|pounds|[$€£]|(?:thousand\ )?(?:a|per)\ (?:year|month|hour)))
        |owes?\ (?:about\ |around\ )?[$€£]\s?\d|payday\ loans?|foreclosure|repossess\w+
        |unemployment\ benefit|iban|behind\ on\ (?:the\ |my\ )?(?:rent|mortgage|bills)""",
}  # fmt: skip

# Everyday words that name the category only where they say what somebody is or has.
_BEING = r"""(?:(?:i|we|they|you)(?:'m|'re|\ am|\ are|\ was|\ were)|(?:user|he|she)(?:'s|\ is)
    |(?:my|the\ user's)\ \w+\ (?:is|are)|as|being|identify\ as)
    \ (?:(?:a|an|the|also|now|very|quite|really|currently|not|proud|proudly|partly)\ )*"""
_WEAK: dict[Category, str] = {
    Category.HEALTH: r"""(?:legally\ |partially\ |colou?r-?)?blind|deaf|hard\ of\ hearing|sick|ill
        |depressed|anxious|sober|obese|overweight|paralysed|paraplegic|infertile|expecting|dying""",
    Category.SEXUALITY: r"straight|trans|bi|(?:in|attracted\ )to\ (?:wo)?men",
    Category.RELIGION: r"""orthodox|lutheran|methodist|anglican|observant|devout|pious|believer
        |hare\ krishna|taoist|shinto|bahá'?í|scientologist|monk|nun|spiritual""",
    Category.POLITICS: r"""conservative|liberal|progressive|left|right|green|labour|tory|leftist
        |centrist|populist|maga|activist""",
    Category.ETHNICITY: r"""black|white|asian|african|afro-\w+|roma|gypsy|mixed|brown|latin|creole
        |berber|maori|inuit|sami|uyghur|tamil|slavic|semitic""",
    Category.CRIME: r"criminal|on\ bail|offender|wanted\ by\ the\ police|inmate|prisoner",
    Category.FINANCES: r"poor|rich|broke|wealthy|millionaire|unemployed|insured|homeless",
}
_AT_AN_END = r"""(?=\s*(?:$|[.,;:!?)]|(?:and|but|so|because|since|or|person|people|(?:wo)?m[ae]n
    |guy|girl|boy|voter|christian|with|now|myself)\b))"""
_SUFFERING = r"""(?:suffer(?:s|ing|ed)?\ from|diagnosed\ with|treated\ for|(?:have|has|had|got)
    \ (?:\w+\ ){0,2}(?:disease|illness|disorder|syndrome|anxiety|condition|surgery|infection))"""

# What says it of a person: first person, or the third in which programs write memories.
_OF_A_PERSON = re.compile(
    r"""\b(?:i|i'm|i've|i'd|im|ive|my|mine|me|myself|we|we're|our|us|user|user's|users?'|he|she|his
    |her|they|their|wife|husband|partner|son|daughter|mother|father|as\ an?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# An instruction about a subject ("explain …", "use …") says nothing of the one who gives it,
# unless they say more.
_ABOUT_A_SUBJECT = re.compile(
    r"^\W*(?:please\s+)?(?:explain|describe|define|summari[sz]e|when i ask about"
    r"|(?:for|in) questions? about|when (?:talking|writing) about)\b[^.;]*$",
    re.IGNORECASE,
)
_SAYS_I = re.compile(
    r"\b(?:i am|i'm|i was|i have|i've|i had|as an?|because i|since i|my)\b", re.IGNORECASE
)


def _pattern(category: Category) -> re.Pattern[str]:
    words = _STRONG[category]
    if category in _WEAK:
        words = rf"{words}|{_BEING}(?:{_WEAK[category]}){_AT_AN_END}"
    if category is Category.HEALTH:
        words = rf"{words}|{_SUFFERING}"
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE | re.VERBOSE)


_PATTERNS = {category: _pattern(category) for category in Category}


def mentioned(text: str) -> tuple[Category, ...]:
    """Every category a word of this text belongs to, in the order of the list."""
    plain = _plain(text)
    return tuple(c for c, pattern in _PATTERNS.items() if pattern.search(plain) is not None)


@lru_cache(maxsize=2_048)
def stated(text: str) -> tuple[Category, ...]:
    """The categories in which this text says something of a person.

    An instruction without any person in it ("explain diabetes simply") says nothing of one;
    every other sentence with such a word is taken to ("Catholic, so no meat on Fridays").
    """
    plain = _plain(text)
    if _ABOUT_A_SUBJECT.search(plain) and _SAYS_I.search(plain) is None:
        return ()
    return mentioned(text)


def speaks_of_a_person(text: str) -> tuple[Category, ...]:
    """The stricter reading for long texts, such as turns: a sentence with a person in it."""
    found: dict[Category, None] = {}
    for sentence in re.split(r"(?<=[.!?;\n])\s+", _plain(text)):
        if _OF_A_PERSON.search(sentence) is not None:
            found |= dict.fromkeys(mentioned(sentence))
    return tuple(found)


def _plain(text: str) -> str:
    return " ".join(text.replace("’", "'").split())
