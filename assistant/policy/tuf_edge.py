"""The names this room uses of python-tuf and securesystemslib, in one place.

Both publish types but do not re-export these names in the sense of PEP 484, so the one
exception mypy needs stands here instead of at every import.
"""

from __future__ import annotations

from securesystemslib.exceptions import (
    StorageError as TufStorageError,
)
from securesystemslib.signer import (  # type: ignore[attr-defined]
    CryptoSigner,
    Key,
    Signature,
    SSlibKey,
)
from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    RepositoryError,
)
from tuf.api.metadata import (  # type: ignore[attr-defined]
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

__all__ = [
    "BadVersionNumberError",
    "CryptoSigner",
    "DownloadError",
    "DownloadHTTPError",
    "DownloadLengthMismatchError",
    "ExpiredMetadataError",
    "Key",
    "MetaFile",
    "Metadata",
    "RepositoryError",
    "Root",
    "SSlibKey",
    "Signature",
    "Snapshot",
    "TargetFile",
    "Targets",
    "Timestamp",
    "TufStorageError",
]
