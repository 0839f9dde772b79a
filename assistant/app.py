"""The composition root: settings in, wired assistant out. Nothing else chooses paths,
clocks or sources of randomness.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.errors import (
    AssistantError,
    VaultBusy,
    VaultExists,
    VaultMissing,
)
from assistant.holder.children import Children
from assistant.holder.home import Settings, default_settings, home_folder, utc_now
from assistant.holder.home_policy import HomePolicy
from assistant.holder.interface import Application, Situation, Strength
from assistant.holder.judging import tiers_of
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
    from assistant.engine import ModelClient, ModelRegistry
    from assistant.holder.calibrating import Calibrating
    from assistant.holder.holder import Holder
    from assistant.holder.scorer import MemoryScorer
    from assistant.holder.socket import HolderSocket, RemoteApplication
    from assistant.policy import Gate, Places, PolicyState
    from assistant.policy.storage import Disk
    from assistant.vault import KdfParameters, Vault

_APP_PATIENCE = 0.5
"""Seconds recall waits for the embedder on the screen, where the children warmed up while a
passphrase was typed."""


class LocalFront:
    """Implements ``interface.Front`` on this machine, for every face."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.now: Callable[[], datetime] = utc_now
        self.policy = HomePolicy(settings.home, lambda: self.now())
        self.children = Children(settings, lambda: self.registry, self.policy, self._prefix_kept)
        self._holder: Holder | None = None
        self._socket: HolderSocket | None = None
        self._listeners: list[Callable[[str], None]] = []

    # -- before the vault is open ----------------------------------------------------------

    @property
    def vault_folder(self) -> Path:
        """Where the vault's files lie."""
        return self.settings.home / "vault"

    @property
    def places(self) -> Places:
        """Where policy lies: home, system folder, package."""
        return self.policy.places

    @property
    def disk(self) -> Disk:
        """How policy files are written."""
        return self.policy.disk

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
        return self.policy.state()

    def gate_for(self, document: Path | None) -> Gate:
        """A gate over the policy in force, or over one document alone."""
        return self.policy.gate(document, self.scorer)

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
        """Start the children and judge the policy beside them; returns at once.

        A missing model is said when it is needed, a missing policy when the vault opens.
        """
        self.children.warm_up()

    def scorer(self) -> MemoryScorer:
        """The embedder for rules by meaning; starts the memory child if it is not there."""
        return self.children.scorer()

    def use_model(self, identity: str) -> None:
        """Load another model, or guard model; the previous one stays in use if it fails."""
        self.children.use_model(identity)

    def _prefix_kept(self, origin: bytes) -> bool:
        from assistant.holder.prefix import is_kept

        return is_kept(self.vault_folder, origin)

    # -- opening and locking ---------------------------------------------------------------

    def create_vault(self, passphrase: str) -> tuple[Application, str]:
        """Make the vault; the recovery key is returned once and kept nowhere."""
        from assistant.vault import Vault

        self.policy_state()
        self.make_home()
        _leave_no_core()
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
        _leave_no_core()
        vault = Vault.open(self.vault_folder, keychain=SystemKeychain(), now=self.now)
        return self._hold(vault)

    def recover(self, recovery_key: str, passphrase: str) -> None:
        """Open with the recovery key and set another passphrase. Raises WrongPassphrase."""
        from assistant.vault import Vault

        _leave_no_core()
        with Vault.open(self.vault_folder, recovery=recovery_key, now=self.now) as vault:
            vault.access.change_passphrase(passphrase_bytes(passphrase), kdf=new_kdf())

    def restore(self, backup: Path, secret: str, *, recovery: bool, overwrite: bool) -> None:
        """Put a backup's vault in place; the one that is there stays until it is complete."""
        from assistant.vault.backup import restore
        from assistant.vault.unlock import Secret

        self.make_home()
        _leave_no_core()
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

        from assistant.engine import ModelFile
        from assistant.engine.calibration import told
        from assistant.holder.holder import Holder
        from assistant.holder.machine import machine_memory
        from assistant.holder.parts import Parts
        from assistant.holder.prefix import PrefixKeeper

        judged = (children := self.children).judged(lambda: self.policy.with_vault(vault))
        state = self.policy.state()
        if children.model is None or children.memory is None:
            raise AssertionError("warm_up comes first")
        PrefixKeeper(
            vault.prefix, children.model, children.prefix_origin(judged.effective),
            judged.effective.system_lines,
        ).start()  # fmt: skip
        calibrating = self._calibrating(vault, children.model)
        holder = Holder(
            Parts(
                home=self.settings.home, vault=vault, policy=judged.effective,
                gate=judged.gate, tiers=tiers_of(state), alarms=state.alarms,
                model=children.model, model_file=children.model_in_use,
                use_model=children.use_model, memory=children.memory,
                embedder_digest=self.registry.embedder().digest,
                now=self.now, clock=time.monotonic, slept=slept_seconds,
                new_seed=lambda: secrets.randbelow(2**32),
                new_id=lambda: secrets.token_hex(6), new_kdf=new_kdf,
                patience=self.settings.patience, face=self.settings.face, documents=state.documents,
                authorities=state.authorities, model_about=children.model_about,
                models=lambda: self.registry.list(), machine_memory=machine_memory,
                verify_model=lambda one, told: self.registry.verify(one, told),
                remove_model=lambda one: self.registry.remove(one),
                pull_command=children.pull_command, quiet=calibrating.quiet,
                policy_changed=self.policy.changed,
                runs=lambda sha256: told(self.settings.home, ModelFile(Path(), sha256)),
            )
        )  # fmt: skip
        holder.when_locked(lambda _why: calibrating.stop())
        return holder

    def _calibrating(self, vault: Vault, model: ModelClient) -> Calibrating:
        from assistant.holder.calibrating import Calibrating

        found = Calibrating(
            vault.settings, self.settings.home, self.children.calibrated_by_itself, model
        )
        if self.settings.face != "command":
            found.start()
        return found

    def _locked(self, why: str) -> None:
        socket, self._socket = self._socket, None
        self.children.forget()
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
        self.children.stop()


def _leave_no_core() -> None:
    """Before a key is in memory: no core file, no debugger, where the platform can."""
    from assistant.engine import front_not_dumpable

    front_not_dumpable()


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
