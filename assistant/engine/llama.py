"""The only module that touches llama-cpp-python: its low-level API, kept small.

The package's own ``__init__`` imports numpy, diskcache and a server's worth of chat
formats (0.5 s); the ctypes module alone is all that is needed, so it is imported
without it.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.machinery
import sys
import types
from collections.abc import Sequence
from typing import Any, Final, Literal

from assistant.engine.model_messages import Sampling
from assistant.errors import EngineError, ModelInvalid

SEQUENCES: Final = 5
"""Main, three candidates, one spare for copies of a prefix."""

MAX_META = 1024 * 1024
ABORTED: Final = 2

_CONTROL, _USER_DEFINED = 1 << 3, 1 << 4


def _bindings() -> Any:
    name = "llama_cpp"
    if name not in sys.modules:
        found = importlib.machinery.PathFinder.find_spec(name)
        if found is None or found.submodule_search_locations is None:
            raise EngineError("llama-cpp-python is not installed.", hint="Run scripts/setup.")
        package = types.ModuleType(name)
        package.__path__ = list(found.submodule_search_locations)
        sys.modules[name] = package
    return importlib.import_module("llama_cpp.llama_cpp")


class Aborted(Exception):
    """Evaluation was stopped by the abort flag; the batch must be taken back."""


class AbortFlag:
    """One byte that stops evaluation when it is not zero.

    llama.cpp asks a C function between graph nodes. Ours is libc's ``strlen`` on a
    two-byte buffer (0 or 1: the bool it expects), so that asking never needs the
    interpreter lock. Setting is one byte store, from any thread.
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        self.address = ctypes.addressof(self._buffer)

    def set(self) -> None:
        """Stop as soon as possible."""
        self._buffer[0] = b"\x01"

    def clear(self) -> None:
        """Allow evaluation again."""
        self._buffer[0] = b"\x00"

    def is_set(self) -> bool:
        """Whether a stop was asked for."""
        return self._buffer[0] != b"\x00"


class Llama:
    """One model with one context. Not for several threads, except ``AbortFlag.set``."""

    def __init__(
        self,
        path: str,
        *,
        context: int,
        limit: int,
        threads: int,
        batch: int,
        flash: bool,
        cache: Literal["f16", "q8_0"] = "f16",
        mmap: bool = True,
    ) -> None:
        self._api = api = _bindings()
        libc: Any = ctypes.CDLL(None)
        # Logging would call Python from C threads, and may quote text: a C no-op instead.
        self._no_log = ctypes.cast(libc.abs, api.llama_log_callback)
        api.llama_log_set(self._no_log, None)
        api.llama_backend_init()
        model_parameters = api.llama_model_default_params()
        model_parameters.n_gpu_layers = 0
        model_parameters.use_mmap = mmap
        # Tensor values are checked, so that a damaged file is refused and not computed with.
        model_parameters.check_tensors = True
        self._model = api.llama_model_load_from_file(path.encode(), model_parameters)
        if not self._model:
            raise ModelInvalid("The engine refused the model's file.")
        self.trained_context = int(api.llama_model_n_ctx_train(self._model))
        self.abort = AbortFlag()
        size = context or min(self.trained_context, limit)
        self._context = self._open_context(libc, size, threads, batch, flash, cache)
        self._vocab = api.llama_model_get_vocab(self._model)
        self._memory = api.llama_get_memory(self._context)
        self.context_size = int(api.llama_n_ctx(self._context))
        self.can_shift = bool(api.llama_memory_can_shift(self._memory))
        self._batch = api.llama_batch_init(batch, 0, SEQUENCES)
        self._capacity = batch
        self._pieces: dict[int, bytes] = {}
        self.bos = int(api.llama_vocab_bos(self._vocab))
        self.adds_bos = bool(api.llama_vocab_get_add_bos(self._vocab))

    def _open_context(
        self, libc: Any, size: int, threads: int, batch: int, flash: bool, cache: str
    ) -> Any:
        api = self._api
        parameters = api.llama_context_default_params()
        parameters.n_ctx = size
        parameters.n_batch = parameters.n_ubatch = batch
        parameters.n_seq_max = SEQUENCES
        parameters.kv_unified = True
        parameters.n_threads = parameters.n_threads_batch = threads
        parameters.flash_attn_type = 1 if flash else 0
        if cache == "q8_0":
            parameters.type_k = parameters.type_v = api.GGML_TYPE_Q8_0
        parameters.no_perf = True
        parameters.abort_callback = ctypes.cast(libc.strlen, api.ggml_abort_callback)
        parameters.abort_callback_data = self.abort.address
        context = api.llama_init_from_model(self._model, parameters)
        if not context:
            raise ModelInvalid("The engine cannot make a context for this model.")
        return context

    def close(self) -> None:
        """Free everything. A child need not: it ends as a whole."""
        self._api.llama_batch_free(self._batch)
        self._api.llama_free(self._context)
        self._api.llama_model_free(self._model)

    # --- the file's own words (untrusted) ----------------------------------------------

    def metadata(self, key: str) -> str:
        """A metadata string from the file, or ""."""
        buffer = ctypes.create_string_buffer(4096)
        needed = self._api.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        if needed >= len(buffer):
            if needed > MAX_META:
                return ""
            buffer = ctypes.create_string_buffer(needed + 1)
            self._api.llama_model_meta_val_str(self._model, key.encode(), buffer, len(buffer))
        return buffer.value.decode("utf-8", "replace") if needed > 0 else ""

    def chat_template(self) -> str:
        """The file's chat template, or ""."""
        found = self._api.llama_model_chat_template(self._model, None)
        return found.decode("utf-8", "replace") if found else ""

    @property
    def library(self) -> str:
        """llama.cpp's version and the CPU features it uses: KV states depend on both."""
        version = self._api.llama_version().decode()
        return f"{version} {self._api.llama_print_system_info().decode()}"

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return int(self._api.llama_model_n_params(self._model))

    @property
    def weight_bytes(self) -> int:
        """Size of the weights in bytes."""
        return int(self._api.llama_model_size(self._model))

    # --- text and tokens ---------------------------------------------------------------

    def tokenise(self, text: str, *, special: bool) -> list[int]:
        """Tokens of a text; markers become special tokens only with ``special``."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        buffer = (ctypes.c_int32 * room)()
        count = self._api.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)
        if count < 0:
            raise EngineError("The tokeniser failed.")
        return buffer[:count]

    def piece(self, token: int) -> bytes:
        """The bytes a token adds to a text; special tokens add none."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._render(token, special=False)
        return known

    def _render(self, token: int, *, special: bool) -> bytes:
        buffer = ctypes.create_string_buffer(64)
        count = self._api.llama_token_to_piece(self._vocab, token, buffer, len(buffer), 0, special)
        if count < 0:
            buffer = ctypes.create_string_buffer(-count)
            count = self._api.llama_token_to_piece(
                self._vocab, token, buffer, len(buffer), 0, special
            )
        return buffer.raw[: max(0, count)]

    def token_text(self, token: int) -> str:
        """A token as the template would write it, special ones too; "" for none."""
        return self._render(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def ends(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(self._api.llama_vocab_is_eog(self._vocab, token))

    @property
    def eos(self) -> int:
        """The end-of-sequence token, or -1."""
        return int(self._api.llama_vocab_eos(self._vocab))

    def markers(self) -> list[str]:
        """Texts of all user-defined tokens that the tokeniser sees even in plain text."""
        api, vocab = self._api, self._vocab
        total = int(api.llama_vocab_n_tokens(vocab))
        wanted = _CONTROL | _USER_DEFINED
        found = (
            self.token_text(token)
            for token in range(total)
            if api.llama_vocab_get_attr(vocab, token) & wanted
        )
        # Runs of white space are user-defined in some vocabularies and mark nothing.
        return [text for text in found if text.strip()]

    # --- evaluation --------------------------------------------------------------------

    def evaluate(self, tokens: Sequence[int], start: int, sequence: int, *, logits: bool) -> None:
        """Evaluate one chunk at positions from ``start``; logits of its last token.

        Raises ``Aborted`` with the chunk taken back.
        """
        batch = self._batch
        count = len(tokens)
        for place, token in enumerate(tokens):
            batch.token[place] = token
            batch.pos[place] = start + place
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = sequence
            batch.logits[place] = 0
        batch.logits[count - 1] = int(logits)
        batch.n_tokens = count
        if self._decode() != 0:
            self.remove(sequence, start, -1)
            raise Aborted

    def step(self, tokens: Sequence[tuple[int, int, int]]) -> None:
        """Evaluate one (token, position, sequence) per running candidate, with logits."""
        batch = self._batch
        for place, (token, position, sequence) in enumerate(tokens):
            batch.token[place] = token
            batch.pos[place] = position
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = sequence
            batch.logits[place] = 1
        batch.n_tokens = len(tokens)
        if self._decode() != 0:
            for _, position, sequence in tokens:
                self.remove(sequence, position, -1)
            raise Aborted

    def _decode(self) -> int:
        result = int(self._api.llama_decode(self._context, self._batch))
        if result not in {0, ABORTED}:
            raise EngineError("The engine could not evaluate the prompt.")
        return result

    def set_threads(self, threads: int) -> None:
        """Threads from the next evaluation on."""
        self._api.llama_set_n_threads(self._context, threads, threads)

    # --- sequences ---------------------------------------------------------------------

    def copy(self, source: int, target: int, end: int = -1) -> None:
        """Let ``target`` share what ``source`` holds before position ``end``."""
        self._api.llama_memory_seq_cp(self._memory, source, target, 0, end)

    def remove(self, sequence: int, start: int, end: int) -> None:
        """Forget positions ``[start, end)`` of a sequence; -1 is the end."""
        self._api.llama_memory_seq_rm(self._memory, sequence, start, end)

    def move(self, sequence: int, start: int, by: int) -> None:
        """Renumber positions from ``start`` on (context shift)."""
        self._api.llama_memory_seq_add(self._memory, sequence, start, -1, by)

    def clear(self) -> None:
        """Forget everything."""
        self._api.llama_memory_clear(self._memory, True)

    def state_bytes(self, sequence: int) -> bytes:
        """The KV state of a sequence."""
        size = int(self._api.llama_state_seq_get_size(self._context, sequence))
        buffer = (ctypes.c_uint8 * size)()
        written = self._api.llama_state_seq_get_data(self._context, buffer, size, sequence)
        return memoryview(buffer).tobytes()[:written]

    def last_position(self, sequence: int) -> int:
        """The highest position a sequence holds; -1 when it is empty."""
        return int(self._api.llama_memory_seq_pos_max(self._memory, sequence))

    def take_state(self, data: bytes, sequence: int) -> bool:
        """Replace a sequence by a saved state. False (and empty) if it does not fit."""
        buffer = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        taken = self._api.llama_state_seq_set_data(self._context, buffer, len(data), sequence)
        if taken != len(data):
            self.remove(sequence, -1, -1)
            return False
        return True

    # --- sampling ----------------------------------------------------------------------

    def sampler(self, sampling: Sampling, seed: int, grammar: str = "") -> Sampler:
        """A sampler chain in C. Raises EngineError for a grammar that does not parse."""
        words = int(self._api.llama_vocab_n_tokens(self._vocab))
        chain = _samplers(self._api, words, sampling, seed)
        if grammar:
            # First: what it forbids must not push what it allows out of the likeliest.
            chain.insert(0, self._grammar(grammar))
        return Sampler(self._api, self._context, chain)

    def _grammar(self, grammar: str) -> Any:
        made = self._api.llama_sampler_init_grammar(self._vocab, grammar.encode(), b"root")
        if not made:
            raise EngineError("The engine could not read a grammar.")
        return made


class Sampler:
    """A sampler chain, in llama.cpp's own order. Close it after use."""

    def __init__(self, api: Any, context: Any, samplers: Sequence[Any]) -> None:
        self._sample = api.llama_sampler_sample
        self._free = api.llama_sampler_free
        self._context = context
        parameters = api.llama_sampler_chain_default_params()
        parameters.no_perf = True
        self._chain = api.llama_sampler_chain_init(parameters)
        for sampler in samplers:
            api.llama_sampler_chain_add(self._chain, sampler)

    def sample(self, row: int) -> int:
        """The next token from row ``row`` of the last batch (-1: its last output)."""
        return int(self._sample(self._chain, self._context, row))

    def close(self) -> None:
        """Free the chain."""
        self._free(self._chain)


def _samplers(api: Any, words: int, sampling: Sampling, seed: int) -> list[Any]:
    chosen: list[Any] = []
    if sampling.repeat_penalty != 1.0 or sampling.frequency_penalty or sampling.presence_penalty:
        if enough := _can_be_drawn(sampling):
            chosen.append(api.llama_sampler_init_top_k(enough))
        chosen.append(
            api.llama_sampler_init_penalties(
                words,
                sampling.repeat_window,
                sampling.repeat_penalty,
                sampling.frequency_penalty,
                sampling.presence_penalty,
            )
        )
    if sampling.temperature <= 0.0:
        return [*chosen, api.llama_sampler_init_greedy()]
    if sampling.top_k > 0:
        chosen.append(api.llama_sampler_init_top_k(sampling.top_k))
    if sampling.top_p < 1.0:
        chosen.append(api.llama_sampler_init_top_p(sampling.top_p, 1))
    if sampling.min_p > 0.0:
        chosen.append(api.llama_sampler_init_min_p(sampling.min_p, 1))
    chosen.append(api.llama_sampler_init_temp(sampling.temperature))
    return [*chosen, api.llama_sampler_init_dist(seed)]


def _can_be_drawn(sampling: Sampling) -> int:
    """How many of the likeliest tokens are enough to look at; 0 where all are needed.

    A penalty looks up every token it is given: 0.12 ms for a whole vocabulary, 2 % of a
    step. Where penalties only lower, and at most a window of tokens, the best so many
    after them are among the best (so many + the window) before: nothing else is drawn.
    """
    wanted = 1 if sampling.temperature <= 0.0 else sampling.top_k
    lowers = sampling.repeat_penalty >= 1.0 and sampling.frequency_penalty >= 0.0
    if not wanted or not lowers or sampling.presence_penalty < 0.0:
        return 0
    return wanted + sampling.repeat_window
