"""What the sampler chain draws, on real logits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from assistant.engine import ModelFile, Sampling
from assistant.engine.llama import Llama, Sampler
from tests.unit.engine.turns import words


@pytest.fixture(scope="module")
def llama(model_file: ModelFile) -> Iterator[Llama]:
    """The default model in this process, with a prompt read."""
    made = Llama(str(model_file.path), context=512, limit=512, threads=2, batch=256, flash=True)
    yield made
    made.close()


def drawn(llama: Llama, sampler: Sampler, count: int) -> list[int]:
    """Tokens drawn one after the other, each evaluated before the next."""
    prompt = llama.tokenise(f"A story. {words(40)}", special=False)
    llama.clear()
    llama.evaluate(prompt, 0, 0, logits=True)
    tokens: list[int] = []
    for place in range(count):
        tokens.append(sampler.sample(-1))
        llama.evaluate(tokens[-1:], len(prompt) + place, 0, logits=True)
    sampler.close()
    return tokens


@pytest.mark.parametrize(("temperature", "penalty"), product((0.0, 0.9), (1.1, 1.8)))
def test_looking_at_the_likeliest_tokens_alone_draws_the_same(
    llama: Llama, temperature: float, penalty: float
) -> None:
    quick = Sampling(temperature=temperature, repeat_penalty=penalty)
    # A frequency penalty that raises asks for the whole vocabulary; this one raises nothing.
    whole = Sampling(temperature=temperature, repeat_penalty=penalty, frequency_penalty=-1e-30)
    assert drawn(llama, llama.sampler(quick, 7), 30) == drawn(llama, llama.sampler(whole, 7), 30)
