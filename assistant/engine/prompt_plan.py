"""Which tokens to evaluate, and in which split.

The split of a prompt into batches changes the arithmetic, and with it which token
wins a near tie. So there is one canonical split: by message, then in chunks of a
fixed number of tokens counted from the message's start. A chunk is evaluated whole
or not at all, so a cached prompt and a cold one hold the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    """Drop the positions ``[start, end)`` and move what follows down."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Plan:
    """How the main sequence becomes the wanted one.

    First ``shift`` (or nothing), then keep ``kept`` segments and, of the next one, the
    first ``kept_chunks`` chunks; everything behind is evaluated anew.
    """

    shift: Shift | None
    kept: int
    kept_chunks: int


def chunks(segment: Tokens, size: int) -> list[Tokens]:
    """A segment in its canonical chunks."""
    return [segment[start : start + size] for start in range(0, len(segment), size)]


def length(segments: Sequence[Tokens]) -> int:
    """Tokens in all segments."""
    return sum(len(segment) for segment in segments)


def common(held: Sequence[Tokens], wanted: Sequence[Tokens]) -> int:
    """Leading segments that are the same."""
    count = 0
    for ours, theirs in zip(held, wanted, strict=False):
        if ours != theirs:
            break
        count += 1
    return count


def plan(held: Sequence[Tokens], wanted: Sequence[Tokens], size: int, *, may_shift: bool) -> Plan:
    """The cheapest way from ``held`` to ``wanted``.

    A shift is taken when the oldest turns behind the common head were dropped and
    what follows them is the wanted rest, or its beginning.
    """
    head = common(held, wanted)
    shift = _find_shift(held, wanted, head) if may_shift else None
    if shift is not None:
        dropped = Shift(length(held[:head]), length(held[:shift]))
        held = [*held[:head], *held[shift:]]
        head = common(held, wanted)
        return Plan(dropped, head, _common_chunks(held, wanted, head, size))
    return Plan(None, head, _common_chunks(held, wanted, head, size))


def _find_shift(held: Sequence[Tokens], wanted: Sequence[Tokens], head: int) -> int | None:
    """The place in ``held`` from which everything is the wanted continuation."""
    rest = wanted[head:]
    if not rest:
        return None
    for place in range(head + 1, len(held)):
        tail = held[place:]
        if tuple(tail) == tuple(rest[: len(tail)]):
            return place
    return None


def _common_chunks(held: Sequence[Tokens], wanted: Sequence[Tokens], head: int, size: int) -> int:
    if head >= len(held) or head >= len(wanted):
        return 0
    return common(chunks(held[head], size), chunks(wanted[head], size))


def split_at_markers(text: str, markers: Sequence[str]) -> list[str]:
    """Cut text inside every marker, after its first character.

    Some model files declare their chat markers as user-defined tokens, which the
    tokeniser recognises even in plain text. Cut in two, no marker is left to see.
    """
    cuts: set[int] = set()
    for marker in markers:
        start = text.find(marker) if len(marker) > 1 else -1
        while start >= 0:
            cuts.add(start + 1)
            start = text.find(marker, start + 1)
    edges = [0, *sorted(cuts), len(text)]
    return [text[a:b] for a, b in pairwise(edges) if a < b]
