"""The plan from one prompt to the next never changes what is evaluated, only how much."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.prompt_plan import (
    Plan,
    Shift,
    Tokens,
    chunks,
    length,
    plan,
    split_at_markers,
)

segments = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=7).map(tuple), max_size=6)
CHUNK = 3


def _carry_out(held: list[Tokens], wanted: list[Tokens], found: Plan) -> list[int]:
    """What the cache holds after the plan, as one run of tokens."""
    tokens = [token for segment in held for token in segment]
    if found.shift is not None:
        del tokens[found.shift.start : found.shift.end]
    keep = length(wanted[: found.kept]) + found.kept_chunks * CHUNK
    if found.kept < len(wanted):
        keep = min(keep, length(wanted[: found.kept + 1]))
    kept = tokens[:keep]
    flat = [token for segment in wanted for token in segment]
    return kept + flat[len(kept) :]


@given(segments, segments, st.booleans())
def test_carrying_out_a_plan_gives_the_wanted_prompt(
    held: list[Tokens], wanted: list[Tokens], may_shift: bool
) -> None:
    found = plan(held, wanted, CHUNK, may_shift=may_shift)
    assert _carry_out(held, wanted, found) == [t for segment in wanted for t in segment]


@given(segments, segments)
def test_a_kept_chunk_was_evaluated_in_the_same_split(
    held: list[Tokens], wanted: list[Tokens]
) -> None:
    found = plan(held, wanted, CHUNK, may_shift=False)
    assert list(held[: found.kept]) == list(wanted[: found.kept])
    if found.kept_chunks:
        ours, theirs = chunks(held[found.kept], CHUNK), chunks(wanted[found.kept], CHUNK)
        assert ours[: found.kept_chunks] == theirs[: found.kept_chunks]


@given(segments)
def test_the_same_prompt_costs_nothing(held: list[Tokens]) -> None:
    assert plan(held, held, CHUNK, may_shift=True) == Plan(None, len(held), 0)


def test_dropping_the_oldest_turns_is_a_shift() -> None:
    system, first, second, third = (1, 1), (2, 2), (3, 3, 3), (4,)
    found = plan([system, first, second, third], [system, third, (5,)], CHUNK, may_shift=True)
    assert found == Plan(Shift(2, 7), 2, 0)


def test_without_shifting_the_rest_is_evaluated_again() -> None:
    system, first, second = (1, 1), (2, 2), (3, 3, 3)
    found = plan([system, first, second], [system, second], CHUNK, may_shift=False)
    assert found == Plan(None, 1, 0)


@given(st.text(max_size=30), st.lists(st.sampled_from(["<|im_end|>", "<s>", "[INST]", "aa"])))
def test_no_part_of_a_cut_text_holds_a_marker(text: str, markers: list[str]) -> None:
    for marker in markers:
        text = text[: len(text) // 2] + marker + text[len(text) // 2 :]
    parts = split_at_markers(text, markers)
    assert "".join(parts) == text
    assert not any(marker in part for part in parts for marker in markers)
