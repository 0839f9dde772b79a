"""What a holder stands on, as the composition root hands it over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.engine.interfaces import Memory, Model
from assistant.holder.models import Verify, never

if TYPE_CHECKING:
    from assistant.engine import ModelEntry
    from assistant.policy import AuthorityState, EffectivePolicy, Gate, PolicyDocument
    from assistant.vault import KdfParameters, Vault


@dataclass(frozen=True, slots=True)
class Parts:
    """What the composition root hands over. Times: ``now`` is UTC, ``clock`` monotonic.

    ``model_about`` gives origin and licence of the model in use, empty where not stated;
    ``machine_memory`` is in bytes; ``turn_ends`` is how many seconds a lock waits for a
    turn to end; ``policy_changed`` says why the vault must not stay open, "" if it may.
    """

    home: Path
    vault: Vault
    policy: EffectivePolicy
    gate: Gate
    tiers: tuple[str, ...]
    alarms: tuple[str, ...]
    model: Model
    model_file: Callable[[], tuple[str, str]]
    use_model: Callable[[str], None]
    memory: Memory
    embedder_digest: str
    now: Callable[[], datetime]
    clock: Callable[[], float]
    slept: Callable[[], float]
    new_seed: Callable[[], int]
    new_id: Callable[[], str]
    new_kdf: Callable[[], KdfParameters]
    patience: float
    watch_every: float = 5.0
    turn_ends: float = 3.0
    face: str = "command"
    documents: tuple[PolicyDocument, ...] = ()
    authorities: tuple[AuthorityState, ...] = ()
    model_about: Callable[[], tuple[str, str]] = lambda: ("", "")
    local_time: Callable[[datetime], datetime] = datetime.astimezone
    models: Callable[[], Sequence[ModelEntry]] = tuple
    machine_memory: Callable[[], int] = lambda: 0
    verify_model: Verify = never
    remove_model: Callable[[str], None] = never
    pull_command: Callable[[str], tuple[list[str], Path]] = never
    quiet: Callable[[], AbstractContextManager[None]] = nullcontext
    runs: Callable[[str], str] = lambda _sha256: ""
    policy_changed: Callable[[], str] = lambda: ""
