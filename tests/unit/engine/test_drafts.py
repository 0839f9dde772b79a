"""Drafts for prompt look-up are what followed at the latest match, and learn their width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.drafts import SIZE, WIDTHS, LatestMatch


def test_the_draft_is_what_followed_the_latest_three_tokens_alike() -> None:
    drafts = LatestMatch([1, 2, 3, 10, 11, 12, 1, 2, 3, 20, 21, 22, 7, 1, 2, 3])
    drafts.checked(1, 1)
    assert drafts.draft(8) == [20, 21, 22]


@pytest.mark.parametrize("tokens", [[], [1], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 9, 2, 3]])
def test_without_three_tokens_alike_there_is_no_draft(tokens: list[int]) -> None:
    assert LatestMatch(tokens).draft(8) == []


def test_a_draft_is_never_longer_than_there_is_room_for() -> None:
    drafts = LatestMatch([1, 2, 3, 4, 5, 1, 2, 3])
    drafts.checked(1, 1)
    assert drafts.draft(2) == [4, 5]
    assert drafts.draft(0) == drafts.draft(-1) == []


def test_a_draft_said_whole_widens_the_next_and_any_other_makes_it_one_token() -> None:
    drafts = LatestMatch([*range(20), 0, 1, 2])
    assert len(drafts.draft(99)) == WIDTHS[0]
    for width in (WIDTHS[1], WIDTHS[2], WIDTHS[2]):
        drafts.checked(1, 1)
        assert len(drafts.draft(99)) == width
    drafts.checked(0, 0)
    assert len(drafts.draft(99)) == WIDTHS[2]
    drafts.checked(7, 6)
    assert len(drafts.draft(99)) == WIDTHS[0]


@given(st.lists(st.integers(0, 2), max_size=40))
def test_a_draft_is_the_same_as_a_search_from_the_end_finds(tokens: list[int]) -> None:
    drafts = LatestMatch(tokens)
    drafts.checked(1, 1)
    assert drafts.draft(WIDTHS[1]) == _searched(tokens)[: WIDTHS[1]]


def _searched(tokens: list[int]) -> list[int]:
    for start in range(len(tokens) - SIZE - 1, -1, -1):
        if tokens[start : start + SIZE] == tokens[-SIZE:]:
            return tokens[start + SIZE :]
    return []
