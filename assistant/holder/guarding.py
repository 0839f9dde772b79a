"""The user's guard model, in a child of its own: never the one that writes the answers.

The file's own chat template sets the task and lists the categories (both families carry
theirs: the model cards of Qwen3Guard-Gen and Llama Guard 3), so a file whose template sets
none gives no verdict. Decoding is greedy; whatever is not a whole verdict is an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from assistant.engine.model_messages import (
    CandidateFinished,
    ChatMessage,
    GenerateRequest,
    GenerationFinished,
    Sampling,
    TextDelta,
)
from assistant.errors import AssistantError, ChildDied, ChildStalled, ModelInvalid, ModelMissing

if TYPE_CHECKING:
    from assistant.engine import ModelFile, ModelRegistry
    from assistant.engine.interfaces import Model
    from assistant.policy import EffectivePolicy
    from assistant.policy.guard import GuardVerdict

LIMIT: Final = 20.0
"""Seconds a verdict may take once the model is loaded."""
_LOAD_PATIENCE: Final = 120.0
MAX_TOKENS: Final = 96
"""More than the longest verdict of either family has."""
QUESTION_LIMIT: Final = 4000
"""Characters of a question that are read again beside its answer: its end."""
LATELY: Final = 64
"""Verdicts remembered, so that a text that is checked twice is judged once."""
_GREEDY: Final = Sampling(temperature=0.0)


@dataclass(frozen=True, slots=True)
class ChosenGuard:
    """The guard model in use: its file and whose output format it has."""

    file: ModelFile
    family: str


class ChildGuard:
    """Implements ``policy.guarding.GuardModel``. Nothing starts before it is needed.

    ``chosen`` is asked anew each time: another guard model counts from the next text on.
    """

    def __init__(
        self,
        chosen: Callable[[], ChosenGuard | None],
        child: Callable[[ModelFile], Model],
        limit: float = LIMIT,
    ) -> None:
        """``child`` starts a child that loads a file, and returns at once."""
        self._chosen, self._start, self._limit = chosen, child, limit
        self._lock = threading.Lock()
        self._running: tuple[str, Model] | None = None
        self._lately: dict[bytes, GuardVerdict] = {}
        self._over = threading.Event()

    @property
    def family(self) -> str:
        """See the protocol."""
        chosen = self._chosen()
        return chosen.family if chosen is not None else ""

    def warm(self) -> None:
        """Begin to load the model, if there is one; what fails is said by the first verdict."""
        with contextlib.suppress(AssistantError), self._lock:
            self._child(self._present())

    def judge(self, question: str, answer: str | None) -> GuardVerdict:
        """See the protocol. One verdict at a time; raises AssistantError for none."""
        with self._lock:
            chosen = self._present()
            asked = f"{chosen.file.sha256}\0{question}\0{answer is None}\0{answer or ''}"
            key = hashlib.sha256(asked.encode(errors="surrogatepass")).digest()
            if key not in self._lately:
                model = self._child(chosen)
                model.wait_ready(_LOAD_PATIENCE)
                output = _said(model, _request(question, answer), self._limit)
                while len(self._lately) >= LATELY:
                    self._lately.pop(next(iter(self._lately)))
                self._lately[key] = _read(chosen.family, output)
            return self._lately[key]

    def stop(self) -> None:
        """Kill the child for good; a verdict that is waited for fails."""
        self._over.set()
        running, self._running = self._running, None
        self._lately.clear()
        if running is not None:
            running[1].stop()

    def _present(self) -> ChosenGuard:
        chosen = self._chosen()
        if chosen is None:
            raise ModelMissing("No guard model is in use.")
        return chosen

    def _child(self, chosen: ChosenGuard) -> Model:
        if self._over.is_set():
            raise ChildDied("The guard model was stopped.")
        if self._running is None or self._running[0] != chosen.file.sha256:
            if self._running is not None:
                self._running[1].stop()
            self._running = (chosen.file.sha256, self._start(chosen.file))
            if self._over.is_set():
                self.stop()  # it came while the child was made
                raise ChildDied("The guard model was stopped.")
        return self._running[1]


def _read(family: str, output: str) -> GuardVerdict:
    # Here and not above: the front imports this before it needs any policy.
    from assistant.policy.guard import read_llama_guard, read_qwen3guard

    return {"qwen3guard": read_qwen3guard, "llama-guard": read_llama_guard}[family](output)


def _request(question: str, answer: str | None) -> GenerateRequest:
    if answer is None:
        alone = ChatMessage("user", question)
        return GenerateRequest((), alone, max_tokens=MAX_TOKENS, sampling=_GREEDY)
    before = (ChatMessage("user", question[-QUESTION_LIMIT:]),)
    said = ChatMessage("assistant", answer)
    return GenerateRequest(before, said, max_tokens=MAX_TOKENS, sampling=_GREEDY)


def _said(model: Model, request: GenerateRequest, limit: float) -> str:
    """All that the model says; never a part of it."""
    texts: list[str] = []
    first = (*request.history, request.question)[0].content
    with _at_most(limit, model.cancel) as over:
        for event in model.generate(request):
            if over.is_set():
                # Also where the time was up before there was anything to cancel.
                raise ChildStalled("The guard model took too long.")
            match event:
                case TextDelta():
                    texts.append(event.text)
                case CandidateFinished(reason=reason) if reason == "cancelled":
                    raise ChildStalled("The guard model took too long.")
                case CandidateFinished(reason=reason) if reason != "stop":
                    raise ModelInvalid("The guard model's answer has no end.")
                case GenerationFinished(prompt=prompt) if _sets_no_task(prompt, first):
                    raise ModelInvalid("The file's chat template sets no guard's task.")
    return "".join(texts)


def _sets_no_task(prompt: str, first: str) -> bool:
    """Whether the prompt is plain ChatML: what a file gets whose template does not work."""
    return prompt.startswith(f"<|im_start|>user\n{first}<|im_end|>")


@contextlib.contextmanager
def _at_most(seconds: float, stop: Callable[[], None]) -> Iterator[threading.Event]:
    over = threading.Event()

    def end() -> None:
        over.set()
        stop()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield over
    finally:
        timer.cancel()


def has_guard_rules(policy: EffectivePolicy) -> bool:
    """Whether a rule in force asks a guard model about questions or answers."""
    return any(
        found.rule.match.guard is not None and {"input", "output"} & set(found.rule.where)
        for found in policy.rules
    )


def home_guard(registry: Callable[[], ModelRegistry]) -> ChildGuard:
    """The guard model that a home's registry names, whenever it is needed."""

    def start(file: ModelFile) -> Model:
        from assistant.engine import ModelClient

        client = ModelClient()
        client.start(file)
        return client

    return ChildGuard(lambda: chosen_in(registry()), start)


def chosen_in(registry: ModelRegistry) -> ChosenGuard | None:
    """The guard model a home has in use. Raises ModelMissing where its file is gone."""
    entry = registry.guard_in_use()
    return None if entry is None else ChosenGuard(registry.guard_file(entry.id), entry.guard)


def use_guard(registry: ModelRegistry, identity: str) -> None:
    """Make it the guard model in use, once it loads. The previous one stays if it does not."""
    from assistant.engine import check_loads

    check_loads(registry.guard_file(identity))
    registry.use_guard(identity)
