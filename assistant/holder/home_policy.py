"""The policy of one home: what is in force there, what was accepted before, and the gate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.holder.judging import judges_by_meaning
from assistant.holder.policy_watch import PolicyWatch

if TYPE_CHECKING:
    from assistant.holder.scorer import MemoryScorer
    from assistant.policy import EffectivePolicy, Gate, Places, PolicyState
    from assistant.policy.storage import Disk
    from assistant.vault import Vault

_DOCUMENT_LIMIT = 4 * 1024 * 1024


class HomePolicy:
    """Loads and verifies policy once, and again with the vault's own memory of it."""

    def __init__(self, home: Path, now: Callable[[], datetime]) -> None:
        self._home, self._now = home, now
        self._state: PolicyState | None = None
        self._watch: PolicyWatch | None = None

    @property
    def places(self) -> Places:
        """Where policy lies: home, system folder, package."""
        from assistant.policy import Places, packaged_baseline, system_policy_folder

        return Places(self._home / "policy", system_policy_folder(), packaged_baseline())

    @property
    def disk(self) -> Disk:
        """How policy files are written."""
        from assistant.policy.storage import Disk

        return Disk()

    def state(self) -> PolicyState:
        """The verified policy in force. Raises PolicyError (exit 4) when there is none."""
        if self._state is None:
            from assistant.policy import load_policy

            places = self.places
            self._state = load_policy(
                places.home, places.system, places.baseline, self._now(), None
            )
        return self._state

    def effective(self) -> EffectivePolicy:
        """The policy in force, resolved without any wish of the user."""
        from assistant.policy import Wishes

        return self.state().effective(Wishes())

    def gate(self, document: Path | None, scorer: Callable[[], MemoryScorer]) -> Gate:
        """A gate over the policy in force, or over one document alone.

        ``scorer`` is called only where a rule judges by meaning.
        """
        from assistant.policy import Gate, PolicyDocument, Wishes, resolve
        from assistant.policy.adapters import beside, held_adapters, required_adapters

        adapters: dict[str, bytes]
        if document is None:
            state = self.state()
            documents = state.documents
            adapters = held_adapters(documents, state.resources)
        else:
            from assistant.policy.storage import read_limited

            raw = read_limited(document.resolve(), _DOCUMENT_LIMIT)
            if raw is None:
                raise UsageError("There is no such document.", hint="Check the path.")
            documents = (PolicyDocument.from_bytes(raw),)
            files = beside(documents[0], document.resolve().parent)
            adapters = required_adapters(documents[0], files)
        by_meaning = any(map(judges_by_meaning, documents))
        scored = scorer().holding(adapters) if by_meaning else None
        return Gate(resolve(list(documents), Wishes()), scored)

    def with_vault(self, vault: Vault) -> PolicyState:
        """Policy judged again with the vault's own copy of what was accepted.

        Floors and the highest clock seen are then kept in both places: the higher one wins.
        """
        from assistant.policy import Floors, load_policy
        from assistant.policy.authorities import remember
        from assistant.policy.floors import read_floors, written_by_keeping
        from assistant.policy.roots import enrolled_pins

        kept, places = vault.policy_state.read(), self.places
        floors = None if kept.floors == "{}" else Floors.from_bytes(kept.floors.encode())

        def load() -> PolicyState:
            return load_policy(places.home, places.system, places.baseline, self._now(), floors)

        watch = PolicyWatch(
            (places.home, places.system), load,
            lambda: frozenset(pin.authority for pin in enrolled_pins(read_floors(places.home)[0])),
        )  # fmt: skip
        state = self._state = load()
        remember(places, state.floors, self.disk)
        watch.holds(state, wrote=written_by_keeping(places.home))
        self._watch = watch
        accepted = state.floors.to_bytes().decode()
        if kept.floors != accepted:
            vault.policy_state.put_floors(accepted)
        vault.policy_state.advance_clock(state.now)
        return state

    def changed(self) -> str:
        """Why a vault opened under this policy must be locked; "" where it may stay open."""
        return self._watch.changed() if self._watch is not None else ""
