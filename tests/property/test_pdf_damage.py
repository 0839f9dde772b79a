"""A damaged PDF is read or refused, whatever the damage; the parser's faults stay its own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.engine.child_document import answered
from assistant.engine.document_messages import PdfRead, PdfRefused, ReadPdf
from tests.pdf_files import pdf

WHOLE = pdf(["The first page says little.", "The second page says more."])


# The same damage each time: what a parser makes of random bytes must not vary the suite.
@given(
    edits=st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=30),
    cut=st.integers(0, len(WHOLE)),
)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_any_damage_ends_in_pages_or_a_reason(edits: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(WHOLE)
    for place, value in edits:
        data[place] = value
    for damaged in (bytes(data), bytes(data[:cut])):
        answer = answered(ReadPdf(damaged, 100))
        assert isinstance(answer, PdfRead | PdfRefused)
        if isinstance(answer, PdfRead):
            assert sum(map(len, answer.pages)) <= 100
            assert any(page.strip() for page in answer.pages)
