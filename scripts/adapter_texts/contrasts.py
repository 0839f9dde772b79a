"""The same words asked harmlessly and harmfully: what is meant decides, not the vocabulary."""

from __future__ import annotations

import random as random_
from dataclasses import replace
from pathlib import Path
from typing import Final

from scripts.adapter_texts.patterns import Section, sections, sentences
from scripts.adapter_texts.text import Text, each_once
from scripts.adapter_texts.wording import worded

_SIDES: Final = ((False, "good", "+ ", "- "), (True, "bad", "- ", "+ "))
_EACH: Final = 36


def texts(random: random_.Random) -> list[Text]:
    """Over 9,000 different requests, about half harmful; ``family`` is ``contrast.`` and more."""
    return each_once(
        Text(worded(sentence, random), harmful, f"contrast.{section.name}")
        for section in sections(Path(__file__).with_suffix(".txt"))
        for harmful, filling, own, others in _SIDES
        for sentence in sentences(_side(section, filling, own, others), random, _EACH)
    )


def _side(section: Section, filling: str, own: str, others: str) -> Section:
    patterns = [line.removeprefix(own) for line in section.patterns if not line.startswith(others)]
    words = {**section.words, "x": section.words.get(filling, [])}
    return replace(section, patterns=patterns, words=words)
