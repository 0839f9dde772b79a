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
