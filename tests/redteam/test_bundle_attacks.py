"""Attacks on a bundle's content, each at install and at start.

The world before every attack: version 2 of an organisation's policy is enrolled and in
force, version 1 was before it. At install the attacker hands in a folder or a zip; at
start he has written his files over the stored ones. In no case may anything but version
2 be in force, and only what is equal to it may be accepted.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import (
    BundleRolledBack,
    BundleStale,
    BundleUnverified,
    DocumentInvalid,
    PolicyConflict,
    PolicyError,
    PolicyInvalid,
    PolicyMissing,
    PolicyTestsFailed,
)
from assistant.policy.authorities import enrol
from assistant.policy.install import install
from assistant.policy.loader import Freshness, Places, load_policy
from assistant.policy.model import Tier
from assistant.policy.root_chain import AUTHORITY_FIELD
from assistant.policy.sources import pack
from assistant.policy.storage import Disk
from assistant.policy.tuf_edge import (
    CryptoSigner,
    Key,
    Root,
    SSlibKey,
    TargetFile,
)
from tests.publisher import (
    NOW,
    Publisher,
    changed_json,
    document,
    encoded,
    places,
    write_folder,
    write_zip,
)

Files = dict[str, bytes]


@dataclass
class World:
    """A home with version 2 in force, the honest publisher, and what it has published."""

    where: Places
    publisher: Publisher
    old: Files
    good: Files
    disk: Disk = field(default_factory=Disk)

    def in_force(self, now: datetime = NOW) -> tuple[int, ...]:
        state = load_policy(self.where.home, self.where.system, self.where.baseline, now, None)
        return tuple(one.version for one in state.authorities if one.tier is Tier.ORGANISATION)

    def overwrite_stored(self, files: Files) -> None:
        folder = self.where.home / "authorities" / self.publisher.authority
        for name in ("bundle.zip", "bundle.copy.zip"):
            (folder / name).write_bytes(pack(files))


def make_world(folder: Path, publisher: Publisher | None = None) -> World:
    publisher = publisher or Publisher()
    where, disk = places(folder / "home"), Disk()
    old = publisher.bundle()
    publisher.update(2)
    good = publisher.bundle()
    enrol(where, write_folder(folder / "old", old), publisher.authority, NOW, disk)
    for name, files in (("old", old), ("good", good)):
        install(where, write_folder(folder / name, files), NOW, disk)
    return World(where, publisher, old, good, disk)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


Build = Callable[[World], Files]
ATTACKS: dict[str, tuple[Build, type[PolicyError]]] = {}


def attack(error: type[PolicyError]) -> Callable[[Build], Build]:
    def register(build: Build) -> Build:
        ATTACKS[build.__name__.lstrip("_")] = (build, error)
        return build

    return register


def _named(files: Files, suffix: str) -> str:
    return max(name for name in files if name.endswith(suffix))


def _resigned(world: World, role: str, change: Callable[[dict[str, Any]], None]) -> Files:
    """A newer bundle with one role edited after it was signed."""
    world.publisher.update(3)
    files = world.publisher.bundle()
    name = "timestamp.json" if role == "timestamp" else _named(files, f".{role}.json")
    files[name] = changed_json(files[name], change)
    return files


def _strip(value: dict[str, Any]) -> None:
    value["signatures"] = []


for _role in ("timestamp", "snapshot", "targets"):

    @attack(BundleUnverified)
    def _stripped(world: World, role: str = _role) -> Files:
        return _resigned(world, role, _strip)

    ATTACKS[f"signatures stripped from {_role}"] = ATTACKS.pop("stripped")


@attack(BundleUnverified)
def signatures_stripped_from_a_new_root(world: World) -> Files:
    world.publisher.next_root()
    world.publisher.roots[-1] = changed_json(world.publisher.roots[-1], _strip)
    return world.publisher.bundle()


@attack(BundleUnverified)
def empty_signatures(world: World) -> Files:
    def empty(value: dict[str, Any]) -> None:
        for one in value["signatures"]:
            one["sig"] = ""

    return _resigned(world, "targets", empty)


@attack(BundleUnverified)
def signatures_of_the_wrong_type(world: World) -> Files:
    return _resigned(world, "timestamp", lambda value: value.update(signatures={"sig": "00"}))


@attack(BundleUnverified)
def a_number_for_a_signature(world: World) -> Files:
    return _resigned(world, "timestamp", lambda value: value["signatures"][0].update(sig=7))


@attack(BundleUnverified)
def one_signature_twice(world: World) -> Files:
    def twice(value: dict[str, Any]) -> None:
        value["signatures"][1] = value["signatures"][0]

    return _resigned(world, "targets", twice)


@attack(BundleUnverified)
def one_signature_under_another_key_id(world: World) -> Files:
    def renamed(value: dict[str, Any]) -> None:
        value["signatures"][1]["sig"] = value["signatures"][0]["sig"]

    return _resigned(world, "targets", renamed)


@attack(BundleUnverified)
def targets_signed_below_the_threshold(world: World) -> Files:
    world.publisher.update(3)
    world.publisher.signers["targets"] = world.publisher.people[:1]
    return world.publisher.bundle()


@attack(BundleUnverified)
def targets_signed_by_unknown_keys(world: World) -> Files:
    world.publisher.update(3)
    world.publisher.signers["targets"] = [CryptoSigner.generate_ed25519() for _ in range(3)]
    return world.publisher.bundle()


@attack(BundleUnverified)
def a_key_inside_the_bundle(world: World) -> Files:
    """The attacker signs with a key he sends along in the very file it should protect."""
    world.publisher.update(3)
    thief = CryptoSigner.generate_ed25519()
    world.publisher.targets.unrecognized_fields["keys"] = {
        thief.public_key.keyid: thief.public_key.to_dict()
    }
    world.publisher.signers["targets"] = [thief]
    return world.publisher.bundle()


@attack(BundleUnverified)
def a_delegation_to_the_attacker(world: World) -> Files:
    from tuf.api.metadata import DelegatedRole, Delegations  # type: ignore[attr-defined]

    thief = CryptoSigner.generate_ed25519()
    role = DelegatedRole("thief", [thief.public_key.keyid], 1, True, paths=["*"])
    world.publisher.update(3)
    world.publisher.targets.delegations = Delegations(
        {thief.public_key.keyid: thief.public_key}, {"thief": role}
    )
    return world.publisher.bundle()


def _root_with(world: World, change: Callable[[Root], None]) -> Files:
    change(world.publisher.root)
    world.publisher.next_root()
    world.publisher.update(3)
    return world.publisher.bundle()


@attack(BundleUnverified)
def one_key_under_two_ids(world: World) -> Files:
    def double(root: Root) -> None:
        first = root.keys[root.roles["targets"].keyids[0]]
        twin = SSlibKey("f" * 64, first.keytype, first.scheme, dict(first.keyval))
        root.add_key(twin, "targets")

    return _root_with(world, double)


@attack(BundleUnverified)
def a_key_that_is_not_ed25519(world: World) -> Files:
    key: Key = CryptoSigner.generate_ecdsa().public_key
    return _root_with(world, lambda root: root.add_key(key, "targets"))


@attack(BundleUnverified)
def a_key_in_capitals_beside_itself(world: World) -> Files:
    def double(root: Root) -> None:
        first = root.keys[root.roles["targets"].keyids[0]]
        public = str(first.keyval["public"]).upper()
        root.add_key(SSlibKey("e" * 64, "ed25519", "ed25519", {"public": public}), "targets")

    return _root_with(world, double)


@attack(BundleUnverified)
def a_root_that_claims_tier_one(world: World) -> Files:
    claim = {"tier": "national", "issuer": "Example Bank"}
    return _root_with(world, lambda root: root.unrecognized_fields.update({AUTHORITY_FIELD: claim}))


@attack(BundleUnverified)
def a_root_that_claims_another_issuer(world: World) -> Files:
    claim = {"tier": "organisation", "issuer": "Ministry"}
    return _root_with(world, lambda root: root.unrecognized_fields.update({AUTHORITY_FIELD: claim}))


@attack(BundleUnverified)
def a_root_that_claims_nothing(world: World) -> Files:
    return _root_with(world, lambda root: root.unrecognized_fields.clear())


@attack(BundleUnverified)
def a_root_without_consistent_snapshots(world: World) -> Files:
    return _root_with(world, lambda root: setattr(root, "consistent_snapshot", False))


@attack(BundleUnverified)
def a_threshold_no_one_can_reach(world: World) -> Files:
    return _root_with(world, lambda root: setattr(root.roles["snapshot"], "threshold", 2))


@attack(BundleUnverified)
def a_threshold_of_zero(world: World) -> Files:
    world.publisher.next_root()
    world.publisher.roots[-1] = changed_json(
        world.publisher.roots[-1],
        lambda value: value["signed"]["roles"]["targets"].update(threshold=0),
    )
    return world.publisher.bundle()


@attack(BundleRolledBack)
def a_root_that_skips_a_version(world: World) -> Files:
    world.publisher.root.version = 3
    world.publisher.publish_root()  # stored under the name of version 2
    return world.publisher.bundle()


@attack(BundleRolledBack)
def a_root_that_repeats_its_version(world: World) -> Files:
    world.publisher.publish_root()
    return world.publisher.bundle()


def _new_people(world: World, signing: list[CryptoSigner], new: list[CryptoSigner]) -> Files:
    world.publisher.rotate("root", new)
    world.publisher.signers["root"] = signing
    world.publisher.next_root()
    return world.publisher.bundle()


@attack(BundleUnverified)
def a_rotation_signed_by_the_old_keys_only(world: World) -> Files:
    new = [CryptoSigner.generate_ed25519() for _ in range(3)]
    return _new_people(world, world.publisher.people, new)


@attack(BundleUnverified)
def a_rotation_signed_by_the_new_keys_only(world: World) -> Files:
    new = [CryptoSigner.generate_ed25519() for _ in range(3)]
    return _new_people(world, new, new)


@attack(BundleUnverified)
def a_rotation_signed_by_the_publishing_key(world: World) -> Files:
    return _new_people(world, [world.publisher.publishing], [world.publisher.publishing])


@attack(BundleUnverified)
def the_publishing_key_signs_a_document(world: World) -> Files:
    world.publisher.update(3)
    world.publisher.signers["targets"] = [world.publisher.publishing]
    return world.publisher.bundle()


@attack(BundleUnverified)
def a_snapshot_served_as_a_timestamp(world: World) -> Files:
    """One key signs both, so only the type inside tells them apart."""
    world.publisher.update(3)
    files = world.publisher.bundle()
    files["timestamp.json"] = files[_named(files, ".snapshot.json")]
    return files


@attack(BundleUnverified)
def another_authoritys_bundle_under_this_root(world: World) -> Files:
    other = Publisher()
    other.update(3)
    return {**other.bundle(), "1.root.json": world.publisher.roots[0]}


@attack(BundleUnverified)
def another_authoritys_root_after_ours(world: World) -> Files:
    other = Publisher()
    other.next_root()
    other.update(3)
    return {**other.bundle(), "1.root.json": world.publisher.roots[0]}


@attack(BundleUnverified)
def a_document_of_tier_one_signed_by_tier_two(world: World) -> Files:
    world.publisher.update(3, tier="national")
    return world.publisher.bundle()


@attack(BundleUnverified)
def a_document_of_another_issuer(world: World) -> Files:
    world.publisher.update(3, issuer="Ministry of Truth")
    return world.publisher.bundle()


@attack(BundleRolledBack)
def the_whole_older_bundle(world: World) -> Files:
    return world.old


@attack(BundleRolledBack)
def an_older_document_under_newer_roles(world: World) -> Files:
    world.publisher.update(1)
    return world.publisher.bundle()


@attack(BundleRolledBack)
def an_older_targets_role_under_newer_freshness(world: World) -> Files:
    world.publisher.put_document(world.old[_named(world.old, ".policy.json")])
    world.publisher.targets.version = 1
    world.publisher.bump("snapshot", "timestamp")
    return world.publisher.bundle()


@attack(BundleRolledBack)
def an_older_timestamp_over_the_newer_rest(world: World) -> Files:
    world.publisher.timestamp.version -= 1
    return world.publisher.bundle()


@attack(BundleRolledBack)
def the_same_version_of_the_document_with_other_bytes(world: World) -> Files:
    world.publisher.update(2, summary="Something else.")
    return world.publisher.bundle()


@attack(BundleRolledBack)
def the_same_version_of_the_targets_with_other_content(world: World) -> Files:
    world.publisher.put_document(encoded(document(3)))
    world.publisher.bump("snapshot", "timestamp")
    return world.publisher.bundle()


@attack(BundleRolledBack)
def the_same_version_of_the_timestamp_with_other_content(world: World) -> Files:
    world.publisher.timestamp.expires += timedelta(days=365)
    return world.publisher.bundle()


@attack(BundleUnverified)
def a_fast_forward_to_an_absurd_version(world: World) -> Files:
    world.publisher.update(3)
    world.publisher.timestamp.version = 2**70
    return world.publisher.bundle()


@attack(BundleUnverified)
def mix_and_match_of_snapshots(world: World) -> Files:
    world.publisher.update(3)
    files = world.publisher.bundle()
    files[_named(files, ".snapshot.json")] = world.good[_named(world.good, ".snapshot.json")]
    return files


@attack(BundleUnverified)
def mix_and_match_of_targets(world: World) -> Files:
    world.publisher.update(3)
    files = world.publisher.bundle()
    files[_named(files, ".targets.json")] = world.good[_named(world.good, ".targets.json")]
    return files


@attack(BundleUnverified)
def mix_and_match_of_documents(world: World) -> Files:
    world.publisher.update(3)
    files = world.publisher.bundle()
    files[_named(files, ".policy.json")] = world.good[_named(world.good, ".policy.json")]
    return files


@attack(BundleUnverified)
def a_document_longer_than_signed(world: World) -> Files:
    world.publisher.update(3)
    files = world.publisher.bundle()
    files[_named(files, ".policy.json")] += b" "
    return files


@attack(BundleUnverified)
def a_document_that_is_missing(world: World) -> Files:
    world.publisher.update(3)
    files = world.publisher.bundle()
    del files[_named(files, ".policy.json")]
    return files


@attack(BundleUnverified)
def a_bundle_without_a_document(world: World) -> Files:
    world.publisher.update(3)
    del world.publisher.targets.targets["policy.json"]
    world.publisher.put_document(b"{}", "other.json")
    return world.publisher.bundle()


@attack(BundleUnverified)
def a_target_hashed_with_something_weak(world: World) -> Files:
    world.publisher.update(3)
    raw = world.publisher.contents["policy.json"]
    weak = TargetFile.from_data("policy.json", raw, ["md5"])
    files = world.publisher.bundle()
    world.publisher.targets.targets["policy.json"].hashes = {
        **weak.hashes,
        "sha256": world.publisher.targets.targets["policy.json"].hashes["sha256"],
    }
    return {**files, **{k: v for k, v in world.publisher.bundle().items() if "targets/" not in k}}


@attack(BundleUnverified)
def a_target_that_climbs_out_of_its_folder(world: World) -> Files:
    world.publisher.update(3)
    raw = b"boo"
    entry = TargetFile.from_data("../../escape", raw, ["sha256"])
    world.publisher.targets.targets["../../escape"] = entry
    world.publisher.contents["../../escape"] = raw
    files = world.publisher.bundle()
    return {name: content for name, content in files.items() if "escape" not in name}


@attack(BundleUnverified)
def a_snapshot_that_lists_another_role(world: World) -> Files:
    world.publisher.update(3)
    files = world.publisher.bundle()
    snapshot = copy.deepcopy(world.publisher.snapshot)
    snapshot.meta["extra.json"] = snapshot.meta["targets.json"]
    raw = world.publisher.sign("snapshot", snapshot)
    files[_named(files, ".snapshot.json")] = raw
    timestamp = copy.deepcopy(world.publisher.timestamp)
    timestamp.snapshot_meta.hashes = None
    timestamp.snapshot_meta.length = None
    files["timestamp.json"] = world.publisher.sign("timestamp", timestamp)
    return files


@attack(BundleUnverified)
def a_future_specification(world: World) -> Files:
    return _resigned(world, "timestamp", lambda v: v["signed"].update(spec_version="2.0.0"))


def _metadata_text(world: World, change: Callable[[bytes], bytes]) -> Files:
    world.publisher.update(3)
    files = world.publisher.bundle()
    files["timestamp.json"] = change(files["timestamp.json"])
    return files


@attack(BundleUnverified)
def duplicate_keys_in_metadata(world: World) -> Files:
    return _metadata_text(
        world, lambda raw: raw.replace(b'{"signatures"', b'{"signed":{},"signatures"', 1)
    )


@attack(BundleUnverified)
def nan_in_metadata(world: World) -> Files:
    return _metadata_text(
        world, lambda raw: raw.replace(b'{"signatures"', b'{"x":NaN,"signatures"')
    )


@attack(BundleUnverified)
def metadata_nested_a_hundred_thousand_deep(world: World) -> Files:
    deep = b"[" * 100_000 + b"]" * 100_000
    return _metadata_text(
        world, lambda raw: raw.replace(b'{"signatures"', b'{"x":' + deep + b',"signatures"')
    )


@attack(BundleUnverified)
def metadata_of_64_mebibytes(world: World) -> Files:
    return _metadata_text(world, lambda raw: raw + b" " * (64 * 1024 * 1024))


@attack(BundleUnverified)
def a_byte_order_mark_before_metadata(world: World) -> Files:
    return _metadata_text(world, lambda raw: b"\xef\xbb\xbf" + raw)


@attack(BundleUnverified)
def a_lone_surrogate_in_metadata(world: World) -> Files:
    return _metadata_text(
        world, lambda raw: raw.replace(b'{"signatures"', b'{"x":"\\ud800","signatures"')
    )


@attack(BundleUnverified)
def a_number_of_five_thousand_digits(world: World) -> Files:
    return _metadata_text(
        world, lambda raw: raw.replace(b'{"signatures"', b'{"x":' + b"9" * 5000 + b',"signatures"')
    )


def _document_text(world: World, change: Callable[[bytes], bytes]) -> Files:
    world.publisher.put_document(change(encoded(document(3))))
    world.publisher.bump("targets", "snapshot", "timestamp")
    return world.publisher.bundle()


@attack(DocumentInvalid)
def duplicate_keys_in_the_document(world: World) -> Files:
    return _document_text(world, lambda raw: raw.replace(b'"rules"', b'"rules": [], "rules"'))


@attack(DocumentInvalid)
def nan_in_the_document(world: World) -> Files:
    return _document_text(world, lambda raw: raw.replace(b'"version": 3', b'"version": NaN'))


@attack(DocumentInvalid)
def a_document_nested_a_hundred_thousand_deep(world: World) -> Files:
    deep = b"[" * 100_000 + b"]" * 100_000
    return _document_text(world, lambda raw: raw.replace(b'"version": 3', b'"version": ' + deep))


@attack(BundleUnverified)
def a_document_of_64_mebibytes(world: World) -> Files:
    return _document_text(world, lambda raw: raw + b" " * (64 * 1024 * 1024))


@attack(DocumentInvalid)
def a_byte_order_mark_before_the_document(world: World) -> Files:
    return _document_text(world, lambda raw: b"\xef\xbb\xbf" + raw)


@attack(DocumentInvalid)
def a_lone_surrogate_in_the_document(world: World) -> Files:
    return _document_text(world, lambda raw: raw.replace(b"A word", b"\\ud800"))


@attack(DocumentInvalid)
def a_document_with_a_field_that_relaxes(world: World) -> Files:
    return _document_text(world, lambda raw: raw.replace(b'"rules"', b'"allow": ["*"], "rules"'))


def test_there_are_at_least_forty_named_attacks() -> None:
    assert len(ATTACKS) >= 40


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_at_install_it_is_refused_and_the_last_good_one_stays(name: str, world: World) -> None:
    build, error = ATTACKS[name]
    before = sorted((world.where.home / "authorities").rglob("*.zip"))
    contents = [path.read_bytes() for path in before]
    hostile = write_folder(world.where.home.parent / "hostile", build(world))
    with pytest.raises(error):
        install(world.where, hostile, NOW, world.disk)
    assert world.in_force() == (2,)
    assert [path.read_bytes() for path in before] == contents
    assert not list(world.where.home.glob(".staging-*"))
    # A failed attempt must not make the last good bundle count as a rollback.
    good = world.where.home.parent / "good"
    assert install(world.where, good, NOW, world.disk).version == 2


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_at_start_it_is_refused_and_never_means_no_policy(name: str, world: World) -> None:
    build, _ = ATTACKS[name]
    folder = world.where.home / "authorities" / world.publisher.authority
    good = (folder / "bundle.copy.zip").read_bytes()
    world.overwrite_stored(build(world))
    with pytest.raises(PolicyInvalid):
        world.in_force()
    # With the copy intact the same policy is in force, and the damage is said.
    (folder / "bundle.copy.zip").write_bytes(good)
    state = load_policy(world.where.home, world.where.system, world.where.baseline, NOW, None)
    assert [one.version for one in state.authorities][-1] == 2
    assert state.alarms


@pytest.mark.parametrize("name", sorted(ATTACKS))
def test_in_the_system_folder_it_is_refused_for_every_home(name: str, world: World) -> None:
    build, _ = ATTACKS[name]
    hostile = build(world)
    system = world.where.home.parent / "system"
    write_zip_or_folder(system / "bank", hostile)
    fresh = places(world.where.home.parent / "other-home", system)
    rollback = {"the_whole_older_bundle", "an_older_document_under_newer_roles"}
    if name in rollback or ATTACKS[name][1] is BundleRolledBack:
        # A home that never saw the newer one has nothing to compare with; this one has.
        fresh = Places(world.where.home, system, world.where.baseline)
        assert world.in_force() == (2,)
        state = load_policy(fresh.home, fresh.system, fresh.baseline, NOW, None)
        assert [one.version for one in state.authorities][-1] == 2
        return
    with pytest.raises(PolicyInvalid):
        load_policy(fresh.home, fresh.system, fresh.baseline, NOW, None)


def write_zip_or_folder(path: Path, files: Files) -> None:
    write_folder(path, files)


def test_an_update_that_keeps_every_rule_is_accepted(world: World) -> None:
    """The control: without an attack the very same steps succeed."""
    world.publisher.update(3)
    write_folder(world.where.home.parent / "next", world.publisher.bundle())
    done = install(world.where, world.where.home.parent / "next", NOW, world.disk)
    assert (done.version, done.changed, done.freshness) == (3, True, Freshness.FRESH)
    assert world.in_force() == (3,)


def test_an_added_valid_signature_changes_nothing_and_is_accepted(world: World) -> None:
    """Signatures are not part of what is signed: a third one is the same version."""
    world.publisher.signers["targets"] = world.publisher.people
    world.publisher.bump("snapshot", "timestamp")
    bundle = world.publisher.bundle()
    done = install(world.where, write_folder(world.where.home.parent / "n", bundle), NOW, Disk())
    assert (done.version, done.changed) == (2, False)


def test_a_bundle_of_an_authority_nobody_enrolled_is_refused(world: World) -> None:
    other = write_folder(world.where.home.parent / "other", Publisher().bundle())
    with pytest.raises(PolicyMissing):
        install(world.where, other, NOW, world.disk)


def test_an_empty_intersection_with_the_tier_above_is_refused(tmp_path: Path) -> None:
    nation = Publisher(tier=Tier.NATIONAL, issuer="A State")
    nation.put_document(
        encoded(
            document(
                1,
                issuer="A State",
                tier="national",
                bounds=[{"id": "t", "key": "temperature", "reason": "Law.", "maximum": 0.2}],
            )
        )
    )
    bank = Publisher()
    where, disk = places(tmp_path / "home"), Disk()
    for number, publisher in enumerate((nation, bank)):
        folder = write_folder(tmp_path / str(number), publisher.bundle())
        enrol(where, folder, publisher.authority, NOW, disk)
        install(where, folder, NOW, disk)
    bank.update(2, bounds=[{"id": "t", "key": "temperature", "reason": "Us.", "minimum": 0.9}])
    with pytest.raises(PolicyConflict):
        install(where, write_folder(tmp_path / "conflict", bank.bundle()), NOW, disk)
    state = load_policy(where.home, where.system, where.baseline, NOW, None)
    assert [one.version for one in state.authorities][1:] == [1, 1]


def test_a_document_that_fails_its_own_tests_is_not_installed(world: World) -> None:
    """Signed by people whose program was older or patched; this machine decides for itself."""
    wrong = [{"text": "say forbidden-3 now", "expect": "none"}]
    world.publisher.update(3, tests=wrong)
    folder = write_folder(world.where.home.parent / "wrong", world.publisher.bundle())
    with pytest.raises(PolicyTestsFailed):
        install(world.where, folder, NOW, world.disk)
    assert world.in_force() == (2,)


def test_every_role_expires_at_its_second_at_install(tmp_path: Path) -> None:
    ends = NOW + timedelta(days=10)
    for role in ("root", "targets", "document"):
        publisher = Publisher()
        if role == "root":
            publisher.root.expires = ends
            publisher.roots.clear()
            publisher.publish_root()
        elif role == "targets":
            publisher.targets.expires = ends
        else:
            moment = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
            publisher.put_document(encoded(document(1, expires=moment)))
        where, disk = places(tmp_path / role / "home"), Disk()
        folder = write_folder(tmp_path / role / "b", publisher.bundle())
        enrol(where, folder, publisher.authority, NOW, disk)
        with pytest.raises(BundleStale):
            install(where, folder, ends, disk)
        assert install(where, folder, ends - timedelta(seconds=1), disk).version == 1


def test_expired_policy_keeps_restricting_and_says_so(world: World) -> None:
    later = datetime(2029, 1, 1, tzinfo=UTC)
    state = load_policy(world.where.home, world.where.system, world.where.baseline, later, None)
    bank = state.authorities[-1]
    assert (bank.version, bank.freshness) == (2, Freshness.EXPIRED)
    assert state.documents[-1].version == 2


def test_a_document_not_yet_in_force_is_refused_until_its_day(world: World) -> None:
    world.publisher.update(3, effective="2027-06-01T00:00:00Z")
    folder = write_folder(world.where.home.parent / "early", world.publisher.bundle())
    with pytest.raises(PolicyInvalid):
        install(world.where, folder, NOW, world.disk)
    june = datetime(2027, 6, 1, tzinfo=UTC)
    assert install(world.where, folder, june, world.disk).version == 3


def test_stale_freshness_from_a_stick_is_accepted_and_marked(world: World) -> None:
    world.publisher.update(3)
    folder = write_folder(world.where.home.parent / "stick", world.publisher.bundle())
    done = install(world.where, folder, NOW + timedelta(days=90), world.disk)
    assert (done.version, done.freshness) == (3, Freshness.STALE)


def test_stolen_publishing_key_can_be_recovered_from_by_rotation(world: World) -> None:
    """Fast-forward recovery, specification 5.3.11: the thief's high numbers go with his key."""
    world.publisher.bump("snapshot", "timestamp")
    world.publisher.timestamp.version = world.publisher.snapshot.version = 900_000_000
    folder = write_folder(world.where.home.parent / "thief", world.publisher.bundle())
    install(world.where, folder, NOW, world.disk)
    new = CryptoSigner.generate_ed25519()
    world.publisher.rotate("snapshot", [new])
    world.publisher.rotate("timestamp", [new])
    world.publisher.next_root()
    world.publisher.snapshot.version = world.publisher.timestamp.version = 5
    folder = write_folder(world.where.home.parent / "recovered", world.publisher.bundle())
    assert install(world.where, folder, NOW, world.disk).version == 2
    assert world.in_force() == (2,)


def test_replacing_one_of_three_people_does_not_reopen_old_documents(world: World) -> None:
    """Two old keys still reach the threshold, so what they signed before must stay refused."""
    new = [*world.publisher.people[:2], CryptoSigner.generate_ed25519()]
    world.publisher.rotate("targets", new)
    world.publisher.signers["targets"] = new[:2]
    world.publisher.next_root()
    world.publisher.put_document(world.old[_named(world.old, ".policy.json")])
    world.publisher.bump("targets", "snapshot", "timestamp")
    folder = write_folder(world.where.home.parent / "reopened", world.publisher.bundle())
    with pytest.raises(BundleRolledBack):
        install(world.where, folder, NOW, world.disk)


def test_a_bundle_as_one_zip_is_the_same_bundle(world: World, tmp_path: Path) -> None:
    world.publisher.update(3)
    archive = write_zip(tmp_path / "bank.zip", world.publisher.bundle())
    assert install(world.where, archive, NOW, world.disk).version == 3
