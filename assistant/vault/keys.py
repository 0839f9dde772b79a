"""Master key, derived keys and the two ways to wrap a key.

All cryptography is ``cryptography``'s: Argon2id (RFC 9106), AES-256-GCM
(NIST SP 800-38D), HKDF-SHA256 (RFC 5869), HMAC-SHA256 (RFC 2104). Here is only
which key is used for what.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from assistant.errors import UnsafeKeyParameters, VaultError, WrongPassphrase

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
MAX_PASSPHRASE_BYTES: Final = 4096
_RECOVERY_BYTES: Final = 20
_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RFC4648: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_CROCKFORD: Final = str.maketrans(_RFC4648, _CROCKFORD)
_FROM_CROCKFORD: Final = str.maketrans(_CROCKFORD, _RFC4648)
_MISREAD: Final = str.maketrans(
    {"O": "0", "I": "1", "L": "1", "-": "", " ": "", "\n": "", "\t": ""}
)


@dataclass(frozen=True, slots=True)
class KdfFloor:
    """The weakest and the heaviest Argon2id parameters that are accepted.

    The defaults are what the product uses; only tests build another one.
    """

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4
    most_memory_kib: int = 2 * 1024 * 1024
    most_iterations: int = 64
    most_lanes: int = 16

    def check(self, parameters: KdfParameters) -> KdfParameters:
        """Return the parameters, or raise UnsafeKeyParameters (downgrade, overload)."""
        if (
            parameters.memory_kib < self.memory_kib
            or parameters.iterations < self.iterations
            or parameters.lanes < self.lanes
        ):
            raise UnsafeKeyParameters("The vault's key parameters are weaker than allowed.")
        if (
            parameters.memory_kib > self.most_memory_kib
            or parameters.iterations > self.most_iterations
            or parameters.lanes > self.most_lanes
        ):
            raise UnsafeKeyParameters("The vault's key parameters are absurdly high.")
        return parameters


@dataclass(frozen=True, slots=True)
class KdfParameters:
    """Argon2id: memory in KiB, passes over it, lanes (RFC 9106 section 3.1)."""

    memory_kib: int = 64 * 1024
    iterations: int = 3
    lanes: int = 4


def calibrate(
    clock: Callable[[], float],
    *,
    target_seconds: float = 0.5,
    floor: KdfFloor | None = None,
    most_memory_kib: int = 256 * 1024,
) -> KdfParameters:
    """Parameters that take about ``target_seconds`` here, never below the floor.

    ``clock`` is monotonic, in seconds. Memory grows first, because it is what costs
    an attacker's hardware most, up to ``most_memory_kib`` (the model needs memory
    too); then passes.
    """
    floor = floor or KdfFloor()
    base = KdfParameters(floor.memory_kib, floor.iterations, floor.lanes)
    started = clock()
    argon2id(b"calibration", bytes(SALT_BYTES), base)
    factor = target_seconds / max(clock() - started, 1e-3)
    memory = max(floor.memory_kib, min(most_memory_kib, int(floor.memory_kib * factor)))
    left = factor * floor.memory_kib / memory
    passes = max(floor.iterations, min(floor.most_iterations, int(floor.iterations * left)))
    return KdfParameters(memory, passes, floor.lanes)


def argon2id(passphrase: bytes, salt: bytes, parameters: KdfParameters) -> bytes:
    """The 256-bit key-wrapping key of a passphrase. Takes about half a second."""
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    if not 0 < len(passphrase) <= MAX_PASSPHRASE_BYTES:
        raise WrongPassphrase("A passphrase has between 1 and 4096 bytes.")
    try:
        return Argon2id(
            salt=salt,
            length=KEY_BYTES,
            iterations=parameters.iterations,
            lanes=parameters.lanes,
            memory_cost=parameters.memory_kib,
        ).derive(passphrase)
    except (MemoryError, ValueError) as error:
        raise VaultError(
            "The key could not be derived from the passphrase.",
            hint="There may be too little free memory.",
        ) from error


def derive(key: bytes | bytearray, purpose: bytes, salt: bytes) -> bytes:
    """A key of its own for one purpose (HKDF-SHA256), so that no key is used twice."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    info = b"bounded-assistant vault 1: " + purpose
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(bytes(key))


def wrap(key: bytes, secret: bytes | bytearray, nonce: bytes, bound: bytes) -> bytes:
    """``secret`` under AES-256-GCM, with ``bound`` as associated data."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key).encrypt(nonce, bytes(secret), bound)


def unwrap(key: bytes, wrapped: bytes, nonce: bytes, bound: bytes) -> bytearray:
    """The wrapped secret, or WrongPassphrase: key, nonce and bound data must all fit."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return bytearray(AESGCM(key).decrypt(nonce, wrapped, bound))
    except InvalidTag as error:
        raise WrongPassphrase("That does not open this vault.") from error


def mac(key: bytes | bytearray, data: bytes) -> bytes:
    """HMAC-SHA256."""
    return hmac.new(bytes(key), data, hashlib.sha256).digest()


def same(left: bytes, right: bytes) -> bool:
    """Compare two MACs in constant time."""
    return hmac.compare_digest(left, right)


def overwrite(key: bytearray) -> None:
    """Best effort: Python may have copied the bytes before."""
    for index in range(len(key)):
        key[index] = 0


def new_recovery_key(random: Callable[[int], bytes]) -> str:
    """160 random bits as nine groups of four Crockford base32 characters.

    The last group is a checksum, so that a slip of the pen is told from a wrong key.
    """
    secret = random(_RECOVERY_BYTES)
    text = base64.b32encode(secret + _checksum(secret)).decode().rstrip("=")
    text = text.translate(_TO_CROCKFORD)[:36]
    return "-".join(text[start : start + 4] for start in range(0, 36, 4))


def parse_recovery_key(text: str) -> bytes:
    """The secret in a recovery key as typed: case, hyphens and O/0, I/L/1 forgiven.

    Raises WrongPassphrase if the length, the alphabet or the checksum is not right.
    """
    compact = text[:256].upper().translate(_MISREAD)
    if len(compact) != 36 or set(compact) - set(_CROCKFORD):
        raise WrongPassphrase(
            "A recovery key has nine groups of four characters.",
            hint="Type it again as it was written down.",
        )
    data = base64.b32decode(compact.translate(_FROM_CROCKFORD) + "AAAA")
    secret = data[:_RECOVERY_BYTES]
    expected = base64.b32encode(secret + _checksum(secret)).decode().translate(_TO_CROCKFORD)
    if expected[:36] != compact:
        raise WrongPassphrase(
            "The recovery key was mistyped: its checksum does not fit.",
            hint="Type it again as it was written down.",
        )
    return secret


def _checksum(secret: bytes) -> bytes:
    return hashlib.sha256(b"recovery key" + secret).digest()[:3]
