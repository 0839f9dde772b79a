"""Altered bytes, swapped, truncated and older files: never rows that silently vanish."""

from __future__ import annotations

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from assistant.errors import AssistantError, VaultDamaged, VaultError
from assistant.vault import journal
from assistant.vault.database import connect
from assistant.vault.facade import Vault
from assistant.vault.files import Disk
from assistant.vault.pages import PAGE
from assistant.vault.records import FeedbackKind
from tests.conftest import Progress
from tests.vault_world import create, database_of, reopen, say

_MAGIC = bytes.fromhex("d9d505f920a163d7")


def content(vault: Vault) -> tuple[object, ...]:
    """Everything a person would miss."""
    return (
        vault.conversations.list(),
        tuple(vault.turns.all()),
        vault.preferences.list(),
        vault.feedback.list(),
        vault.settings.all(),
        vault.search.turns("zebra", 10),
        vault.search.preferences("lists", 10),
        vault.decision_log.verify(),
    )


@dataclass(frozen=True, slots=True)
class Template:
    """A small vault's files, and what must be read from them."""

    files: dict[str, bytes]
    expected: tuple[object, ...]

    def lay_out(self, folder: Path) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, mode=0o700)
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        return folder


def _files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock"}


def _fill(vault: Vault) -> None:
    turn = say(vault, "What is a zebra?", "A striped animal.")
    vault.preferences.add("I like short lists")
    vault.feedback.add(turn.id, FeedbackKind.UP)
    vault.settings.put("a", "b")
    vault.decision_log.append(rule="r", tier="user", issuer="i", where="input", effect="warn")


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A vault that was closed in peace."""
    folder = tmp_path_factory.mktemp("quiet")
    vault, _ = create(folder)
    with vault:
        _fill(vault)
        expected = content(vault)
    return Template(_files(folder), expected)


@pytest.fixture(scope="module")
def hot(tmp_path_factory: pytest.TempPathFactory, quiet: Template) -> Template:
    """The same, killed when half of a next commit's pages had reached the file.

    SQLite's persistent journal keeps the records of a finished commit and only zeroes
    the header; putting the header back and half of the old pages gives the files of a
    kill at that moment.
    """
    folder = quiet.lay_out(tmp_path_factory.mktemp("hot") / "vault")
    before = database_of(folder).read_bytes()
    vault = reopen(folder)
    store = vault._store
    store.read(lambda db: db.rows("PRAGMA journal_mode = PERSIST"))
    marks = (folder / database_of(folder).with_suffix(".commits").name).read_bytes()
    vault.preferences.add("never acknowledged " + "word " * 500)
    vault.close()
    path = journal.journal_of(database_of(folder))
    records = list(journal.records(path))
    data = bytearray(path.read_bytes())
    last = int.from_bytes(data[512 + PAGE + 4 : 512 + PAGE + 8], "big")
    first_page = records[0][1]
    nonce = (last - sum(first_page[PAGE - 200 : 0 : -200])) & 0xFFFFFFFF
    head = [len(records), nonce, len(before) // PAGE, 512, PAGE]
    data[:28] = _MAGIC + b"".join(number.to_bytes(4, "big") for number in head)
    after = bytearray(database_of(folder).read_bytes())
    for number in sorted({number for number, _ in records})[1::2]:
        after[(number - 1) * PAGE : number * PAGE] = before[(number - 1) * PAGE : number * PAGE]
    files = _files(folder) | {
        path.name: bytes(data),
        database_of(folder).name: bytes(after),
        database_of(folder).with_suffix(".commits").name: marks,
    }
    return Template(files, quiet.expected)


def outcome(folder: Path, expected: tuple[object, ...]) -> str:
    """``refused``, ``told`` or ``same``; anything else fails."""
    try:
        with reopen(folder) as vault:
            found = content(vault)
            notices = vault.notices
    except VaultError:
        return "refused"
    if found == expected:
        return "told" if notices else "same"
    assert any(notice.kind in {"lost", "altered", "forked"} for notice in notices), "silent loss"
    return "told"


def test_the_untouched_templates_open_complete(
    tmp_path: Path, quiet: Template, hot: Template
) -> None:
    assert outcome(quiet.lay_out(tmp_path / "vault"), quiet.expected) == "same"
    assert outcome(hot.lay_out(tmp_path / "vault"), hot.expected) == "same"


def _places(template: Template) -> list[tuple[str, int]]:
    return [
        (name, offset)
        for name, data in sorted(template.files.items())
        for offset in range(len(data))
    ]


@pytest.mark.full(
    name="vault-flips",
    small=120,
    full=65536,
    covers=(
        "assistant/vault/commits.py",
        "assistant/vault/database.py",
        "assistant/vault/facade.py",
        "assistant/vault/files.py",
        "assistant/vault/header.py",
        "assistant/vault/journal.py",
        "assistant/vault/pending.py",
        "assistant/vault/session.py",
        "assistant/vault/store.py",
        "assistant/vault/unlock.py",
    ),
)
def test_a_flipped_bit_anywhere_is_refused_told_or_harmless(
    tmp_path: Path, quiet: Template, hot: Template, size: int, seed: int, progress: Progress
) -> None:
    """Small files byte for byte; of the database evenly spread bytes, up to ``size``."""
    dice = random.Random(seed)
    cases: list[tuple[Template, str, int]] = []
    for template in (quiet, hot):
        places = _places(template)
        small = [place for place in places if not place[0].endswith(".db")]
        large = [place for place in places if place[0].endswith(".db")]
        share = size // 2
        chosen = small if len(small) <= share else dice.sample(small, share * 2 // 3)
        left = share - len(chosen)
        chosen = chosen + dice.sample(large, min(left, len(large)))
        cases += [(template, name, offset) for name, offset in chosen]
    counts = {"refused": 0, "told": 0, "same": 0}
    for case, (template, name, offset) in enumerate(cases):
        bit = 1 << dice.randrange(8)
        if progress.done(case):
            continue
        folder = template.lay_out(tmp_path / "vault")
        data = bytearray(template.files[name])
        data[offset] ^= bit
        (folder / name).write_bytes(data)
        counts[outcome(folder, template.expected)] += 1
        progress.mark(case)
    print(counts)
    assert progress.finished >= set(range(len(cases)))
    assert counts["refused"] + counts["told"] > 0 or size == 0 or progress.path is not None


@pytest.mark.parametrize("length", [0, 1, 511, 512, 513, 4096, -4104, -1])
def test_a_truncated_hot_journal_is_never_silent(
    tmp_path: Path, hot: Template, length: int
) -> None:
    folder = hot.lay_out(tmp_path / "vault")
    path = journal.journal_of(database_of(folder))
    path.write_bytes(path.read_bytes()[:length] if length else b"")
    assert outcome(folder, hot.expected) == "refused"


@pytest.mark.parametrize("offset", range(28))
def test_every_byte_of_a_hot_journals_header_is_held_against_the_rest(
    tmp_path: Path, hot: Template, offset: int
) -> None:
    folder = hot.lay_out(tmp_path / "vault")
    path = journal.journal_of(database_of(folder))
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x08
    path.write_bytes(data)
    assert outcome(folder, hot.expected) == "refused"
    assert database_of(folder).read_bytes() == hot.files[database_of(folder).name]


def test_a_database_of_absurd_size_is_refused(tmp_path: Path, quiet: Template) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    os.truncate(database_of(folder), 1 << 40)
    assert outcome(folder, quiet.expected) == "refused"


def test_a_removed_hot_journal_is_never_silent(tmp_path: Path, hot: Template) -> None:
    folder = hot.lay_out(tmp_path / "vault")
    journal.journal_of(database_of(folder)).unlink()
    assert outcome(folder, hot.expected) == "refused"


def test_a_commit_without_its_journal_and_note_is_told(tmp_path: Path, hot: Template) -> None:
    folder = hot.lay_out(tmp_path / "vault")
    journal.journal_of(database_of(folder)).unlink()
    database_of(folder).with_suffix(".pending").unlink()
    try:
        with reopen(folder) as vault:
            kinds = {notice.kind for notice in vault.notices}
        assert kinds & {"interrupted", "altered"}
    except VaultDamaged:
        pass


@pytest.mark.parametrize("suffix", [".db", ".commits"])
@pytest.mark.parametrize("length", [0, 100, 600, -1, -4096])
def test_a_truncated_file_is_refused_or_told(
    tmp_path: Path, quiet: Template, suffix: str, length: int
) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    path = database_of(folder).with_suffix(suffix)
    path.write_bytes(path.read_bytes()[:length])
    assert outcome(folder, quiet.expected) in {"refused", "told"}


def test_bytes_appended_to_the_database_are_told(tmp_path: Path, quiet: Template) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    with database_of(folder).open("ab") as file:
        file.write(bytes(PAGE))
    assert outcome(folder, quiet.expected) in {"refused", "told"}


def test_an_older_database_put_back_is_told_with_the_number_of_lost_changes(
    tmp_path: Path, quiet: Template
) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    with reopen(folder) as vault:
        for number in range(3):
            vault.preferences.add(f"later {number}")
    database_of(folder).write_bytes(quiet.files[database_of(folder).name])
    with reopen(folder) as vault:
        assert [(notice.kind, notice.lost) for notice in vault.notices] == [("lost", 3)]
    with reopen(folder) as vault:
        assert [notice.kind for notice in vault.notices] == ["lost"], "kept until acknowledged"
        vault.acknowledge_notices()
        vault.preferences.add("goes on")
    with reopen(folder) as vault:
        assert vault.notices == ()


class DyingDisk(Disk):
    """The process dies before the commit file is replaced."""

    def rename(self, source: Path, target: Path) -> None:
        if target.suffix == ".commits":
            raise KeyboardInterrupt
        super().rename(source, target)


def test_a_kill_while_a_loss_is_accepted_leaves_it_told(tmp_path: Path, quiet: Template) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    with reopen(folder) as vault:
        vault.preferences.add("later")
    database_of(folder).write_bytes(quiet.files[database_of(folder).name])
    with pytest.raises(KeyboardInterrupt):
        reopen(folder, disk=DyingDisk())
    with reopen(folder) as vault:
        assert "lost" in {notice.kind for notice in vault.notices}


def test_an_older_database_put_back_and_used_is_told(tmp_path: Path, quiet: Template) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    with reopen(folder) as vault:
        vault.preferences.add("later")
    name = database_of(folder).with_suffix(".commits").name
    newest = (folder / name).read_bytes()
    elsewhere = quiet.lay_out(tmp_path / "elsewhere")
    with reopen(elsewhere) as vault:
        vault.preferences.add("another")
    database_of(folder).write_bytes(database_of(elsewhere).read_bytes())
    (folder / name).write_bytes(newest)
    with reopen(folder) as vault:
        assert [notice.kind for notice in vault.notices] == ["forked"]


def test_a_single_page_put_back_from_an_older_copy_is_never_silent(
    tmp_path: Path, quiet: Template
) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    with reopen(folder) as vault:
        vault.preferences.add("later")
        expected = content(vault)
    new = database_of(folder).read_bytes()
    old = quiet.files[database_of(folder).name]
    changed = 0
    for start in range(0, min(len(old), len(new)), PAGE):
        if old[start : start + PAGE] == new[start : start + PAGE]:
            continue
        changed += 1
        data = new[:start] + old[start : start + PAGE] + new[start + PAGE :]
        database_of(folder).write_bytes(data)
        snapshot = _files(folder)
        assert outcome(folder, expected) in {"refused", "told"}
        Template(snapshot, ()).lay_out(folder)
    assert changed > 3


def test_a_missing_commit_file_is_told(tmp_path: Path, quiet: Template) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    database_of(folder).with_suffix(".commits").unlink()
    with reopen(folder) as vault:
        assert [notice.kind for notice in vault.notices] == ["unmarked"]
        assert content(vault) == quiet.expected


def test_a_plain_database_in_its_place_is_refused(tmp_path: Path, quiet: Template) -> None:
    import sqlite3

    folder = quiet.lay_out(tmp_path / "vault")
    path = database_of(folder)
    path.unlink()
    plain = sqlite3.connect(path)
    plain.execute("CREATE TABLE turns(x)")
    plain.close()
    with pytest.raises(VaultDamaged):
        reopen(folder)


def test_another_vaults_database_is_refused(tmp_path: Path, quiet: Template) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    create(tmp_path / "other")[0].close()
    database_of(folder).write_bytes(database_of(tmp_path / "other").read_bytes())
    with pytest.raises(VaultDamaged):
        reopen(folder)


def test_a_missing_database_is_refused_and_nothing_is_made_in_its_place(
    tmp_path: Path, quiet: Template
) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    path = database_of(folder)
    path.unlink()
    with pytest.raises(VaultDamaged):
        reopen(folder)
    assert not path.exists()


def test_the_connection_refuses_another_key(tmp_path: Path, quiet: Template) -> None:
    folder = quiet.lay_out(tmp_path / "vault")
    with pytest.raises(AssistantError):
        connect(database_of(folder), bytes(32))
