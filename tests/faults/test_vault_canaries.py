"""What was stored is in no file in any coding: while open, after close, after kill -9."""

from __future__ import annotations

import base64
import os
import random
import signal
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Progress
from tests.vault_world import create, reopen

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = ("header", "lock", "attempts", "vault-*.db", "vault-*.commits", "vault-*.pending")
WHILE_SAVING = ("vault-*.db-journal", "copy")

_WRITER = """
import sys
from pathlib import Path
from assistant.vault.records import Embedding, FeedbackKind, ItemKind, ProfileValue
from assistant.vault.transfer import ExportScope
from tests.faults.test_vault_canaries import canaries, vector
from tests.vault_world import CHEAP, reopen, say
folder, seed, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
vault = reopen(folder)
for number, word in enumerate(canaries(seed, count)):
    turn = say(vault, f"typed {word}", f"generated {word}")
    learned = vault.preferences.add(f"learned {word}", provenance=turn.id)
    vault.feedback.add(turn.id, FeedbackKind.EDIT, f"edited {word}", (word,))
    vault.drafts.put(turn.conversation_id, f"draft {word}")
    vault.conversations.rename(turn.conversation_id, f"title {word}")
    vault.settings.put(f"key {word}", f"value {word}")
    vault.profile.put(ProfileValue(word, 0.5, False))
    vault.embeddings.put([Embedding(ItemKind.TURN, turn.id, "m", vector(seed, number))])
    vault.search.history(word)
vault.import_document(vault.export(ExportScope()))
vault.back_up(folder / "copy", overwrite=True)
vault.access.rekey(b"correct horse battery staple", kdf=CHEAP)
print("ready", flush=True)
sys.stdin.readline()
vault.close()
print("closed", flush=True)
sys.stdin.readline()
"""


def canaries(seed: int, count: int) -> list[str]:
    """Words that nothing else would write."""
    dice = random.Random(seed)
    return ["".join(dice.choices("bcdfghjklmnpqrstvwxz", k=24)) for _ in range(count)]


def vector(seed: int, number: int) -> bytes:
    """384 floats of their own."""
    dice = random.Random(f"{seed} {number}")
    return struct.pack("<384f", *(dice.uniform(-1, 1) for _ in range(384)))


def codings(word: str) -> list[bytes]:
    """UTF-8, UTF-16 of both orders, and the inner part of base64 at each alignment."""
    plain = word.encode()
    found = [plain, word.encode("utf-16-le"), word.encode("utf-16-be")]
    return found + [base64.b64encode(b"\0" * shift + plain)[4:28] for shift in range(3)]


def hits(folders: list[Path], words: list[str], vectors: list[bytes]) -> list[str]:
    """Files that hold one of them."""
    needles = [coding for word in words for coding in codings(word)]
    needles += [each[start : start + 16] for each in vectors for start in (0, 512, 1024)]
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                found += [str(path) for needle in needles if needle in data][:1]
    return found


def unexpected(folder: Path, allowed: tuple[str, ...]) -> list[str]:
    return [
        path.name
        for path in folder.iterdir()
        if not any(path.match(pattern) for pattern in allowed)
    ]


@pytest.mark.full(name="vault-canaries", small=8, full=200, covers=("assistant/vault",))
@pytest.mark.parametrize("end", ["close", "kill"])
def test_nothing_stored_is_readable_in_any_file(
    tmp_path: Path, end: str, size: int, seed: int, progress: Progress
) -> None:
    home, temporary, cwd = (tmp_path / name for name in ("home", "tmp", "cwd"))
    for folder in (home, temporary, cwd):
        folder.mkdir(mode=0o700)
    create(home / "vault")[0].close()
    environment = os.environ | {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "SQLITE_TMPDIR": str(temporary),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    words = canaries(seed, size)
    vectors = [vector(seed, number) for number in range(size)]
    with subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(home / "vault"), str(seed), str(size)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=cwd,
        env=environment,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert hits([home, temporary, cwd], words, vectors) == []
        assert unexpected(home / "vault", ALLOWED + WHILE_SAVING) == []
        if end == "kill":
            process.send_signal(signal.SIGKILL)
        else:
            process.stdin.write("\n")
            process.stdin.flush()
            assert process.stdout.readline() == "closed\n"
            assert hits([home, temporary, cwd], words, vectors) == []
            process.kill()
    assert hits([home, temporary, cwd], words, vectors) == []
    assert unexpected(home / "vault", (*ALLOWED, "copy")) == []
    assert list(temporary.iterdir()) == list(cwd.iterdir()) == []
    with reopen(home / "vault") as vault:
        assert len(vault.search.history(words[0])) == 1
    progress.mark(size)


def test_the_scan_finds_what_is_there(tmp_path: Path) -> None:
    """The scan above proves nothing unless it can find."""
    word, numbers = canaries(1, 1)[0], vector(1, 0)
    plain = word.encode()
    for number, data in enumerate(
        [
            b"x" + plain,
            b"x" + word.encode("utf-16-le"),
            b"x" + word.encode("utf-16-be"),
            base64.b64encode(b"ab" + plain + b"c"),
            base64.b64encode(b"a" + plain),
            base64.b64encode(plain + b"zz"),
            b"x" + numbers,
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "file").write_bytes(data)
        assert hits([folder], [word], [numbers]) == [str(folder / "file")]
