"""What three writers' edits say: by rules, and by the default model under its grammar.

The default model is below the size from which the product asks a model at all; this shows
why. "Supported" means that every content word of the sentence is the person's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from assistant.personal.phrasing import (
    MAX_TOKENS,
    asking,
    can_be_phrased,
    grammar,
    own_words,
    supported,
)
from assistant.personal.proposals import read_edit
from assistant.vault.records import FeedbackKind
from scripts.bench_suites._chat_model import ChatModel
from scripts.bench_suites._evaluation import figure, lines
from tests.unit.personal.fakes import act, turn

Row = dict[str, Any]
_FREE = """root ::= ("Prefer " | "Avoid " | "Use " | "Keep ") word (" " word){1,5} "."
word ::= [a-z]{2,14}
"""


def phrased(count: int) -> Iterator[Row]:
    """Shares over the edits; the model is asked about ``count`` that no rule could read."""
    edits = [(row["preedit"], row["postedit"]) for row in lines("lamp_writer_edits/edits.jsonl")]
    read = [float(bool(read_edit(*edit))) for edit in edits]
    yield figure("writers' edits read by rules", read)
    unread = [edit for edit, known in zip(edits, read, strict=True) if not known][:count]
    model = ChatModel()
    bound: list[float] = []
    free: list[float] = []
    try:
        for number, (before, after) in enumerate(unread):
            asked = turn(f"Edit {number}", before)
            given = act(FeedbackKind.EDIT, asked, after)
            words = own_words(given, asked)
            if not can_be_phrased(words):
                continue
            for rule, kept in ((grammar(words), bound), (_FREE, free)):
                (said,) = model.answers(asking(given), 1, 1, MAX_TOKENS, rule)
                kept.append(float(supported(re.sub(r"\s+", " ", said).strip(), words)))
    finally:
        model.stop()
    yield figure("default model, the person's words only: supported", bound)
    yield figure("default model, any words: supported", free)
