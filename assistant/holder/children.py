"""The children of one home: the model's, the memory's and, where a rule asks it, the guard's."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import ModelError
from assistant.holder.home_policy import HomePolicy
from assistant.holder.judging import require_allowed
from assistant.holder.machine import machine_memory

if TYPE_CHECKING:
    from assistant.engine import MemoryClient, ModelClient, ModelFile, ModelRegistry, ModelSettings
    from assistant.holder.guarding import ChildGuard
    from assistant.holder.home import Settings
    from assistant.holder.judging import Beside, JudgedPolicy
    from assistant.holder.scorer import MemoryScorer
    from assistant.policy import EffectivePolicy, PolicyState


COPIES = 4
"""A model of more than this share of the memory is measured only when asked for."""


class Children:
    """Starts the children, tells which model is in use, and stops them.

    ``prefix_kept`` tells whether a vault keeps the evaluated prefix of that origin.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Callable[[], ModelRegistry],
        policy: HomePolicy,
        prefix_kept: Callable[[bytes], bool],
    ) -> None:
        self._settings, self._registry, self._policy = settings, registry, policy
        self._prefix_kept = prefix_kept
        self.model: ModelClient | None = None
        self.memory: MemoryClient | None = None
        self._guard: ChildGuard | None = None
        self._model_file: ModelFile | None = None
        self._warming = threading.Lock()
        self._judging: Beside[JudgedPolicy] | None = None

    # -- starting and stopping -------------------------------------------------------------

    def warm_up(self) -> None:
        """Start both children and judge the policy beside them; returns at once.

        A missing model is said when it is needed, a missing policy when the vault opens.
        """
        from assistant.engine import ModelClient, front_not_dumpable
        from assistant.holder.guarding import home_guard
        from assistant.holder.judging import Beside, judge, primed

        with self._warming:
            if self.model is not None:
                return
            front_not_dumpable()
            model = self.model = ModelClient()
            self._started_memory()
            try:
                self._model_file = self._registry().in_use()
                model.start(self._model_file, self._calibrated(self._model_file))
            except ModelError:
                # A turn will say so, with its exit code; everything else still works.
                self._model_file = None
            scorer = self.scorer()
            guard = self._guard = home_guard(self._registry)
            self._judging = Beside(
                lambda: primed(
                    judge(self._policy.state(), scorer, guard), model,
                    lambda policy: self._prefix_kept(self.prefix_origin(policy)),
                )
            )  # fmt: skip

    def judged(self, state_of: Callable[[], PolicyState]) -> JudgedPolicy:
        """That policy judged: what ``warm_up`` made, if nothing else was in force then.

        Raises what judging raised before ``state_of`` is called.
        """
        from assistant.holder.judging import judge

        judging, self._judging = self._judging, None
        judged = judging.result() if judging is not None else None
        state = state_of()
        if judged is None or judged.documents != state.documents:
            judged = judge(state, self.scorer(), self._guard)
        return judged

    def scorer(self) -> MemoryScorer:
        """The embedder for rules by meaning; starts the memory child if it is not there."""
        from assistant.holder.scorer import MemoryScorer

        digest = self._registry().embedder().digest
        return MemoryScorer(self._started_memory(), digest)

    def _started_memory(self) -> MemoryClient:
        from assistant.engine import MemoryClient

        if self.memory is None:
            self.memory = MemoryClient()
            self.memory.start(self._registry().embedder())
        return self.memory

    def stop(self) -> None:
        """Kill the children; harmless when there are none."""
        if self.model is not None:
            self.model.stop()
        if self.memory is not None:
            self.memory.stop()
        self.forget()

    def forget(self) -> None:
        """Let go of children that somebody else stopped; the guard is stopped here."""
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.stop()
        self.model = self.memory = None

    # -- the model in use ------------------------------------------------------------------

    def use_model(self, identity: str) -> None:
        """Load another model, or guard model; the previous one stays in use if it fails."""
        from assistant.engine import check_loads

        registry = self._registry()
        if registry.entry(identity).kind == "guard":
            from assistant.holder.guarding import use_guard

            use_guard(registry, identity)
            return
        chosen = registry.model_file(identity)
        require_allowed(self._policy.effective(), chosen.sha256)
        check_loads(chosen)
        self._model_file = registry.use(identity)
        if self.model is not None:
            self.model.start(self._model_file, self._calibrated(self._model_file))

    def model_in_use(self) -> tuple[str, str]:
        """Id and digest. Raises PolicyRefusal where a bound does not allow it."""
        found = self._model_file or self._registry().in_use()
        require_allowed(self._policy.effective(), found.sha256)
        return found.id, found.sha256

    def model_about(self) -> tuple[str, str]:
        """Origin and licence of the model in use, as its catalogue entry states them."""
        from assistant.engine import ModelCatalogue

        used = (self._model_file or self._registry().in_use()).id
        models = ModelCatalogue.load(self._settings.catalogue).models
        known = next((m for m in models if m.id == used), None)
        return (known.origin, known.licence) if known is not None else ("", "")

    def calibrated_by_itself(self) -> ModelFile | None:
        """The model in use, where there is room to run it a second time for a measurement."""
        found = self._model_file
        if found is None or COPIES * found.path.stat().st_size > machine_memory():
            return None
        return found

    def pull_command(self, identity: str) -> tuple[list[str], Path]:
        """A process that fetches a model, and the folder it writes into.

        -P: a file in the current folder must not pass for one of our modules.
        """
        command = [sys.executable, "-P", "-m", "assistant", "--home", str(self._settings.home)]
        return [*command, "models", "pull", identity, "--json"], self._settings.weights

    def prefix_origin(self, policy: EffectivePolicy) -> bytes:
        """What the state of the evaluated prefix depends on; the children must be warm."""
        from assistant.holder.prefix import made_from

        assert self.model is not None
        digest = self._model_file.sha256 if self._model_file is not None else ""
        return made_from(digest, repr(self.model.settings), policy.system_lines)

    def _calibrated(self, model: ModelFile) -> ModelSettings:
        from assistant.engine.calibration import settings_for

        return settings_for(self._settings.home, model)
