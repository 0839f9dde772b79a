"""The key file: which slots wrap the master key, in two equal copies.

File format 1, exactly 8192 bytes: two blocks of 4096, each ``BAVAULT1``, the body's
length (u32, little endian), the body (JSON), HMAC-SHA256 of the body under a key
derived from the master key, zeros, and SHA-256 of all before it. The plain hash tells
a decayed copy from the intact one; the MAC and the wrapped keys' associated data tell
an altered one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec

from assistant.errors import VaultDamaged, VaultTooNew
from assistant.vault import keys
from assistant.vault.keys import KdfParameters

MAGIC: Final = b"BAVAULT1"
BLOCK: Final = 4096
HEADER_BYTES: Final = 2 * BLOCK
FORMAT: Final = 1
_BODY_LIMIT: Final = BLOCK - len(MAGIC) - 4 - 32 - 32

SlotKind = Literal["passphrase", "recovery", "keychain"]
_Hex32 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One way in: the master key wrapped under a key from that way."""

    kind: SlotKind
    salt: Annotated[bytes, msgspec.Meta(min_length=16, max_length=16)]
    nonce: Annotated[bytes, msgspec.Meta(min_length=12, max_length=12)]
    wrapped: Annotated[bytes, msgspec.Meta(min_length=48, max_length=48)]
    memory_kib: int = 0
    iterations: int = 0
    lanes: int = 0

    @property
    def kdf(self) -> KdfParameters:
        """The Argon2id parameters recorded for a passphrase slot."""
        return KdfParameters(self.memory_kib, self.iterations, self.lanes)


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of the key file. ``generation`` names the database file in force."""

    vault_id: _Hex32
    generation: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}$")]
    revision: Annotated[int, msgspec.Meta(ge=1, le=2**53)]
    slots: Annotated[tuple[Slot, ...], msgspec.Meta(min_length=1, max_length=4)]
    format: int = FORMAT

    def slot(self, kind: SlotKind) -> Slot | None:
        """The slot of that kind, or None."""
        return next((slot for slot in self.slots if slot.kind == kind), None)

    def with_slot(self, slot: Slot) -> Header:
        """A next revision with this slot in the place of the one of its kind."""
        others = tuple(each for each in self.slots if each.kind != slot.kind)
        return self.next_revision(slots=(*others, slot))

    def next_revision(self, **changes: object) -> Header:
        """A changed copy with the revision raised by one."""
        return msgspec.structs.replace(self, revision=self.revision + 1, **changes)


@dataclass(frozen=True, slots=True)
class UnverifiedHeader:
    """A header as read: its MAC can be checked once the master key is known."""

    header: Header
    body: bytes
    mac: bytes
    damaged_copies: int

    def verified(self, header_key: bytes | bytearray) -> Header:
        """The header if its MAC holds, else VaultDamaged."""
        if not keys.same(keys.mac(header_key, self.body), self.mac):
            raise VaultDamaged("The vault's key file was altered.")
        return self.header


def bound(vault_id: str, kind: SlotKind, salt: bytes, kdf: KdfParameters) -> bytes:
    """The associated data of a slot: everything that decides how it is opened."""
    text = f"{FORMAT}|{vault_id}|{kind}|{kdf.memory_kib}|{kdf.iterations}|{kdf.lanes}|"
    return MAGIC + text.encode() + salt


def encode(header: Header, header_key: bytes | bytearray) -> bytes:
    """The file's bytes."""
    body = msgspec.json.encode(header)
    if len(body) > _BODY_LIMIT:
        raise VaultDamaged("The vault's key file would grow beyond its format.")
    content = MAGIC + len(body).to_bytes(4, "little") + body + keys.mac(header_key, body)
    content = content.ljust(BLOCK - 32, b"\0")
    return 2 * (content + hashlib.sha256(content).digest())


def decode(unverified_data: bytes) -> UnverifiedHeader:
    """Parse the file; the second copy serves where the first is damaged.

    Raises VaultTooNew for a later format, VaultDamaged where no copy is intact.
    """
    found: list[UnverifiedHeader] = []
    for start in (0, BLOCK):
        block = unverified_data[start : start + BLOCK]
        content, digest = block[: BLOCK - 32], block[BLOCK - 32 :]
        if len(block) == BLOCK and hashlib.sha256(content).digest() == digest:
            found.append(_parse(content))
    if not found:
        raise VaultDamaged("The vault's key file is damaged in both copies.")
    if len(found) == 2 and found[0] != found[1]:
        raise VaultDamaged("The two copies in the vault's key file differ.")
    first = found[0]
    extra = len(unverified_data) != HEADER_BYTES
    damaged = 2 - len(found) + int(extra and len(found) == 2)
    return UnverifiedHeader(first.header, first.body, first.mac, damaged)


def _parse(content: bytes) -> UnverifiedHeader:
    if content[: len(MAGIC) - 1] == MAGIC[:-1] and content[: len(MAGIC)] != MAGIC:
        raise VaultTooNew("This vault was written by a newer program.")
    length = int.from_bytes(content[8:12], "little")
    if content[: len(MAGIC)] != MAGIC or length > _BODY_LIMIT:
        raise VaultDamaged("The vault's key file is not one.")
    body, end = content[12 : 12 + length], 12 + length
    try:
        header = msgspec.json.decode(body, type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise VaultDamaged("The vault's key file cannot be read.") from error
    if header.format > FORMAT:
        raise VaultTooNew("This vault was written by a newer program.")
    if header.format < 1 or len({slot.kind for slot in header.slots}) != len(header.slots):
        raise VaultDamaged("The vault's key file cannot be read.")
    return UnverifiedHeader(header, body, content[end : end + 32], 0)
