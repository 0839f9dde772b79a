"""Signing keys: ed25519, one file each, the private half never leaving its machine.

``NAME.key`` is PKCS#8 in PEM, encrypted when a passphrase is given; ``NAME.pub`` is what
colleagues exchange. Signing and verifying are securesystemslib's and cryptography's.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from assistant.errors import DocumentInvalid, NoSuchItem, PolicyInvalid, UsageError
from assistant.policy.storage import Disk, read_limited
from assistant.policy.strict_json import read_strict_json
from assistant.policy.tuf_edge import CryptoSigner, Key, SSlibKey

MAX_KEY = 16 * 1024
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PUBLIC = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Where a new key's two halves were written, and the id colleagues compare."""

    keyid: str
    private: Path
    public: Path


def generate_key(folder: Path, name: str, passphrase: bytes | None, disk: Disk) -> KeyPair:
    """Make ``name.key`` (readable by its owner only) and ``name.pub`` in ``folder``.

    Raises:
        UsageError: the name is no file name, or the files exist: keys are not overwritten.
    """
    if not _NAME.fullmatch(name):
        raise UsageError("A key's name is letters, digits, dots and dashes.")
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    if private.exists() or public.exists():
        raise UsageError("A key of that name is there already; keys are never overwritten.")
    key = Ed25519PrivateKey.generate()
    signer = CryptoSigner(key)
    disk.make_folder(folder)
    disk.write(private, _pem(key, passphrase))
    disk.write(public, encode_public(signer.public_key))
    return KeyPair(signer.public_key.keyid, private, public)


def _pem(key: Ed25519PrivateKey, passphrase: bytes | None) -> bytes:
    protection: KeySerializationEncryption = NoEncryption()
    if passphrase:
        protection = BestAvailableEncryption(passphrase)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


def load_signer(path: Path, passphrase: bytes | None) -> CryptoSigner:
    """The signer in a private key file.

    Raises:
        NoSuchItem: no such file. PolicyInvalid: not an ed25519 key, or another passphrase.
    """
    raw = read_limited(path, MAX_KEY)
    if raw is None:
        raise NoSuchItem("There is no key file at that path.", hint="Check the path.")
    try:
        key = load_pem_private_key(raw, passphrase)
    except (ValueError, TypeError) as error:
        raise PolicyInvalid(
            "The key file cannot be opened.", hint="Check the file and its passphrase."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise PolicyInvalid("The key is not ed25519.", hint="Make one with `policy keygen`.")
    return CryptoSigner(key)


def encode_public(key: Key) -> bytes:
    """The bytes of a ``.pub`` file."""
    return json.dumps({"keyid": key.keyid, **key.to_dict()}, indent=1).encode() + b"\n"


def load_public(path: Path) -> SSlibKey:
    """The public key in a ``.pub`` file.

    Raises:
        NoSuchItem: no such file. PolicyInvalid: not a public ed25519 key.
    """
    raw = read_limited(path, MAX_KEY)
    if raw is None:
        raise NoSuchItem("There is no public key file at that path.", hint="Check the path.")
    try:
        return public_from(read_strict_json(raw, limit=MAX_KEY))
    except DocumentInvalid as error:
        raise PolicyInvalid("That file is not a public key.", hint="It ends in .pub.") from error


def public_from(unverified_described: Any) -> SSlibKey:
    """The public key in the parsed form of a ``.pub`` file.

    Raises:
        PolicyInvalid: not a public ed25519 key.
    """
    try:
        described = dict(unverified_described)
        key = SSlibKey.from_dict(str(described.pop("keyid")), described)
    except (AttributeError, KeyError, ValueError, TypeError) as error:
        raise PolicyInvalid("That is not a public key.", hint="Its file ends in .pub.") from error
    if key.keytype != "ed25519" or not _PUBLIC.fullmatch(str(key.keyval.get("public"))):
        raise PolicyInvalid("The public key is not ed25519.", hint="Make one with `policy keygen`.")
    return key
