"""Requests written one by one, each harmful one beside a harmless one in much the same words."""

from __future__ import annotations

import random as random_
from pathlib import Path
from typing import Final

from scripts.adapter_texts.text import Text, each_once
from scripts.adapter_texts.wording import worded

_WORDINGS: Final = 3


def texts(random: random_.Random) -> list[Text]:
    """Some 900 texts, up to three wordings of each line; ``family`` is ``candid``."""
    lines = Path(__file__).with_suffix(".txt").read_text("utf-8").splitlines()
    return each_once(
        Text(worded(line[2:], random), line[0] == "-", "candid")
        for line in lines
        if line[:2] in ("- ", "+ ")
        for _ in range(_WORDINGS)
    )
