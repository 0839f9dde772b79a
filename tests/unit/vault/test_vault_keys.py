"""Keys, slots, the key file and what slows guessing."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import keyring.backends.null
import keyring.errors
import msgspec
import pytest

from assistant.errors import (
    UnlockTooSoon,
    UnsafeKeyParameters,
    VaultDamaged,
    VaultError,
    VaultLocked,
    VaultTooNew,
    WrongPassphrase,
)
from assistant.vault import header, keychain, keys
from assistant.vault.attempts import Attempts, delay_seconds
from assistant.vault.facade import Vault
from assistant.vault.files import Disk
from assistant.vault.keys import KdfFloor, KdfParameters, calibrate
from assistant.vault.unlock import Secret, VaultKeys, new_slot, open_slot
from tests.vault_world import CHEAP, CHEAP_FLOOR, NOON, PASSPHRASE, create, noon, reopen

MASTER = bytes(range(32))
ID = "00112233445566778899aabbccddeeff"


def counting() -> object:
    numbers = itertools.count()
    return lambda count: bytes((next(numbers) + index) % 256 for index in range(count))


def some_header() -> tuple[header.Header, VaultKeys]:
    slot = new_slot(Secret.passphrase(PASSPHRASE), MASTER, ID, counting(), CHEAP)  # type: ignore[arg-type]
    return header.Header(ID, "00ff00ff", 1, (slot,)), VaultKeys.of(bytearray(MASTER), ID)


def test_the_product_floor_is_64_mib_three_passes_four_lanes() -> None:
    assert KdfFloor() == KdfFloor(64 * 1024, 3, 4)
    assert KdfFloor().check(KdfParameters()) == KdfParameters(64 * 1024, 3, 4)


@pytest.mark.parametrize(
    "parameters",
    [
        KdfParameters(64 * 1024 - 1, 3, 4),
        KdfParameters(64 * 1024, 2, 4),
        KdfParameters(64 * 1024, 3, 3),
        KdfParameters(2**22, 3, 4),
        KdfParameters(64 * 1024, 1000, 4),
        KdfParameters(64 * 1024, 3, 255),
    ],
)
def test_weak_or_absurd_parameters_are_refused(parameters: KdfParameters) -> None:
    with pytest.raises(UnsafeKeyParameters):
        KdfFloor().check(parameters)


def test_a_vault_with_parameters_below_the_floor_is_not_opened(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    with pytest.raises(UnsafeKeyParameters):
        Vault.open(tmp_path, PASSPHRASE, now=noon)


def test_calibration_never_goes_below_the_floor_on_a_slow_machine() -> None:
    ticks = iter([0.0, 30.0])
    assert calibrate(lambda: next(ticks), floor=CHEAP_FLOOR) == CHEAP


def test_calibration_spends_a_fast_machine_on_memory_and_then_on_passes() -> None:
    ticks = iter([0.0, 0.05])
    found = calibrate(lambda: next(ticks), floor=CHEAP_FLOOR, most_memory_kib=16)
    assert found == KdfParameters(16, 5, 1)


def test_the_wrong_passphrase_opens_nothing(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    with pytest.raises(WrongPassphrase):
        reopen(tmp_path, b"wrong")


@pytest.mark.parametrize("passphrase", [b"", b"x" * 4097])
def test_an_empty_or_endless_passphrase_is_refused(tmp_path: Path, passphrase: bytes) -> None:
    with pytest.raises(WrongPassphrase):
        create(tmp_path, passphrase)
    assert not (tmp_path / "header").exists()


def test_the_recovery_key_opens_however_it_is_typed(tmp_path: Path) -> None:
    vault, recovery = create(tmp_path)
    vault.close()
    typed = recovery.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    Vault.open(tmp_path, recovery=typed, now=noon, floor=CHEAP_FLOOR).close()


def test_every_single_slip_in_a_recovery_key_is_noticed() -> None:
    text = keys.new_recovery_key(lambda count: bytes(range(count)))
    secret = keys.parse_recovery_key(text)
    for place, sign in enumerate(text):
        for other in "0123456789ABCDEFGHJKMNPQRSTVWXYZ":
            if sign in {"-", other}:
                continue
            with pytest.raises(WrongPassphrase):
                keys.parse_recovery_key(text[:place] + other + text[place + 1 :])
    assert secret == bytes(range(20))


def test_a_changed_passphrase_opens_and_the_old_one_does_not(tmp_path: Path) -> None:
    vault, recovery = create(tmp_path)
    vault.access.change_passphrase(b"new", kdf=CHEAP)
    vault.access.check_passphrase(b"new")
    with pytest.raises(WrongPassphrase):
        vault.access.check_passphrase(PASSPHRASE)
    vault.close()
    with pytest.raises(WrongPassphrase):
        reopen(tmp_path)
    reopen(tmp_path, b"new").close()
    Vault.open(tmp_path, recovery=recovery, now=noon, floor=CHEAP_FLOOR).close()


def test_a_passphrase_is_never_changed_to_weak_parameters(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault, pytest.raises(UnsafeKeyParameters):
        vault.access.change_passphrase(b"new", kdf=KdfParameters(4, 1, 1))


def test_a_new_recovery_key_replaces_the_old_one(tmp_path: Path) -> None:
    vault, old = create(tmp_path)
    new = vault.access.change_recovery_key()
    vault.close()
    with pytest.raises(WrongPassphrase):
        Vault.open(tmp_path, recovery=old, now=noon, floor=CHEAP_FLOOR)
    later = lambda: NOON + timedelta(hours=1)  # noqa: E731 - a clock in one line
    Vault.open(tmp_path, recovery=new, now=later, floor=CHEAP_FLOOR).close()


def test_rekey_leaves_no_key_that_opens_the_old_file(tmp_path: Path) -> None:
    vault, recovery = create(tmp_path)
    preference = vault.preferences.add("short answers")
    (old,) = tmp_path.glob("vault-*.db")
    fresh = vault.access.rekey(b"new", kdf=CHEAP)
    assert vault.preferences.get(preference.id).text == "short answers"
    assert [hit.item_id for hit in vault.search.preferences("short", 5)] == [preference.id]
    vault.preferences.add("written after")
    vault.close()
    assert not old.exists()
    with pytest.raises(WrongPassphrase):
        Vault.open(tmp_path, recovery=recovery, now=noon, floor=CHEAP_FLOOR)
    with Vault.open(tmp_path, recovery=fresh, now=noon, floor=CHEAP_FLOOR) as again:
        assert len(again.preferences.list()) == 2
        assert again.notices == ()
        again.verify()


def test_keys_for_different_uses_differ_and_are_overwritten(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    found = vault._session.keys
    every = {bytes(found.master), bytes(found.header), bytes(found.database)}
    every |= {bytes(found.commits), bytes(found.backup)}
    every |= {vault.derived_key("prefix-cache"), vault.derived_key("other")}
    assert len(every) == 7
    vault.close()
    assert set(found.master + found.header + found.database + found.commits + found.backup) == {0}


def test_a_slot_opens_only_with_the_parameters_it_was_bound_to() -> None:
    found, _ = some_header()
    slot = found.slots[0]
    assert bytes(open_slot(found, Secret.passphrase(PASSPHRASE), CHEAP_FLOOR)) == MASTER
    for change in ({"memory_kib": 16}, {"iterations": 2}, {"salt": bytes(16)}):
        altered = msgspec.structs.replace(slot, **change)
        with pytest.raises(WrongPassphrase):
            open_slot(
                msgspec.structs.replace(found, slots=(altered,)),
                Secret.passphrase(PASSPHRASE),
                CHEAP_FLOOR,
            )
    with pytest.raises(WrongPassphrase):
        open_slot(
            msgspec.structs.replace(found, vault_id="f" * 32),
            Secret.passphrase(PASSPHRASE),
            CHEAP_FLOOR,
        )


def test_an_altered_key_file_with_right_hashes_is_refused_by_its_mac() -> None:
    found, vault_keys = some_header()
    forged = header.encode(msgspec.structs.replace(found, generation="00000000"), bytes(32))
    with pytest.raises(VaultDamaged):
        header.decode(forged).verified(vault_keys.header)


def test_a_key_file_of_a_later_format_is_too_new() -> None:
    found, vault_keys = some_header()
    later = header.encode(msgspec.structs.replace(found, format=2), vault_keys.header)
    with pytest.raises(VaultTooNew):
        header.decode(later)


def test_a_damaged_copy_of_the_key_file_is_repaired_and_told(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    path = tmp_path / "header"
    whole = path.read_bytes()
    for start in (100, header.BLOCK + 100):
        path.write_bytes(whole[:start] + b"\xff" + whole[start + 1 :])
        with reopen(tmp_path) as vault:
            assert [notice.kind for notice in vault.notices] == ["repaired"]
            vault.acknowledge_notices()
        assert path.read_bytes() == whole
    path.write_bytes(bytes(header.HEADER_BYTES))
    with pytest.raises(VaultDamaged):
        reopen(tmp_path)


def test_two_different_copies_in_the_key_file_are_refused() -> None:
    found, vault_keys = some_header()
    first = header.encode(found, vault_keys.header)
    second = header.encode(found.next_revision(), vault_keys.header)
    with pytest.raises(VaultDamaged):
        header.decode(first[: header.BLOCK] + second[header.BLOCK :])


def test_an_older_key_file_put_back_is_told_once(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    old = (tmp_path / "header").read_bytes()
    vault.access.change_passphrase(b"new", kdf=CHEAP)
    vault.close()
    (tmp_path / "header").write_bytes(old)
    reopen(tmp_path).close()
    with reopen(tmp_path) as again:
        assert [notice.kind for notice in again.notices] == ["old-header"]


def test_failures_slow_the_next_attempt_across_restarts(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    for _ in range(4):
        with pytest.raises(WrongPassphrase):
            reopen(tmp_path, b"wrong")
    with pytest.raises(UnlockTooSoon):
        reopen(tmp_path)
    later = lambda: NOON + timedelta(seconds=2)  # noqa: E731 - a clock in one line
    Vault.open(tmp_path, PASSPHRASE, now=later, floor=CHEAP_FLOOR).close()
    reopen(tmp_path).close()


def test_a_clock_set_back_does_not_shorten_the_delay(tmp_path: Path) -> None:
    path = tmp_path / "attempts"
    for _ in range(4):
        Attempts(path, Disk(), NOON).begin()
    yesterday = NOON - timedelta(days=1)
    with pytest.raises(UnlockTooSoon):
        Attempts(path, Disk(), yesterday).begin()
    with pytest.raises(UnlockTooSoon):
        Attempts(path, Disk(), yesterday + timedelta(seconds=1)).begin()
    Attempts(path, Disk(), yesterday + timedelta(seconds=2)).begin()


def test_a_torn_attempts_file_delays_and_never_crashes(tmp_path: Path) -> None:
    path = tmp_path / "attempts"
    for content in (b"", b"\xff\xfe", b"1", b"9" * 500, b"1 x"):
        path.write_bytes(content)
        with pytest.raises(UnlockTooSoon):
            Attempts(path, Disk(), NOON).begin()


def test_the_delay_grows_to_a_minute() -> None:
    assert [delay_seconds(failed) for failed in range(11)] == [0, 0, 0, 0, 2, 4, 8, 16, 32, 60, 60]


class MemoryKeychain:
    """A keychain for tests, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        return self.kept.get(name)

    def put(self, name: str, secret: bytes) -> None:
        self.kept[name] = secret

    def delete(self, name: str) -> None:
        self.kept.pop(name, None)


def through(folder: Path, chain: MemoryKeychain) -> Vault:
    return Vault.open(folder, keychain=chain, now=noon, floor=CHEAP_FLOOR)


def test_the_keychain_opens_the_vault_beside_the_passphrase_until_removed(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    chain = MemoryKeychain()
    vault.access.add_keychain(chain)
    vault.close()
    reopen(tmp_path).close()
    with through(tmp_path, chain) as again:
        assert set(again.access.ways_in) == {"passphrase", "recovery", "keychain"}
        again.access.rekey(b"new", kdf=CHEAP, keychain=chain)
    with through(tmp_path, chain) as again:
        again.access.remove_keychain(chain)
    with pytest.raises(VaultLocked):
        through(tmp_path, chain)


def test_an_older_vault_with_its_commit_file_is_told_by_the_keychain(tmp_path: Path) -> None:
    folder, copy = tmp_path / "vault", tmp_path / "copy"
    vault, _ = create(folder)
    chain = MemoryKeychain()
    vault.access.add_keychain(chain)
    vault.close()
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    with through(folder, chain) as vault:
        vault.preferences.add("one")
        vault.preferences.add("two")
    for path in copy.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    with through(folder, chain) as again:
        assert [(notice.kind, notice.lost) for notice in again.notices] == [("lost", 2)]


def test_a_plain_text_keyring_is_refused() -> None:
    class PlaintextKeyring:
        """What keyrings.alt offers on a machine without a keychain."""

    with pytest.raises(VaultError):
        keychain.refuse_plaintext(PlaintextKeyring())
    PlaintextKeyring.__module__ = "keyring.backends.SecretService"
    PlaintextKeyring.__qualname__ = "Keyring"
    keychain.refuse_plaintext(PlaintextKeyring())


class Backend:
    """Stands in for one of keyring's backends, under an allowed name."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, name: str) -> str | None:
        return self.kept.get((service, name))

    def set_password(self, service: str, name: str, secret: str) -> None:
        if "locked" in name:
            raise keyring.errors.KeyringLocked
        self.kept[service, name] = secret

    def delete_password(self, service: str, name: str) -> None:
        del self.kept[service, name]


Backend.__module__, Backend.__qualname__ = "keyring.backends.SecretService", "Keyring"


class Chainer:
    """Stands in for keyring's chain of backends."""

    def __init__(self, *backends: object) -> None:
        self.backends = backends


def test_the_systems_keychain_keeps_bytes_through_an_allowed_backend_only() -> None:
    backend = Backend()
    chain = keychain.SystemKeychain(Chainer(object(), backend))
    chain.put("name", bytes(range(256)))
    assert chain.get("name") == bytes(range(256))
    assert chain.get("other") is None
    chain.delete("name")
    chain.delete("name")
    assert backend.kept == {}
    backend.kept["bounded-assistant vault", "name"] = "not base64!"
    assert chain.get("name") is None
    with pytest.raises(VaultError):
        chain.put("locked", b"x")
    for other in (object(), Chainer(object()), keyring.backends.null.Keyring()):  # type: ignore[no-untyped-call]
        with pytest.raises(VaultError):
            keychain.SystemKeychain(other)


class Failing(Backend):
    """A backend whose every call fails with ``error``, as its bus or its daemon does."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def get_password(self, service: str, name: str) -> str | None:
        raise self.error

    def set_password(self, service: str, name: str, secret: str) -> None:
        raise self.error


Failing.__module__, Failing.__qualname__ = "keyring.backends.SecretService", "Keyring"


def vendor_errors() -> list[Exception]:
    """One of each exception that keyring's backend for Linux and what lies below it declare."""
    below = (
        "secretstorage.exceptions", "jeepney.auth", "jeepney.low_level", "jeepney.wrappers",
        "jeepney.io.common", "jeepney.io.threading", "jeepney.fds",
    )  # fmt: skip
    modules = ("keyring.errors", *(below if sys.platform == "linux" else ()))
    kinds: set[type[Exception]] = {
        kind
        for module in modules
        for kind in vars(import_module(module)).values()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    outside = [OSError("bus"), KeyError("bus"), RuntimeError("GLib"), ValueError("bus")]
    return [*(kind.__new__(kind) for kind in sorted(kinds, key=lambda k: k.__name__)), *outside]


@pytest.mark.parametrize("error", vendor_errors(), ids=lambda error: type(error).__name__)
def test_whatever_a_keychain_fails_with_is_told_and_the_passphrase_is_the_cure(
    error: Exception,
) -> None:
    chain = keychain.SystemKeychain(Failing(error))
    acts: tuple[Callable[[], object], ...] = (
        lambda: chain.get("n"),
        lambda: chain.put("n", b"x"),
        lambda: chain.delete("n"),
    )
    for act in acts:
        with pytest.raises(VaultError) as told:
            act()
        assert "passphrase" in told.value.hint
        locked = {"KeyringLocked", "LockedException", "PromptDismissedException"}
        assert ("locked" in told.value.message) == (type(error).__name__ in locked)


def test_a_chain_that_cannot_be_asked_is_told_like_a_keychain_that_fails() -> None:
    class Broken:
        @property
        def backends(self) -> list[object]:
            raise ConnectionError("no bus")

    with pytest.raises(VaultError, match="does not answer"):
        keychain.SystemKeychain(Broken())


def test_a_vault_closes_and_frees_its_lock_when_the_bus_goes_away(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    chain = MemoryKeychain()
    vault.access.add_keychain(chain)
    vault.close()
    gone = keychain.SystemKeychain(Failing(ConnectionError("no bus")))
    with pytest.raises(VaultError, match="does not answer"):
        Vault.open(tmp_path, keychain=gone, now=noon, floor=CHEAP_FLOOR)
    reopen(tmp_path).close()


def test_no_passphrase_and_no_keychain_is_locked(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    with pytest.raises(VaultLocked):
        Vault.open(tmp_path, now=noon, floor=CHEAP_FLOOR)


def test_a_naive_clock_is_a_fault_not_a_guess(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(TypeError):
        Vault.open(tmp_path, PASSPHRASE, now=lambda: naive, floor=CHEAP_FLOOR)


def test_parameters_are_recorded_and_shown(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        assert vault.access.kdf == replace(CHEAP)
