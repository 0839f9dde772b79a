"""Cutting a text into parts loses nothing, for any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.conversation.attachments.chunking import (
    MOST_TOKENS,
    OVERLAP_TOKENS,
    PAGE_BREAK,
    cut,
    tokens_about,
)
from assistant.conversation.attachments.decoding import DocumentKind
from tests.generators import DOCUMENT_TEXT


@pytest.mark.parametrize("kind", DocumentKind)
@given(text=DOCUMENT_TEXT)
@settings(max_examples=60, deadline=None)
def test_every_word_lies_in_a_part_and_parts_are_small_and_in_order(
    text: str, kind: DocumentKind
) -> None:
    parts = cut(text, kind)
    covered: set[int] = set()
    for part in parts:
        assert 0 <= part.start < part.end <= len(text)
        assert part.first <= part.last
        assert text[part.start : part.end].strip()
        assert tokens_about(text[part.start : part.end]) <= MOST_TOKENS + OVERLAP_TOKENS + 1
        covered.update(range(part.start, part.end))
    assert all(text[i].isspace() for i in set(range(len(text))) - covered)
    assert [p.end for p in parts] == sorted({p.end for p in parts})
    assert [p.start for p in parts] == sorted(p.start for p in parts)


@given(pages=st.lists(DOCUMENT_TEXT.map(lambda t: t.replace(PAGE_BREAK, " ")), max_size=5))
@settings(max_examples=60, deadline=None)
def test_a_part_of_a_pdf_lies_on_the_page_it_names(pages: list[str]) -> None:
    text = PAGE_BREAK.join(pages)
    for part in cut(text, DocumentKind.PDF):
        assert part.first == part.last
        said = text[part.start : part.end].removesuffix(PAGE_BREAK)
        assert PAGE_BREAK not in said
        assert said in pages[part.first - 1]


@given(text=DOCUMENT_TEXT)
@settings(max_examples=60, deadline=None)
def test_lines_are_counted_as_in_the_whole_text(text: str) -> None:
    for part in cut(text, DocumentKind.TEXT):
        assert part.first == text.count("\n", 0, part.start) + 1
        stripped = text[part.start : part.end].rstrip()
        assert part.last == part.first + stripped.count("\n")
