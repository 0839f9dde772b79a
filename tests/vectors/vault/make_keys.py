"""Made keys.json: fixed bytes of every small format the vault writes.

python -m tests.vectors.vault.make_keys > tests/vectors/vault/keys.json
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from assistant.vault import keys
from assistant.vault.commits import CommitFile, CommitMark, next_digest
from assistant.vault.files import Disk
from assistant.vault.header import Header, encode
from assistant.vault.unlock import Secret, VaultKeys, new_slot
from tests.vault_world import CHEAP

VAULT_ID = "00112233445566778899aabbccddeeff"


def counted(count: int) -> bytes:
    """Not random at all."""
    return bytes(range(count))


def values() -> dict[str, str]:
    """Every value, from fixed input."""
    vault_keys = VaultKeys.of(bytearray(counted(32)), VAULT_ID)
    recovery = keys.new_recovery_key(counted)
    slots = (
        new_slot(Secret.passphrase(b"pass"), vault_keys.master, VAULT_ID, counted, CHEAP),
        new_slot(Secret.recovery(recovery), vault_keys.master, VAULT_ID, counted),
    )
    header = encode(Header(VAULT_ID, "0a0b0c0d", 7, slots), vault_keys.header)
    marks = CommitFile(Path("unused"), vault_keys.commits, Disk())
    digest = next_digest(bytes(32), 5, counted(16))
    return {
        "recovery_key": recovery,
        "database_key": vault_keys.database.hex(),
        "header_key": vault_keys.header.hex(),
        "commit_key": vault_keys.commits.hex(),
        "backup_key": vault_keys.backup.hex(),
        "passphrase_slot": slots[0].wrapped.hex(),
        "recovery_slot": slots[1].wrapped.hex(),
        "header_sha256": hashlib.sha256(header).hexdigest(),
        "rolling_digest": digest.hex(),
        "commit_slot": marks.encode(CommitMark(5, digest, bytes(32))).hex(),
    }


if __name__ == "__main__":
    print(json.dumps(values(), indent=1))
