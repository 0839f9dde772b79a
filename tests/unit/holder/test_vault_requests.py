"""What the vault screen asks for: ways in, a new recovery key, an import that is watched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.core import load_keyring

from assistant.errors import VaultError, WrongPassphrase
from assistant.holder.interface import (
    AddPreference,
    BackUp,
    Done,
    Export,
    Import,
    ListConversations,
    RecoveryKey,
    UseKeychain,
)
from assistant.holder.vault_wire import ImportProgress, NewRecoveryKey, VaultQuery
from assistant.vault.facade import Vault
from tests.holder_world import World, open_world
from tests.vault_world import CHEAP_FLOOR, PASSPHRASE, noon


class LockedKeychain:
    """One that keeps what it is given, and was locked since."""

    def get(self, name: str) -> bytes | None:
        raise VaultError("The keychain is locked.")

    def put(self, name: str, secret: bytes) -> None:
        """Kept."""

    def delete(self, name: str) -> None:
        raise VaultError("The keychain is locked.")


@pytest.fixture
def no_keychain() -> Iterator[None]:
    """A machine without a keychain, whatever this one has."""
    before = keyring.get_keyring()
    keyring.set_keyring(load_keyring("keyring.backends.null.Keyring"))
    yield
    keyring.set_keyring(before)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


def test_the_state_tells_ways_in_backups_and_how_much_is_kept(world: World) -> None:
    world.ask("Hello")
    world.one(AddPreference("Keep answers short"))
    world.one(BackUp(str(world.folder / "copy")))
    state = world.one(VaultQuery())
    assert state.ways_in == ("passphrase", "recovery")
    assert state.backups == (str(world.folder / "copy"),)
    assert (state.conversations, state.preferences) == (1, 1)


def test_a_new_recovery_key_opens_the_vault_and_the_old_one_no_longer(world: World) -> None:
    with pytest.raises(WrongPassphrase):
        world.one(NewRecoveryKey("wrong"))
    made = world.one(NewRecoveryKey(PASSPHRASE.decode()))
    assert isinstance(made, RecoveryKey)
    assert made.recovery_key != world.recovery_key
    world.holder.lock("for the test")
    folder = world.folder / "vault"
    with pytest.raises(WrongPassphrase):
        Vault.open(folder, recovery=world.recovery_key, floor=CHEAP_FLOOR, now=noon)
    Vault.open(folder, recovery=made.recovery_key, floor=CHEAP_FLOOR, now=noon).close()


def test_a_watched_import_tells_what_it_has_added_so_far(world: World, tmp_path: Path) -> None:
    world.ask("Hello")
    world.ask("And again")
    world.one(Export(str(tmp_path / "out.json"), "json"))
    for other in open_world(tmp_path / "other"):
        *steps, done = other.all(Import(str(tmp_path / "out.json"), watched=True))
        assert steps == [ImportProgress(2, 2, 0)]
        assert isinstance(done, Done)
        assert len(other.all(ListConversations())) == 2
        (only,) = other.all(Import(str(tmp_path / "out.json")))
        assert "2 were there already" in only.what


def test_a_keychain_that_cannot_be_reached_no_longer_opens_the_vault_and_that_is_said(
    world: World, no_keychain: None
) -> None:
    world.vault.access.add_keychain(LockedKeychain())
    done = world.one(UseKeychain(PASSPHRASE.decode(), on=False))
    assert done.what == (
        "Only the passphrase and the recovery key open the vault now. "
        "The keychain could not be reached; what it still holds opens nothing."
    )
    assert world.one(VaultQuery()).ways_in == ("passphrase", "recovery")


def test_where_no_keychain_opens_the_vault_nothing_is_said_of_one(
    world: World, no_keychain: None
) -> None:
    done = world.one(UseKeychain(PASSPHRASE.decode(), on=False))
    assert done.what == "Only the passphrase and the recovery key open the vault now."


def test_a_locked_keychain_loses_its_way_in_before_it_is_asked(world: World) -> None:
    world.vault.access.add_keychain(LockedKeychain())
    with pytest.raises(VaultError):
        world.vault.access.remove_keychain(LockedKeychain())
    assert world.vault.access.ways_in == ("passphrase", "recovery")
