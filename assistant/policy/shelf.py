"""Where a home keeps bundles: one folder per authority, each bundle twice.

``authorities/ID/bundle.zip`` is put in place by one rename; ``bundle.copy.zip`` holds the
same bytes, so that a damaged disk block does not leave a bound machine without policy.
``authorities/ID/1.root.json`` is the enrolled root, which its own name vouches for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import AssistantError, BundleUnverified, PolicyError, StorageError
from assistant.policy.bundle import VerifiedBundle, verify_bundle
from assistant.policy.root_chain import authority_of
from assistant.policy.sources import MAX_BUNDLE, MAX_METADATA, ZipSource, pack
from assistant.policy.storage import Disk, read_limited, replace_file

BUNDLE_FILE = "bundle.zip"
BUNDLE_COPY = "bundle.copy.zip"
ROOT_FILE = "1.root.json"
_AUTHORITY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Kept:
    """One stored bundle, verified, or why it could not be."""

    name: str
    bundle: VerifiedBundle | None
    problem: PolicyError | None


def folder_of(policy_home: Path, authority: str) -> Path:
    """The authority's own folder; no two authorities ever share a cache."""
    if not _AUTHORITY.fullmatch(authority):
        raise BundleUnverified("That is not an authority id.")
    return policy_home / "authorities" / authority


def read_kept(policy_home: Path, authority: str) -> Iterator[Kept]:
    """The stored bundle and its copy, each verified anew.

    Absent ones are left out, and so is a copy equal to a bundle already verified.
    """
    folder = folder_of(policy_home, authority)
    verified: bytes | None = None
    for name in (BUNDLE_FILE, BUNDLE_COPY):
        try:
            raw = read_limited(folder / name, MAX_BUNDLE)
            if raw is None or raw == verified:
                continue
            yield Kept(name, verify_bundle(ZipSource(raw), authority), None)
            verified = raw
        except PolicyError as error:
            yield Kept(name, None, error)
        except AssistantError as error:
            problem = BundleUnverified("The stored policy cannot be read.")
            problem.__cause__ = error
            yield Kept(name, None, problem)


def bundle_files(
    policy_home: Path, authority: str, files: Mapping[str, bytes], disk: Disk
) -> list[tuple[Path, bytes]]:
    """What to write for a verified bundle: the file, then its copy; nothing if both are there."""
    folder = folder_of(policy_home, authority)
    disk.make_folder(folder)
    raw = pack(files)
    paths = (folder / BUNDLE_FILE, folder / BUNDLE_COPY)
    return [(path, raw) for path in paths if not _holds(path, raw)]


def _holds(path: Path, raw: bytes) -> bool:
    # A poll that brings nothing new must not rewrite megabytes of resources.
    try:
        return read_limited(path, len(raw)) == raw
    except StorageError:
        return False


def put_root(policy_home: Path, first_root: bytes, disk: Disk) -> None:
    """Keep an enrolled authority's first root, so that it can be synced without a stick."""
    folder = folder_of(policy_home, authority_of(first_root))
    disk.make_folder(folder)
    replace_file(disk, folder / ROOT_FILE, first_root)


def read_root(policy_home: Path, authority: str) -> bytes | None:
    """The enrolled first root, if it is there and is the one its id names."""
    raw = read_limited(folder_of(policy_home, authority) / ROOT_FILE, MAX_METADATA)
    return raw if raw is not None and authority_of(raw) == authority else None
