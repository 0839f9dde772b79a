"""Failing disks: every n-th operation fails once, a full disk, a read-only one."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import (
    AssistantError,
    DiskFull,
    ReadOnlyStorage,
    StorageError,
    UnsafePermissions,
    VaultBusy,
    VaultDamaged,
    VaultMissing,
    WrongPassphrase,
)
from assistant.vault.backup import restore
from assistant.vault.facade import Vault
from assistant.vault.files import Disk, check_private_folder, storage_error
from assistant.vault.migrations import MIGRATIONS
from assistant.vault.records import ItemKind
from assistant.vault.unlock import Secret
from tests.vault_world import CHEAP, CHEAP_FLOOR, PASSPHRASE, create, database_of, reopen, say

ROOT = Path(__file__).resolve().parents[2]
NEXT = (*MIGRATIONS, ("CREATE TABLE next(x TEXT)",))


class FailingDisk(Disk):
    """Fails once, at the n-th write, sync, rename or removal."""

    def __init__(self, fail_at: int, code: int) -> None:
        self.left, self.code = fail_at, code

    @property
    def failed(self) -> bool:
        return self.left <= 0

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(self.code, "injected")

    def write(self, descriptor: int, data: bytes) -> None:
        if self.left == 1:
            # A torn write: half of it arrives.
            os.write(descriptor, data[: len(data) // 2])
        self._count()
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._count()
        super().sync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        try:
            self._count()
        except OSError as error:
            raise storage_error(error) from error
        super().rename(source, target)

    def remove(self, path: Path) -> None:
        try:
            self._count()
        except OSError as error:
            raise storage_error(error) from error
        super().remove(path)


def _save(folder: Path, disk: Disk, told: list[str]) -> None:
    with reopen(folder, disk=disk) as vault:
        told.append(say(vault, "first", "answer").id)
        told.append(say(vault, "second", "answer").id)


def _passwd(folder: Path, disk: Disk, told: list[str]) -> None:
    with reopen(folder, disk=disk) as vault:
        vault.access.change_passphrase(b"new", kdf=CHEAP)


def _rekey(folder: Path, disk: Disk, told: list[str]) -> None:
    with reopen(folder, disk=disk) as vault:
        vault.access.rekey(b"new", kdf=CHEAP)
        told.append(say(vault, "after", "rekey").id)


def _migrate(folder: Path, disk: Disk, told: list[str]) -> None:
    reopen(folder, disk=disk, steps=NEXT).close()


def _back_up(folder: Path, disk: Disk, told: list[str]) -> None:
    with reopen(folder, disk=disk) as vault:
        vault.back_up(folder.parent / "copy", overwrite=True)
        vault.back_up(folder.parent / "copy", overwrite=True)


def _restore(folder: Path, disk: Disk, told: list[str]) -> None:
    restore(
        folder.parent / "source",
        folder,
        Secret.passphrase(PASSPHRASE),
        random=os.urandom,
        overwrite=True,
        floor=CHEAP_FLOOR,
        disk=disk,
    )


def _erase(folder: Path, disk: Disk, told: list[str]) -> None:
    with reopen(folder, disk=disk) as vault:
        for preference in vault.preferences.list():
            vault.erase.item(ItemKind.PREFERENCE, preference.id)


def _raised_by(
    work: Callable[[Path, Disk, list[str]], None], folder: Path, disk: Disk, told: list[str]
) -> StorageError | None:
    try:
        work(folder, disk, told)
    except StorageError as error:
        return error
    return None


WORK = [_save, _passwd, _rekey, _migrate, _back_up, _restore, _erase]


def _reopened(folder: Path) -> Vault:
    for passphrase in (PASSPHRASE, b"new"):
        try:
            return reopen(folder, passphrase, steps=NEXT)
        except WrongPassphrase:
            continue
    raise AssertionError("no passphrase opens the vault")


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.__name__.strip("_"))
def test_a_failure_at_any_operation_is_told_and_loses_nothing(
    tmp_path: Path, work: Callable[[Path, Disk, list[str]], None]
) -> None:
    template = tmp_path / "template"
    vault, _ = create(template)
    with vault:
        kept = say(vault, "kept", "always")
        vault.preferences.add("to be erased")
        vault.back_up(tmp_path / "source")
    for fail_at in range(1, 200):
        folder = tmp_path / "vault"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(template, folder)
        code = (errno.ENOSPC, errno.EIO)[fail_at % 2]
        disk, acknowledged = FailingDisk(fail_at, code), list[str]()
        raised = _raised_by(work, folder, disk, acknowledged)
        if raised is not None:
            assert disk.failed
            assert isinstance(raised, DiskFull) == (code == errno.ENOSPC)
        with _reopened(folder) as after:
            after.verify()
            assert after.turns.get(kept.id).answer == "always"
            for turn in acknowledged:
                assert after.turns.get(turn).answer
            assert {notice.kind for notice in after.notices} <= {"repaired"}
        assert not list(folder.glob("*.new"))
        assert len(list(folder.glob("vault-*.db"))) == 1
        if not disk.failed:
            return
    raise AssertionError("the work never completed")


_FULL = """
import resource, signal, sys
from pathlib import Path
from assistant.errors import DiskFull, StorageError
from tests.vault_world import reopen, say
folder = Path(sys.argv[1])
vault = reopen(folder)
# Python has no way to make SQLite's writes fail; a limit on file sizes is one.
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
try:
    for number in range(1000):
        print(say(vault, f"question {number}", "word " * 400).id, flush=True)
except StorageError as error:
    print(type(error).__name__)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(say(vault, "room again", "yes").id)
vault.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits on file sizes are POSIX")
@pytest.mark.parametrize("more", [0, 4096, 10_000, 70_000])
def test_a_full_disk_loses_nothing_and_the_vault_goes_on_when_there_is_room(
    tmp_path: Path, more: int
) -> None:
    vault, _ = create(tmp_path)
    vault.close()
    limit = str(database_of(tmp_path).stat().st_size + more)
    run = subprocess.run(
        [sys.executable, "-c", _FULL, str(tmp_path), limit],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=True,
    )
    *acknowledged, kind, last = run.stdout.split()
    assert kind in {"DiskFull", "StorageError"}
    with reopen(tmp_path) as after:
        after.verify()
        assert after.notices == ()
        for turn in [*acknowledged, last]:
            assert after.turns.get(turn).answer


_MOUNTED = """
set -e
mount -t tmpfs -o size={size} tmpfs "$1"
exec "$2" -c "$3" "$1"
"""
_TINY = """
import subprocess, sys
from pathlib import Path
from assistant.errors import DiskFull, ReadOnlyStorage
from tests.vault_world import create, reopen, say
folder = Path(sys.argv[1]) / "vault"
vault, _ = create(folder)
kept = []
try:
    while True:
        kept.append(say(vault, "q", "word " * 400).id)
except DiskFull:
    print("full")
vault.close()
again = reopen(folder)
assert all(again.turns.get(each).answer for each in kept)
again.verify()
again.close()
subprocess.run(["mount", "-o", "remount,ro", sys.argv[1]], check=True)
try:
    reopen(folder)
except ReadOnlyStorage:
    print("read-only")
"""


def _may_mount() -> bool:
    command = ["unshare", "--user", "--map-root-user", "--mount", "true"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not _may_mount(), reason="needs user and mount namespaces")
def test_a_real_full_and_a_real_read_only_file_system_are_named(tmp_path: Path) -> None:
    inside = ["sh", "-c", _MOUNTED.format(size="400k"), "sh", str(tmp_path), sys.executable, _TINY]
    run = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--mount", *inside],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert run.stdout.split() == ["full", "read-only"], run.stderr


def test_files_are_private_and_the_folder_too(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "vault"
    old = os.umask(0)
    try:
        vault, _ = create(folder)
        with vault:
            say(vault, "q", "a")
            vault.back_up(tmp_path / "copy")
            for path in folder.iterdir():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    finally:
        os.umask(old)


def test_rights_of_others_are_taken_off_the_folder(tmp_path: Path) -> None:
    create(tmp_path / "vault")[0].close()
    (tmp_path / "vault").chmod(0o755)
    reopen(tmp_path / "vault").close()
    assert stat.S_IMODE((tmp_path / "vault").stat().st_mode) == 0o700


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    os.chown(tmp_path, 12345, 12345)
    with pytest.raises(UnsafePermissions):
        check_private_folder(tmp_path)


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault, pytest.raises(VaultBusy):
        reopen(tmp_path)
    reopen(tmp_path).close()


def test_a_symbolic_link_is_not_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    (tmp_path / "vault").mkdir(mode=0o700)
    (tmp_path / "vault" / "lock").symlink_to(target)
    with pytest.raises(StorageError):
        create(tmp_path / "vault")
    assert target.read_bytes() == b"mine"


def test_no_vault_is_told_apart_from_a_damaged_one(tmp_path: Path) -> None:
    with pytest.raises(VaultMissing):
        reopen(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_endless_file_is_not_read(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    (tmp_path / "header").write_bytes(bytes(1 << 20))
    with pytest.raises(VaultDamaged):
        reopen(tmp_path)


def test_every_error_of_the_system_is_mapped_without_its_text() -> None:
    for code, kind in (
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, ReadOnlyStorage),
        (errno.EIO, StorageError),
    ):
        found: AssistantError = storage_error(OSError(code, "/secret/path"))
        assert type(found) is kind
        assert "secret" not in found.message
