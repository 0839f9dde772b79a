"""The verbs of the model child, over one loaded model."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from assistant.engine.chat_template import ChatTemplate, Segment
from assistant.engine.decoding import Decoder, Limits
from assistant.engine.llama import Aborted, Llama
from assistant.engine.main_sequence import MAIN, MainSequence
from assistant.engine.messages import Reply
from assistant.engine.model_messages import (
    MAX_CANDIDATES,
    CandidateFinished,
    ChatMessage,
    Counts,
    DecodeProbed,
    GenerateRequest,
    GenerationFinished,
    PromptEvaluated,
    PromptProgress,
    WindowExceeded,
)
from assistant.engine.prompt_plan import Tokens, chunks, length, split_at_markers
from assistant.engine.thread_governor import ThreadGovernor

Emit = Callable[[Reply], None]

SPARE = MAX_CANDIDATES + 1
PROBE_TEXT = "The quick brown fox jumps over the lazy dog and then"


class ModelSession:
    """Owns the cache: main sequence 0, forks 1 to 3 that live for one generation."""

    def __init__(
        self,
        llama: Llama,
        *,
        chunk: int,
        governor: ThreadGovernor,
        between: Callable[[], None],
    ) -> None:
        self.llama = llama
        self.chunk = chunk
        self.main = MainSequence(llama, chunk)
        self.template = ChatTemplate(
            llama.chat_template(), bos=llama.token_text(llama.bos), eos=llama.token_text(llama.eos)
        )
        self._markers = llama.markers()
        self._governor = governor
        self._between = between

    # --- counting ----------------------------------------------------------------------

    def count_texts(self, texts: Sequence[str]) -> Counts:
        """Tokens of each text alone."""
        return Counts(tuple(len(self._plain(text)) for text in texts))

    def count_messages(self, messages: Sequence[ChatMessage]) -> Counts:
        """Tokens of each message with the template around it; system text may be folded."""
        counts = [len(tokens) for tokens in self._segments(messages, prompt=True)]
        # A folded system message is counted with the message it was folded into.
        return Counts((*([0] * (len(messages) - len(counts))), *counts))

    # --- evaluating --------------------------------------------------------------------

    def absorb(self, history: Sequence[ChatMessage], go_on: Callable[[], bool]) -> bool:
        """Make the main sequence hold ``history``; False if ``go_on`` said stop."""
        wanted = self.segments(history)
        if length(wanted) >= self.llama.context_size:
            return False
        self.main.become(wanted, exact=False, after_chunk=lambda _: go_on())
        return length(wanted) == self.main.tokens

    def generate(self, request: GenerateRequest, emit: Emit) -> None:
        """One turn; every event goes to ``emit``."""
        messages = (*request.history, request.question)
        rendered = self.template.render(messages, prompt=True)
        segments = self._tokens(rendered)
        history, question = segments[:-1], segments[-1]
        exceeded = self._exceeded(request, history, question)
        if exceeded is not None:
            emit(exceeded)
            return
        began = time.perf_counter()
        try:
            reused = self._evaluate(request, history, question, emit)
        except Aborted:
            self._cancelled(request, emit)
            reused = -1
        if reused >= 0:
            total = length(history) + len(question)
            emit(PromptEvaluated(total, reused, time.perf_counter() - began))
            try:
                self._decode(request, segments, rendered, emit)
            finally:
                self._drop_forks()
        else:
            emit(self._finished(rendered, length(history) + len(question), 0, 0.0))
            self._drop_forks()

    def probe(self, tokens: int) -> DecodeProbed:
        """Decode a few tokens greedily on the spare sequence."""
        prompt = self.llama.tokenise(PROBE_TEXT, special=False)
        began = time.perf_counter()
        try:
            self.llama.evaluate(prompt, 0, SPARE, logits=True)
            for place in range(tokens):
                self.llama.evaluate(prompt[:1], len(prompt) + place, SPARE, logits=True)
        finally:
            self.llama.remove(SPARE, -1, -1)
        return DecodeProbed(tokens, time.perf_counter() - began)

    def segments(self, history: Sequence[ChatMessage]) -> list[Tokens]:
        """The history as the main sequence holds it: up to where a question begins."""
        return self._segments((*history, _NEXT), prompt=True)[:-1]

    def fix_threads(self, threads: int) -> None:
        """Use exactly this many threads; 0 lets the governor choose."""
        self._governor.fix(threads)

    # --- inside ------------------------------------------------------------------------

    def _plain(self, text: str) -> list[int]:
        """Tokens of a text that can hold no marker."""
        tokens: list[int] = []
        for part in split_at_markers(text, self._markers):
            tokens += self.llama.tokenise(part, special=False)
        return tokens

    def _tokens(self, segments: Sequence[Segment]) -> list[Tokens]:
        result: list[Tokens] = []
        for segment in segments:
            tokens: list[int] = []
            for piece in segment.pieces:
                if piece.literal:
                    tokens += self.llama.tokenise(piece.text, special=True)
                else:
                    tokens += self._plain(piece.text)
            result.append(tuple(tokens))
        first = result[0][:1]
        if self.llama.adds_bos and first != (self.llama.bos,):
            result[0] = (self.llama.bos, *result[0])
        return result

    def _segments(self, messages: Sequence[ChatMessage], *, prompt: bool) -> list[Tokens]:
        return self._tokens(self.template.render(messages, prompt=prompt))

    def _exceeded(
        self, request: GenerateRequest, history: Sequence[Tokens], question: Tokens
    ) -> WindowExceeded | None:
        total = length(history) + len(question)
        wanted = total + request.candidates * min(request.max_tokens, MIN_ANSWER)
        if wanted <= self.llama.context_size:
            return None
        alone = [m for m in request.history if m.role == "system"]
        least = length(self._segments([*alone, request.question], prompt=True))
        return WindowExceeded(total, least, request.max_tokens, self.llama.context_size)

    def _evaluate(
        self,
        request: GenerateRequest,
        history: Sequence[Tokens],
        question: Tokens,
        emit: Emit,
    ) -> int:
        """History into the main sequence, the question on the forks. Returns reused tokens."""
        total = length(history) + len(question)
        done = 0

        def told(tokens: int) -> bool:
            nonlocal done
            done += tokens
            emit(PromptProgress(total - unread + done, total))
            self._between()
            return True

        unread = total - self._kept(history, exact=request.exact)
        reused = self.main.become(history, exact=request.exact, after_chunk=told)
        position = length(history)
        self.llama.copy(MAIN, 1)
        parts = chunks(question, self.chunk)
        for place, tokens in enumerate(parts):
            self.llama.evaluate(tokens, position, 1, logits=place == len(parts) - 1)
            position += len(tokens)
            told(len(tokens))
        for sequence in range(2, request.candidates + 1):
            self.llama.copy(1, sequence)
        return reused

    def _kept(self, history: Sequence[Tokens], *, exact: bool) -> int:
        """About how much of the history is there, for the progress shown."""
        if exact and not self.main.canonical:
            return 0
        return min(self.main.tokens, length(history))

    def _decode(
        self,
        request: GenerateRequest,
        prompt: Sequence[Tokens],
        rendered: Sequence[Segment],
        emit: Emit,
    ) -> None:
        total = length(prompt)
        room = (self.llama.context_size - total) // request.candidates
        limits = Limits(total, request.max_tokens, room)
        self._governor.begin(exact=request.exact)

        def between(seconds: float, width: int) -> None:
            if width == 1 or request.candidates > 1:
                # A step with a draft takes longer, and that is no neighbour.
                self._governor.step(seconds, width)
            self._between()

        decoder = Decoder(self.llama, emit, between)
        sequences = range(1, request.candidates + 1)
        count, seconds = decoder.run(
            sequences, request.sampling, request.seed, limits, request.grammar,
            (token for tokens in prompt for token in tokens),
        )  # fmt: skip
        emit(self._finished(rendered, total, count, seconds))

    def _finished(
        self, rendered: Sequence[Segment], total: int, count: int, seconds: float
    ) -> GenerationFinished:
        prompt = "".join(segment.text for segment in rendered)
        used = total + count
        return GenerationFinished(prompt, total, count, seconds, used, self.llama.context_size)

    def _cancelled(self, request: GenerateRequest, emit: Emit) -> None:
        for number in range(request.candidates):
            emit(CandidateFinished(number, "cancelled", 0))

    def _drop_forks(self) -> None:
        for sequence in range(1, MAX_CANDIDATES + 1):
            self.llama.remove(sequence, -1, -1)


_NEXT = ChatMessage("user", "?")

MIN_ANSWER = 64
"""Room a prompt must leave for each candidate, in tokens (less if less is asked for)."""
