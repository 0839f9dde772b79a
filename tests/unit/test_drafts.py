"""Drafts for prompt look-up are what followed at the latest match, and learn their width."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.bench_suites._drafts import SIZES, WIDTHS, LatestMatch


def test_the_draft_is_what_followed_the_latest_three_tokens_alike() -> None:
    drafts = LatestMatch([1, 2, 3, 10, 11, 12, 1, 2, 3, 20, 21, 22, 7, 1, 2, 3])
    assert drafts.draft(8) == [20, 21, 22]


def test_two_tokens_alike_are_enough_where_three_are_not_found() -> None:
    assert LatestMatch([1, 2, 3, 4, 5, 9, 2, 3]).draft(2) == [4, 5]


@pytest.mark.parametrize("tokens", [[], [1], [1, 2], [1, 2, 3, 4]])
def test_without_a_match_there_is_no_draft(tokens: list[int]) -> None:
    assert LatestMatch(tokens).draft(8) == []


def test_a_draft_is_never_longer_than_there_is_room_for() -> None:
    drafts = LatestMatch([1, 2, 3, 4, 1, 2])
    assert drafts.draft(1) == [3]
    assert drafts.draft(0) == drafts.draft(-1) == []


def test_a_draft_said_whole_widens_the_next_and_one_not_said_narrows_it() -> None:
    drafts = LatestMatch([*range(20), 0, 1])
    assert len(drafts.draft(99)) == WIDTHS[1]
    drafts.checked(3, 3)
    assert len(drafts.draft(99)) == WIDTHS[2]
    drafts.checked(7, 4)
    assert len(drafts.draft(99)) == WIDTHS[2]
    for _ in range(3):
        drafts.checked(7, 0)
    assert len(drafts.draft(99)) == WIDTHS[0]
    drafts.checked(0, 0)
    assert len(drafts.draft(99)) == WIDTHS[0]


@given(st.lists(st.integers(0, 3), max_size=40))
def test_a_draft_is_the_same_as_a_search_from_the_end_finds(tokens: list[int]) -> None:
    drafts = LatestMatch(tokens)
    assert drafts.draft(WIDTHS[1]) == _searched(tokens)[: WIDTHS[1]]


def _searched(tokens: list[int]) -> list[int]:
    for size in SIZES:
        for start in range(len(tokens) - size - 1, -1, -1):
            if tokens[start : start + size] == tokens[-size:]:
                return tokens[start + size :]
    return []
