"""The chat as a person has it: the whole turn pipeline, shipped rules in force, vault open.

Beside it, on the same prompt in the same run: llama-cpp-python's high-level chat API and a
bare loop over its low-level API, with no vault, no policy and no memory.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from assistant.app import LocalFront, default_settings
from assistant.conversation.events import TurnEnded
from assistant.conversation.prompt import system_message
from assistant.engine.model_messages import ChatMessage
from assistant.holder.interface import Application, Ask
from assistant.policy import Wishes
from scripts.bench_suites._engines import rivals, row

ROUNDS = {"quick": 2, "full": 7}
TOKENS = {"quick": 60, "full": 200}
QUESTION = "Tell me a long story about a lighthouse keeper and the sea."


def run(size: str) -> Iterable[dict[str, object]]:
    """Rounds take turns, so that a slow minute of the machine is everybody's."""
    rounds, tokens = ROUNDS.get(size, 7), TOKENS.get(size, 200)
    folder = Path(tempfile.mkdtemp())
    front = LocalFront(default_settings(folder))
    ours: list[float] = []
    shown: list[float] = []
    high: list[float] = []
    bare: list[float] = []
    try:
        application, _ = front.create_vault("words for a benchmark 7")
        messages = (
            system_message(front.policy_state().effective(Wishes()).system_lines),
            ChatMessage("user", QUESTION),
        )
        _turn(application, 8)
        with rivals() as (high_level, bare_loop):
            for _ in range(rounds):
                high.append(high_level.turn(messages, tokens).rate)
                bare.append(bare_loop.turn(messages, tokens).rate)
                ended = _turn(application, tokens)
                ours.append(ended.tokens_per_s or 0.0)
                shown.append(ended.first_shown_s or 0.0)
    finally:
        front.lock()
        shutil.rmtree(folder)
    yield row("whole turn", ours, "tokens/s", high, "high-level API", "≥ 1.0")
    yield row("whole turn", ours, "tokens/s", bare, "bare loop", "≥ 0.92")
    yield row("first text shown, warm", shown, "s")


def _turn(application: Application, tokens: int) -> TurnEnded:
    ask = Ask(QUESTION, max_tokens=tokens, personalise=False)
    ended = list(application.handle(ask))[-1]
    if not isinstance(ended, TurnEnded) or not ended.tokens:
        raise TypeError("the turn failed, or policy stopped it")
    return ended
