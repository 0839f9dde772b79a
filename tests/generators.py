"""Hypothesis strategies shared by the property tests, one section per room."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from assistant.personal.affinity import Nearness
from assistant.personal.protocols import DIMENSIONS
from assistant.policy.floors import AuthorityFloors, Floor, Floors

# -- personal ------------------------------------------------------------------------------

ANSWERS = st.lists(
    st.sampled_from(
        ["Soap removes germs.", "- one", "- two", "Perhaps (or not).", "Sure!", "Why not?", "😀",
         "For example, viruses.", "```\nx\n```", "# Head", "It is therefore utilised.", "\n", "é̂"]
    ),
    min_size=1, max_size=8,
).map("\n".join)  # fmt: skip

WORDS = st.lists(
    st.sampled_from(
        ["keep", "answers", "short", "no", "emojis", "I", "am", "vegetarian", "films", "code",
         "write", "bash", "loop", "cook", "dinner", "horror", "prose", "lists", "when", "about"]
    ),
    min_size=1, max_size=8,
).map(" ".join)  # fmt: skip

# -- vault ---------------------------------------------------------------------------------

STORED_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
# Lines that look like the Markdown export's own marks are what an escaping scheme gets wrong.
TEXT_LIKE_MARKS = st.lists(
    st.one_of(
        STORED_TEXT,
        st.sampled_from(["<!-- assistant:end -->", "\\<!-- assistant:x -->", "\r", ""]),
    ),
    max_size=6,
).map("\n".join)

# -- attached files ------------------------------------------------------------------------

# Seams where a text is cut, long runs without any, and letters of many bytes.
DOCUMENT_TEXT = st.lists(
    st.one_of(
        st.sampled_from(
            ["\n\n", "\n", "\f", "# Heading\n", "```\n", "~~~\n", "def run():\n", " ", "\t \n",
             ". ", "x" * 900, "é" * 500, "word " * 120, "Eine Zeile.\n" * 60, "日本語。" * 90]
        ),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    ),
    max_size=14,
).map("".join)  # fmt: skip

# -- adapters ------------------------------------------------------------------------------


@st.composite
def adapter_edits(draw: st.DrawFn, data: bytes) -> bytes:
    """A file with some bytes replaced, and perhaps cut or grown."""
    edited = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        edited[draw(st.integers(0, len(edited) - 1))] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(edited)) | st.none())
    return bytes(edited[:cut]) + draw(st.binary(max_size=8) | st.just(b""))


# Paragraphs of plain words, some of which a policy may stop.
PROSE = st.lists(
    st.lists(
        st.sampled_from(["the", "otter", "keeper", "walks", "under", "a", "glacier", "while",
                         "bread", "and", "lamps", "wait"]),
        min_size=1, max_size=150,
    ).map(" ".join),
    min_size=1, max_size=8,
).map("\n\n".join)  # fmt: skip
FILE_NAMES = st.one_of(
    st.sampled_from(["a.txt", "x]\n[y p. 1].md", "..", "a/b\\c", "> q", "\u2028"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
)

# -- policy bundles ------------------------------------------------------------------------


def utc_moments() -> st.SearchStrategy[datetime]:
    """Moments in UTC, whole seconds, in the years a policy can speak of."""
    return st.integers(min_value=0, max_value=2_500_000_000).map(
        lambda seconds: datetime.fromtimestamp(seconds, UTC)
    )


def floors_records() -> st.SearchStrategy[Floors]:
    """Records of accepted policy with few authorities, so that two of them overlap."""
    floor = st.builds(
        Floor,
        epoch=st.integers(0, 3),
        version=st.integers(1, 5),
        digest=st.sampled_from(["a" * 64, "b" * 64]),
    )
    roles = st.dictionaries(st.sampled_from(["root", "targets", "document"]), floor)
    entry = st.builds(AuthorityFloors, roles=roles, imported_at=st.none() | utc_moments())
    return st.builds(
        Floors,
        format=st.just(1),
        high_water=st.none() | utc_moments(),
        authorities=st.dictionaries(st.sampled_from(["1" * 64, "2" * 64]), entry),
        enrolled=st.just({}),
    )


@st.composite
def bundle_edits(draw: st.DrawFn, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A bundle with one value of one signed file replaced, its JSON still sound."""
    name = draw(st.sampled_from(sorted(n for n in files if not n.startswith("targets/"))))
    value = json.loads(files[name])
    parent: Any = value
    while True:
        keys = sorted(parent) if isinstance(parent, dict) else list(range(len(parent)))
        key = draw(st.sampled_from(keys))
        child = parent[key]
        if not isinstance(child, dict | list) or not child or draw(st.booleans()):
            break
        parent = child
    parent[key] = draw(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.just([]) | st.just({})
    )
    return {**files, name: json.dumps(value).encode()}


NEARNESS = st.builds(Nearness, st.floats(-1, 1), st.floats(-1.3, 1.3), st.floats(-30, 30))
"""How near any question may lie to any memory."""

EMBEDDINGS = (
    st.lists(st.floats(-1, 1), min_size=8, max_size=8)
    .filter(lambda values: math.hypot(*values) > 1e-3)
    .map(lambda values: values * (DIMENSIONS // 8))
)
"""Values of a vector that is not zero."""

TOKENS_SO_FAR = st.lists(st.integers(1, 6), min_size=3, max_size=40)
"""A prompt of a model with seven tokens: much of it stands there twice."""

STUMBLES = st.integers(3, 12)
"""At every so-manieth token it does not go on as before."""

ANSWER_LIMITS = st.tuples(st.integers(1, 40), st.integers(1, 40))
"""The most tokens of an answer, and what the window leaves."""
