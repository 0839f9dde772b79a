"""Backup and restore, migrations, and the golden vault of each format."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from assistant.errors import (
    VaultBusy,
    VaultDamaged,
    VaultExists,
    VaultMissing,
    VaultTooNew,
    WrongPassphrase,
)
from assistant.vault.backup import restore
from assistant.vault.facade import Vault
from assistant.vault.header import HEADER_BYTES
from assistant.vault.migrations import MIGRATIONS
from assistant.vault.unlock import Secret
from tests.vault_world import CHEAP, CHEAP_FLOOR, PASSPHRASE, create, database_of, noon, reopen, say

GOLDEN = Path(__file__).resolve().parents[2] / "vectors" / "vault"
MINE = Secret.passphrase(PASSPHRASE)


def put_back(source: Path, folder: Path, secret: Secret = MINE, *, overwrite: bool = False) -> None:
    restore(source, folder, secret, random=os.urandom, overwrite=overwrite, floor=CHEAP_FLOOR)


def test_a_backup_opens_elsewhere_with_passphrase_or_recovery_key(tmp_path: Path) -> None:
    vault, recovery = create(tmp_path / "vault")
    with vault:
        turn = say(vault, "What is kept?", "Everything.")
        size = vault.back_up(tmp_path / "copy")
    assert size == (tmp_path / "copy").stat().st_size
    put_back(tmp_path / "copy", tmp_path / "second")
    with reopen(tmp_path / "second") as again:
        assert again.turns.get(turn.id).answer == "Everything."
        assert again.notices == ()
        again.preferences.add("goes on")
    put_back(tmp_path / "copy", tmp_path / "third", Secret.recovery(recovery))
    with Vault.open(tmp_path / "third", recovery=recovery, now=noon, floor=CHEAP_FLOOR) as again:
        assert again.turns.get(turn.id).answer == "Everything."


def test_a_backup_holds_nothing_readable(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    with vault:
        say(vault, "quixwyrmbolt", "quixwyrmbolt")
        vault.back_up(tmp_path / "copy")
    data = (tmp_path / "copy").read_bytes()
    assert b"quixwyrmbolt" not in data
    assert b"SQLite format" not in data


def test_every_changed_byte_of_a_backup_is_noticed(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    with vault:
        vault.back_up(tmp_path / "copy")
    whole = (tmp_path / "copy").read_bytes()
    # Of the key file either copy may be damaged, but the MAC covers both.
    places = [10, 4090, 5000, HEADER_BYTES, len(whole) // 2, len(whole) - 33, len(whole) - 1]
    for place in places:
        data = bytearray(whole)
        data[place] ^= 1
        (tmp_path / "copy").write_bytes(data)
        with pytest.raises(VaultDamaged):
            put_back(tmp_path / "copy", tmp_path / "second")
    for length in (0, 100, HEADER_BYTES, HEADER_BYTES + 32, len(whole) - 1):
        (tmp_path / "copy").write_bytes(whole[:length])
        with pytest.raises(VaultDamaged):
            put_back(tmp_path / "copy", tmp_path / "second")
    assert not (tmp_path / "second" / "header").exists()


def test_a_backup_opens_with_its_own_passphrase_only(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    with vault:
        vault.back_up(tmp_path / "copy")
        vault.access.change_passphrase(b"later", kdf=CHEAP)
    with pytest.raises(WrongPassphrase):
        put_back(tmp_path / "copy", tmp_path / "second", Secret.passphrase(b"later"))
    put_back(tmp_path / "copy", tmp_path / "second")


def test_a_vault_is_overwritten_only_when_told_and_the_lost_are_gone(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    with vault:
        vault.preferences.add("in the backup")
        vault.back_up(tmp_path / "copy")
        vault.preferences.add("after the backup")
        with pytest.raises(VaultBusy):
            put_back(tmp_path / "copy", tmp_path / "vault", overwrite=True)
    with pytest.raises(VaultExists):
        put_back(tmp_path / "copy", tmp_path / "vault")
    put_back(tmp_path / "copy", tmp_path / "vault", overwrite=True)
    with reopen(tmp_path / "vault") as again:
        assert [each.text for each in again.preferences.list()] == ["in the backup"]
        assert again.notices == ()


def test_a_backup_never_overwrites_a_file_unasked(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    (tmp_path / "copy").write_bytes(b"a letter")
    with vault:
        with pytest.raises(VaultExists):
            vault.back_up(tmp_path / "copy")
        assert (tmp_path / "copy").read_bytes() == b"a letter"
        vault.back_up(tmp_path / "copy", overwrite=True)


def test_a_damaged_vault_never_replaces_a_good_backup(tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    vault, _ = create(folder)
    with vault:
        say(vault, "q", "word " * 5000)
        vault.back_up(tmp_path / "copy")
        good = (tmp_path / "copy").read_bytes()
        data = bytearray(database_of(folder).read_bytes())
        data[-2000] ^= 1
        database_of(folder).write_bytes(data)
        with pytest.raises(VaultDamaged):
            vault.back_up(tmp_path / "copy", overwrite=True)
    assert (tmp_path / "copy").read_bytes() == good


def test_no_backup_is_told(tmp_path: Path) -> None:
    with pytest.raises(VaultMissing):
        put_back(tmp_path / "copy", tmp_path / "second")


STEPS = (*MIGRATIONS, ("CREATE TABLE two(x TEXT)",), ("INSERT INTO two VALUES ('three')",))


def test_each_step_is_applied_once_and_in_order(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    for _ in range(2):
        with reopen(tmp_path, steps=STEPS) as vault:
            assert vault._store.read(lambda db: db.rows("SELECT x FROM two")) == [("three",)]
            assert vault.notices == ()


def test_a_failing_step_leaves_the_version_before_it(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    broken = (*STEPS, ("CREATE TABLE four(x)", "CREATE TABLE four(x)"))
    with pytest.raises(Exception):  # noqa: B017 - the kind is not the point
        reopen(tmp_path, steps=broken)
    with reopen(tmp_path, steps=STEPS) as vault:
        tables = vault._store.read(lambda db: db.rows("SELECT name FROM sqlite_master"))
        assert ("four",) not in tables


def test_a_vault_of_a_newer_program_is_refused_and_untouched(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    reopen(tmp_path, steps=STEPS).close()
    before = database_of(tmp_path).read_bytes()
    with pytest.raises(VaultTooNew):
        reopen(tmp_path)
    assert database_of(tmp_path).read_bytes() == before


@pytest.mark.parametrize("folder", sorted(GOLDEN.glob("format-?")), ids=lambda path: path.name)
def test_a_vault_of_every_released_format_opens_complete(tmp_path: Path, folder: Path) -> None:
    shutil.copytree(folder, tmp_path / "vault")
    with reopen(tmp_path / "vault") as vault:
        assert vault.notices == ()
        (conversation,) = vault.conversations.list()
        assert conversation.title == "A talk"
        (turn,) = vault.turns.list(conversation.id)
        assert (turn.question, turn.answer) == ("What is a zebra?", "A striped animal.")
        assert [each.text for each in vault.preferences.list()] == ["I like short lists"]
        assert [each.value for each in vault.feedback.list()] == ["90"]
        assert [each.vector for each in vault.embeddings.all("m")] == [bytes(range(16))]
        assert vault.settings.get("idle") == "10"
        assert vault.decision_log.verify() == 1
        assert [hit.item_id for hit in vault.search.turns("zebra", 3)] == [turn.id]
        if folder.name != "format-1":
            (file,) = vault.attachments.of_conversation(conversation.id)
            assert (file.name, file.text, file.note) == ("zoo.txt", "", "a note")
            assert vault.attachments.get(file.id).text == "Zebras graze."
            assert [c.text for c in vault.attachments.chunks([file.id])] == ["Zebras graze."]
            assert [hit.file for hit in vault.search.history("graze")] == ["zoo.txt"]
        vault.preferences.add("goes on")
    recovery = (GOLDEN / f"{folder.name}.recovery").read_text().strip()
    Vault.open(tmp_path / "vault", recovery=recovery, now=noon, floor=CHEAP_FLOOR).close()


def test_there_is_a_golden_vault_of_the_current_format() -> None:
    assert (GOLDEN / f"format-{len(MIGRATIONS)}" / "header").is_file()
