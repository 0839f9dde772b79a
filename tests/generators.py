"""Hypothesis strategies shared by the property tests, one section per room."""

from __future__ import annotations

from hypothesis import strategies as st

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
