"""Attacks by the medium: what a stick, a zip, a folder or a disk can do to an installation."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.errors import (
    BundleRolledBack,
    BundleUnverified,
    NoSuchItem,
    PolicyError,
    PolicyInvalid,
    PolicyMissing,
)
from assistant.policy.authorities import remember
from assistant.policy.install import install
from assistant.policy.loader import Places, load_policy
from assistant.policy.sources import (
    BundleSource,
    FolderSource,
    MemorySource,
    ZipSource,
    open_source,
)
from assistant.policy.storage import Disk
from tests.publisher import NOW, places, write_folder, write_zip
from tests.redteam.test_bundle_attacks import Files, World, make_world

needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX files")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def newer(world: World) -> Files:
    world.publisher.update(3)
    return world.publisher.bundle()


def refused(world: World, path: Path, error: type[PolicyError] = BundleUnverified) -> None:
    """Refused at install with version 2 left in force, and at start from the system folder."""
    with pytest.raises(error):
        install(world.where, path, NOW, world.disk)
    assert world.in_force() == (2,)
    system = path.parent / "system"
    system.mkdir()
    path.rename(system / path.name)
    with pytest.raises(PolicyInvalid):
        load_policy(path.parent / "home-2", system, world.where.baseline, NOW, None)


Zipped = Callable[[zipfile.ZipFile, Files], None]


def _evil_zip(path: Path, files: Files, more: Zipped) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        more(archive, files)
    return path


def _entry(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = mode << 16
    entry.create_system = 3
    return entry


EVIL_NAMES = {
    "a name that climbs out": "../../escape.json",
    "an absolute name": "/etc/passwd",
    "a drive letter": "C:/windows/system.ini",
    "a backslash": "targets\\x.json",
    "a name of another case": "Timestamp.json",
    "a name with a dot inside": "./timestamp.json",
    "a name no bundle has": "notes.txt",
    "an empty folder entry": "../",
    "a control character": "timestamp\x07.json",
}


@pytest.mark.parametrize("name", EVIL_NAMES.values(), ids=EVIL_NAMES.keys())
def test_a_zip_with_an_evil_name_is_refused(name: str, world: World, tmp_path: Path) -> None:
    archive = _evil_zip(
        tmp_path / "evil.zip", newer(world), lambda zipped, _: zipped.writestr(_entry(name), b"x")
    )
    refused(world, archive)
    assert not (tmp_path.parent / "escape.json").exists()


def test_a_name_cut_short_by_a_zero_byte_is_refused(world: World, tmp_path: Path) -> None:
    """zipfile cuts names at a zero byte, so the original name is what is judged."""
    archive = _evil_zip(
        tmp_path / "evil.zip", newer(world), lambda zipped, _: zipped.writestr("9.root.jsonX", b"x")
    )
    archive.write_bytes(archive.read_bytes().replace(b"9.root.jsonX", b"9.root.json\x00"))
    refused(world, archive)


def test_a_zip_with_a_name_twice_is_refused(world: World, tmp_path: Path) -> None:
    def twice(zipped: zipfile.ZipFile, files: Files) -> None:
        with pytest.warns(UserWarning, match="Duplicate name"):
            zipped.writestr("timestamp.json", files["timestamp.json"])

    refused(world, _evil_zip(tmp_path / "evil.zip", newer(world), twice))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_a_zip_that_holds_a_link_or_device_is_refused(
    kind: int, world: World, tmp_path: Path
) -> None:
    def special(zipped: zipfile.ZipFile, files: Files) -> None:
        del files
        zipped.writestr(_entry("8.root.json", kind | 0o644), b"/etc/passwd")

    refused(world, _evil_zip(tmp_path / "evil.zip", newer(world), special))


def test_a_zip_bomb_in_a_needed_file_is_refused(world: World, tmp_path: Path) -> None:
    files = newer(world)
    files["timestamp.json"] = b" " * (80 * 1024 * 1024)
    refused(world, _evil_zip(tmp_path / "evil.zip", files, lambda zipped, _: None))


def test_a_zip_bomb_that_lies_about_its_size_is_refused(world: World, tmp_path: Path) -> None:
    files = newer(world)
    files["timestamp.json"] = b" " * (8 * 1024 * 1024)
    archive = _evil_zip(tmp_path / "evil.zip", files, lambda zipped, _: None)
    raw = archive.read_bytes()
    archive.write_bytes(raw.replace(struct.pack("<L", 8 * 1024 * 1024), struct.pack("<L", 400)))
    refused(world, archive)


def test_a_zip_of_zips_in_sum_too_large_is_refused(world: World, tmp_path: Path) -> None:
    def heavy(zipped: zipfile.ZipFile, files: Files) -> None:
        del files
        for number in range(10):
            zipped.writestr(f"targets/{number:064x}.big", b"\0" * (10 * 1024 * 1024))

    refused(world, _evil_zip(tmp_path / "evil.zip", newer(world), heavy))


def test_a_zip_with_a_huge_directory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number + 1}.targets.json", b"")
    with pytest.raises(BundleUnverified):
        ZipSource(buffer.getvalue())


def test_an_encrypted_or_oddly_compressed_zip_is_refused(world: World, tmp_path: Path) -> None:
    files = newer(world)
    with zipfile.ZipFile(tmp_path / "odd.zip", "w", zipfile.ZIP_LZMA) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    refused(world, tmp_path / "odd.zip")
    plain = write_zip(tmp_path / "locked.zip", files).read_bytes()
    locked = plain.replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
    )
    assert locked != plain
    with pytest.raises(BundleUnverified):
        ZipSource(locked)


@pytest.mark.parametrize("cut", [0, 1, 21, 22, 100, 1000])
def test_a_zip_cut_short_is_refused(cut: int, world: World, tmp_path: Path) -> None:
    archive = write_zip(tmp_path / "cut.zip", newer(world))
    archive.write_bytes(archive.read_bytes()[:cut])
    refused(world, archive)


def test_bytes_before_or_behind_a_zip_are_refused(world: World, tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "z.zip", newer(world)).read_bytes()
    (tmp_path / "z.zip").write_bytes(whole + b"PK trailing")
    refused(world, tmp_path / "z.zip")


@needs_posix
@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "loop", "socket"])
def test_a_folder_with_something_else_than_a_file_is_refused(
    kind: str, world: World, tmp_path: Path
) -> None:
    folder = write_folder(tmp_path / "evil", newer(world))
    target = folder / "timestamp.json"
    elsewhere = tmp_path / "elsewhere.json"
    target.rename(elsewhere)
    if kind == "link":
        target.symlink_to(elsewhere)
    elif kind == "loop":
        target.symlink_to(target)
    elif kind == "pipe":
        os.mkfifo(target)
    elif kind == "socket":
        os.mknod(target, stat.S_IFSOCK | 0o644)
    else:
        target.mkdir()
    refused(world, folder)


@needs_posix
def test_a_targets_folder_that_is_a_link_is_refused(world: World, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "evil", newer(world))
    (folder / "targets").rename(tmp_path / "elsewhere")
    (folder / "targets").symlink_to(tmp_path / "elsewhere")
    refused(world, folder)


@needs_posix
def test_two_names_that_differ_only_in_case_are_refused(world: World, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "evil", newer(world))
    (folder / "Timestamp.json").write_bytes(b"{}")
    refused(world, folder)


def test_no_name_outside_a_bundles_own_is_ever_opened(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("secret")
    (tmp_path / "bundle").mkdir()
    sources: list[BundleSource] = [
        FolderSource(tmp_path / "bundle"),
        MemorySource({"../secret.json": b"x"}),
    ]
    for source in sources:
        for name in ("../secret.json", "/etc/passwd", "targets/../../secret.json", "a\x00b", ""):
            with pytest.raises(BundleUnverified):
                source.read(name, 100)


def test_a_file_swapped_between_check_and_use_has_no_effect(world: World, tmp_path: Path) -> None:
    """What is stored is what was verified, because every file is read exactly once."""
    files = newer(world)
    folder = write_folder(tmp_path / "swap", files)
    source = FolderSource(folder)
    kept = {name: source.read(name, 1 << 20) for name in files}
    for path in folder.rglob("*.json"):
        path.write_bytes(b"{}")
    assert {name: source.read(name, 1 << 20) for name in files} == kept


class _SwappingDisk(Disk):
    """Replaces the offered bundle by another one at the first write of the installation."""

    def __init__(self, folder: Path, hostile: Files) -> None:
        self._folder, self._hostile = folder, hostile

    def write(self, path: Path, content: bytes) -> None:
        write_folder(self._folder, self._hostile)
        super().write(path, content)


def test_a_bundle_swapped_during_its_installation_has_no_effect(
    world: World, tmp_path: Path
) -> None:
    files = newer(world)
    folder = write_folder(tmp_path / "swap", files)
    evil = {
        name: content.replace(b"forbidden-3", b"allowed-all") for name, content in files.items()
    }
    assert install(world.where, folder, NOW, _SwappingDisk(folder, evil)).version == 3
    state = load_policy(world.where.home, world.where.system, world.where.baseline, NOW, None)
    assert state.documents[-1].rules[0].match.terms == ("forbidden-3",)


def test_deleting_the_stored_bundle_stops_the_chat(world: World) -> None:
    folder = world.where.home / "authorities" / world.publisher.authority
    (folder / "bundle.zip").unlink()
    state = load_policy(world.where.home, world.where.system, world.where.baseline, NOW, None)
    assert state.documents[-1].version == 2
    assert any("gone" in alarm for alarm in state.alarms)
    (folder / "bundle.copy.zip").unlink()
    with pytest.raises(PolicyMissing):
        world.in_force()


def test_after_its_folder_is_deleted_an_older_bundle_is_still_refused(world: World) -> None:
    folder = world.where.home / "authorities" / world.publisher.authority
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    with pytest.raises(BundleRolledBack):
        install(world.where, world.where.home.parent / "old", NOW, world.disk)
    assert install(world.where, world.where.home.parent / "good", NOW, world.disk).version == 2


def test_deleting_the_floors_is_seen_through_the_vaults_copy(world: World) -> None:
    state = load_policy(world.where.home, world.where.system, world.where.baseline, NOW, None)
    for name in ("floors.json", "floors.copy.json"):
        (world.where.home / name).unlink()
    world.overwrite_stored(world.old)
    with pytest.raises(BundleRolledBack):
        load_policy(world.where.home, world.where.system, world.where.baseline, NOW, state.floors)


@pytest.mark.parametrize("damage", [b"", b"{", b"{}", b'{"format": 2}', b"\xff", b"[" * 90_000])
def test_damaged_floors_are_an_alarm_and_never_fewer_floors(damage: bytes, world: World) -> None:
    where = world.where
    (where.home / "floors.json").write_bytes(damage)
    state = load_policy(where.home, where.system, where.baseline, NOW, None)
    assert state.documents[-1].version == 2
    assert state.alarms
    world.overwrite_stored(world.old)
    with pytest.raises(BundleRolledBack):
        world.in_force()
    (where.home / "floors.copy.json").write_bytes(damage)
    with pytest.raises(PolicyInvalid):
        world.in_force()


def test_two_authorities_never_share_a_cache(tmp_path: Path) -> None:
    bank, school = make_world(tmp_path / "a"), make_world(tmp_path / "b")
    folder = bank.where.home / "authorities" / bank.publisher.authority
    other = school.where.home / "authorities" / school.publisher.authority
    for name in ("bundle.zip", "bundle.copy.zip"):
        (folder / name).write_bytes((other / name).read_bytes())
    with pytest.raises(BundleUnverified):
        bank.in_force()


def test_a_path_that_is_no_bundle_says_so(tmp_path: Path) -> None:
    with pytest.raises(NoSuchItem):
        open_source(tmp_path / "nothing")
    (tmp_path / "text.txt").write_text("hello")
    with pytest.raises(BundleUnverified):
        open_source(tmp_path / "text.txt")
    (tmp_path / "empty").mkdir()
    with pytest.raises(BundleUnverified):
        install(places(tmp_path / "home"), tmp_path / "empty", NOW, Disk())


SYSTEM_DAMAGE: dict[str, Callable[[Path, Files], object]] = {
    "an empty folder": lambda path, files: path.mkdir(),
    "a root without a bundle": lambda path, files: write_folder(
        path, {"1.root.json": files["1.root.json"]}
    ),
    "a broken link": lambda path, files: path.symlink_to(path / "nowhere"),
    "a zip that is none": lambda path, files: path.with_suffix(".ZIP").write_bytes(b"no zip"),
}


@needs_posix
@pytest.mark.parametrize("name", SYSTEM_DAMAGE)
def test_a_damaged_system_authority_stops_the_chat(name: str, world: World, tmp_path: Path) -> None:
    system = tmp_path / "system"
    system.mkdir()
    SYSTEM_DAMAGE[name](system / "bank", world.good)
    with pytest.raises((PolicyInvalid, PolicyMissing)):
        load_policy(tmp_path / "home-3", system, world.where.baseline, NOW, None)


def test_a_system_authority_binds_every_home_and_cannot_be_left(
    world: World, tmp_path: Path
) -> None:
    from assistant.errors import PolicyRefusal
    from assistant.policy.authorities import leave

    system = tmp_path / "system"
    write_folder(system / "bank", world.good)
    for home in (tmp_path / "one", tmp_path / "two"):
        where = Places(home, system, world.where.baseline)
        state = load_policy(home, system, where.baseline, NOW, None)
        assert state.authorities[-1].managed_by == "system"
        with pytest.raises(PolicyRefusal):
            leave(where, "Example Bank", Disk())


def test_an_administrators_newer_bundle_overtakes_the_homes_without_alarm(
    world: World, tmp_path: Path
) -> None:
    system = tmp_path / "system"
    write_folder(system / "bank", newer(world))
    where = Places(world.where.home, system, world.where.baseline)
    state = load_policy(where.home, system, where.baseline, NOW, None)
    assert (state.documents[-1].version, state.alarms) == (3, ())
    remember(where, state.floors, Disk())
    state = load_policy(where.home, system, where.baseline, NOW, None)
    assert (state.documents[-1].version, state.alarms) == (3, ())
    # Taking the package away again does not bring the older policy back.
    shutil.rmtree(system)
    with pytest.raises(BundleRolledBack):
        world.in_force()


def test_one_changed_byte_in_the_baseline_stops_the_chat(tmp_path: Path) -> None:
    where = places(tmp_path / "home")
    copied = tmp_path / "baseline"
    shutil.copytree(str(where.baseline), copied)
    load_policy(where.home, where.system, copied, NOW, None)
    for path in sorted(path for path in copied.rglob("*") if path.is_file()):
        whole = path.read_bytes()
        for altered in (whole[:-1], whole + b" ", bytes([whole[0] ^ 1]) + whole[1:], None):
            path.unlink() if altered is None else path.write_bytes(altered)
            with pytest.raises(PolicyInvalid) as caught:
                load_policy(where.home, where.system, copied, NOW, None)
            assert caught.value.exit_code == 4
            path.write_bytes(whole)
    (copied / "extra.json").write_bytes(b"{}")
    with pytest.raises(PolicyInvalid):
        load_policy(where.home, where.system, copied, NOW, None)
