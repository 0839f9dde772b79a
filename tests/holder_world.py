"""A holder over a real vault and a real gate, with scripted engines and a still clock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.conversation.events import TurnEnded, TurnEvent, TurnFailed
from assistant.errors import NoSuchItem
from assistant.holder.holder import Holder
from assistant.holder.interface import AnyReply, AnyRequest, Ask, Cancellation
from assistant.holder.parts import Parts
from assistant.policy import Gate, Wishes, resolve
from assistant.policy.document import PolicyDocument
from assistant.policy.guarding import GuardModel
from tests.policy_documents import document, rule
from tests.scripted_model import ScriptedMemory, ScriptedModel
from tests.vault_world import CHEAP, create, noon

BOMB = rule("no-bombs", "block", terms=["pipe bomb"], help_text="Ask about safety instead.")
PROMISE = rule("no-promises", "block", ["output"], terms=["guaranteed profit"])
DOSE = rule("ask-first", "confirm", ["input"], terms=["dosage"])
ACCOUNT = rule("hide-accounts", "redact", ["input", "output"], pattern=[r"\b\d{4}-\d{4}\b"])
DIET = rule("no-diets", "block", ["preference", "memory"], terms=["starvation diet"])
RULES = [BOMB, PROMISE, DOSE, ACCOUNT, DIET]


@dataclass
class World:
    """One holder and everything it stands on."""

    folder: Path
    documents: Sequence[PolicyDocument] = field(default_factory=lambda: (document(rules=RULES),))
    model: ScriptedModel = field(default_factory=ScriptedModel)
    memory: ScriptedMemory = field(default_factory=ScriptedMemory)
    guard: GuardModel | None = None

    def __post_init__(self) -> None:
        self.later = self.slept = 0.0
        self.policy_changed = ""
        self.vault, self.recovery_key = create(self.folder / "vault")
        policy = resolve(list(self.documents), Wishes())
        seconds, ids = itertools.count(), itertools.count()
        self.holder = Holder(
            Parts(
                home=self.folder, vault=self.vault, policy=policy,
                gate=Gate(policy, guard=self.guard),
                tiers=("tier 1: Test Authority v1",), alarms=(), model=self.model,
                model_file=lambda: ("scripted", "0" * 64), use_model=self._use,
                memory=self.memory, embedder_digest="d" * 64, now=noon,
                clock=lambda: next(seconds) / 1000 + self.later, slept=lambda: self.slept,
                watch_every=0.02, new_seed=lambda: 7,
                new_id=lambda: f"{next(ids):012x}", new_kdf=lambda: CHEAP, patience=5.0,
                documents=tuple(self.documents), policy_changed=lambda: self.policy_changed,
            )
        )  # fmt: skip
        self.used_model = ""

    def _use(self, identity: str) -> None:
        if identity != "scripted":
            raise NoSuchItem("There is no model of that id.")
        self.used_model = identity

    def enforce(self, *documents: PolicyDocument) -> None:
        """Put other policy in force, as an installation between two starts would."""
        policy = resolve(list(documents), Wishes())
        parts = self.holder._parts
        self.holder._parts = replace(
            parts, policy=policy, gate=Gate(policy), documents=tuple(documents)
        )

    def all(self, request: AnyRequest) -> list[Any]:
        """Every reply."""
        return list(self.holder.handle(request))

    def one(self, request: AnyRequest) -> Any:
        """The only reply."""
        (reply,) = self.all(request)
        return reply

    def ask(self, text: str, **more: Any) -> TurnEnded:
        """Ask, and the turn's ending."""
        ending = self.events(text, **more)[-1]
        assert isinstance(ending, TurnEnded)
        return ending

    def events(
        self, text: str, cancellation: Cancellation | None = None, **more: Any
    ) -> list[TurnEvent | AnyReply]:
        """Ask, and every event."""
        return list(self.holder.handle(Ask(text, **more), cancellation))

    def failure(self, text: str) -> TurnFailed:
        """Ask where the turn must fail."""
        ending = self.events(text)[-1]
        assert isinstance(ending, TurnFailed)
        return ending

    @property
    def prompt(self) -> str:
        """What the model read last."""
        request = self.model.requests[-1]
        return "\n".join(m.content for m in (*request.history, request.question))


def open_world(folder: Path, **more: Any) -> Iterator[World]:
    """A world that is locked at the end, for fixtures."""
    world = World(folder, **more)
    yield world
    world.holder.lock("the test is over")
