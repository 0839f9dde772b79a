"""Where in a file something stands, and the line that names an answer's sources.

The sources are what was put before the model, told by the program: nothing relies on the
model citing anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assistant.conversation.events import Source


def place(kind: str, first: int, last: int) -> str:
    """ "p. 3", "p. 3–4", "line 7" or "lines 7–20"."""
    word = "p." if kind == "pdf" else "line" if first == last else "lines"
    return f"{word} {first}" if first == last else f"{word} {first}–{last}"


def marker(name: str, where: str) -> str:
    """What stands before an excerpt: ``[report.pdf p. 3]``."""
    return f"[{name} {where}]" if where else f"[{name}]"


def source(name: str, kind: str, spans: Iterable[tuple[int, int]], *, whole: bool) -> Source:
    """A file with the pages or lines that were read of it, neighbours joined."""
    return Source(name, () if whole else tuple(_joined(sorted(spans))), kind)


def _joined(spans: Sequence[tuple[int, int]]) -> Iterable[str]:
    runs: list[tuple[int, int]] = []
    for first, last in spans:
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        else:
            runs.append((first, last))
    for first, last in runs:
        yield f"{first}" if first == last else f"{first}–{last}"


def sources_line(sources: Sequence[Source]) -> str:
    """ "Sources: report.pdf p. 3, 7; notes.txt"; "" without any. Raw: make it inert."""
    if not sources:
        return ""
    return "Sources: " + "; ".join(_told(each) for each in sources)


def _told(each: Source) -> str:
    if not each.places:
        return each.name
    many = len(each.places) > 1 or "–" in each.places[0]
    word = "p." if each.kind == "pdf" else "lines" if many else "line"
    return f"{each.name} {word} {', '.join(each.places)}"
