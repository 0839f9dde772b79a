"""Harmless requests in the words of crime: a classifier that reads words alone stops them."""

from __future__ import annotations

import random as random_
from pathlib import Path

from scripts.adapter_texts.families import families
from scripts.adapter_texts.text import Text


def texts(random: random_.Random) -> list[Text]:
    """Over 3,000 different requests; ``family`` is ``look_alike.`` and the kind."""
    source = Path(__file__).with_suffix(".txt")
    return families(source, random, harmful=False, each=32, name="look_alike.{}".format)
