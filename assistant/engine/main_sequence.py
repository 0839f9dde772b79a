"""The main sequence: system text and past turns, kept in the KV cache.

It holds whole canonical chunks only. Where an evaluation is aborted, the chunk is
taken back, and ``held`` tells exactly what is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from assistant.engine.llama import Llama
from assistant.engine.prompt_plan import Tokens, chunks, length, plan

MAIN = 0


class MainSequence:
    """What sequence 0 holds, by segment, and how it is changed into what is wanted."""

    def __init__(self, llama: Llama, chunk: int) -> None:
        self._llama = llama
        self._chunk = chunk
        self._held: list[Tokens] = []
        self.canonical = True

    @property
    def held(self) -> tuple[Tokens, ...]:
        """Segments in the cache; the last may be a beginning only (whole chunks)."""
        return tuple(self._held)

    @property
    def tokens(self) -> int:
        """Positions in use."""
        return length(self._held)

    def become(
        self,
        wanted: Sequence[Tokens],
        *,
        exact: bool,
        after_chunk: Callable[[int], bool],
    ) -> int:
        """Hold exactly ``wanted``; returns how many tokens were already there.

        ``after_chunk(tokens evaluated)`` is called after each chunk; False stops early
        with what is done kept. Raises ``Aborted`` likewise.
        """
        if exact and not self.canonical:
            self.forget()
        reused = self._keep_common(wanted)
        position = reused
        for place, segment in enumerate(wanted):
            already = len(self._held[place]) if place < len(self._held) else 0
            for tokens in chunks(segment[already:], self._chunk):
                self._llama.evaluate(tokens, position, MAIN, logits=False)
                self._extend(place, tokens)
                position += len(tokens)
                if not after_chunk(len(tokens)):
                    return reused
        return reused

    def forget(self) -> None:
        """Drop everything."""
        self._llama.clear()
        self._held = []
        self.canonical = True

    def adopt(self, held: Sequence[Tokens]) -> None:
        """Say what sequence 0 holds after a saved state was put into it."""
        self._held = list(held)
        self.canonical = True

    def _extend(self, place: int, tokens: Tokens) -> None:
        if place < len(self._held):
            self._held[place] += tokens
        else:
            self._held.append(tokens)

    def _keep_common(self, wanted: Sequence[Tokens]) -> int:
        found = plan(self._held, wanted, self._chunk, may_shift=self._llama.can_shift)
        if found.shift is not None:
            shift = found.shift
            self._llama.remove(MAIN, shift.start, shift.end)
            self._llama.move(MAIN, shift.end, shift.start - shift.end)
            self._held = _without(self._held, shift.start, shift.end)
            self.canonical = False
        kept = self._held[: found.kept]
        if found.kept_chunks:
            kept.append(wanted[found.kept][: found.kept_chunks * self._chunk])
        count = length(kept)
        if count < self.tokens:
            self._llama.remove(MAIN, count, -1)
        self._held = kept
        if count == 0:
            self.canonical = True
        return count


def _without(held: Sequence[Tokens], start: int, end: int) -> list[Tokens]:
    """Segments outside the positions ``[start, end)``, which are whole segments."""
    kept: list[Tokens] = []
    position = 0
    for segment in held:
        if not start <= position < end:
            kept.append(segment)
        position += len(segment)
    return kept
