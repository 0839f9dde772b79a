"""The mark of a commit is that of the whole file, though only rewritten pages are read."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest

from assistant.errors import NoSuchItem, VaultDamaged
from assistant.vault.commits import CommitFile
from assistant.vault.database import Database
from assistant.vault.facade import Vault
from assistant.vault.files import Disk
from assistant.vault.page_tags import PageTags, fingerprint, free_pages
from assistant.vault.pages import PAGE
from tests.vault_world import create, database_of, reopen, say

PARAGRAPH = "Where the river bends there is a mill, and beside it an orchard of old trees. "


def marked(vault: Vault) -> bytes:
    """The fingerprint that the newest mark holds."""
    marks = CommitFile(
        vault._session.store.path.with_suffix(".commits"), vault._session.keys.commits, Disk()
    ).read()
    assert marks.newest is not None
    return marks.newest.fingerprint


def free(vault: Vault) -> list[int]:
    """The free pages of its file."""
    return free_pages(vault._session.store.path, vault._session.keys.database)


def removed(turn: str, db: Database) -> None:
    """Remove a turn, and leave its pages free."""
    db.change("DELETE FROM turns WHERE id = ?", turn)


@pytest.mark.parametrize("seed", range(2))
def test_every_commit_marks_the_file_as_it_is_whatever_was_added_and_erased(
    tmp_path: Path, seed: int
) -> None:
    chance, had_free, took_free = random.Random(seed), 0, 0
    vault, _ = create(tmp_path / "vault")
    with vault:
        database = database_of(tmp_path / "vault")
        kept: list[str] = []
        for _ in range(45):
            before = set(free(vault))
            if kept and chance.random() < 0.35:
                gone = kept.pop(chance.randrange(len(kept)))
                vault._session.store.write(partial(removed, gone))
            else:
                answer = PARAGRAPH * chance.randrange(1, 400)
                kept.append(say(vault, f"Question {chance.random()}", answer).id)
            had_free += bool(before)
            took_free += bool(before - set(free(vault)))
            assert marked(vault) == fingerprint(database)
    assert had_free > 5
    assert took_free > 5, "free pages were never taken again: this run proved nothing"


def test_a_write_that_fails_leaves_the_mark_of_what_is_there(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    with vault:
        say(vault, "Is it there?", PARAGRAPH)
        with pytest.raises(NoSuchItem):
            vault.turns.append_answer("nowhere", "x")
        assert marked(vault) == fingerprint(database_of(tmp_path / "vault"))
        say(vault, "And after?", PARAGRAPH)
        assert marked(vault) == fingerprint(database_of(tmp_path / "vault"))
    with reopen(tmp_path / "vault") as again:
        assert again.notices == ()


def test_a_page_put_back_is_told_at_the_next_opening(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    with vault:
        turn = say(vault, "What did it say?", PARAGRAPH * 100)
        database = database_of(tmp_path / "vault")
        old = database.read_bytes()
        vault.turns.set_answer(turn.id, PARAGRAPH.upper() * 100)
        now = database.read_bytes()
    changed = [
        n for n in range(1, len(old) // PAGE) if old[n * PAGE :][:PAGE] != now[n * PAGE :][:PAGE]
    ]
    with database.open("r+b") as file:
        file.seek(changed[-1] * PAGE)
        file.write(old[changed[-1] * PAGE :][:PAGE])
    try:
        with reopen(tmp_path / "vault") as again:
            assert "altered" in {notice.kind for notice in again.notices}
    except VaultDamaged:
        pass  # the old page did not fit the others


def test_pages_read_again_and_pages_read_all_give_the_same(tmp_path: Path) -> None:
    file = tmp_path / "pages"
    chance = random.Random(5)
    file.write_bytes(chance.randbytes(9 * PAGE))
    tags = PageTags(file)
    assert tags.read() == fingerprint(file)
    data = bytearray(file.read_bytes())
    data[3 * PAGE - 64 : 3 * PAGE] = chance.randbytes(64)
    file.write_bytes(data + chance.randbytes(2 * PAGE))
    assert tags.renewed([3]) == fingerprint(file)
    file.write_bytes(data[: 4 * PAGE])
    assert tags.renewed([]) == fingerprint(file)
