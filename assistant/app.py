"""The composition root: settings in, wired assistant out. Nothing else chooses paths,
clocks or sources of randomness.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.errors import (
    AssistantError,
    ModelError,
    UsageError,
    VaultBusy,
    VaultExists,
    VaultMissing,
)
from assistant.holder.home import Settings, default_settings, home_folder, utc_now
from assistant.holder.interface import Application, Situation, Strength
from assistant.holder.judging import judges_by_meaning, require_allowed, tiers_of
from assistant.holder.scorer import embedder_digest
from assistant.holder.signals import lock_on_signals, slept_seconds
from assistant.vault.passphrases import passphrase_bytes

__all__ = [
    "LocalFront",
    "Settings",
    "default_settings",
    "for_the_background",
    "for_the_screen",
    "home_folder",
]

if TYPE_CHECKING:
    from assistant.engine import MemoryClient, ModelClient, ModelFile, ModelRegistry, ModelSettings
    from assistant.holder.guarding import ChildGuard
    from assistant.holder.holder import Holder
    from assistant.holder.judging import Beside, JudgedPolicy
    from assistant.holder.scorer import MemoryScorer
    from assistant.holder.socket import HolderSocket, RemoteApplication
    from assistant.policy import EffectivePolicy, Gate, Places, PolicyState
    from assistant.policy.storage import Disk
    from assistant.vault import KdfParameters, Vault

_APP_PATIENCE = 0.5
"""The same on the screen, where the children warmed up while a passphrase was typed."""


class LocalFront:
    """Implements ``interface.Front`` on this machine, for every face."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.now: Callable[[], datetime] = utc_now
        self._model: ModelClient | None = None
        self._memory: MemoryClient | None = None
        self._guard: ChildGuard | None = None
        self._model_file: ModelFile | None = None
        self._warming = threading.Lock()
        self._holder: Holder | None = None
        self._socket: HolderSocket | None = None
        self._policy: PolicyState | None = None
        self._judging: Beside[JudgedPolicy] | None = None
        self._listeners: list[Callable[[str], None]] = []

    # -- before the vault is open ----------------------------------------------------------

    @property
    def vault_folder(self) -> Path:
        """Where the vault's files lie."""
        return self.settings.home / "vault"

    @property
    def places(self) -> Places:
        """Where policy lies: home, system folder, package."""
        from assistant.policy import Places, packaged_baseline, system_policy_folder

        return Places(self.settings.home / "policy", system_policy_folder(), packaged_baseline())

    @property
    def disk(self) -> Disk:
        """How policy files are written."""
        from assistant.policy.storage import Disk

        return Disk()

    @property
    def registry(self) -> ModelRegistry:
        """The models of this home."""
        from assistant.engine import ModelCatalogue, ModelRegistry

        self.make_home()
        catalogue = ModelCatalogue.load(self.settings.catalogue)
        return ModelRegistry(self.settings.home, catalogue, self.settings.weights)

    def make_home(self) -> None:
        """Make the home folder, readable by this user alone."""
        from assistant.vault.files import make_private_folder

        make_private_folder(self.settings.home)

    def policy_state(self) -> PolicyState:
        """The verified policy in force. Raises PolicyError (exit 4) when there is none."""
        if self._policy is None:
            from assistant.policy import load_policy

            places = self.places
            self._policy = load_policy(
                places.home, places.system, places.baseline, self.now(), None
            )
        return self._policy

    def gate_for(self, document: Path | None) -> Gate:
        """A gate over the policy in force, or over one document alone."""
        from assistant.policy import Gate, PolicyDocument, Wishes, resolve
        from assistant.policy.adapters import beside, held_adapters, required_adapters

        adapters: dict[str, bytes]
        if document is None:
            state = self.policy_state()
            documents = state.documents
            adapters = held_adapters(documents, state.resources)
        else:
            from assistant.policy.storage import read_limited

            raw = read_limited(document.resolve(), 4 * 1024 * 1024)
            if raw is None:
                raise UsageError("There is no such document.", hint="Check the path.")
            documents = (PolicyDocument.from_bytes(raw),)
            files = beside(documents[0], document.resolve().parent)
            adapters = required_adapters(documents[0], files)
        by_meaning = any(map(judges_by_meaning, documents))
        scorer = self.scorer().holding(adapters) if by_meaning else None
        return Gate(resolve(list(documents), Wishes()), scorer)

    def situation(self) -> Situation:
        """The state of this home. Raises PolicyError when there may be no chat."""
        from assistant.vault import vault_exists

        state = self.policy_state()
        vault: Literal["missing", "locked", "held", "open"]
        if self._holder is not None and not self._holder.locked:
            vault = "open"
        elif not vault_exists(self.vault_folder):
            vault = "missing"
        else:
            vault = "held" if self.holder_elsewhere() is not None else "locked"
        return Situation(
            vault, str(self.settings.home), self._model_name(), tiers_of(state), state.alarms
        )

    def _model_name(self) -> str:
        try:
            return self.registry.in_use().id
        except AssistantError:
            return ""

    def require_vault(self) -> None:
        """Raise VaultMissing where there is none, before anything heavy starts."""
        from assistant.vault import vault_exists

        if not vault_exists(self.vault_folder):
            raise VaultMissing("There is no vault in this home yet.")

    def require_no_vault(self) -> None:
        """Raise VaultExists before a passphrase is asked for."""
        from assistant.vault import vault_exists

        if vault_exists(self.vault_folder):
            raise VaultExists("There is a vault in this home already.")

    def holder_elsewhere(self) -> RemoteApplication | None:
        """Another process that holds this home's vault, or None."""
        from assistant.holder.socket import RemoteApplication

        if self._holder is not None and not self._holder.locked:
            return None
        return RemoteApplication.find(self.settings.home)

    def strength(self, passphrase: str) -> Strength:
        """Estimate a passphrase."""
        from assistant.vault.strength import strength

        score, word, advice = strength(passphrase)
        return Strength(score, word, advice)

    # -- the children ----------------------------------------------------------------------

    def warm_up(self) -> None:
        """Start both children and judge the policy beside them; returns at once.

        A missing model is said when it is needed, a missing policy when the vault opens.
        """
        from assistant.engine import MemoryClient, ModelClient, front_not_dumpable
        from assistant.holder.guarding import home_guard
        from assistant.holder.judging import Beside, judge, primed

        with self._warming:
            if self._model is not None:
                return
            front_not_dumpable()
            self._model = ModelClient()
            if self._memory is None:
                self._memory = MemoryClient()
                self._memory.start(self.registry.embedder())
            try:
                self._model_file = self.registry.in_use()
                self._model.start(self._model_file, self._calibrated(self._model_file))
            except ModelError:
                # A turn will say so, with its exit code; everything else still works.
                self._model_file = None
            scorer = self.scorer()
            model = self._model
            guard = self._guard = home_guard(lambda: self.registry)
            self._judging = Beside(
                lambda: primed(judge(self.policy_state(), scorer, guard), model, self._prefix_kept)
            )

    def _prefix_origin(self, policy: EffectivePolicy) -> bytes:
        from assistant.holder.prefix import made_from

        assert self._model is not None
        digest = self._model_file.sha256 if self._model_file is not None else ""
        return made_from(digest, repr(self._model.settings), policy.system_lines)

    def _prefix_kept(self, policy: EffectivePolicy) -> bool:
        from assistant.holder.prefix import is_kept

        return is_kept(self.vault_folder, self._prefix_origin(policy))

    def scorer(self) -> MemoryScorer:
        """The embedder for rules by meaning; starts the memory child if it is not there."""
        from assistant.engine import MemoryClient
        from assistant.holder.scorer import MemoryScorer

        embedder = self.registry.embedder()
        if self._memory is None:
            self._memory = MemoryClient()
            self._memory.start(embedder)
        return MemoryScorer(self._memory, embedder_digest(embedder.sha256))

    def use_model(self, identity: str) -> None:
        """Load another model, or guard model; the previous one stays in use if it fails."""
        from assistant.engine import check_loads

        registry = self.registry
        if registry.entry(identity).kind == "guard":
            from assistant.holder.guarding import use_guard

            use_guard(registry, identity)
            return
        chosen = registry.model_file(identity)
        require_allowed(self._effective(), chosen.sha256)
        check_loads(chosen)
        self._model_file = registry.use(identity)
        if self._model is not None:
            self._model.start(self._model_file, self._calibrated(self._model_file))

    def _calibrated(self, model: ModelFile) -> ModelSettings:
        from assistant.engine.calibration import settings_for

        return settings_for(self.settings.home, model)

    def _pull_command(self, identity: str) -> tuple[list[str], Path]:
        """A process that fetches a model, and the folder it writes into.

        -P: a file in the current folder must not pass for one of our modules.
        """
        command = [sys.executable, "-P", "-m", "assistant", "--home", str(self.settings.home)]
        return [*command, "models", "pull", identity, "--json"], self.settings.weights

    def _effective(self) -> EffectivePolicy:
        from assistant.policy import Wishes

        return self.policy_state().effective(Wishes())

    def _model_in_use(self) -> tuple[str, str]:
        found = self._model_file or self.registry.in_use()
        require_allowed(self._effective(), found.sha256)
        return found.id, found.sha256

    def _model_about(self) -> tuple[str, str]:
        """Origin and licence of the model in use, as its catalogue entry states them."""
        from assistant.engine import ModelCatalogue

        used = (self._model_file or self.registry.in_use()).id
        models = ModelCatalogue.load(self.settings.catalogue).models
        known = next((m for m in models if m.id == used), None)
        return (known.origin, known.licence) if known is not None else ("", "")

    # -- opening and locking ---------------------------------------------------------------

    def create_vault(self, passphrase: str) -> tuple[Application, str]:
        """Make the vault; the recovery key is returned once and kept nowhere."""
        from assistant.vault import Vault

        self.policy_state()
        self.make_home()
        vault, recovery_key = Vault.create(
            self.vault_folder, passphrase_bytes(passphrase), kdf=new_kdf(), now=self.now
        )
        return self._hold(vault), recovery_key

    def unlock(self, passphrase: str) -> Application:
        """Open the vault and begin to listen on the home's socket.

        The key is derived while the children load and the policy is judged.
        """
        from assistant.vault import Vault

        self.warm_up()
        vault = Vault.open(self.vault_folder, passphrase_bytes(passphrase), now=self.now)
        return self._hold(vault)

    def unlock_by_keychain(self) -> Application | None:
        """Open with the OS keychain's secret; None where this vault has no such way in.

        Raises VaultError where the keychain is not one that encrypts, or refuses.
        """
        from assistant.vault import Vault
        from assistant.vault.files import Disk
        from assistant.vault.keychain import SystemKeychain
        from assistant.vault.unlock import read_header

        if read_header(self.vault_folder, Disk()).header.slot("keychain") is None:
            return None
        self.policy_state()
        vault = Vault.open(self.vault_folder, keychain=SystemKeychain(), now=self.now)
        return self._hold(vault)

    def recover(self, recovery_key: str, passphrase: str) -> None:
        """Open with the recovery key and set another passphrase. Raises WrongPassphrase."""
        from assistant.vault import Vault

        with Vault.open(self.vault_folder, recovery=recovery_key, now=self.now) as vault:
            vault.access.change_passphrase(passphrase_bytes(passphrase), kdf=new_kdf())

    def restore(self, backup: Path, secret: str, *, recovery: bool, overwrite: bool) -> None:
        """Put a backup's vault in place; the one that is there stays until it is complete."""
        from assistant.vault.backup import restore
        from assistant.vault.unlock import Secret

        self.make_home()
        made = Secret.recovery(secret) if recovery else Secret.passphrase(passphrase_bytes(secret))
        restore(backup, self.vault_folder, made, random=os.urandom, overwrite=overwrite)

    def erase_vault(self) -> None:
        """Remove the whole vault; needs no passphrase, but nobody may hold it."""
        from assistant.vault.erase import erase_vault

        erase_vault(self.vault_folder)

    def _hold(self, vault: Vault) -> Application:
        try:
            self.warm_up()
            holder = self._wire(vault)
            self._socket = self._listen(holder)
        except BaseException:
            vault.close()
            raise
        holder.when_locked(self._locked)
        self._holder = holder
        return holder

    def _listen(self, holder: Holder) -> HolderSocket:
        from assistant.holder.socket import HolderSocket

        try:
            return HolderSocket(self.settings.home, holder)
        except OSError as error:
            raise VaultBusy("This home's socket cannot be made.") from error

    def _wire(self, vault: Vault) -> Holder:
        import secrets

        from assistant.holder.holder import Holder
        from assistant.holder.judging import judge
        from assistant.holder.machine import machine_memory
        from assistant.holder.parts import Parts
        from assistant.holder.prefix import PrefixKeeper

        if self._model is None or self._memory is None:
            raise AssertionError("warm_up comes first")
        judging, self._judging = self._judging, None
        judged = judging.result() if judging is not None else None
        state = self._policy = self._policy_with(vault)
        self._remember(vault, state)
        if judged is None or judged.documents != state.documents:
            judged = judge(state, self.scorer(), self._guard)
        PrefixKeeper(
            vault.prefix, self._model, self._prefix_origin(judged.effective),
            judged.effective.system_lines,
        ).start()  # fmt: skip
        embedder = self.registry.embedder()
        return Holder(
            Parts(
                home=self.settings.home, vault=vault, policy=judged.effective,
                gate=judged.gate, tiers=tiers_of(state), alarms=state.alarms,
                model=self._model, model_file=self._model_in_use, use_model=self.use_model,
                memory=self._memory, embedder_digest=embedder_digest(embedder.sha256),
                now=self.now, clock=time.monotonic, slept=slept_seconds,
                new_seed=lambda: secrets.randbelow(2**32),
                new_id=lambda: secrets.token_hex(6), new_kdf=new_kdf,
                patience=self.settings.patience, face=self.settings.face, documents=state.documents,
                authorities=state.authorities, model_about=self._model_about,
                models=lambda: self.registry.list(), machine_memory=machine_memory,
                verify_model=lambda one, told: self.registry.verify(one, told),
                remove_model=lambda one: self.registry.remove(one),
                pull_command=self._pull_command,
            )
        )  # fmt: skip

    def _policy_with(self, vault: Vault) -> PolicyState:
        """Policy judged again with the vault's own copy of what was accepted."""
        from assistant.policy import Floors, load_policy

        kept, places = vault.policy_state.read(), self.places
        floors = None if kept.floors == "{}" else Floors.from_bytes(kept.floors.encode())
        return load_policy(places.home, places.system, places.baseline, self.now(), floors)

    def _remember(self, vault: Vault, state: PolicyState) -> None:
        """Floors and the highest clock seen: kept in both places, the higher one wins."""
        from assistant.policy.authorities import remember

        remember(self.places, state.floors, self.disk)
        floors = state.floors.to_bytes().decode()
        if vault.policy_state.read().floors != floors:
            vault.policy_state.put_floors(floors)
        vault.policy_state.advance_clock(state.now)

    def _locked(self, why: str) -> None:
        socket, self._socket = self._socket, None
        self._stop_guard()
        self._model = self._memory = None
        if socket is not None:
            socket.close()
        for act in self._listeners:
            act(why)

    def until_locked(self) -> str:
        """Wait until the vault is locked and its last callers were told; returns why."""
        socket, locked, told = self._socket, threading.Event(), [""]

        def note(why: str) -> None:
            told[0] = why
            locked.set()

        self.when_locked(note)
        if self._holder is not None:
            # Locked in this very moment: whoever does it is about to tell.
            locked.wait(5.0 if self._holder.locked else None)
        if socket is not None:
            socket.drain(2.0)
        return told[0]

    def when_locked(self, act: Callable[[str], None]) -> None:
        """Be told, from another thread, that and why the vault was locked."""
        self._listeners.append(act)

    def lock(self, why: str = "locked by you") -> None:
        """Close the vault and kill the children; harmless when already locked."""
        if self._holder is not None:
            self._holder.lock(why)
            self._holder = None
        if self._model is not None:
            self._model.stop()
        if self._memory is not None:
            self._memory.stop()
        self._stop_guard()
        self._model = self._memory = None

    def _stop_guard(self) -> None:
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.stop()


def new_kdf() -> KdfParameters:
    """Argon2id parameters calibrated on this machine towards half a second."""
    from assistant.vault import calibrate

    return calibrate(time.perf_counter)


def for_the_screen(front: LocalFront) -> None:
    """For a long life on a terminal: lock when it goes away, and wait less for memory.

    The children warm up while the passphrase is typed, so a turn need not wait for them.
    """
    lock_on_signals(front.lock)
    front.settings = replace(front.settings, patience=_APP_PATIENCE, face="terminal app")


def for_the_background(front: LocalFront, face: str) -> None:
    """For a long life without a terminal: lock when asked to end."""
    lock_on_signals(front.lock)
    front.settings = replace(front.settings, face=face)
