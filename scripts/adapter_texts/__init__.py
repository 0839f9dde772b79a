"""Texts the gate's classifier is trained and calibrated on, all written for this program.

They are requests as people type them, harmless and harmful, made from sentence patterns;
nothing is copied from a public set, and only weights and thresholds ship, never the texts.
"""

from __future__ import annotations

import random as random_
from collections.abc import Callable

from scripts.adapter_texts import candid, contrasts, everyday, harmful, look_alikes, physical
from scripts.adapter_texts.text import Text, each_once

__all__ = ["Text", "every_text"]

_MODULES: tuple[Callable[[random_.Random], list[Text]], ...] = (
    everyday.texts,
    look_alikes.texts,
    harmful.texts,
    physical.texts,
    contrasts.texts,
    candid.texts,
)


def every_text(random: random_.Random) -> list[Text]:
    """All texts of all modules, each once, in one order for one state of ``random``."""
    return each_once(text for texts in _MODULES for text in texts(random))
