"""kill -9 at random moments: nothing acknowledged is lost, every vault opens."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.errors import NoSuchItem, WrongPassphrase
from assistant.vault.facade import Vault
from assistant.vault.migrations import MIGRATIONS
from assistant.vault.unlock import Secret
from tests.conftest import Progress
from tests.faults.vault_writer import LATER, WORK
from tests.vault_world import PASSPHRASE, create, reopen, say

ROOT = Path(__file__).resolve().parents[2]


def _killed(work: str, folder: Path, delay: float) -> list[str]:
    """Run the writer, kill it ``delay`` seconds after it is ready, return its lines."""
    command = [sys.executable, "-m", "tests.faults.vault_writer", work, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        lines = process.stdout.read().split("\n")
    return lines[:-1]


def _possible_passphrases(lines: list[str]) -> list[bytes]:
    last = [line.split()[-1].encode() for line in lines if "passphrase" in line]
    acknowledged = [line for line in lines if line.startswith("ok passphrase")]
    current = acknowledged[-1].split()[-1].encode() if acknowledged else PASSPHRASE
    return [current, *last[-1:]]


def _opened(folder: Path, lines: list[str]) -> Vault:
    tried = sum(line.startswith("try schema") for line in lines)
    for passphrase in _possible_passphrases(lines):
        try:
            return reopen(folder, passphrase, steps=MIGRATIONS + LATER[:tried])
        except WrongPassphrase:
            continue
    raise AssertionError("no possible passphrase opens the vault")


def _check(vault: Vault, lines: list[str]) -> None:
    vault.verify()
    # A kill is no power cut: what was noted before the commit is there to check it by.
    assert vault.notices == ()
    for line in lines:
        match line.split():
            case ["ok", "turn", turn_id, sentences]:
                answer = vault.turns.get(turn_id).answer
                assert answer.count("Sentence") >= int(sentences)
            case ["ok", "erased", preference_id]:
                with pytest.raises(NoSuchItem):
                    vault.preferences.get(preference_id)
            case ["ok", "conversation", conversation_id]:
                assert vault.conversations.get(conversation_id).title == "killed"


@pytest.mark.full(
    name="vault-kills",
    small=7,
    full=500,
    covers=(
        "assistant/vault/access.py",
        "assistant/vault/backup.py",
        "assistant/vault/commits.py",
        "assistant/vault/database.py",
        "assistant/vault/erase.py",
        "assistant/vault/facade.py",
        "assistant/vault/files.py",
        "assistant/vault/header.py",
        "assistant/vault/journal.py",
        "assistant/vault/migrations.py",
        "assistant/vault/pending.py",
        "assistant/vault/session.py",
        "assistant/vault/store.py",
        "assistant/vault/unlock.py",
    ),
)
def test_a_kill_at_any_moment_loses_nothing_acknowledged(
    tmp_path: Path, size: int, seed: int, progress: Progress
) -> None:
    names = list(WORK)
    for case in range(size):
        if progress.done(case):
            continue
        dice = random.Random(f"{seed} {case}")
        folder = tmp_path / str(case) / "vault"
        vault, _ = create(folder)
        with vault:
            kept = say(vault, "kept from before", "always")
        lines = _killed(names[case % len(names)], folder, dice.uniform(0, 0.25))
        with _opened(folder, lines) as after:
            assert after.turns.get(kept.id).answer == "always"
            _check(after, lines)
        backup = folder / "copy.backup"
        if "ok backup" in lines:
            _restores(backup, tmp_path / str(case) / "elsewhere", kept.id)
        progress.mark(case)


def _restores(backup: Path, folder: Path, kept: str) -> None:
    import os

    from assistant.vault.backup import restore
    from tests.vault_world import CHEAP_FLOOR

    secret = Secret.passphrase(PASSPHRASE)
    restore(backup, folder, secret, random=os.urandom, floor=CHEAP_FLOOR)
    with reopen(folder) as vault:
        assert vault.turns.get(kept).answer == "always"
