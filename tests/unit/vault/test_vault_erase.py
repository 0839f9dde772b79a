"""Erased means erased: proven on decrypted pages, with the word found before."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from assistant.errors import NoSuchItem, VaultBusy
from assistant.vault.erase import erase_backups, erase_vault
from assistant.vault.facade import Vault, vault_exists
from assistant.vault.records import (
    Embedding,
    Erased,
    FeedbackKind,
    ItemKind,
    PreferenceSource,
    ProfileValue,
    Span,
    UsedItem,
)
from tests.vault_world import NOON, create, database_of, plain_pages, reopen, say

# Neither stems nor prefixes of anything else; FTS5 stores terms without the letters
# they share with the term before, so the ends of the words are searched for.
WORD, TAIL = "quixwyrmbolt", b"wyrmbolt"
VECTOR = struct.pack("<8f", *(0.1234567 * number for number in range(1, 9)))


def traces(vault: Vault, folder: Path, needle: bytes) -> int:
    """How many decrypted pages of the database hold the bytes; nothing else may exist."""
    key = vault._session.keys.database
    pages = sum(needle in page for page in plain_pages(database_of(folder), key))
    assert not database_of(folder).with_name(database_of(folder).name + "-journal").exists()
    return pages


def filled(folder: Path) -> tuple[Vault, dict[str, str]]:
    """A vault in which WORD and VECTOR are everywhere, among much else."""
    vault, _ = create(folder)

    def others(start: int) -> None:
        for number in range(start, start + 40):
            say(vault, f"other {number}", "something else " * 30)
            vault.preferences.add(f"other preference {number}")

    vault.atomically(lambda: others(0))
    turn = say(vault, f"about {WORD}", f"{WORD} is a word. " * 40)
    spoken = vault.feedback.add(turn.id, FeedbackKind.NOTE, f"more {WORD}")
    learned = vault.preferences.add(
        f"likes {WORD}", source=PreferenceSource.PROPOSED, provenance=spoken.id
    )
    vault.drafts.put(turn.conversation_id, f"draft of {WORD}")
    file = vault.attachments.add(
        turn.id, name=f"{WORD}.txt", kind="text", size=9, sha256="0" * 64,
        text=f"a file on {WORD}. " * 20, spans=[Span(0, 200, 1, 1), Span(150, 300, 1, 1)],
    )  # fmt: skip
    parts = vault.attachments.chunks([file.id])
    vault.embeddings.put(
        Embedding(kind, item, "m", VECTOR)
        for kind, item in (
            (ItemKind.TURN, turn.id),
            (ItemKind.FEEDBACK, spoken.id),
            (ItemKind.PREFERENCE, learned.id),
            *((ItemKind.CHUNK, part.id) for part in parts),
        )
    )
    vault.atomically(lambda: others(40))
    return vault, {
        "turn": turn.id, "feedback": spoken.id, "learned": learned.id,
        "chat": turn.conversation_id, "file": file.id, "one": parts[0].id, "two": parts[1].id,
    }  # fmt: skip


def test_an_erased_conversation_leaves_no_trace_in_any_page(tmp_path: Path) -> None:
    vault, ids = filled(tmp_path)
    with vault:
        assert traces(vault, tmp_path, TAIL) > 3
        assert traces(vault, tmp_path, VECTOR) > 0
        erased = vault.erase.conversation(ids["chat"])
        assert traces(vault, tmp_path, TAIL) == 0
        assert traces(vault, tmp_path, VECTOR) == 0
        assert set(erased.items) == {
            (ItemKind.TURN, ids["turn"]),
            (ItemKind.FEEDBACK, ids["feedback"]),
            (ItemKind.PREFERENCE, ids["learned"]),
            (ItemKind.ATTACHMENT, ids["file"]),
            (ItemKind.CHUNK, ids["one"]),
            (ItemKind.CHUNK, ids["two"]),
        }
        assert erased.conversations == (ids["chat"],)
        assert vault.turns.count() == 80
        vault.verify()


def test_an_erased_turn_takes_what_was_inferred_from_it_along(tmp_path: Path) -> None:
    vault, ids = filled(tmp_path)
    with vault:
        vault.drafts.put(ids["chat"], "")
        vault.erase.item(ItemKind.TURN, ids["turn"])
        assert traces(vault, tmp_path, TAIL) == 0
        with pytest.raises(NoSuchItem):
            vault.preferences.get(ids["learned"])
        assert vault.conversations.get(ids["chat"]).id == ids["chat"]


def test_an_erased_preference_is_gone_from_rows_index_and_free_pages(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        vault.atomically(
            lambda: [vault.preferences.add(f"like number {n} " + "x" * 50) for n in range(300)]
        )
        preference = vault.preferences.add(f"never {WORD}")
        assert traces(vault, tmp_path, TAIL) >= 2
        vault.erase.item(ItemKind.PREFERENCE, preference.id)
        assert traces(vault, tmp_path, TAIL) == 0
        assert vault.search.preferences(WORD, 5) == ()
        assert len(vault.search.preferences("number", 500)) == 300


def test_an_erased_file_is_gone_from_every_page_and_its_turn_stays(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        turn = say(vault, "What is in it?", "Nothing much.")
        for number in range(40):
            other = " ".join(f"{number} something else" for _ in range(60))
            vault.attachments.add(
                turn.id, name="o", kind="text", size=1, sha256="0", text=other,
                spans=[Span(0, len(other), 1, 1)],
            )  # fmt: skip
        text = f"about {WORD} " * 90
        file = vault.attachments.add(
            turn.id, name=f"{WORD}.pdf", kind="pdf", size=1, sha256="0", text=text,
            spans=[Span(0, 700, 1, 1), Span(600, len(text), 1, 2)],
        )  # fmt: skip
        parts = vault.attachments.chunks([file.id])
        vault.embeddings.put(Embedding(ItemKind.CHUNK, part.id, "m", VECTOR) for part in parts)
        assert traces(vault, tmp_path, TAIL) >= 3
        assert traces(vault, tmp_path, VECTOR) > 0
        vault.erase.item(ItemKind.ATTACHMENT, file.id)
        assert traces(vault, tmp_path, TAIL) == 0
        assert traces(vault, tmp_path, VECTOR) == 0
        assert vault.search.history(WORD) == ()
        assert len(vault.attachments.of_conversation(turn.conversation_id)) == 40
        vault.verify()


def test_secure_delete_alone_would_not_do(tmp_path: Path) -> None:
    """Why VACUUM follows: this is what a plain DELETE and FTS5's default leave."""
    vault, _ = create(tmp_path)
    with vault:
        off = "INSERT INTO preferences_text(preferences_text, rank) VALUES ('secure-delete', 0)"
        vault._store.write(lambda db: db.change(off))
        vault.preferences.add(f"never {WORD}")
        vault._store.write(lambda db: db.change("DELETE FROM preferences"))
        vault._store.exclusively(lambda db: db.rows("VACUUM"))
        assert traces(vault, tmp_path, TAIL) > 0


def test_what_was_learned_from_a_conversation_goes_and_the_conversation_stays(
    tmp_path: Path,
) -> None:
    vault, ids = filled(tmp_path)
    with vault:
        vault.erase.learned_from(ids["chat"])
        assert vault.turns.get(ids["turn"]).id == ids["turn"]
        assert vault.feedback.list() == ()
        assert traces(vault, tmp_path, b"likes " + WORD.encode()) == 0
        left = [each.kind for each in vault.embeddings.all("m")]
        assert left == [ItemKind.TURN, ItemKind.CHUNK, ItemKind.CHUNK]


def test_everything_learned_goes_and_what_was_stated_or_locked_stays(tmp_path: Path) -> None:
    vault, ids = filled(tmp_path)
    with vault:
        vault.profile.put(ProfileValue("length", 0.1, False))
        vault.profile.put(ProfileValue("tone", 0.2, True))
        vault.settings.put("learned.profile", f"weights of {WORD}")
        vault.settings.put("idle", "10")
        vault.erase.everything_learned()
        assert vault.feedback.list(with_undone=True) == ()
        assert len(vault.preferences.list()) == 80
        assert [value.dimension for value in vault.profile.list()] == ["tone"]
        assert vault.settings.all() == {"idle": "10"}
        assert vault.turns.get(ids["turn"]).id == ids["turn"]


def test_a_retention_bound_erases_what_was_last_used_before_it(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        old = say(vault, f"about {WORD}", "yes")
        later = NOON + timedelta(days=31)
        assert vault.erase.older_than(NOON) == Erased()
        erased = vault.erase.older_than(later)
        assert erased.conversations == (old.conversation_id,)
        assert traces(vault, tmp_path, TAIL) == 0


def test_what_used_an_erased_item_keeps_its_id_and_no_text(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        preference = vault.preferences.add(f"never {WORD}")
        used = [UsedItem(ItemKind.PREFERENCE, preference.id, 0.5)]
        turn = say(vault, "q", "a", used=used)
        vault.erase.item(ItemKind.PREFERENCE, preference.id)
        assert [item.item_id for item in vault.turns.used(turn.id)] == [preference.id]
        assert traces(vault, tmp_path, TAIL) == 0


def test_turns_after_an_erased_one_hang_on_the_one_before(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        chat = vault.conversations.start().id
        first = vault.turns.begin(chat, "1")
        second = vault.turns.begin(chat, "2", parent_id=first.id)
        third = vault.turns.begin(chat, "3", parent_id=second.id)
        vault.erase.items(ItemKind.TURN, [second.id, "gone"])
        assert vault.turns.get(third.id).parent_id == first.id


def test_an_erasure_survives_reopening_and_is_no_false_alarm(tmp_path: Path) -> None:
    vault, ids = filled(tmp_path)
    vault.erase.conversation(ids["chat"])
    vault.close()
    with reopen(tmp_path) as again:
        assert again.notices == ()
        assert traces(again, tmp_path, TAIL) == 0


def test_backups_are_offered_for_removal_and_only_ours_are_removed(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    with vault:
        vault.back_up(tmp_path / "one")
        vault.back_up(tmp_path / "two")
        (tmp_path / "two").write_bytes(b"somebody's letter")
        assert vault.erase.backups() == (tmp_path / "one",)
        erase_backups([tmp_path / "one", tmp_path / "two"])
    assert not (tmp_path / "one").exists()
    assert (tmp_path / "two").read_bytes() == b"somebody's letter"


def test_an_erased_vault_is_gone_with_its_keys(tmp_path: Path) -> None:
    folder = tmp_path / "vault"
    vault, _ = create(folder)
    with pytest.raises(VaultBusy):
        erase_vault(folder)
    vault.close()
    erase_vault(folder)
    assert not vault_exists(folder)
    assert list(folder.iterdir()) == []
    erase_vault(tmp_path / "nothing")
    create(folder)[0].close()


@pytest.mark.parametrize(
    "erase",
    [
        lambda vault: vault.erase.item(ItemKind.PREFERENCE, "x"),
        lambda vault: vault.erase.conversation("x"),
    ],
)
def test_erasing_what_is_not_there_changes_nothing(
    tmp_path: Path, erase: Callable[[Vault], object]
) -> None:
    vault, _ = create(tmp_path)
    with vault:
        before = vault._store.commit_number()
        with pytest.raises(NoSuchItem):
            erase(vault)
        assert vault._store.commit_number() == before
