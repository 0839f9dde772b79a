"""python-tuf's client workflow in a staging folder, over any source of bytes.

``tuf.ngclient.Updater`` does the work: root rotation, rollback, freeze and mix-and-match
protection come from it. Two of its habits are met here. It keeps new metadata before the
target was checked, so it runs in a staging folder that is thrown away on failure. And it
reads the wall clock, so its reference time is set to the moment the caller trusts.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path, PurePosixPath

from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig  # type: ignore[attr-defined]

from assistant.errors import (
    AssistantError,
    BundleRolledBack,
    BundleStale,
    BundleUnverified,
    NetworkError,
    StorageError,
)
from assistant.policy.bundle import stored_target_name
from assistant.policy.root_chain import MAX_ROOTS, parse_metadata
from assistant.policy.sources import (
    MAX_METADATA,
    MAX_TARGET,
    BundleSource,
    MemorySource,
    checked_name,
)
from assistant.policy.storage import storage_errors
from assistant.policy.tuf_edge import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
    Root,
    Snapshot,
    Targets,
    Timestamp,
    TufStorageError,
)
from assistant.policy.unreachable import LATER

LOCAL_URL = "bundle:///"
"""A name for "this source"; nothing resolves it."""
_CONFIG = UpdaterConfig(
    max_root_rotations=MAX_ROOTS,
    max_delegations=0,
    root_max_length=MAX_METADATA,
    timestamp_max_length=MAX_METADATA,
    snapshot_max_length=MAX_METADATA,
    targets_max_length=MAX_METADATA,
)


class SourceFetcher(FetcherInterface):
    """Serves the updater from a source: no network, no path that is not a bundle's."""

    def __init__(self, source: BundleSource) -> None:
        self._source = source
        self.timestamp: bytes | None = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.removeprefix(LOCAL_URL)
        limit = MAX_TARGET if name.startswith("targets/") else MAX_METADATA
        raw = self._source.read(checked_name(name), limit)
        if raw is None:
            raise DownloadHTTPError(f"no {name}", 404)
        if name == "timestamp.json":
            self.timestamp = raw
        return iter((raw,))


class _ClockedUpdater(Updater):
    """An updater that judges expiry at a given moment, not by the wall clock.

    The attribute is python-tuf's own, read at every expiry check; a contract test holds
    that it governs them in the version installed.
    """

    def __init__(
        self, staging: Path, url: str, fetcher: FetcherInterface, first_root: bytes, at: datetime
    ) -> None:
        super().__init__(
            metadata_dir=str(staging),
            metadata_base_url=url,
            target_dir=str(staging),
            target_base_url=f"{url}targets/",
            fetcher=fetcher,
            config=_CONFIG,
            bootstrap=first_root,
        )
        self._trusted_set.reference_time = at

    def all_targets(self) -> Targets:
        """The verified targets role, after ``refresh``."""
        return self._trusted_set.targets


def update(
    first_root: bytes,
    stored: BundleSource | None,
    fetcher: FetcherInterface,
    url: str,
    at: datetime,
    scratch: Path,
) -> MemorySource:
    """Run the client workflow from ``stored`` to what ``fetcher`` offers under ``url``.

    ``at`` is the moment roles must not have expired at. ``scratch`` is an existing folder
    for the staging folder, which is removed again. The result is a complete bundle, not
    stored anywhere yet.

    Raises:
        BundleUnverified, BundleRolledBack, BundleStale: the offer is refused.
        NetworkError: the offer could not be fetched. StorageError: no room for staging.
    """
    with storage_errors("stage the policy"), _staging(scratch) as staging:
        if stored is not None:
            _seed(staging, stored)
        with _tuf_errors():
            updater = _ClockedUpdater(staging, url, fetcher, first_root, at)
            updater.refresh()
            for target in updater.all_targets().targets.values():
                path = staging / PurePosixPath(stored_target_name(target.path, target))
                if updater.find_cached_target(target, filepath=str(path)) is None:
                    updater.download_target(target, filepath=str(path))
        return _collected(staging)


@contextmanager
def _staging(scratch: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".staging-") as folder:
        yield Path(folder)


def _seed(staging: Path, stored: BundleSource) -> None:
    """Lay the stored metadata out as the updater keeps it, for its rollback checks."""
    history = staging / "root_history"
    history.mkdir()
    for name, raw in _roots(stored):
        (history / name).write_bytes(raw)
    timestamp = stored.read("timestamp.json", MAX_METADATA)
    if timestamp is None:
        return
    (staging / "timestamp.json").write_bytes(timestamp)
    version = parse_metadata(timestamp, Timestamp).signed.snapshot_meta.version
    snapshot = stored.read(f"{version}.snapshot.json", MAX_METADATA)
    if snapshot is None:
        return
    (staging / "snapshot.json").write_bytes(snapshot)
    version = parse_metadata(snapshot, Snapshot).signed.meta["targets.json"].version
    targets = stored.read(f"{version}.targets.json", MAX_METADATA)
    if targets is not None:
        (staging / "targets.json").write_bytes(targets)
        _seed_targets(staging, stored, parse_metadata(targets, Targets).signed)


def _seed_targets(staging: Path, stored: BundleSource, targets: Targets) -> None:
    # So that a renewal, which changes no target, fetches none; each is hashed again anyway.
    (staging / "targets").mkdir()
    for name, target in targets.targets.items():
        path = stored_target_name(name, target)
        raw = stored.read(path, MAX_TARGET)
        if raw is not None:
            (staging / PurePosixPath(path)).write_bytes(raw)


def _roots(stored: BundleSource) -> Iterator[tuple[str, bytes]]:
    for version in range(1, MAX_ROOTS + 1):
        name = f"{version}.root.json"
        raw = stored.read(name, MAX_METADATA)
        if raw is None:
            return
        yield name, raw


def _collected(staging: Path) -> MemorySource:
    """The updater's cache, renamed to the form bundles are published and stored in."""
    newest = parse_metadata((staging / "root.json").read_bytes(), Root).signed
    files = {
        f"{version}.root.json": (staging / "root_history" / f"{version}.root.json").read_bytes()
        for version in range(1, newest.version + 1)
    }
    files["timestamp.json"] = (staging / "timestamp.json").read_bytes()
    snapshot = (staging / "snapshot.json").read_bytes()
    files[f"{parse_metadata(snapshot, Snapshot).signed.version}.snapshot.json"] = snapshot
    targets = (staging / "targets.json").read_bytes()
    listed = parse_metadata(targets, Targets).signed
    files[f"{listed.version}.targets.json"] = targets
    for name, target in listed.targets.items():
        path = stored_target_name(name, target)
        files[path] = (staging / PurePosixPath(path)).read_bytes()
    return MemorySource(files)


@contextmanager
def _tuf_errors() -> Iterator[None]:
    """Map python-tuf's exceptions once, at this edge."""
    try:
        yield
    except BadVersionNumberError as error:
        raise BundleRolledBack(
            "The bundle is older than what was accepted here, or does not follow on from it."
        ) from error
    except ExpiredMetadataError as error:
        raise BundleStale("The freshness of the bundle ran out.") from error
    except RepositoryError as error:
        raise BundleUnverified("The bundle's signatures or files do not hold.") from error
    except DownloadHTTPError as error:
        raise BundleUnverified("The bundle lacks a file it needs.") from error
    except DownloadLengthMismatchError as error:
        raise BundleUnverified("A file of the bundle is longer than it may be.") from error
    except DownloadError as error:
        raise network_cause(error) from error
    except TufStorageError as error:
        raise StorageError("The file system could not stage the policy.") from error


def network_cause(error: DownloadError) -> AssistantError:
    """The error of this project that python-tuf wrapped, as it wraps whatever a fetcher raises."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AssistantError):
            return type(cause)(cause.message, hint=cause.hint)
        cause = cause.__cause__
    return NetworkError("The bundle could not be fetched whole.", hint=LATER)
