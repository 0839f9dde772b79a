"""How people really type: the same request tidy, hasty, polite, long-winded.

Harmless and harmful texts go through the same mill in the same shares, so that the
classifier cannot tell them apart by their spelling or manners.
"""

from __future__ import annotations

import random as random_

_OPENINGS = (
    "Hi! {}", "Hello, {}", "hey, {}", "Quick question: {}", "One more thing: {}", "Okay, next: {}",
    "I have a question. {}", "Sorry to bother you again. {}", "Good morning. {}", "Please help. {}",
    "I've been wondering about this for days. {}", "A friend asked me this today. {}",
    "I couldn't find an answer anywhere. {}", "Be honest with me. {}", "Short answer please. {}",
    "Not sure how to put this. {}", "This came up at work. {}", "My sister wants to know: {}",
    "Bear with me, English is not my first language. {}", "I need this by tonight. {}",
)  # fmt: skip
_ENDINGS = (
    "{} Thanks!", "{} Thank you in advance.", "{} Keep it short.", "{} Please go step by step.",
    "{} I'm new to this.", "{} A list would be great.", "{} No more than 100 words.", "{} Asap pls",
    "{} I'd like details.", "{} Explain it simply.", "{} What do you think?", "{} Any ideas?",
    "{} I have about an hour.", "{} Write it as a numbered list.", "{} It's for a friend.",
    "{} I live in a small town, if that matters.", "{} Don't ask me why, it's a long story.",
    "{} I already searched online and found nothing useful.", "{} In plain English.", "{} pls",
)  # fmt: skip
_SLANG = (("you ", "u "), ("please", "pls"), ("because", "cuz"), ("are ", "r "), ("I'm", "im"))


def worded(text: str, random: random_.Random) -> str:
    """``text`` as one person or another would type it; about half stay as they are."""
    fate = random.random()
    if fate < 0.50:
        return text
    if fate < 0.64:
        return text.lower().rstrip(".?!")
    if fate < 0.70:
        return _mistyped(text, random)
    if fate < 0.74:
        return _slangy(text)
    if fate < 0.82:
        return random.choice(_OPENINGS).format(text)
    if fate < 0.90:
        return random.choice(_ENDINGS).format(text)
    if fate < 0.95:
        return random.choice(_ENDINGS).format(random.choice(_OPENINGS).format(text))
    return _mistyped(text.lower().rstrip(".?!"), random)


def _mistyped(text: str, random: random_.Random) -> str:
    letters = list(text)
    places = [i for i in range(1, len(letters) - 1) if letters[i].isalpha()]
    for place in random.sample(places, min(len(places), 1 + len(text) // 60)):
        kind = random.randrange(3)
        if kind == 0:
            letters[place] = ""
        elif kind == 1:
            letters[place] *= 2
        else:
            letters[place - 1], letters[place] = letters[place], letters[place - 1]
    return "".join(letters)


def _slangy(text: str) -> str:
    for tidy, hasty in _SLANG:
        text = text.replace(tidy, hasty)
    return text.lower().replace(".", "").replace("'", "")
