"""The chat as a person has it: the whole turn pipeline, shipped rules in force, vault open.

Beside it, on the same prompt in the same run: llama-cpp-python's high-level chat API and a
bare loop over its low-level API, with no vault, no policy and no memory. ``ask`` and the
line mode run as processes of their own and reach the vault through its holder's socket. The
setting for the longest answer holds all of them to as many tokens: a token costs more the more
stand before it. ``tokens`` in a row is how many an answer had, as each may end sooner.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from assistant.app import LocalFront, default_settings
from assistant.conversation.events import TurnEnded
from assistant.conversation.prompt import system_message
from assistant.engine.model_messages import ChatMessage
from assistant.holder.interface import Application, Ask, ChangeSetting
from assistant.policy import Wishes
from scripts.bench_suites._engines import rivals, row
from scripts.bench_suites.start import ASSISTANT

ROUNDS = {"quick": 2, "full": 7}
TOKENS = {"quick": 60, "full": 200}
QUESTION = "Tell me a long story about a lighthouse keeper and the sea."


def run(size: str) -> Iterable[dict[str, object]]:
    """Rounds take turns, so that a slow minute of the machine is everybody's."""
    rounds, tokens = ROUNDS.get(size, 7), TOKENS.get(size, 200)
    folder = Path(tempfile.mkdtemp())
    front = LocalFront(default_settings(folder))
    ours: list[tuple[float, int]] = []
    asked: list[tuple[float, int]] = []
    lines: list[tuple[float, int]] = []
    shown: list[float] = []
    high: list[float] = []
    bare: list[float] = []
    try:
        application, _ = front.create_vault("words for a benchmark 7")
        messages = (
            system_message(front.policy_state().effective(Wishes()).system_lines),
            ChatMessage("user", QUESTION),
        )
        list(application.handle(ChangeSetting("max_tokens", str(tokens))))
        _turn(application, 8)
        with rivals() as (high_level, bare_loop):
            for _ in range(rounds):
                high.append(high_level.turn(messages, tokens).rate)
                bare.append(bare_loop.turn(messages, tokens).rate)
                ended = _turn(application, tokens)
                ours.append((ended.tokens_per_s or 0.0, ended.tokens))
                shown.append(ended.first_shown_s or 0.0)
                asked.append(_by_a_process(front, "ask", QUESTION))
                lines.append(_by_a_process(front, "chat", "--plain", typed=QUESTION + "\n"))
    finally:
        front.lock()
        shutil.rmtree(folder)
    for name, told in (("whole turn", ours), ("through ask", asked), ("in the line mode", lines)):
        rates, length = [rate for rate, _ in told], median(count for _, count in told)
        for rival, rival_name, target in (
            (high, "high-level API", "≥ 1.0"), (bare, "bare loop", "≥ 0.92")
        ):  # fmt: skip
            yield row(name, rates, "tokens/s", rival, rival_name, target) | {"tokens": length}
    yield row("first text shown, warm", shown, "s")


def _turn(application: Application, tokens: int) -> TurnEnded:
    ask = Ask(QUESTION, max_tokens=tokens, personalise=False)
    ended = list(application.handle(ask))[-1]
    if not isinstance(ended, TurnEnded) or not ended.tokens:
        raise TypeError("the turn failed, or policy stopped it")
    return ended


def _by_a_process(front: LocalFront, *words: str, typed: str = "") -> tuple[float, int]:
    """Tokens per second and tokens of an answer that another process asked for and printed."""
    subprocess.run(
        [ASSISTANT, "--home", front.settings.home, *words],
        input=typed, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert front._holder is not None
    turn = front._holder._parts.vault.turns.latest()
    if turn is None or not turn.tokens_per_s:
        raise TypeError("the turn failed, or policy stopped it")
    return turn.tokens_per_s, turn.tokens
