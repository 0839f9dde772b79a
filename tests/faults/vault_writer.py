"""A process that changes a vault until it is killed, telling what it was promised.

Lines on stdout: ``ready``, then ``try WHAT`` before and ``ok WHAT`` after each change.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from assistant.vault.backup import restore
from assistant.vault.migrations import MIGRATIONS
from assistant.vault.records import ItemKind, TurnOutcome, TurnStatus
from assistant.vault.unlock import Secret
from tests.vault_world import CHEAP, CHEAP_FLOOR, PASSPHRASE, reopen, say

LATER = tuple(
    (f"CREATE TABLE later_{n}(x TEXT)", f"INSERT INTO later_{n} SELECT question FROM turns")
    for n in range(40)
)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def save(folder: Path) -> None:
    with reopen(folder) as vault:
        tell("ready")
        conversation = vault.conversations.start("killed").id
        tell(f"ok conversation {conversation}")
        for number in range(100_000):
            turn = vault.turns.begin(conversation, f"question {number} " + "word " * 200)
            tell(f"ok turn {turn.id} 0")
            for sentence in range(1, 4):
                vault.turns.append_answer(turn.id, f"Sentence {sentence}. ")
                tell(f"ok turn {turn.id} {sentence}")
            vault.turns.finish(turn.id, TurnOutcome(TurnStatus.COMPLETE))


def passwd(folder: Path) -> None:
    with reopen(folder) as vault:
        tell("ready")
        for number in range(100_000):
            tell(f"try passphrase p{number}")
            vault.access.change_passphrase(f"p{number}".encode(), kdf=CHEAP)
            tell(f"ok passphrase p{number}")


def rekey(folder: Path) -> None:
    with reopen(folder) as vault:
        tell("ready")
        for number in range(100_000):
            tell(f"try passphrase p{number}")
            vault.access.rekey(f"p{number}".encode(), kdf=CHEAP)
            tell(f"ok passphrase p{number}")


def migrate(folder: Path) -> None:
    reopen(folder).close()
    tell("ready")
    for count in range(1, len(LATER) + 1):
        tell(f"try schema {count}")
        reopen(folder, steps=MIGRATIONS + LATER[:count]).close()
        tell(f"ok schema {count}")


def backup(folder: Path) -> None:
    with reopen(folder) as vault:
        tell("ready")
        for number in range(100_000):
            turn = say(vault, f"before backup {number}", "kept")
            tell(f"ok turn {turn.id} 0")
            vault.back_up(folder / "copy.backup", overwrite=True)
            tell("ok backup")


def restoring(folder: Path) -> None:
    with reopen(folder) as vault:
        vault.back_up(folder.parent / "source.backup", overwrite=True)
    tell("ready")
    secret = Secret.passphrase(PASSPHRASE)
    for _ in range(100_000):
        restore(
            folder.parent / "source.backup",
            folder,
            secret,
            random=os.urandom,
            overwrite=True,
            floor=CHEAP_FLOOR,
        )
        tell("ok restore")


def erase(folder: Path) -> None:
    with reopen(folder) as vault:
        tell("ready")
        for number in range(100_000):
            preference = vault.preferences.add(f"secret number {number}")
            turn = say(vault, f"about {number}", "yes")
            tell(f"ok turn {turn.id} 0")
            vault.erase.item(ItemKind.PREFERENCE, preference.id)
            tell(f"ok erased {preference.id}")


WORK = {
    "save": save,
    "passwd": passwd,
    "rekey": rekey,
    "migrate": migrate,
    "backup": backup,
    "restore": restoring,
    "erase": erase,
}

if __name__ == "__main__":
    WORK[sys.argv[1]](Path(sys.argv[2]))
