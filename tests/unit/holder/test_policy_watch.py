"""A vault does not stay open under a policy that is no longer the one in force."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.errors import PolicyMissing, VaultLocked
from assistant.holder.interface import Ask, ListPreferences, Lock, StatusQuery
from assistant.holder.policy_watch import NEWER, PolicyWatch
from assistant.policy import PolicyState, packaged_baseline
from assistant.policy.loader import load_policy
from tests.holder_world import World, open_world
from tests.policy_documents import document
from tests.vault_world import noon


class Machine:
    """A policy folder and what verifying it would give."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found = load_policy(folder, folder / "none", packaged_baseline(), noon(), None)
        self.missing, self.loads = False, 0
        self.pins: frozenset[str] = frozenset()
        (folder / "floors.json").write_text("{}")

    def load(self) -> PolicyState:
        self.loads += 1
        if self.missing:
            raise PolicyMissing("Acme is enrolled and has no bundle.")
        return self.found

    def watch(self) -> PolicyWatch:
        return PolicyWatch((self.folder,), self.load, lambda: self.pins)

    def install(self) -> None:
        """As `policy install` in another process."""
        self.found = replace(self.found, documents=(*self.found.documents, document()))
        (self.folder / "bundle.zip").write_bytes(b"new")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def held(machine: Machine, watch: PolicyWatch) -> PolicyWatch:
    watch.holds(machine.found, wrote=(machine.folder / "floors.json",))
    return watch


def test_nothing_is_verified_again_while_the_files_stay_as_they_are(machine: Machine) -> None:
    watch = held(machine, machine.watch())
    assert [watch.changed() for _ in range(5)] == [""] * 5
    assert machine.loads == 0


def test_another_policy_is_told_and_stays_told(machine: Machine) -> None:
    watch = held(machine, machine.watch())
    machine.install()
    assert watch.changed() == watch.changed() == NEWER


def test_a_touched_file_with_the_same_rules_changes_nothing(machine: Machine) -> None:
    watch = held(machine, machine.watch())
    (machine.folder / "bundle.zip").write_bytes(b"renewed dates")
    assert watch.changed() == watch.changed() == ""
    assert machine.loads == 1


def test_what_cannot_be_verified_any_more_is_told(machine: Machine) -> None:
    watch = held(machine, machine.watch())
    machine.missing = True
    (machine.folder / "floors.json").write_text('{"enrolled": 1}')
    assert watch.changed() == "Acme is enrolled and has no bundle"


def test_what_others_wrote_while_the_vault_opened_is_looked_at(machine: Machine) -> None:
    watch, before = machine.watch(), machine.found
    machine.install()
    watch.holds(before, wrote=(machine.folder / "floors.json",))
    assert watch.changed() == NEWER


def test_an_enrolment_while_the_vault_opened_is_looked_at(machine: Machine) -> None:
    watch = machine.watch()
    machine.pins, machine.missing = frozenset({"ab" * 32}), True
    assert held(machine, watch).changed() == "Acme is enrolled and has no bundle"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


@pytest.mark.parametrize("request_", [Ask("Hello"), ListPreferences(), StatusQuery()])
def test_the_first_request_after_a_change_locks_and_is_not_answered(
    world: World, request_: Ask | ListPreferences | StatusQuery
) -> None:
    world.policy_changed = NEWER
    with pytest.raises(VaultLocked):
        world.all(request_)
    assert world.holder.locked


def test_a_vault_nobody_asks_anything_is_locked_too(world: World) -> None:
    locked = threading.Event()
    world.holder.when_locked(lambda _why: locked.set())
    world.policy_changed = NEWER
    assert locked.wait(30)


def test_locking_by_hand_is_no_error_after_a_change(world: World) -> None:
    world.policy_changed = NEWER
    assert world.one(Lock()).what == "Locked."
