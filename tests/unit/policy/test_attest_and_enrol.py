"""Enrolling by fingerprint, leaving, status without a passphrase, and the attestation."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from assistant.errors import (
    BundleUnverified,
    ConfirmationMissing,
    NoSuchItem,
    PolicyMissing,
    UsageError,
)
from assistant.policy.attest import attest, read_attestation
from assistant.policy.authorities import enrol, leave, read_root, remember, status, verify
from assistant.policy.install import install
from assistant.policy.loader import Freshness, Places, load_policy
from assistant.policy.roots import ManagedBy
from assistant.policy.storage import Disk
from tests.publisher import NOW, Publisher, places, write_folder, write_zip

DISK = Disk()


@pytest.fixture
def publisher() -> Publisher:
    return Publisher()


@pytest.fixture
def where(tmp_path: Path) -> Places:
    return places(tmp_path / "home")


@pytest.fixture
def bundle(tmp_path: Path, publisher: Publisher) -> Path:
    return write_folder(tmp_path / "bundle", publisher.bundle())


def load(where: Places) -> list[int]:
    state = load_policy(where.home, where.system, where.baseline, NOW, None)
    return [one.version for one in state.authorities]


def test_a_root_file_a_folder_and_a_zip_enrol_the_same_authority(
    where: Places, bundle: Path, publisher: Publisher, tmp_path: Path
) -> None:
    archive = write_zip(tmp_path / "bank.zip", publisher.bundle())
    for path in (bundle, archive, bundle / "1.root.json"):
        pin = enrol(where, path, publisher.authority, NOW, DISK)
        assert (pin.authority, pin.issuer) == (publisher.authority, "Example Bank")
        assert pin.managed_by is ManagedBy.ENROLLED


def test_without_a_typed_fingerprint_nothing_is_enrolled(where: Places, bundle: Path) -> None:
    with pytest.raises(ConfirmationMissing):
        enrol(where, bundle, None, NOW, DISK)
    assert not where.home.exists()


def test_a_fingerprint_may_be_typed_in_groups(
    where: Places, bundle: Path, publisher: Publisher
) -> None:
    digits = publisher.authority.upper()
    typed = "SHA256: " + " ".join(digits[at : at + 4] for at in range(0, 64, 4))
    assert enrol(where, bundle, typed, NOW, DISK).authority == publisher.authority


@pytest.mark.parametrize("typed", ["", "00", "g" * 64, "0" * 64])
def test_another_fingerprint_is_refused(typed: str, where: Places, bundle: Path) -> None:
    with pytest.raises((UsageError, BundleUnverified)):
        enrol(where, bundle, typed, NOW, DISK)


def test_a_newer_root_is_no_first_root(where: Places, publisher: Publisher, tmp_path: Path) -> None:
    publisher.next_root()
    path = tmp_path / "2.root.json"
    path.write_bytes(publisher.roots[1])
    with pytest.raises(BundleUnverified):
        read_root(path)


def test_enrolled_without_a_bundle_there_is_no_chat(
    where: Places, bundle: Path, publisher: Publisher
) -> None:
    enrol(where, bundle, publisher.authority, NOW, DISK)
    with pytest.raises(PolicyMissing) as caught:
        load(where)
    assert caught.value.exit_code == 4
    assert [one.issuer for one in status(where, NOW, None).problems] == ["Example Bank"]
    install(where, bundle, NOW, DISK)
    assert load(where)[1:] == [1]


def test_leaving_undoes_an_enrolment_and_keeps_the_floors(
    where: Places, bundle: Path, publisher: Publisher
) -> None:
    enrol(where, bundle, publisher.authority, NOW, DISK)
    install(where, bundle, NOW, DISK)
    state = load_policy(where.home, where.system, where.baseline, NOW, None)
    leave(where, publisher.authority[:12], DISK)
    assert load(where)[1:] == []
    # The vault's older copy of the floors does not bring the enrolment back.
    again = load_policy(where.home, where.system, where.baseline, NOW, state.floors)
    assert len(again.documents) == 1
    assert again.floors.of(publisher.authority).roles


def test_leaving_something_never_enrolled_is_an_error(where: Places) -> None:
    with pytest.raises(NoSuchItem):
        leave(where, "Nobody", DISK)


def test_status_shows_everything_an_officer_asks(
    where: Places, bundle: Path, publisher: Publisher
) -> None:
    enrol(where, bundle, publisher.authority, NOW, DISK)
    install(where, bundle, NOW, DISK)
    found = status(where, NOW + timedelta(days=31), None)
    national, bank = found.authorities
    assert (national.managed_by, bank.managed_by) == (ManagedBy.PACKAGE, ManagedBy.ENROLLED)
    assert (bank.freshness, bank.last_import) == (Freshness.STALE, NOW)
    assert (found.problems, found.alarms) == ((), ())


def test_verify_says_whether_anybody_pinned_it(
    where: Places, bundle: Path, publisher: Publisher
) -> None:
    assert verify(where, bundle, NOW).pinned_by is None
    enrol(where, bundle, publisher.authority, NOW, DISK)
    assert verify(where, bundle, NOW).pinned_by is ManagedBy.ENROLLED


def test_remembering_writes_only_what_rose(
    where: Places, bundle: Path, publisher: Publisher
) -> None:
    enrol(where, bundle, publisher.authority, NOW, DISK)
    install(where, bundle, NOW, DISK)
    state = load_policy(where.home, where.system, where.baseline, NOW, None)
    remember(where, state.floors, DISK)
    before = (where.home / "floors.json").stat().st_mtime_ns
    remember(where, state.floors, DISK)
    assert (where.home / "floors.json").stat().st_mtime_ns == before


def test_an_attestation_holds_versions_and_canaries_and_nothing_of_the_user(
    where: Places, bundle: Path, publisher: Publisher
) -> None:
    enrol(where, bundle, publisher.authority, NOW, DISK)
    install(where, bundle, NOW, DISK)
    raw = attest(where, NOW, "0.1.0", None, DISK)
    _, statement = read_attestation(raw, None)
    assert [one["version"] for one in statement["authorities"]][1:] == [1]
    assert statement["floors"][publisher.authority]["document"] == 1
    assert statement["canaries"] == {"failed": []}
    for secret in (str(where.home), "/tmp", "root@", "home"):
        assert secret not in raw.decode()


def test_one_home_signs_with_one_key_and_another_with_another(tmp_path: Path) -> None:
    def keyid(name: str) -> str:
        raw = attest(places(tmp_path / name / "home"), NOW, "0.1.0", None, DISK)
        return str(json.loads(raw)["key"]["keyid"])

    assert keyid("one") == keyid("one") != keyid("two")
    key = tmp_path / "one" / "home" / "attest.key"
    assert key.stat().st_mode & 0o077 == 0


def test_an_altered_or_borrowed_attestation_is_refused(where: Places, tmp_path: Path) -> None:
    raw = attest(where, NOW, "0.1.0", None, DISK)
    keyid = json.loads(raw)["key"]["keyid"]
    read_attestation(raw, keyid)
    other = attest(places(tmp_path / "other" / "home"), NOW, "0.1.0", None, DISK)
    swapped = json.loads(raw)
    swapped["key"] = json.loads(other)["key"]
    renamed = json.loads(other)
    renamed["key"]["keyid"] = keyid
    for forged in (
        raw.replace(b'"failed": []', b'"failed": ["x"]'),
        json.dumps(swapped).encode(),
        json.dumps(renamed).encode(),
        other,
        b"{}",
        b"",
        raw[:-10],
    ):
        with pytest.raises(BundleUnverified):
            read_attestation(forged, keyid)
