"""From a complete draft to what machines install: a directory and one zip of it.

The directory can be served by any static web server: files that never change carry their
version or hash in their name, and ``timestamp.json`` is the only one that does change.
The zip holds the same files for sticks and MDM, and is byte for byte the same whenever
its contents are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assistant.errors import BundleUnverified, UsageError
from assistant.policy.bundle import VerifiedBundle, stored_target_name, verify_bundle
from assistant.policy.root_chain import authority_of, parse_metadata
from assistant.policy.signing import (
    Lifetimes,
    missing_signatures,
    read_file,
    read_roots,
    read_targets,
)
from assistant.policy.sources import (
    MAX_METADATA,
    BundleSource,
    FolderSource,
    MemorySource,
    pack,
)
from assistant.policy.storage import Disk, read_limited, replace_file
from assistant.policy.tuf_edge import (
    CryptoSigner,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    Targets,
    Timestamp,
)

KEPT_SNAPSHOTS = 10
"""Older snapshots left in the directory for clients in the middle of an update."""


@dataclass(frozen=True, slots=True)
class Published:
    """What was written: the directory, the zip, and the bundle in them."""

    folder: Path
    archive: Path
    bundle: VerifiedBundle


def publish(
    work: Path,
    folder: Path,
    signer: CryptoSigner,
    now: datetime,
    disk: Disk,
    lifetimes: Lifetimes = Lifetimes(),  # noqa: B008 - frozen
) -> Published:
    """Publish a complete draft into ``folder`` and ``folder``'s name with ``.zip``.

    The last timestamp is kept in ``work`` too, so that publishing into another folder does
    not begin its versions again: machines would call that a rollback.

    Raises:
        UsageError: signatures are missing, or the key is not the publishing key.
        BundleUnverified: what would be published does not verify.
    """
    if missing_signatures(work):
        raise UsageError(
            "The draft still lacks signatures; `policy sign` says which.",
            hint="Let the others sign it: `assistant policy sign WORK --key KEY`.",
        )
    last = max(_last_timestamp(folder), _last_timestamp(work))
    files = _freshened(_draft_files(work), last, signer, now, lifetimes)
    published = _write(folder, files, disk)
    replace_file(disk, work / "timestamp.json", files["timestamp.json"])
    return published


def renew(
    folder: Path,
    signer: CryptoSigner,
    now: datetime,
    disk: Disk,
    lifetimes: Lifetimes = Lifetimes(),  # noqa: B008 - frozen
) -> Published:
    """Give a published directory new freshness; needs the publishing key only.

    Raises:
        BundleUnverified: the directory does not verify as it is. UsageError: wrong key.
    """
    current = verify_published(FolderSource(folder))
    files = {
        name: raw
        for name, raw in current.files.items()
        if "snapshot" not in name and name != "timestamp.json"
    }
    last = _last_timestamp(folder)
    return _write(folder, _freshened(files, last, signer, now, lifetimes), disk)


def verify_published(source: BundleSource) -> VerifiedBundle:
    """Verify a bundle under its own first root: sound, but worth only its fingerprint.

    Raises:
        BundleUnverified: it is not sound.
    """
    first = source.read("1.root.json", MAX_METADATA)
    if first is None:
        raise BundleUnverified("There is no bundle: no first root.")
    return verify_bundle(source, authority_of(first))


def _draft_files(work: Path) -> dict[str, bytes]:
    files = {}
    for root in read_roots(work):
        name = f"{root.signed.version}.root.json"
        files[name] = read_limited(work / "roots" / name, MAX_METADATA) or b""
    targets = read_targets(work)
    if targets is None:
        raise UsageError("The draft holds no document yet.")
    files[f"{targets.signed.version}.targets.json"] = (
        read_limited(work / "targets.json", MAX_METADATA) or b""
    )
    for name, target in targets.signed.targets.items():
        files[stored_target_name(name, target)] = read_file(work, name, target)
    return files


def _freshened(
    files: dict[str, bytes],
    last: int,
    signer: CryptoSigner,
    now: datetime,
    lifetimes: Lifetimes,
) -> dict[str, bytes]:
    root, targets_name, targets = _newest(files)
    keyid = signer.public_key.keyid
    if any(keyid not in root.roles[role].keyids for role in ("snapshot", "timestamp")):
        raise UsageError("That is not this authority's publishing key.")
    version = last + 1
    snapshot = Snapshot(
        version=version,
        expires=(now + lifetimes.snapshot).replace(microsecond=0),
        meta={"targets.json": MetaFile.from_data(targets.version, files[targets_name], ["sha256"])},
    )
    raw = _signed(Metadata(snapshot), signer)
    timestamp = Timestamp(
        version=version,
        expires=(now + lifetimes.timestamp).replace(microsecond=0),
        snapshot_meta=MetaFile.from_data(version, raw, ["sha256"]),
    )
    return {
        **files,
        f"{version}.snapshot.json": raw,
        "timestamp.json": _signed(Metadata(timestamp), signer),
    }


def _newest(files: Mapping[str, bytes]) -> tuple[Root, str, Targets]:
    count = sum(name.endswith(".root.json") for name in files)
    root = parse_metadata(files[f"{count}.root.json"], Root).signed
    targets_name = next(name for name in files if name.endswith(".targets.json"))
    return root, targets_name, parse_metadata(files[targets_name], Targets).signed


def _last_timestamp(folder: Path) -> int:
    raw = read_limited(folder / "timestamp.json", MAX_METADATA)
    return 0 if raw is None else parse_metadata(raw, Timestamp).signed.version


def _signed(metadata: Metadata[Snapshot] | Metadata[Timestamp], signer: CryptoSigner) -> bytes:
    metadata.sign(signer)
    return metadata.to_bytes()


def _write(folder: Path, files: Mapping[str, bytes], disk: Disk) -> Published:
    bundle = verify_published(MemorySource(files))
    disk.make_folder(folder / "targets")
    # The timestamp last: a client never sees a version whose files are not there yet.
    for name in sorted(files, key=lambda name: name == "timestamp.json"):
        if read_limited(folder / name, len(files[name])) != files[name]:
            replace_file(disk, folder / name, files[name])
    for path in (folder, folder / "targets", *(folder / name for name in files)):
        path.chmod(0o755 if path.is_dir() else 0o644)
    _forget_old_snapshots(folder, bundle.snapshot.version)
    archive = folder.with_name(folder.name + ".zip")
    replace_file(disk, archive, pack(bundle.files))
    archive.chmod(0o644)
    return Published(folder, archive, bundle)


def _forget_old_snapshots(folder: Path, newest: int) -> None:
    for path in folder.glob("*.snapshot.json"):
        number = path.name.split(".", 1)[0]
        if number.isdigit() and int(number) <= newest - KEPT_SNAPSHOTS:
            path.unlink(missing_ok=True)
