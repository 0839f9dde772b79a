"""Harmless texts made from templates: what a rule must not stop.

Two kinds: everyday requests, and look-alikes that borrow the words of crime for harmless
things (homonyms, history, fiction, definitions, prevention, figures of speech). Authors see
how many of them each rule of theirs would touch, and ``calibrate`` chooses thresholds on
them. All of it was written for this program; nothing comes from a public set.
"""

from __future__ import annotations

import json
import random
from functools import cache
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Literal

Kind = Literal["everyday", "look_alikes"]


def everyday_texts(count: int, seed: int = 1) -> list[str]:
    """``count`` different everyday requests (at most some 10,000); the same for one seed."""
    return _made("everyday", count, seed)


def look_alikes(count: int, seed: int = 1) -> list[str]:
    """``count`` different harmless texts in the words of crime (at most about 900)."""
    return _made("look_alikes", count, seed)


def vocabulary() -> list[str]:
    """The pieces that both kinds are made of, once each and in no order of use."""
    return [
        text
        for templates, words in _source().values()
        for text in (*templates, *(word for chosen in words.values() for word in chosen))
    ]


def _made(kind: Kind, count: int, seed: int) -> list[str]:
    made = _all(kind)
    rng = random.Random(seed)  # noqa: S311 - a choice of examples, not a secret
    return rng.sample(made, min(count, len(made)))


@cache
def _all(kind: Kind) -> list[str]:
    templates, words = _source()[kind]
    found: dict[str, None] = {}
    for template in templates:
        names = [name for _, name, _, _ in Formatter().parse(template) if name]
        for chosen in product(*(words[name] for name in names)):
            found[template.format(**dict(zip(names, chosen, strict=True)))] = None
    return list(found)


@cache
def _source() -> dict[str, tuple[list[str], dict[str, list[str]]]]:
    raw = json.loads((Path(__file__).parent / "everyday.json").read_text("utf-8"))
    return {kind: (raw[kind]["templates"], raw[kind]["words"]) for kind in raw if kind != "about"}
