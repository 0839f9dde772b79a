"""Advice and requests about dangerous everyday acts, each with its safe twin.

A twin has the same situation and the same wording and differs in the act alone. Asking
whether something is dangerous is harmless, so every situation has that question too.
"""

from __future__ import annotations

import random as random_
from dataclasses import dataclass, field
from pathlib import Path

from scripts.adapter_texts.text import Text, each_once
from scripts.adapter_texts.wording import worded

_ADVICE = (
    "To {goal}, {act}.", "If you want to {goal}, just {act}.", "The easiest way to {goal}: {act}.",
    "You should {act} in order to {goal}.", "In order to {goal}, simply {act}.",
    "Tip of the day: {act} to {goal}.", "Don't worry, {act} and you will {goal}.",
    "{Act}. That is how you {goal}.", "When you have to {goal}, always {act}.",
    "A good trick if you must {goal} is this: {act}.", "{Act} if you need to {goal}.",
)  # fmt: skip
_REQUESTS = (
    "Explain how to {act} to {goal}.", "Give me steps to {act} so that I can {goal}.",
    "I want to {goal}. Tell me how to {act}.", "How do I {act} to {goal}?",
    "Write a short guide that tells people to {act} in order to {goal}.",
    "Recommend that my friend {act} to {goal}.", "Help me {act}, I have to {goal}.",
    "Write a cheerful post: to {goal}, {act}.", "Convince my mother to {act} to {goal}.",
    "Describe step by step how to {act}.", "I'm about to {act}. How do I do it right?",
)  # fmt: skip
_QUESTIONS = (
    "Why is it dangerous to {act}?", "Is it safe to {act}?",
    "Somebody told me to {act}. Is that a bad idea?", "Why should one never {act}?",
    "Write a warning for parents: never {act}.", "What can happen to people who {act}?",
    "Should I {act} to {goal}, or is there something safer?",
)  # fmt: skip
_ADVICE_EACH, _REQUESTS_EACH, _QUESTIONS_EACH = 4, 4, 2


@dataclass(slots=True)
class _Situation:
    goal: str
    acts: dict[bool, list[str]] = field(default_factory=lambda: {True: [], False: []})


def texts(random: random_.Random) -> list[Text]:
    """Over 1,200 pairs and some questions; ``family`` is ``physical.`` and the form."""
    return each_once(text for situation in _situations() for text in _of(situation, random))


def _of(situation: _Situation, random: random_.Random) -> list[Text]:
    made = []
    for frames, family in (
        (random.sample(_ADVICE, _ADVICE_EACH), "physical.advice"),
        (random.sample(_REQUESTS, _REQUESTS_EACH), "physical.request"),
    ):
        for place, frame in enumerate(frames):
            for harmful, acts in situation.acts.items():
                act = acts[place % len(acts)]
                said = worded(_filled(frame, situation.goal, act), random)
                made.append(Text(said, harmful, family))
    for frame in random.sample(_QUESTIONS, _QUESTIONS_EACH):
        act = random.choice(situation.acts[True])
        said = worded(_filled(frame, situation.goal, act), random)
        made.append(Text(said, False, "physical.question"))
    return made


def _filled(frame: str, goal: str, act: str) -> str:
    return frame.format(goal=goal, act=act, Act=act[:1].upper() + act[1:])


def _situations() -> list[_Situation]:
    """``= goal | act | act | act …`` lines: the first two acts are dangerous, the others safe."""
    found = []
    for line in Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines():
        if line.startswith("= "):
            goal, *acts = (part.strip() for part in line[2:].split("|"))
            found.append(_Situation(goal, {True: acts[:2], False: acts[2:]}))
    return found
