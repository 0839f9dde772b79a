"""What is kept: conversations, turns, preferences, feedback, vectors, settings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from assistant.errors import NoSuchItem, UsageError, VaultDamaged, VaultLocked
from assistant.vault.facade import Vault
from assistant.vault.records import (
    Embedding,
    FeedbackKind,
    ItemKind,
    PreferenceSource,
    PreferenceState,
    ProfileValue,
    Scope,
    TurnOutcome,
    TurnStatus,
    UsedItem,
)
from tests.vault_world import NOON, create, database_of, reopen, say


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    found, _ = create(tmp_path / "vault")
    yield found
    found.close()


def test_an_answer_is_saved_as_it_goes_and_a_crash_leaves_it_interrupted(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    chat = vault.conversations.start("Rain")
    turn = vault.turns.begin(chat.id, "Will it rain?", seed=7, model_id="m", sampling='{"top_k":1}')
    vault.turns.append_answer(turn.id, "It will. ")
    vault.turns.append_answer(turn.id, "Take a coat.")
    vault.close()
    with reopen(tmp_path) as again:
        found = again.turns.get(turn.id)
        assert (found.answer, found.status) == ("It will. Take a coat.", TurnStatus.INTERRUPTED)
        assert (found.seed, found.model_id, found.sampling) == (7, "m", '{"top_k":1}')
        assert [hit.item_id for hit in again.search.turns("coat", 3)] == [turn.id]


def test_a_finished_turn_keeps_its_figures_and_what_it_used(vault: Vault) -> None:
    turn = vault.turns.begin(vault.conversations.start().id, "Why?")
    outcome = TurnOutcome(
        TurnStatus.REFUSED, 12, 0.1, 0.2, 90.5, "block", "r1", "national", "Norway", "safety", "{}"
    )
    used = [UsedItem(ItemKind.PREFERENCE, "abc", 0.5), UsedItem(ItemKind.TURN, "def", 0.25)]
    vault.turns.finish(turn.id, outcome, used=used)
    found = vault.turns.get(turn.id)
    assert (found.status, found.effect, found.tier, found.tokens_per_s) == (
        TurnStatus.REFUSED,
        "block",
        "national",
        90.5,
    )
    assert vault.turns.used(turn.id) == tuple(used)


def test_turns_keep_their_order_and_their_conversation(vault: Vault) -> None:
    first, second = vault.conversations.start("one"), vault.conversations.start("two")
    ids = [vault.turns.begin(first.id, str(number)).id for number in range(5)]
    vault.turns.begin(second.id, "other")
    assert [turn.id for turn in vault.turns.list(first.id)] == ids
    assert [turn.position for turn in vault.turns.list(first.id)] == [0, 1, 2, 3, 4]
    assert vault.turns.count() == 6
    assert [turn.id for turn in vault.turns.all()][:5] == ids
    assert set(vault.turns.many([*ids, "nothing"])) == set(ids)
    latest = vault.turns.latest()
    assert latest is not None
    assert latest.question == "other"


def test_turns_around_are_finished_ones_of_the_same_conversation(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")
    chat = vault.conversations.start("A talk").id
    a, b, c, d = (say(vault, f"Question {n}", "Answer", chat) for n in range(4))
    vault.turns.begin(chat, "Still open")
    say(vault, "Elsewhere", "Answer")
    assert set(vault.turns.around([b.id], 1)) == {(b.id, a.id, -1), (b.id, c.id, 1)}
    assert set(vault.turns.around([d.id], 2)) == {(d.id, b.id, -2), (d.id, c.id, -1)}
    assert vault.turns.around(["nothing"], 2) == ()
    vault.close()


def test_ids_that_name_nothing_are_told(vault: Vault) -> None:
    for call in (
        lambda: vault.turns.get("x"),
        lambda: vault.turns.append_answer("x", "y"),
        lambda: vault.turns.begin("x", "y"),
        lambda: vault.preferences.get("x"),
        lambda: vault.preferences.reword("x", "y"),
        lambda: vault.feedback.add("x", FeedbackKind.UP),
        lambda: vault.feedback.undo("x"),
        lambda: vault.conversations.rename("x", "y"),
        lambda: vault.erase.item(ItemKind.TURN, "x"),
        lambda: vault.erase.conversation("x"),
    ):
        with pytest.raises(NoSuchItem):
            call()


def test_nothing_is_appended_to_a_closed_turn(vault: Vault) -> None:
    turn = say(vault, "q", "a")
    with pytest.raises(NoSuchItem):
        vault.turns.append_answer(turn.id, "more")


def test_conversations_are_listed_by_last_use_with_pinned_ones_on_top(vault: Vault) -> None:
    names = ["one", "two", "three"]
    found = {name: vault.conversations.start(name, folder="work") for name in names}
    vault.conversations.pin(found["one"].id, True)
    vault.conversations.rename(found["two"].id, "zwei")
    vault.conversations.move(found["two"].id, "home")
    assert [each.title for each in vault.conversations.list()] == ["one", "three", "zwei"]
    assert [each.title for each in vault.conversations.list(folder="work")] == ["one", "three"]
    latest = vault.conversations.latest()
    assert latest is not None
    assert latest.title == "three"


def test_preferences_carry_scope_source_state_and_use(vault: Vault) -> None:
    expires = NOON + timedelta(days=1)
    added = vault.preferences.add(
        "Metric units",
        scope=Scope.PROJECT,
        scope_ref="bridge",
        source=PreferenceSource.EDIT,
        provenance="turn1",
        state=PreferenceState.PROPOSED,
        domain="units",
        expires=expires,
    )
    assert vault.preferences.get(added.id) == added
    vault.preferences.set_state(added.id, PreferenceState.ACTIVE)
    vault.preferences.set_scope(added.id, Scope.ALWAYS)
    vault.preferences.set_domain(added.id, "measure")
    vault.preferences.set_expiry(added.id, None)
    vault.preferences.count_use([added.id, "gone"])
    (found,) = vault.preferences.list(state=PreferenceState.ACTIVE)
    assert (found.scope, found.scope_ref, found.domain, found.expires, found.uses) == (
        Scope.ALWAYS,
        "",
        "measure",
        None,
        1,
    )
    assert vault.preferences.list(state=PreferenceState.PROPOSED) == ()


def test_a_reworded_preference_loses_the_vector_and_the_words_of_its_old_text(vault: Vault) -> None:
    preference = vault.preferences.add("prefers tables")
    vault.embeddings.put([Embedding(ItemKind.PREFERENCE, preference.id, "m", bytes(8))])
    vault.preferences.reword(preference.id, "prefers prose")
    assert list(vault.embeddings.all("m")) == []
    assert vault.search.preferences("tables", 5) == ()
    assert vault.embeddings.missing(ItemKind.PREFERENCE, "m", 5) == (preference.id,)


def test_feedback_is_kept_with_reasons_and_can_be_undone(vault: Vault) -> None:
    turn = say(vault, "q", "a")
    up = vault.feedback.add(turn.id, FeedbackKind.SCORE, "80", ("fluency", "values"))
    assert vault.feedback.get(up.id) == up
    vault.feedback.undo(up.id)
    assert vault.feedback.list() == ()
    assert vault.feedback.list(with_undone=True)[0].undone
    vault.feedback.undo(up.id, undone=False)
    assert vault.feedback.list(turn_id=turn.id) == (up,)


def test_vectors_come_back_byte_for_byte_in_pages(vault: Vault) -> None:
    vectors = [
        Embedding(ItemKind.TURN, f"{number:04}", "m", number.to_bytes(8, "little"))
        for number in range(1500)
    ]
    vault.embeddings.put(vectors)
    vault.embeddings.put([Embedding(ItemKind.TURN, "0000", "other", bytes(8))])
    assert vault.embeddings.of_kind(ItemKind.TURN, "other") == (
        Embedding(ItemKind.TURN, "0000", "other", bytes(8)),
    )
    assert vault.embeddings.of_kind(ItemKind.PREFERENCE, "other") == ()
    assert list(vault.embeddings.all("m")) == vectors
    assert vault.embeddings.forget_other_models("m") == 1
    assert list(vault.embeddings.all("other")) == []


def test_settings_drafts_and_profile_values_are_replaced_and_removed(vault: Vault) -> None:
    vault.settings.put("idle", "10")
    vault.settings.put("idle", "5")
    assert vault.settings.get("idle") == "5"
    assert vault.settings.all() == {"idle": "5"}
    vault.settings.delete("idle")
    assert vault.settings.get("idle") is None
    chat = vault.conversations.start().id
    vault.drafts.put(chat, "half a sent")
    assert vault.drafts.get(chat) == "half a sent"
    vault.drafts.put(chat, "")
    assert vault.drafts.get(chat) == ""
    vault.profile.put(ProfileValue("length", -0.5, False))
    vault.profile.put(ProfileValue("length", 0.5, True))
    assert vault.profile.list() == (ProfileValue("length", 0.5, True),)
    vault.profile.delete("length")
    assert vault.profile.list() == ()


def test_the_clock_mark_only_rises(vault: Vault) -> None:
    assert vault.policy_state.read().clock is None
    vault.policy_state.advance_clock(NOON)
    vault.policy_state.advance_clock(NOON - timedelta(days=400))
    vault.policy_state.put_floors('{"a": 1}')
    memory = vault.policy_state.read()
    assert (memory.clock, memory.floors) == (NOON, '{"a": 1}')


def test_an_altered_decision_log_breaks_its_chain(vault: Vault) -> None:
    for rule in ("a", "b", "c"):
        vault.decision_log.append(
            rule=rule, tier="user", issuer="me", where="input", effect="warn", score=0.5
        )
    assert [entry.rule for entry in vault.decision_log.list(limit=2)] == ["b", "c"]
    assert vault.decision_log.verify() == 3
    vault._store.write(lambda db: db.change("DELETE FROM decision_log WHERE seq = 2"))
    with pytest.raises(VaultDamaged):
        vault.decision_log.verify()


def test_several_writes_are_one_commit_or_none(vault: Vault) -> None:
    before = vault._store.commit_number()[0]

    def work() -> None:
        vault.preferences.add("one")
        vault.preferences.add("two")
        vault.preferences.get("x")

    with pytest.raises(NoSuchItem):
        vault.atomically(work)
    assert vault.preferences.list() == ()
    vault.atomically(lambda: [vault.preferences.add(text) for text in ("one", "two")])
    assert vault._store.commit_number()[0] == before + 1
    assert len(vault.preferences.list()) == 2


def test_any_thread_may_call_and_gets_its_own_result(vault: Vault) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                added = vault.preferences.add(f"{number} {turn}")
                assert vault.preferences.get(added.id).text == f"{number} {turn}"
        except BaseException as error:  # noqa: BLE001 - handed to the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(vault.preferences.list()) == 30


def test_a_closed_vault_answers_locked_and_closing_twice_is_fine(vault: Vault) -> None:
    vault.close()
    vault.close()
    with pytest.raises(VaultLocked):
        vault.turns.latest()


def test_text_that_is_not_unicode_is_a_usage_error(vault: Vault) -> None:
    with pytest.raises(UsageError):
        vault.preferences.add("half a pair \ud800")
    assert vault.preferences.list() == ()


def test_verifying_changes_no_byte(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        say(vault, "q", "a")
        before = database_of(tmp_path).read_bytes()
        vault.verify()
        assert database_of(tmp_path).read_bytes() == before
    with reopen(tmp_path) as again:
        assert again.notices == ()


def test_a_database_whose_key_file_is_missing_is_set_aside_and_not_removed(tmp_path: Path) -> None:
    vault, _ = create(tmp_path)
    with vault:
        say(vault, "q", "word " * 5000)
    (tmp_path / "header").rename(tmp_path / "header.kept")
    lost = database_of(tmp_path).read_bytes()
    with create(tmp_path)[0] as new:
        assert [notice.kind for notice in new.notices] == ["orphan"]
    reopen(tmp_path).close()
    (orphan,) = tmp_path.glob("orphan-*.db")
    assert orphan.read_bytes() == lost


def test_what_an_interrupted_creation_left_is_removed(tmp_path: Path) -> None:
    create(tmp_path)[0].close()
    (tmp_path / "header").unlink()
    with create(tmp_path)[0] as new:
        assert new.notices == ()
    reopen(tmp_path).close()
    assert len(list(tmp_path.glob("*.db"))) == 1
