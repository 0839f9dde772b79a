"""The prompt's prefix between starts: its state is kept sealed, and taken over at unlock.

The prefix is the program's own text and the tiers' lines: nothing of the person is in it,
so erasing an item leaves it alone. A short one is read while the key is derived (see
``judging.primed``) sooner than a kept state could be loaded; keeping pays for long ones.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from assistant.conversation.prompt import system_message
from assistant.engine.model_messages import ChatMessage
from assistant.errors import AssistantError

if TYPE_CHECKING:
    from assistant.vault.sealed_prefix import SealedPrefix

LONG = 200
"""Tokens from which a state is kept. So many are read in 0.6 s on two cores, about what
deriving the key takes."""


class PrefixModel(Protocol):
    """What is needed of the model."""

    def begin_with(self, read: Callable[[], bytes | None]) -> int:
        """Take over the state that ``read`` returns before any later turn; its tokens."""
        ...

    def count_messages(self, messages: Sequence[ChatMessage]) -> list[int]:
        """Tokens each message adds."""
        ...

    def save_prefix(self, history: Sequence[ChatMessage]) -> bytes:
        """The state after ``history``; b"" where that was stopped."""
        ...


def made_from(model_sha256: str, settings: str, system_lines: Sequence[str]) -> bytes:
    """A digest of what a state depends on: model, engine settings, every word of the prefix.

    The engine's own build is compared by the child that made it.
    """
    parts = [model_sha256, settings, system_message(system_lines).content]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


class PrefixKeeper:
    """Takes the kept state over, or reads the prefix and keeps what came of it."""

    def __init__(
        self, kept: SealedPrefix, model: PrefixModel, origin: bytes, system_lines: Sequence[str]
    ) -> None:
        self._kept, self._model, self._origin = kept, model, origin
        self.prefix = (system_message(system_lines),)

    def start(self) -> threading.Thread:
        """Do it in a thread of its own; a failure costs the first turn time, nothing else."""
        # Not a daemon: a command that ends waits the moment that sealing takes.
        thread = threading.Thread(target=self._quietly, name="prefix")
        thread.start()
        return thread

    def keep(self) -> bool:
        """Whether the prefix is there and its state is kept (or too short to be)."""
        if self._model.begin_with(lambda: self._kept.read(self._origin)):
            return True
        if self._model.count_messages((*self.prefix, _ANY))[0] < LONG:
            return True
        # A turn that comes now waits for it, and would have to read the prefix itself.
        state = self._model.save_prefix(self.prefix)
        return bool(state) and self._kept.write(self._origin, state)

    def _quietly(self) -> None:
        try:
            self.keep()
        except AssistantError:
            # Locked meanwhile, no model, a full disk: the next start tries again.
            return


_ANY = ChatMessage("user", "?")


def is_kept(folder: Path, origin: bytes) -> bool:
    """Whether a state made from exactly this lies beside the vault in ``folder``."""
    from assistant.vault.files import Disk
    from assistant.vault.sealed_prefix import kept_prefix

    return kept_prefix(folder, Disk()) == origin
