"""The two bars, each in a process of its own with llama-cpp-python's own defaults.

    python -m scripts.bench_suites._rivals high|bare MODEL

``high`` is the package's high-level chat API, streaming. ``bare`` is a loop over its
low-level API: llama_decode and a C sampler chain. One JSON request a line on stdin
(messages, tokens), one JSON result a line on stdout.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Callable
from typing import Any

Result = dict[str, float]
Messages = list[dict[str, str]]


def high(path: str) -> Callable[[Messages, int], Result]:
    """As its README shows it, with the window and threads ours has."""
    import llama_cpp

    llama = llama_cpp.Llama(path, n_ctx=8192, n_threads=2, n_threads_batch=2, verbose=False)

    def turn(messages: Messages, tokens: int) -> Result:
        began = time.perf_counter()
        first = last = 0.0
        count = 0
        stream: Any = llama.create_chat_completion(
            messages, max_tokens=tokens, temperature=0.0, stream=True
        )
        for part in stream:
            if part["choices"][0]["delta"].get("content"):
                last = time.perf_counter()
                first = first or last
                count += 1
        return _result(began, first, last, count)

    return turn


def bare(path: str) -> Callable[[Messages, int], Result]:
    """No cache, no text, no events: tokens from logits as fast as the API allows."""
    from llama_cpp import llama_cpp as api

    model_parameters = api.llama_model_default_params()
    model = api.llama_model_load_from_file(path.encode(), model_parameters)
    parameters = api.llama_context_default_params()
    parameters.n_ctx, parameters.n_batch, parameters.n_ubatch = 8192, 512, 512
    parameters.n_threads = parameters.n_threads_batch = 2
    parameters.no_perf = True
    context = api.llama_init_from_model(model, parameters)
    vocab = api.llama_model_get_vocab(model)
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_greedy())
    log = ctypes.cast(ctypes.CDLL(None).abs, api.llama_log_callback)
    api.llama_log_set(log, None)

    def turn(messages: Messages, tokens: int) -> Result:
        text = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n" for m in messages)
        data = (text + "<|im_start|>assistant\n").encode()
        buffer = (ctypes.c_int32 * (len(data) + 8))()
        count = api.llama_tokenize(vocab, data, len(data), buffer, len(buffer), False, True)
        api.llama_memory_clear(api.llama_get_memory(context), True)
        began = time.perf_counter()
        for start in range(0, count, 512):
            part = (ctypes.c_int32 * min(512, count - start))(
                *buffer[start : min(start + 512, count)]
            )
            api.llama_decode(context, api.llama_batch_get_one(part, len(part)))
        one = (ctypes.c_int32 * 1)()
        one[0] = api.llama_sampler_sample(chain, context, -1)
        first = time.perf_counter()
        for _ in range(tokens - 1):
            api.llama_decode(context, api.llama_batch_get_one(one, 1))
            one[0] = api.llama_sampler_sample(chain, context, -1)
        return _result(began, first, time.perf_counter(), tokens)

    return turn


def _result(began: float, first: float, last: float, count: int) -> Result:
    rate = (count - 1) / (last - first) if count > 1 else 0.0
    return {"first": first - began, "rate": rate, "tokens": count}


def main() -> None:
    """Answer requests until stdin ends."""
    turn = {"high": high, "bare": bare}[sys.argv[1]](sys.argv[2])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(turn(request["messages"], request["tokens"])), flush=True)


if __name__ == "__main__":
    main()
