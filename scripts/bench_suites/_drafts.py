"""Drafts for prompt look-up: what followed when the same few tokens stood there before."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.engine.llama import Llama
from assistant.engine.model_messages import Sampling

PROMPT, ANSWER = 1, 2
"""Sequences: the prompt without its last token, and the answer that grows on its copy."""


class Drafts(Protocol):
    """A source of drafts for one answer."""

    def add(self, token: int) -> None:
        """One more token was said."""

    def draft(self, most: int, /) -> list[int]:
        """At most so many tokens that may come next."""

    def checked(self, drafted: int, accepted: int) -> None:
        """How many of the last draft were said indeed."""


class Nothing:
    """Token by token."""

    def add(self, token: int) -> None:
        """Nothing to remember."""

    def draft(self, _most: int) -> list[int]:
        """Never any."""
        return []

    def checked(self, drafted: int, accepted: int) -> None:
        """Nothing to learn."""


class Library:
    """llama-cpp-python's own drafts, as its README advises without a graphics card.

    They fall back to a single token and take the first match in the prompt.
    """

    def __init__(self, tokens: Sequence[int]) -> None:
        import numpy

        module = importlib.import_module("llama_cpp.llama_speculative")
        self._find: Any = module.LlamaPromptLookupDecoding(num_pred_tokens=2)
        self._numpy = numpy
        self._tokens = list(tokens)

    def add(self, token: int) -> None:
        """Keep it for the search."""
        self._tokens.append(token)

    def draft(self, most: int) -> list[int]:
        """The package's answer, cut to what there is room for."""
        found = self._find(self._numpy.array(self._tokens, dtype=self._numpy.intc))
        return [int(token) for token in found[: max(0, most)]]

    def checked(self, drafted: int, accepted: int) -> None:
        """Its width is fixed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said, in how many seconds and steps, and what became of the drafts."""

    said: tuple[int, ...]
    seconds: float
    steps: int
    drafted: int
    accepted: int


def hold(llama: Llama, prompt: Sequence[int], chunk: int) -> None:
    """Evaluate a prompt, all but its last token, in chunks of the engine's size."""
    llama.clear()
    for start in range(0, len(prompt) - 1, chunk):
        tokens = prompt[start : min(start + chunk, len(prompt) - 1)]
        llama.evaluate(tokens, start, PROMPT, logits=False)


def decode(
    llama: Llama,
    prompt: Sequence[int],
    sampling: Sampling,
    most: int,
    drafts: Drafts,
    clock: Callable[[], float] = time.perf_counter,
) -> Answer:
    """One answer to the prompt held, as the engine's decoder draws it, text left out.

    Each drawn token is the sampler's own, so a draft changes the speed and never what
    may be said; the rest of a draft leaves the cache at the first other token.
    """
    llama.copy(PROMPT, ANSWER)
    sampler = llama.sampler(sampling, 1)
    steps = drafted = accepted = 0
    try:
        llama.step([(prompt[-1], len(prompt) - 1, ANSWER)])
        began = clock()
        said = [sampler.sample(0)]
        drafts.add(said[0])
        while len(said) < most and not llama.ends(said[-1]):
            draft = drafts.draft(most - len(said) - 1)
            start = len(prompt) + len(said) - 1
            llama.step([(t, start + n, ANSWER) for n, t in enumerate((said[-1], *draft))])
            taken = 0
            for row in range(len(draft) + 1):
                said.append(sampler.sample(row))
                drafts.add(said[-1])
                if row == len(draft) or said[-1] != draft[row]:
                    break
                taken += 1
                if llama.ends(said[-1]):
                    break
            if draft:
                llama.remove(ANSWER, start + taken + 1, -1)
            drafts.checked(len(draft), taken)
            steps, drafted, accepted = steps + 1, drafted + len(draft), accepted + taken
        return Answer(tuple(said), clock() - began, steps, drafted, accepted)
    finally:
        sampler.close()
        llama.remove(ANSWER, -1, -1)
