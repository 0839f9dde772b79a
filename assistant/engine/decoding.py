"""The token loop: one to three candidates as parallel sequences over one prompt."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from assistant.engine.drafts import LatestMatch
from assistant.engine.llama import Aborted, Llama, Sampler
from assistant.engine.model_messages import CandidateFinished, Reason, Sampling, TextDelta

_Text = codecs.getincrementaldecoder("utf-8")


@dataclass(slots=True)
class Candidate:
    """One running answer."""

    number: int
    sequence: int
    sampler: Sampler
    decoder: codecs.IncrementalDecoder = field(default_factory=lambda: _Text("replace"))
    tokens: int = 0
    last: int = 0
    untold: list[str] = field(default_factory=list)
    untold_tokens: int = 0
    told_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Where decoding starts, and how far it may go."""

    start: int
    max_tokens: int
    window_tokens: int


TELL_EVERY = 0.1
"""Text is sent at most so often, in seconds: each message wakes two threads of the front,
a pass of the gate and a drawing of the screen, and on few cores every one of them stops a
decoding thread while the other waits. Twice as often cost the screen 1.3 times the work for
the same text. The first word is sent at once. Of several candidates each waits its turn, so
that there are no more messages: those of three took 5 % of their decoding."""

Emit = Callable[[TextDelta | CandidateFinished], None]


class Decoder:
    """Decodes until every candidate has ended. ``emit`` gets its events in order."""

    def __init__(
        self, llama: Llama, emit: Emit, between_steps: Callable[[float, int], None]
    ) -> None:
        self._llama = llama
        self._emit = emit
        self._between_steps = between_steps
        self._tell_every = TELL_EVERY

    def run(
        self,
        sequences: Sequence[int],
        sampling: Sampling,
        seed: int,
        limits: Limits,
        grammar: str = "",
        prompt: Iterable[int] = (),
    ) -> tuple[int, float]:
        """Returns generated tokens and seconds. All sequences hold the prompt already.

        A single candidate that always takes the likeliest token is helped by look-up in the
        tokens of its ``prompt``.
        """
        running = [
            Candidate(
                number, sequence, self._llama.sampler(sampling, (seed + number) % 2**32, grammar)
            )
            for number, sequence in enumerate(sequences)
        ]
        samplers = [candidate.sampler for candidate in running]
        try:
            # Drawn freely too few drafts come true: on two threads 1.02 times the speed on a
            # text to rewrite and 0.97 in a chat; with the likeliest token 1.16 and 0.98.
            if len(running) == 1 and not grammar and sampling.temperature <= 0:
                return self._alone(running[0], limits, prompt)
            return self._loop(running, limits)
        finally:
            for sampler in samplers:
                sampler.close()

    def _loop(self, running: list[Candidate], limits: Limits) -> tuple[int, float]:
        began = time.perf_counter()
        everyone = tuple(running)
        self._tell_every = TELL_EVERY * len(everyone)
        # Every candidate draws its first token from the prompt's one row of logits.
        rows = [-1] * len(running)
        while running:
            going: list[Candidate] = []
            for candidate, row in zip(running, rows, strict=True):
                token = candidate.sampler.sample(row)
                if self._take(candidate, token, limits):
                    going.append(candidate)
            running = going
            if not running:
                break
            before = time.perf_counter()
            if not self._step(running, limits.start):
                break
            rows = list(range(len(running)))
            self._between_steps(time.perf_counter() - before, len(running))
        return sum(c.tokens for c in everyone), time.perf_counter() - began

    def _step(self, running: Sequence[Candidate], start: int, draft: Sequence[int] = ()) -> bool:
        tokens = [(c.last, start + c.tokens - 1, c.sequence) for c in running]
        for place, token in enumerate(draft):
            _, position, sequence = tokens[0]
            tokens.append((token, position + place + 1, sequence))
        try:
            self._llama.step(tokens)
        except Aborted:
            for candidate in running:
                self._finish(candidate, "cancelled")
            return False
        return True

    def _alone(
        self, candidate: Candidate, limits: Limits, prompt: Iterable[int]
    ) -> tuple[int, float]:
        """One candidate: several tokens a step where a draft is what it says anyway."""
        began = time.perf_counter()
        most = min(limits.max_tokens, limits.window_tokens)
        if self._take(candidate, candidate.sampler.sample(-1), limits):
            # Made now: the first word is on its way already.
            drafts = LatestMatch(prompt)
            drafts.add(candidate.last)
            going = True
            while going:
                before, kept = time.perf_counter(), limits.start + candidate.tokens
                draft = drafts.draft(most - candidate.tokens - 1)
                if not self._step((candidate,), limits.start, draft):
                    break
                going, said = self._said(candidate, draft, limits, drafts)
                if len(draft) > said:
                    self._llama.remove(candidate.sequence, kept + said, -1)
                drafts.checked(len(draft), said)
                self._between_steps(time.perf_counter() - before, 1 + len(draft))
        return candidate.tokens, time.perf_counter() - began

    def _said(
        self, candidate: Candidate, draft: Sequence[int], limits: Limits, drafts: LatestMatch
    ) -> tuple[bool, int]:
        """Draw after the step. Whether it goes on, and how many tokens of the draft it said."""
        for row in range(len(draft) + 1):
            token = candidate.sampler.sample(row)
            if not self._take(candidate, token, limits):
                return False, row
            drafts.add(token)
            if row == len(draft) or token != draft[row]:
                return True, row
        raise AssertionError("the row after a draft ends the loop")

    def _take(self, candidate: Candidate, token: int, limits: Limits) -> bool:
        """Book one drawn token; whether the candidate goes on."""
        if self._llama.abort.is_set():
            return self._finish(candidate, "cancelled")
        if self._llama.ends(token):
            return self._finish(candidate, "stop")
        candidate.tokens += 1
        candidate.untold_tokens += 1
        candidate.last = token
        text = candidate.decoder.decode(self._llama.piece(token))
        if text:
            candidate.untold.append(text)
            now = time.perf_counter()
            if now - candidate.told_at >= self._tell_every:
                candidate.told_at = now
                self._tell(candidate)
        if candidate.tokens >= limits.max_tokens:
            return self._finish(candidate, "length")
        if candidate.tokens >= limits.window_tokens:
            return self._finish(candidate, "window")
        return True

    def _tell(self, candidate: Candidate) -> None:
        if candidate.untold:
            text = "".join(candidate.untold)
            self._emit(TextDelta(candidate.number, text, candidate.untold_tokens))
            candidate.untold.clear()
            candidate.untold_tokens = 0

    def _finish(self, candidate: Candidate, reason: Reason) -> bool:
        # Bytes of a character that was never completed are dropped, not shown as "�".
        self._tell(candidate)
        self._emit(CandidateFinished(candidate.number, reason, candidate.tokens))
        return False
