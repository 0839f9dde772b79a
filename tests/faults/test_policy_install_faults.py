"""Power cuts, full and read-only disks: the old policy or the new one, whole, never neither."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from assistant.errors import BundleRolledBack, DiskFull, ReadOnlyStorage, StorageError
from assistant.policy.install import install
from assistant.policy.loader import load_policy
from assistant.policy.storage import Disk, replace_file
from tests.conftest import Progress
from tests.publisher import NOW, write_folder
from tests.redteam.test_bundle_attacks import World, make_world

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills by POSIX signals")


class KillingDisk(Disk):
    """Dies by SIGKILL before its step number ``last``, with half of a write on the disk."""

    def __init__(self, last: int) -> None:
        self._left = last

    def _step(self) -> bool:
        self._left -= 1
        return self._left < 0

    def make_folder(self, folder: Path) -> None:
        if self._step():
            os.kill(os.getpid(), signal.SIGKILL)
        super().make_folder(folder)

    def write(self, path: Path, content: bytes) -> None:
        if self._step():
            path.write_bytes(content[: len(content) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        super().write(path, content)

    def rename(self, source: Path, target: Path) -> None:
        if self._step():
            os.kill(os.getpid(), signal.SIGKILL)
        super().rename(source, target)


def _in_a_child(world: World, folder: Path, disk: Disk, after: float | None) -> bool:
    """Install in a forked child; True if it finished before it was killed."""
    child = os.fork()
    if child == 0:
        try:
            install(world.where, folder, NOW, disk)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a forked child must not run the test on
            os._exit(1)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    assert not (os.WIFEXITED(status) and os.WEXITSTATUS(status) == 1), "the install failed"
    return os.WIFEXITED(status)


STEPS = 10


@pytest.mark.timeout(7200)
@pytest.mark.full(
    name="policy-kills",
    small=12,
    full=500,
    covers=(
        "assistant/policy/install.py",
        "assistant/policy/shelf.py",
        "assistant/policy/storage.py",
    ),
)
def test_killed_at_any_step_the_next_start_finds_old_or_new_whole(
    size: int, seed: int, progress: Progress, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    for case in range(size):
        after = rng.uniform(0.0, 0.02)
        if progress.done(case):
            continue
        by_step = case < STEPS or case % 2 == 0
        _one_kill(tmp_path / str(case), case % STEPS if by_step else None, after)
        progress.mark(case)


def _one_kill(folder: Path, step: int | None, after: float) -> None:
    world = make_world(folder)
    world.publisher.update(3)
    offered = write_folder(folder / "next", world.publisher.bundle())
    if step is None:
        _in_a_child(world, offered, Disk(), after)
    else:
        finished = _in_a_child(world, offered, KillingDisk(step), None)
        assert finished == (step >= STEPS), "STEPS is the number of steps of an installation"
    assert world.in_force() in ((2,), (3,))
    assert install(world.where, offered, NOW, Disk()).version == 3
    assert world.in_force() == (3,)
    assert not list(world.where.home.glob(".staging-*"))
    with pytest.raises(BundleRolledBack):
        install(world.where, folder / "good", NOW, Disk())


def test_the_number_of_steps_is_the_number_of_steps(tmp_path: Path) -> None:
    """Guards the test above: one step more and the installation lives."""
    world = make_world(tmp_path)
    world.publisher.update(3)
    offered = write_folder(tmp_path / "next", world.publisher.bundle())
    assert _in_a_child(world, offered, KillingDisk(STEPS), None)


class RefusingDisk(Disk):
    """A disk on which the write or rename number ``last`` fails with one errno."""

    def __init__(self, last: int, code: int) -> None:
        self._left, self._code = last, code

    def write(self, path: Path, content: bytes) -> None:
        self._refuse()
        super().write(path, content)

    def rename(self, source: Path, target: Path) -> None:
        self._refuse()
        super().rename(source, target)

    def _refuse(self) -> None:
        from assistant.policy.storage import storage_errors

        self._left -= 1
        if self._left < 0:
            with storage_errors("write"):
                raise OSError(self._code, os.strerror(self._code))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EROFS, ReadOnlyStorage),
        (errno.EACCES, ReadOnlyStorage),
        (errno.EIO, StorageError),
    ],
)
@pytest.mark.parametrize("step", range(8))
def test_a_disk_that_fails_at_any_write_leaves_a_whole_policy(
    step: int, code: int, error: type[StorageError], tmp_path: Path
) -> None:
    world = make_world(tmp_path)
    world.publisher.update(3)
    offered = write_folder(tmp_path / "next", world.publisher.bundle())
    with pytest.raises(error):
        install(world.where, offered, NOW, RefusingDisk(step, code))
    # The writes come before the first rename, so a disk that fills up changes nothing.
    assert world.in_force() == ((2,) if step <= 4 else (3,))
    assert not list(world.where.home.rglob("*.new"))
    assert install(world.where, offered, NOW, Disk()).version == 3


@contextmanager
def _mounted(folder: Path, options: str) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_really_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    with _mounted(tmp_path / "disk", "size=128k") as disk:
        world = make_world(disk)
        world.publisher.update(3)
        world.publisher.put_document(os.urandom(40_000), "adapter.bin")
        offered = write_folder(tmp_path / "next", world.publisher.bundle())
        with pytest.raises(DiskFull):
            install(world.where, offered, NOW, Disk())
        assert world.in_force() == (2,)
        assert not list(world.where.home.glob(".staging-*"))


def test_a_really_read_only_home_still_enforces_and_refuses_to_install(tmp_path: Path) -> None:
    with _mounted(tmp_path / "disk", "size=1m") as disk:
        world = make_world(disk)
        world.publisher.update(3)
        offered = write_folder(tmp_path / "next", world.publisher.bundle())
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(ReadOnlyStorage):
            install(world.where, offered, NOW, Disk())
        assert world.in_force() == (2,)


def test_two_installations_at_once_end_with_one_whole_bundle(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    world.publisher.update(3)
    offered = write_folder(tmp_path / "next", world.publisher.bundle())
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            try:
                install(world.where, offered, NOW, Disk())
                os._exit(0)
            except BaseException:  # noqa: BLE001 - as above
                os._exit(1)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0, 0]
    assert world.in_force() == (3,)


def test_a_replaced_file_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_file(Disk(), path, b"old")
    with pytest.raises(DiskFull):
        replace_file(RefusingDisk(1, errno.ENOSPC), path, b"new")
    assert path.read_bytes() == b"old"
    replace_file(Disk(), path, b"new")
    assert path.read_bytes() == b"new"
    assert (path.stat().st_mode & 0o777) == 0o600


def test_the_policy_in_force_does_not_need_a_writable_home(tmp_path: Path) -> None:
    """load_policy reads only, so a home nobody can write to is no way out of policy."""
    world = make_world(tmp_path)
    before = sorted((path, path.stat().st_mtime_ns) for path in world.where.home.rglob("*"))
    load_policy(world.where.home, world.where.system, world.where.baseline, NOW, None)
    after = sorted((path, path.stat().st_mtime_ns) for path in world.where.home.rglob("*"))
    assert before == after
