"""A long text cut into parts that can be found and cited one by one.

Pure. Parts follow the text's own seams (headings, paragraphs, code blocks, lines,
sentences), hold about 200 tokens, and begin a little before their seam, so that a thought
across it is whole in one of them. Every character lies in a part; a part of a PDF lies on
one page.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from assistant.conversation.attachments.decoding import DocumentKind

TARGET_TOKENS: Final = 200
MOST_TOKENS: Final = 300
OVERLAP_TOKENS: Final = 30
PAGE_BREAK: Final = "\f"
"""Stands between the pages of a PDF's text."""

_SPECIAL: Final = re.compile(r"[^\x00-\x7f]")
_FENCE: Final = re.compile(r"^ {0,3}(```+|~~~+)", re.MULTILINE)
_BLANK: Final = re.compile(r"\n[ \t]*\n\s*")
_HEADING: Final = re.compile(r"^#{1,6} ", re.MULTILINE)
_TOP_LEVEL: Final = re.compile(
    r"^(?=(?:def|class|async def|func|fn|pub|impl|function|export|public|struct|interface)\b|@)",
    re.MULTILINE,
)
_FINER: Final = (
    re.compile(r"\n"),
    re.compile(r"[.!?。！？][\"')\]]*\s*"),
    re.compile(r"\s+"),
)


@dataclass(frozen=True, slots=True)
class Part:
    """``text[start:end]``; ``first`` to ``last`` are pages of a PDF, lines of any other."""

    start: int
    end: int
    first: int
    last: int


def tokens_about(text: str) -> float:
    """Tokens of a text, estimated: four ASCII characters to one, any other is one."""
    special = len(_SPECIAL.findall(text))
    return special + (len(text) - special) / 4


def cut(text: str, kind: DocumentKind) -> tuple[Part, ...]:
    """The parts of a text, in order. None for a text of nothing but white space."""
    spans: list[tuple[int, int, int]] = []
    for low, high in _pages(text, kind):
        seams = _packed(text, _blocks(text, low, high, kind))
        least = low
        for start, end in seams:
            spans.append((_earlier(text, least, start), start, end))
            # No more than half of a part is said again in the next.
            least = (start + end) // 2
    place = _Pages(text) if kind is DocumentKind.PDF else _Lines(text)
    return tuple(
        Part(early, end, *place.of(early, end))
        for early, _, end in spans
        if text[early:end].strip()
    )


def _pages(text: str, kind: DocumentKind) -> Iterator[tuple[int, int]]:
    """Where no part may reach across: pages, each with the break that ends it."""
    ends = [0]
    if kind is DocumentKind.PDF:
        ends += [found.end() for found in re.finditer(PAGE_BREAK, text)]
    yield from ((low, high) for low, high in pairwise([*ends, len(text)]) if low < high)


def _blocks(text: str, low: int, high: int, kind: DocumentKind) -> list[tuple[int, int]]:
    """The page's paragraphs, headings, code blocks: spans that fill it without a gap."""
    fenced = list(_fenced(text, low, high)) if kind is not DocumentKind.CODE else []
    seams = {found.end() for found in _BLANK.finditer(text, low, high)}
    seams |= {found.start() for found in _HEADING.finditer(text, low, high)}
    if kind is DocumentKind.CODE:
        seams |= {found.start() for found in _TOP_LEVEL.finditer(text, low, high)}
    starts = [start for start, _ in fenced]
    seams = {s for s in seams if not _inside(fenced, bisect_left(starts, s) - 1, s)}
    seams |= {edge for block in fenced for edge in block}
    edges = sorted({low, high, *(s for s in seams if low < s < high)})
    return list(pairwise(edges))


def _inside(fenced: list[tuple[int, int]], index: int, seam: int) -> bool:
    return index >= 0 and seam < fenced[index][1]


def _fenced(text: str, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Code blocks from their opening fence to the end of the closing one's line."""
    opened: tuple[int, str] | None = None
    for found in _FENCE.finditer(text, low, high):
        if opened is None:
            opened = (found.start(), found[1])
        elif found[1].startswith(opened[1]):
            line = text.find("\n", found.end(), high)
            yield opened[0], high if line < 0 else line + 1
            opened = None


def _packed(text: str, blocks: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Blocks gathered up to the target; one that is too long alone is cut finer."""
    start = end = -1
    held = 0.0
    for low, high in blocks:
        size = tokens_about(text[low:high])
        heading = _HEADING.match(text, low) is not None and held >= TARGET_TOKENS / 2
        if start >= 0 and (held + size > TARGET_TOKENS or heading):
            yield start, end
            start = -1
        if start < 0:
            start, held = low, 0.0
        end, held = high, held + size
        if held > MOST_TOKENS:
            pieces = list(_finer(text, start, end, 0))
            yield from pieces[:-1]
            start, end = pieces[-1]
            held = tokens_about(text[start:end])
    if start >= 0:
        yield start, end


def _finer(text: str, low: int, high: int, level: int) -> Iterator[tuple[int, int]]:
    """A long block cut at lines, else sentences, else words, else anywhere."""
    if tokens_about(text[low:high]) <= MOST_TOKENS:
        yield low, high
        return
    if level == len(_FINER):
        # Without any seam, an even cut: a run of one character is at most one token.
        yield from (
            (place, min(place + TARGET_TOKENS, high)) for place in range(low, high, TARGET_TOKENS)
        )
        return
    edges = sorted({low, high, *(f.end() for f in _FINER[level].finditer(text, low, high))})
    start, held = low, 0.0
    for one, after in pairwise(edges):
        size = tokens_about(text[one:after])
        if start < one and held + size > TARGET_TOKENS:
            yield from _finer(text, start, one, level + 1)
            start, held = one, 0.0
        held += size
    yield from _finer(text, start, high, level + 1)


def _earlier(text: str, low: int, start: int) -> int:
    """Where a part begins so that it repeats the end of the one before, from a word on."""
    place = start
    held = 0.0
    while place > low and held < OVERLAP_TOKENS:
        place -= 1
        held += 0.25 if text[place].isascii() else 1.0
    while 0 < place < start and not text[place - 1].isspace():
        place += 1
    return place


class _Lines:
    """Line numbers of spans, from 1."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._line = text, 0, 1

    def of(self, start: int, end: int) -> tuple[int, int]:
        """Starts come in order; where one lies before the last one, it is counted anew."""
        if start < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count("\n", self._at, start)
        self._at = start
        stripped = end
        while stripped > start and self._text[stripped - 1].isspace():
            stripped -= 1
        return self._line, self._line + self._text.count("\n", start, stripped)


class _Pages(_Lines):
    """Page numbers of spans, from 1; a part never reaches across a page."""

    def of(self, start: int, end: int) -> tuple[int, int]:  # noqa: ARG002
        if start < self._at:
            self._at, self._line = 0, 1
        self._line += self._text.count(PAGE_BREAK, self._at, start)
        self._at = start
        return self._line, self._line
