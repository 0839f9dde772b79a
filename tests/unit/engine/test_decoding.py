"""Look-up in the prompt changes how many steps an answer takes, and no token of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hypothesis import given

from assistant.engine.decoding import Decoder, Limits
from assistant.engine.llama import Aborted
from assistant.engine.model_messages import CandidateFinished, Sampling, TextDelta
from tests import generators

END = 0


class Parrot:
    """A model that goes on as its text went on before, mostly; its cache is checked.

    The next token follows from every token held up to its row: one that ought to have
    been forgotten would change what comes.
    """

    def __init__(self, prompt: Sequence[int], *, stumbles: int, abort_at: int = 10**9) -> None:
        self.held = list(prompt)
        self.rows = [len(prompt) - 1]
        self.abort = threading.Event()
        self.steps, self._stumbles, self._abort_at = 0, stumbles, abort_at

    def step(self, tokens: Sequence[tuple[int, int, int]]) -> None:
        self.steps += 1
        if self.steps == self._abort_at:
            self.abort.set()
            raise Aborted
        assert [position for _, position, _ in tokens] == [
            *range(len(self.held), len(self.held) + len(tokens))
        ], "positions follow what is held"
        self.rows = [position for _, position, _ in tokens]
        self.held += [token for token, _, _ in tokens]

    def remove(self, _sequence: int, start: int, end: int) -> None:
        assert end == -1
        del self.held[start:]

    def sampler(self, _sampling: Sampling, _seed: int, _grammar: str) -> Parrot:
        return self

    def sample(self, row: int) -> int:
        before = self.held[: self.rows[row] + 1]
        if len(before) % self._stumbles == 0:
            return sum(before) % 7
        for start in range(len(before) - 4, -1, -1):
            if before[start : start + 3] == before[-3:]:
                return before[start + 3]
        return sum(before) % 7

    def close(self) -> None:
        """Nothing is held."""

    def ends(self, token: int) -> bool:
        return token == END

    def piece(self, token: int) -> bytes:
        return b"%d " % token


def said(
    parrot: Parrot, prompt: Sequence[int], limits: Limits, *, look_up: bool
) -> tuple[str, str, int]:
    """The text, the reason of its end, and how many tokens it had."""
    events: list[TextDelta | CandidateFinished] = []
    widths: list[int] = []
    decoder = Decoder(parrot, events.append, lambda _, width: widths.append(width))  # type: ignore[arg-type]
    grammar = "" if look_up else "none is asked for: the way without drafts"
    count, _ = decoder.run([1], Sampling(temperature=0.0), 1, limits, grammar, prompt)
    text = "".join(event.text for event in events if isinstance(event, TextDelta))
    (finished,) = [event for event in events if isinstance(event, CandidateFinished)]
    assert finished.tokens == count
    return text, finished.reason, count


@given(generators.TOKENS_SO_FAR, generators.STUMBLES, generators.ANSWER_LIMITS)
def test_an_answer_is_the_same_with_drafts_and_without(
    prompt: list[int], stumbles: int, most: tuple[int, int]
) -> None:
    limits = Limits(len(prompt), *most)
    plain, helped = (Parrot(prompt, stumbles=stumbles) for _ in range(2))
    expected = said(plain, prompt, limits, look_up=False)
    assert said(helped, prompt, limits, look_up=True) == expected
    assert helped.steps <= plain.steps


def test_what_stands_in_the_prompt_is_said_in_fewer_steps() -> None:
    prompt = [*range(1, 60), 1, 2, 3]
    parrot = Parrot(prompt, stumbles=10**6)
    _, reason, count = said(parrot, prompt, Limits(len(prompt), 50, 400), look_up=True)
    assert (reason, count) == ("length", 50)
    assert parrot.steps < 15


def test_an_answer_that_is_drawn_freely_is_said_token_by_token() -> None:
    prompt = [*range(1, 60), 1, 2, 3]
    parrot = Parrot(prompt, stumbles=10**6)
    decoder = Decoder(parrot, lambda _: None, lambda _seconds, _width: None)  # type: ignore[arg-type]
    count, _ = decoder.run([1], Sampling(), 1, Limits(len(prompt), 50, 400), "", prompt)
    assert parrot.steps == count - 1


def test_stopping_in_a_step_with_a_draft_ends_it_as_cancelled() -> None:
    prompt = [*range(1, 60), 1, 2, 3]
    parrot = Parrot(prompt, stumbles=10**6, abort_at=3)
    text, reason, count = said(parrot, prompt, Limits(len(prompt), 50, 400), look_up=True)
    assert reason == "cancelled"
    assert len(text.split()) == count
