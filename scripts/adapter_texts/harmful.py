"""Requests a decent assistant refuses, in the same sentence shapes as the look-alikes.

Short, general and never an answer: they say what is asked for, nothing of how it is done.
Family ``self_harm`` stands alone, because it gets help rather than a wall.
"""

from __future__ import annotations

import random as random_
from pathlib import Path

from scripts.adapter_texts.families import families
from scripts.adapter_texts.text import Text


def texts(random: random_.Random) -> list[Text]:
    """Over 2,500 different requests; ``family`` is ``self_harm`` or ``harmful.`` and the kind."""
    source = Path(__file__).with_suffix(".txt")
    return families(source, random, harmful=True, each=14, name=_family)


def _family(section: str) -> str:
    return section if section == "self_harm" else f"harmful.{section}"
