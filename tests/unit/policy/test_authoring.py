"""Keys, drafts, thresholds across machines, publishing, renewal and rotation."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import (
    BundleRolledBack,
    BundleUnverified,
    DocumentInvalid,
    NoSuchItem,
    PolicyConflict,
    PolicyInvalid,
    PolicyRefusal,
    PolicyTestsFailed,
    UsageError,
)
from assistant.policy.authoring import (
    SignOrder,
    SignOutcome,
    publish_draft,
    renew_published,
    sign_draft,
)
from assistant.policy.authorities import enrol, verify
from assistant.policy.install import install
from assistant.policy.keys import generate_key, load_public, load_signer
from assistant.policy.loader import Freshness, load_policy
from assistant.policy.publishing import KEPT_SNAPSHOTS, Published
from assistant.policy.signing import Lifetimes, draft_document
from assistant.policy.storage import Disk
from tests.publisher import NOW, document, encoded, places

DISK = Disk()
NAMES = ("alice", "bob", "carol", "dan", "publishing", "publishing-2")


@dataclass
class Office:
    """The people's machines, each with its key, and the directory that travels."""

    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def key(self, name: str) -> Path:
        return self.folder / "keys" / f"{name}.key"

    def order(self, version: int | None = 1, **changes: Any) -> SignOrder:
        people = changes.pop("people", ("alice", "bob", "carol"))
        keys = changes.pop("keys", version == 1 or bool(changes.get("rotate")))
        publishing = changes.pop("publishing", "publishing")
        path = None
        if version is not None:
            path = self.folder / f"policy-{version}.json"
            path.write_bytes(encoded(document(version, **changes.pop("text", {}))))
        if not keys:
            return SignOrder(document=path, **changes)
        return SignOrder(
            document=path,
            people=tuple(self.folder / "keys" / f"{name}.pub" for name in people),
            threshold=changes.pop("threshold", 2),
            publishing=self.folder / "keys" / f"{publishing}.pub",
            **changes,
        )

    def sign(self, name: str, order: SignOrder | None = None) -> SignOutcome:
        return sign_draft(self.work, order or SignOrder(), self.key(name), None, NOW, DISK)

    def publish(self, name: str = "publishing") -> Published:
        out = self.folder / "public" / "bank"
        return publish_draft(self.work, out, self.key(name), None, NOW, DISK, Lifetimes())


@pytest.fixture
def office(tmp_path: Path) -> Office:
    for name in NAMES:
        generate_key(tmp_path / "keys", name, None, DISK)
    return Office(tmp_path)


def complete(office: Office) -> Published:
    office.sign("alice", office.order())
    office.sign("bob")
    return office.publish()


def test_a_second_person_completes_the_unfinished_directory_elsewhere(office: Office) -> None:
    first = office.sign("alice", office.order())
    assert first.signed == ("root", "targets")
    assert first.fingerprint is None
    assert {(one.role, one.needed) for one in first.missing} == {("root", 1), ("targets", 1)}
    with pytest.raises(UsageError):
        office.publish()
    # The directory travels; nothing but its files is needed on the other machine.
    shutil.copytree(office.work, office.folder / "stick")
    shutil.rmtree(office.work)
    shutil.copytree(office.folder / "stick", office.work)
    second = office.sign("bob")
    assert (second.missing, second.document_version) == ((), 1)
    published = office.publish()
    assert second.fingerprint == published.bundle.authority


def test_the_travelling_directory_holds_no_secret(office: Office) -> None:
    office.sign("alice", office.order())
    whole = b"".join(path.read_bytes() for path in office.work.rglob("*") if path.is_file())
    assert b"PRIVATE" not in whole


def test_signing_twice_or_in_another_order_gives_the_same_bundle(office: Office) -> None:
    office.sign("bob", office.order())
    assert office.sign("bob").signed == ()
    assert office.sign("alice").missing == ()
    fingerprint = office.sign("carol").fingerprint
    assert fingerprint == office.publish().bundle.authority, "a complete root is not touched"


def test_a_stranger_cannot_sign(office: Office) -> None:
    office.sign("alice", office.order())
    for stranger in ("dan", "publishing"):
        with pytest.raises(UsageError):
            office.sign(stranger)


def test_only_the_publishing_key_publishes_and_renews(office: Office) -> None:
    complete(office)
    with pytest.raises(UsageError):
        office.publish("alice")
    with pytest.raises(UsageError):
        renew_published(
            office.folder / "public" / "bank", office.key("bob"), None, NOW, DISK, Lifetimes()
        )


def test_folder_and_zip_are_one_bundle_and_the_zip_is_deterministic(office: Office) -> None:
    published = complete(office)
    where = places(office.folder / "home")
    checked = [verify(where, path, NOW) for path in (published.folder, published.archive)]
    assert checked[0] == checked[1]
    assert checked[0].freshness is Freshness.FRESH
    first = published.archive.read_bytes()
    shutil.rmtree(published.folder)
    assert office.publish().archive.read_bytes() == first
    with zipfile.ZipFile(published.archive) as archive:
        assert sorted(archive.namelist()) == archive.namelist()


def test_what_is_published_can_be_served_by_any_user(office: Office) -> None:
    published = complete(office)
    for path in (published.archive, *published.folder.rglob("*")):
        assert path.stat().st_mode & 0o044


def test_the_default_lifetimes_are_the_promised_ones(office: Office) -> None:
    bundle = complete(office).bundle
    days = {name: (facts.expires - NOW).days for name, facts in bundle.roles.items()}
    assert days == {"root": 1825, "targets": 365, "snapshot": 30, "timestamp": 30}


def test_renewal_refreshes_and_changes_nothing_else(office: Office) -> None:
    published = complete(office)
    later = NOW + timedelta(days=25)
    renewed = renew_published(
        published.folder, office.key("publishing"), None, later, DISK, Lifetimes()
    ).bundle
    assert renewed.timestamp.version == published.bundle.timestamp.version + 1
    assert (renewed.root, renewed.targets) == (published.bundle.root, published.bundle.targets)
    assert (renewed.snapshot.expires - later).days == 30


def test_old_snapshots_do_not_pile_up_on_the_server(office: Office) -> None:
    published = complete(office)
    for _ in range(KEPT_SNAPSHOTS + 5):
        renew_published(published.folder, office.key("publishing"), None, NOW, DISK, Lifetimes())
    assert len(list(published.folder.glob("*.snapshot.json"))) == KEPT_SNAPSHOTS
    assert verify(places(office.folder / "h"), published.folder, NOW).roles["timestamp"] == 16


def test_renewing_an_altered_directory_is_refused(office: Office) -> None:
    published = complete(office)
    target = next((published.folder / "targets").iterdir())
    target.write_bytes(target.read_bytes() + b" ")
    with pytest.raises(BundleUnverified):
        renew_published(published.folder, office.key("publishing"), None, NOW, DISK, Lifetimes())


def in_force(office: Office) -> int:
    where = places(office.folder / "home")
    state = load_policy(where.home, where.system, where.baseline, NOW, None)
    return state.authorities[-1].version


def enrolled(office: Office) -> Published:
    published = complete(office)
    where = places(office.folder / "home")
    enrol(where, published.archive, published.bundle.authority, NOW, DISK)
    install(where, published.archive, NOW, DISK)
    return published


def test_a_newer_document_reaches_an_enrolled_machine(office: Office) -> None:
    published = enrolled(office)
    office.sign("carol", office.order(2))
    assert office.sign("bob").missing == ()
    office.publish()
    install(places(office.folder / "home"), published.archive, NOW, DISK)
    assert in_force(office) == 2


def test_rotation_needs_old_and_new_people_and_then_shuts_the_old_one_out(office: Office) -> None:
    published = enrolled(office)
    where = places(office.folder / "home")
    new = office.order(None, rotate=True, people=("bob", "carol", "dan"), keys=True)
    asked = office.sign("dan", new)
    # Two of the old three, two of the new three, and the document under the new ones.
    assert [(one.role, one.needed) for one in asked.missing] == [("root", 1), ("root", 2)]
    with pytest.raises(UsageError):
        office.publish()
    office.sign("bob")
    assert office.sign("alice").missing == ()
    office.publish()
    install(where, published.archive, NOW, DISK)
    # Alice is out: she can no longer sign a document.
    with pytest.raises(UsageError):
        office.sign("alice", office.order(2))
    office.sign("dan", office.order(2))
    assert office.sign("carol").missing == ()
    office.publish()
    install(where, published.folder, NOW, DISK)
    assert in_force(office) == 2


def test_a_stolen_publishing_key_is_revoked_by_rotation(office: Office) -> None:
    published = enrolled(office)
    where = places(office.folder / "home")
    order = office.order(None, rotate=True, publishing="publishing-2", keys=True)
    office.sign("alice", order)
    assert office.sign("bob").missing == ()
    with pytest.raises(UsageError):
        office.publish("publishing")
    office.publish("publishing-2")
    install(where, published.archive, NOW, DISK)
    with pytest.raises(UsageError):
        renew_published(published.folder, office.key("publishing"), None, NOW, DISK, Lifetimes())


def test_a_second_rotation_waits_until_the_first_is_signed(office: Office) -> None:
    complete(office)
    order = office.order(None, rotate=True, people=("bob", "carol", "dan"), keys=True)
    office.sign("dan", order)
    with pytest.raises(UsageError):
        office.sign("dan", order)


def test_a_changed_document_needs_a_higher_version(office: Office) -> None:
    """Otherwise it would be signed, published and refused by every machine."""
    complete(office)
    order = office.order(1, keys=False, text={"summary": "Other words."})
    with pytest.raises(PolicyRefusal):
        office.sign("alice", order)


def test_a_document_of_another_issuer_or_tier_is_not_signed_here(office: Office) -> None:
    complete(office)
    for text in ({"issuer": "Another Bank"}, {"tier": "national"}):
        with pytest.raises(BundleUnverified):
            office.sign("alice", office.order(2, text=text))


def test_a_document_that_contradicts_itself_is_not_signed(office: Office) -> None:
    bounds = [
        {"id": "low", "key": "temperature", "reason": "A.", "maximum": 0.1},
        {"id": "high", "key": "temperature", "reason": "B.", "minimum": 0.9},
    ]
    with pytest.raises(PolicyConflict):
        office.sign("alice", office.order(1, text={"bounds": bounds}))
    assert not office.work.exists(), "nothing was begun"


def test_a_document_whose_own_tests_fail_is_not_signed(office: Office) -> None:
    wrong = [{"text": "say forbidden-1 now", "expect": "none"}]
    with pytest.raises(PolicyTestsFailed) as caught:
        office.sign("alice", office.order(1, text={"tests": wrong}))
    assert caught.value.exit_code == 1
    assert not office.work.exists(), "nothing was begun"


def test_a_second_signer_tests_the_document_again(office: Office) -> None:
    """Alice's machine was lied to: her draft was replaced whole, hashes and all."""
    office.sign("alice", office.order())
    wrong = [{"text": "say forbidden-1 now", "expect": "none"}]
    draft_document(office.work, encoded(document(1, tests=wrong)), {}, NOW, DISK)
    with pytest.raises(PolicyTestsFailed):
        office.sign("bob")


def test_a_document_with_a_mistake_is_not_signed_and_its_line_is_named(office: Office) -> None:
    order = office.order()
    path = office.folder / "policy-1.json"
    path.write_bytes(path.read_bytes().replace(b'"effect": "block"', b'"effect": "shout"'))
    with pytest.raises(DocumentInvalid) as caught:
        office.sign("alice", order)
    assert caught.value.line > 1
    assert not office.work.exists()


def test_a_draft_altered_on_the_way_is_not_signed(office: Office) -> None:
    office.sign("alice", office.order())
    path = office.work / "files" / "policy.json"
    path.write_bytes(path.read_bytes().replace(b"forbidden-1", b"forbidden-9"))
    with pytest.raises(BundleUnverified):
        office.sign("bob")


def test_signatures_forged_on_the_way_are_not_published(office: Office) -> None:
    office.sign("alice", office.order())
    path = office.work / "targets.json"
    value = json.loads(path.read_bytes())
    for keyid in value["signed"]:
        value["signatures"].append({"keyid": keyid, "sig": "00" * 64})
    path.write_bytes(json.dumps(value).encode())
    with pytest.raises(UsageError):
        office.publish()


def test_an_older_published_state_cannot_be_installed_over_a_newer_one(office: Office) -> None:
    published = enrolled(office)
    old = office.folder / "old.zip"
    old.write_bytes(published.archive.read_bytes())
    office.sign("alice", office.order(2))
    office.sign("bob")
    office.publish()
    where = places(office.folder / "home")
    install(where, published.archive, NOW, DISK)
    with pytest.raises(BundleRolledBack):
        install(where, old, NOW, DISK)


def test_resources_travel_signed_with_the_document(office: Office) -> None:
    adapter = office.folder / "adapter.bin"
    adapter.write_bytes(bytes(range(256)) * 10)
    order = office.order()
    office.sign("alice", SignOrder(**{**_fields(order), "resources": (adapter,)}))
    office.sign("bob")
    bundle = office.publish().bundle
    assert bundle.resources["adapter.bin"] == adapter.read_bytes()


def _fields(order: SignOrder) -> dict[str, Any]:
    return {name: getattr(order, name) for name in SignOrder.__slots__}


@pytest.mark.parametrize("name", ["../evil", "", "a/b", "x" * 100])
def test_a_keys_name_is_a_plain_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        generate_key(tmp_path, name, None, DISK)


def test_keys_are_private_and_never_overwritten(tmp_path: Path) -> None:
    pair = generate_key(tmp_path, "alice", None, DISK)
    assert pair.private.stat().st_mode & 0o077 == 0
    assert b"PRIVATE" not in pair.public.read_bytes()
    with pytest.raises(UsageError):
        generate_key(tmp_path, "alice", None, DISK)
    assert load_public(pair.public).keyid == pair.keyid
    assert load_signer(pair.private, None).public_key.keyid == pair.keyid


def test_a_key_under_a_passphrase_opens_with_it_only(tmp_path: Path) -> None:
    pair = generate_key(tmp_path, "alice", b"correct horse", DISK)
    assert b"ENCRYPTED" in pair.private.read_bytes()
    assert load_signer(pair.private, b"correct horse").public_key.keyid == pair.keyid
    for wrong in (None, b"", b"battery staple"):
        with pytest.raises(PolicyInvalid):
            load_signer(pair.private, wrong)


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b"\xff", b'{"keyid": 1}'])
def test_what_is_no_key_is_refused(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.pub").write_bytes(raw)
    (tmp_path / "x.key").write_bytes(raw)
    with pytest.raises(PolicyInvalid):
        load_public(tmp_path / "x.pub")
    with pytest.raises(PolicyInvalid):
        load_signer(tmp_path / "x.key", None)
    with pytest.raises(NoSuchItem):
        load_public(tmp_path / "none.pub")


@pytest.mark.parametrize("threshold", [0, 4, -1])
def test_a_threshold_nobody_can_meet_is_refused(threshold: int, office: Office) -> None:
    with pytest.raises(UsageError):
        office.sign("alice", office.order(1, threshold=threshold))
