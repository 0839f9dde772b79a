"""SQLCipher 4's page format, to read and check pages without SQLCipher.

Used to check an interrupted save's journal before SQLite trusts it, and by the proof
that erased text is in no page. Layout and keys: https://www.zetetic.net/sqlcipher/design/
(AES-256-CBC, IV and HMAC-SHA512 at the end of each page, HMAC key by two rounds of
PBKDF2 over the salt XOR 0x3a).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

PAGE: Final = 4096
SALT: Final = 16
_IV_AT: Final = PAGE - 80
_TAG_AT: Final = PAGE - 64


class PageReader:
    """Checks and decrypts single pages of a database with a raw 256-bit key."""

    def __init__(self, key: bytes | bytearray, salt: bytes) -> None:
        self._key = bytes(key)
        mac_salt = bytes(byte ^ 0x3A for byte in salt)
        self._mac_key = hashlib.pbkdf2_hmac("sha512", self._key, mac_salt, 2, 32)

    def authentic(self, number: int, page: bytes) -> bool:
        """Whether the page's HMAC holds for page ``number`` (from 1)."""
        start = SALT if number == 1 else 0
        signed = page[start:_TAG_AT] + number.to_bytes(4, "little")
        return hmac.compare_digest(
            hmac.new(self._mac_key, signed, hashlib.sha512).digest(), page[_TAG_AT:]
        )

    def decrypt(self, number: int, page: bytes) -> bytes:
        """The plaintext of a page, without its reserved end and page 1's salt."""
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES256
        from cryptography.hazmat.primitives.ciphers.modes import CBC

        start = SALT if number == 1 else 0
        cipher = Cipher(AES256(self._key), CBC(page[_IV_AT:_TAG_AT])).decryptor()
        return cipher.update(page[start:_IV_AT]) + cipher.finalize()
