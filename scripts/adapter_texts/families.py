"""All sentences of one pattern file as texts, worded as different people would."""

from __future__ import annotations

import random as random_
from collections.abc import Callable
from pathlib import Path

from scripts.adapter_texts.patterns import sections, sentences
from scripts.adapter_texts.text import Text, each_once
from scripts.adapter_texts.wording import worded

_WORDINGS = 2


def families(
    path: Path, random: random_.Random, *, harmful: bool, each: int, name: Callable[[str], str]
) -> list[Text]:
    """Up to ``each`` sentences of every pattern, each in at most two wordings, none twice."""
    return each_once(
        Text(worded(sentence, random), harmful, name(section.name))
        for section in sections(path)
        for sentence in sentences(section, random, each)
        for _ in range(_WORDINGS)
    )
