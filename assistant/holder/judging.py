"""Policy made ready for turns, in a thread of its own while the passphrase is typed or derived."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from assistant.errors import PolicyInvalid
from assistant.holder.refusals import by_bound

if TYPE_CHECKING:
    from assistant.engine.interfaces import Model
    from assistant.holder.guarding import ChildGuard
    from assistant.holder.scorer import MemoryScorer
    from assistant.policy import EffectivePolicy, Gate, PolicyDocument, PolicyState

T = TypeVar("T")

_LOAD_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class JudgedPolicy:
    """Policy whose canaries were judged rightly, resolved and compiled."""

    documents: tuple[PolicyDocument, ...]
    effective: EffectivePolicy
    gate: Gate


def judge(
    state: PolicyState, scorer: MemoryScorer, guard: ChildGuard | None = None
) -> JudgedPolicy:
    """Judge the canaries, resolve, compile. Raises PolicyInvalid, PolicyConflict.

    ``guard`` begins to load where a rule in force asks it, and only there.
    """
    # Needed next, and imported here while the key is derived.
    import assistant.holder.holder  # noqa: F401
    from assistant.holder.guarding import has_guard_rules
    from assistant.policy import Gate, Where, Wishes
    from assistant.policy.adapters import held_adapters
    from assistant.policy.canaries import failing_canaries

    failing = failing_canaries(state.documents)
    if failing:
        raise PolicyInvalid(
            f"The gate gave a wrong answer to a known example ({failing[0]}); "
            "nothing is answered until that is mended."
        )
    effective = state.effective(Wishes())
    if guard is not None and has_guard_rules(effective):
        guard.warm()
    scorer = scorer.holding(held_adapters(state.documents, state.resources))
    gate = Gate(effective, scorer, guard)
    # Compiles the rules, which the first turn would wait for.
    gate.check([], Where.INPUT)
    gate.stream(Where.OUTPUT)
    return JudgedPolicy(state.documents, effective, gate)


def primed(
    judged: JudgedPolicy, model: Model, kept: Callable[[EffectivePolicy], bool]
) -> JudgedPolicy:
    """As it is; meanwhile the model reads the prefix every prompt begins with.

    Rules about memories are compiled then too: recall is what needs them first. The prefix
    holds system text and the tiers' lines alone, so it may be read before the vault is
    open. Where its state is ``kept`` it is not read, but loaded then. Returns at once.
    """
    from assistant.conversation.prompt import system_message
    from assistant.policy import Where

    def read() -> None:
        model.wait_ready(_LOAD_PATIENCE)
        if not kept(judged.effective):
            model.absorb((system_message(judged.effective.system_lines),))
        judged.gate.check([], Where.MEMORY)

    # What fails in these is told by the first turn.
    Beside(read)
    Beside(lambda: judged.gate.warm(Where.INPUT))
    return judged


class Beside(Generic[T]):
    """A value made in a thread of its own while something else goes on."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._value: list[T] = []
        self._error: BaseException | None = None
        # Not a daemon: one that is inside a C++ extension while the interpreter goes away
        # ends the process with "terminate called" (seen with a wrong passphrase).
        self._thread = threading.Thread(target=self._run, name="beside")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._make())
        except BaseException as error:  # noqa: BLE001 — raised again where it is waited for
            self._error = error

    def result(self) -> T:
        """Wait for it. Raises what making it raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value[0]


def judges_by_meaning(document: PolicyDocument) -> bool:
    """Whether the document has a rule that needs the embedder."""
    return any(rule.match.meaning is not None for rule in document.rules)


def tiers_of(state: PolicyState) -> tuple[str, ...]:
    """The tiers in force as the status line shows them."""
    numbers = {"national": 1, "organisation": 2, "user": 3}
    return tuple(
        f"tier {numbers[one.tier.value]}: {one.issuer} v{one.version}" for one in state.authorities
    )


def require_allowed(policy: EffectivePolicy, sha256: str) -> None:
    """Raise PolicyRefusal when a tier does not allow this model."""
    value = policy.clamp("models", sha256)
    if value.source is not None:
        raise by_bound(value.source, "this model")
