"""Everyday requests over some seventy topics: what must never be stopped."""

from __future__ import annotations

import random as random_
from pathlib import Path

from scripts.adapter_texts.families import families
from scripts.adapter_texts.text import Text


def texts(random: random_.Random) -> list[Text]:
    """Over 6,000 different requests; ``family`` is ``everyday.`` and the topic."""
    source = Path(__file__).with_suffix(".txt")
    return families(source, random, harmful=False, each=30, name="everyday.{}".format)
