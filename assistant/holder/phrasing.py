"""Proposals phrased by the model between turns, behind everything a person waits for.

A turn that begins stops the phrasing, which tries again when the turn is over. The request
carries the conversation as the engine holds it already, so that the next turn finds it
where it was and nothing is read twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from typing import TYPE_CHECKING

from assistant.conversation.ledger import VaultLedger
from assistant.conversation.prompt import past_messages, system_message
from assistant.conversation.question import Question
from assistant.engine.interfaces import Phase
from assistant.engine.model_messages import ChatMessage, GenerateRequest, Sampling, TextDelta
from assistant.errors import AssistantError
from assistant.holder.replies import PreferenceItem
from assistant.personal import phrasing
from assistant.vault.records import Feedback, Turn

if TYPE_CHECKING:
    from assistant.engine.interfaces import Model
    from assistant.policy import EffectivePolicy
    from assistant.vault import Vault

PATIENCE = 30.0
"""Seconds a face waits for a proposal."""
_TRIES = 3
_READY = {Phase.READY, Phase.GENERATING}

Keep = Callable[[str], PreferenceItem | None]


class Phrasing:
    """Asks the model what an edit or a note seems to wish for; one at a time."""

    def __init__(
        self,
        vault: Vault,
        model: Model,
        policy: EffectivePolicy,
        least: int = phrasing.LEAST_PARAMETERS,
    ) -> None:
        self._vault, self._model, self._policy, self._least = vault, model, policy, least
        self._turns = 0
        self._changed = threading.Condition()
        self._one = threading.Lock()
        self._awaited: dict[str, Future[PreferenceItem | None]] = {}

    def begin(self, act: Feedback, turn: Turn, keep: Keep) -> bool:
        """Start phrasing in the background; False where there is nothing to phrase.

        ``keep`` stores a supported sentence as a proposal, or refuses it with None.
        """
        words = phrasing.own_words(act, turn)
        loaded = self._model.loaded if self._model.state.phase in _READY else None
        if loaded is None or loaded.parameters < self._least:
            return False
        if not phrasing.can_be_phrased(words):
            return False
        future: Future[PreferenceItem | None] = Future()
        self._awaited[act.id] = future
        threading.Thread(
            target=self._work, args=(act, turn, words, keep, future), name="phrasing", daemon=True
        ).start()
        return True

    def wait(self, feedback: str) -> PreferenceItem | None:
        """What came of it, waiting at most ``PATIENCE`` seconds."""
        future = self._awaited.pop(feedback, None)
        try:
            return future.result(PATIENCE) if future is not None else None
        except Late:
            return None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """While a turn runs: what is being phrased stops, and waits."""
        with self._changed:
            self._turns += 1
        try:
            yield
        finally:
            with self._changed:
                self._turns -= 1
                self._changed.notify_all()

    def _work(
        self,
        act: Feedback,
        turn: Turn,
        words: tuple[str, ...],
        keep: Keep,
        future: Future[PreferenceItem | None],
    ) -> None:
        kept = None
        try:
            with self._one:
                sentence = self._sentence(act, turn, words)
            if phrasing.supported(sentence, words):
                kept = keep(sentence)
        except AssistantError:
            # The child died or the vault was locked: a proposal is never worth an alarm.
            kept = None
        future.set_result(kept)

    def _sentence(self, act: Feedback, turn: Turn, words: tuple[str, ...]) -> str:
        for _ in range(_TRIES):
            with self._changed:
                if not self._changed.wait_for(lambda: self._turns == 0, PATIENCE):
                    return ""
            text = self._written(self._request(act, turn, words))
            if text is not None:
                return text.strip()
        return ""

    def _written(self, request: GenerateRequest) -> str | None:
        """The sentence, or None where a turn came in between."""
        text = ""
        events = self._model.generate(request)
        for event in events:
            if self._turns:
                self._model.cancel()
                for _ in events:  # its end, so that the engine is free for the turn
                    continue
                return None
            if isinstance(event, TextDelta):
                text += event.text
        return text

    def _request(self, act: Feedback, turn: Turn, words: tuple[str, ...]) -> GenerateRequest:
        past = VaultLedger(self._vault).past(Question("", turn.conversation_id, False, 0, 1))
        history = (system_message(self._policy.system_lines), *past_messages(past))
        message = ChatMessage("user", phrasing.asking(act))
        return GenerateRequest(
            self._model.fit(history, message, phrasing.MAX_TOKENS), message,
            max_tokens=phrasing.MAX_TOKENS, sampling=Sampling(temperature=0.0),
            grammar=phrasing.grammar(words),
        )  # fmt: skip
