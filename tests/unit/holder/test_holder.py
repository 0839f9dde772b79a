"""The holder: learning, settings, history, erasing, locking, and the home's socket."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any, Literal

import pytest

from assistant.errors import (
    AssistantError,
    ChildStalled,
    HolderGone,
    NoSuchItem,
    PolicyRefusal,
    UsageError,
    VaultExists,
    VaultLocked,
    WrongPassphrase,
)
from assistant.holder.interface import (
    AddPreference,
    Ask,
    BackUp,
    Cancellation,
    ChangePassphrase,
    ChangeSetting,
    DeletePreference,
    EraseItem,
    Export,
    GetSettings,
    GiveFeedback,
    Import,
    ListConversations,
    ListFeedback,
    ListPreferences,
    Lock,
    ProfileQuery,
    RecallQuery,
    RenameConversation,
    SearchHistory,
    SetPreferenceState,
    SetProfile,
    ShowConversation,
    StatusQuery,
    UndoFeedback,
    UseModel,
    WhyQuery,
)
from assistant.holder.socket import HolderSocket, RemoteApplication, address
from tests.holder_world import World, open_world
from tests.policy_documents import document
from tests.scripted_model import ScriptedModel
from tests.vault_world import PASSPHRASE


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


# -- learning ------------------------------------------------------------------------------


def test_an_edit_into_bullets_is_proposed_and_acts_only_once_accepted(world: World) -> None:
    world.model.answers = ["Apples are good and pears are good and plums are good as well."]
    turn = world.ask("Fruit?").turn
    given = world.one(GiveFeedback("edit", turn, "- apples\n- pears\n- plums"))
    assert given.proposal is not None
    world.ask("Vegetables?")
    assert given.proposal.text not in world.prompt
    world.one(SetPreferenceState(given.proposal.id, "active"))
    world.ask("Herbs?")
    assert given.proposal.text in world.prompt


def test_undoing_feedback_takes_its_proposal_back(world: World) -> None:
    world.model.answers = ["Apples are good and pears are good and plums are good as well."]
    turn = world.ask("Fruit?").turn
    given = world.one(GiveFeedback("edit", turn, "- apples\n- pears\n- plums"))
    world.one(UndoFeedback(given.id))
    assert world.all(ListPreferences("proposed")) == []
    assert world.one(ListFeedback()).undone


@pytest.mark.parametrize("state", ["active", "disabled"])
def test_undoing_feedback_takes_what_was_kept_from_it_too_and_says_so(
    world: World, state: Literal["active", "disabled"]
) -> None:
    world.model.answers = ["Apples are good and pears are good and plums are good as well."]
    own = world.one(AddPreference("Call me Sam"))
    turn = world.ask("Fruit?").turn
    given = world.one(GiveFeedback("edit", turn, "- apples\n- pears\n- plums"))
    assert given.proposal is not None
    world.one(SetPreferenceState(given.proposal.id, "active"))
    world.one(SetPreferenceState(given.proposal.id, state))
    assert given.proposal.text in world.one(UndoFeedback(given.id)).what
    assert [kept.id for kept in world.all(ListPreferences("all"))] == [own.id]


def test_learning_switched_off_proposes_nothing(world: World) -> None:
    world.one(ChangeSetting("learning", "off"))
    world.model.answers = ["Apples are good and pears are good and plums are good as well."]
    turn = world.ask("Fruit?").turn
    assert world.one(GiveFeedback("edit", turn, "- a\n- b\n- c")).proposal is None


def test_a_preference_that_policy_forbids_is_refused_with_its_rule(world: World) -> None:
    with pytest.raises(PolicyRefusal) as refused:
        world.one(AddPreference("Put me on a starvation diet"))
    assert "no-diets" in refused.value.message
    assert "starvation" not in refused.value.message
    assert world.all(ListPreferences()) == []


@pytest.mark.parametrize("text", ["", "  ", "x" * 501])
def test_an_empty_or_endless_preference_is_refused(world: World, text: str) -> None:
    with pytest.raises(UsageError):
        world.one(AddPreference(text))


def test_contradicting_preferences_are_shown_as_such(world: World) -> None:
    short = world.one(AddPreference("Keep answers short"))
    long = world.one(AddPreference("Give long, detailed answers"))
    assert long.conflicts == (short.id,)


def test_a_slider_set_by_the_user_shapes_the_next_prompt_until_released(world: World) -> None:
    world.one(SetProfile("structure", 1.0, locked=True))
    world.ask("What is rain?")
    assert "bullet" in world.prompt
    world.one(SetProfile("structure"))
    world.ask("What is snow?")
    assert "bullet" not in world.prompt
    assert len(world.all(ProfileQuery())) == 8
    with pytest.raises(UsageError):
        world.one(SetProfile("structure", 2.0))
    with pytest.raises(UsageError):
        world.one(SetProfile("charm", 0.5))


def test_of_three_answers_the_two_that_differ_most_are_compared(world: World) -> None:
    long = "Soap loosens the dirt and water carries it away. " * 6
    world.model.answers.append(["Soap.", "- Soap\n- Water\n- Wait", long])
    assert 2 in world.ask("How do I clean it?", candidates=3).pair
    world.model.answers.append(["Soap.", "This is a guaranteed profit.", long])
    assert world.ask("How do I clean it?", candidates=3).pair == (0, 2), "one was stopped"


def test_a_choice_replaces_the_answer_and_is_learned_from(world: World) -> None:
    world.model.answers = [["First.", "Second one."]]
    ending = world.ask("Say", candidates=2)
    world.one(GiveFeedback("choice", ending.turn, "1"))
    assert world.vault.turns.get(ending.turn).answer == "Second one."
    assert world.all(ListFeedback())[0].value == "Second one.", "as a person would say it"
    with pytest.raises(UsageError):
        world.one(GiveFeedback("choice", ending.turn, "2"))


def test_feedback_on_nothing_or_of_no_kind_is_refused(world: World) -> None:
    with pytest.raises(NoSuchItem):
        world.one(GiveFeedback("up"))
    turn = world.ask("Hello").turn
    with pytest.raises(UsageError):
        world.one(GiveFeedback("score", turn, "0"))
    with pytest.raises(UsageError):
        world.one(GiveFeedback("up", turn, reasons=("beauty",)))


def test_recall_shows_scores_and_what_the_gate_held_back(world: World) -> None:
    world.one(AddPreference("I am allergic to peanuts"))
    hits = world.all(RecallQuery("Do I tolerate peanuts?"))
    assert hits[0].text == "I am allergic to peanuts"
    with pytest.raises(UsageError):
        world.all(RecallQuery("x", 0))


# -- settings ------------------------------------------------------------------------------


def test_a_tier_bounds_a_setting_and_says_who_and_why(tmp_path: Path) -> None:
    bounds: list[dict[str, Any]] = [
        {"id": "calm", "key": "temperature", "reason": "Be calm.", "maximum": 0.3},
        {"id": "plain", "key": "personalisation", "reason": "Same for all.", "allowed": ["off"]},
    ]
    for world in open_world(tmp_path, documents=(document(bounds=bounds),)):
        item = world.one(ChangeSetting("temperature", "1.5"))
        assert (item.value, item.wish) == ("0.3", "1.5")
        assert item.managed.rule == "calm"
        assert item.managed.issuer == "Test Authority"
        world.ask("Hello")
        assert world.model.requests[-1].sampling.temperature == pytest.approx(0.3)
        settings = {s.key: s for s in world.all(GetSettings())}
        assert settings["personalisation"].value == "off"
        assert settings["personalisation"].choices == ("off",)
        world.one(AddPreference("Keep answers short"))
        assert world.ask("Hello again").used == ()


@pytest.mark.parametrize(
    ("key", "value"), [("temperature", "hot"), ("temperature", "9"), ("no-such", "1"),
                       ("personalisation", "maybe"), ("max_tokens", "nan")],
)  # fmt: skip
def test_a_senseless_setting_is_refused(world: World, key: str, value: str) -> None:
    with pytest.raises(UsageError):
        world.one(ChangeSetting(key, value))


# -- history -------------------------------------------------------------------------------


def test_history_lists_shows_searches_renames_and_erases(world: World) -> None:
    ending = world.ask("Where do herons sleep?")
    (item,) = world.all(ListConversations())
    assert (item.title, item.turns) == ("Where do herons sleep?", 1)
    world.one(RenameConversation(item.id, "Birds"))
    (hit,) = world.all(SearchHistory("herons"))
    assert "\ue000herons\ue001" in hit.snippet
    assert hit.title == "Birds"
    assert world.one(ShowConversation("last")).id == ending.turn
    world.one(EraseItem("conversation", item.id))
    assert world.all(ListConversations()) == []
    assert world.all(SearchHistory("herons")) == []
    assert world.all(RecallQuery("Where do herons sleep?")) == []


def test_why_tells_memories_rules_seed_and_prompt_and_erased_items_say_so(world: World) -> None:
    kept = world.one(AddPreference("Keep answers short"))
    ending = world.ask("What is rain?")
    why = world.one(WhyQuery())
    assert why.turn == ending.turn
    assert why.seed == 7
    assert [item.text for item in why.used] == ["Keep answers short"]
    assert "Keep answers short" in why.prompt
    assert "What is rain?" in why.prompt
    world.one(DeletePreference(kept.id))
    why = world.one(WhyQuery(ending.turn))
    assert [item.text for item in why.used] == ["[erased]"]
    assert "Keep answers short" not in why.prompt
    with pytest.raises(NoSuchItem):
        world.one(WhyQuery("nothing"))


def test_the_status_line_has_tiers_models_and_personalisation(world: World) -> None:
    line = world.one(StatusQuery())
    assert line.tiers == ("tier 1: Test Authority v1",)
    assert (line.model, line.model_state, line.personalise) == ("scripted", "ready", True)
    world.one(ChangeSetting("personalisation", "off"))
    assert not world.one(StatusQuery()).personalise


# -- keeping -------------------------------------------------------------------------------


def test_the_passphrase_changes_only_with_the_current_one(world: World) -> None:
    with pytest.raises(WrongPassphrase):
        world.one(ChangePassphrase("wrong", "new words"))
    world.one(ChangePassphrase(PASSPHRASE.decode(), "new words"))
    rekeyed = world.one(ChangePassphrase("new words", "newer words", rekey=True))
    assert rekeyed.recovery_key != world.recovery_key


def test_an_export_neither_follows_a_link_nor_writes_into_what_lies_beside(
    world: World, tmp_path: Path
) -> None:
    theirs, path = tmp_path / "theirs", tmp_path / "mine.json"
    for name in ("theirs", "mine.json.new"):
        (tmp_path / name).write_text("not yours")
    path.symlink_to(theirs)
    with pytest.raises(VaultExists):
        world.one(Export(str(path), "json"))
    world.one(Export(str(path), "json", overwrite=True))
    assert not path.is_symlink()
    assert theirs.read_text() == (tmp_path / "mine.json.new").read_text() == "not yours"


def test_a_path_that_cannot_be_is_no_fault_of_the_program(world: World, tmp_path: Path) -> None:
    path = str(tmp_path / ("a" * 300))
    missing = str(tmp_path / "none" / "x")
    for request in (
        Export(path, "json"), BackUp(path), Import(path), Export(missing, "json"),
        BackUp(missing), BackUp(str(tmp_path)), Import(str(tmp_path)),
    ):  # fmt: skip
        with pytest.raises(AssistantError) as caught:
            world.one(request)
        assert (caught.value.exit_code, caught.value.hint) == (2, "Check the path.")


def test_what_is_exported_can_be_imported_elsewhere(world: World, tmp_path: Path) -> None:
    world.one(AddPreference("Keep answers short"))
    world.ask("Where do herons sleep?")
    for form in ("json", "markdown"):
        path = tmp_path / f"export.{form}"
        world.one(Export(str(path), form))
        assert oct(path.stat().st_mode & 0o777) == "0o600"
        assert [each for each in tmp_path.iterdir() if each.suffix == ".part"] == []
        with pytest.raises(VaultExists):
            world.one(Export(str(path), form))
        for other in open_world(tmp_path / form):
            other.one(Import(str(path)))
            assert other.one(ListPreferences()).text == "Keep answers short"
            assert other.one(ShowConversation("last")).question == "Where do herons sleep?"


def test_a_chatgpt_export_is_imported(world: World, tmp_path: Path) -> None:
    def node(name: str, parent: str | None, role: str, text: str) -> dict[str, Any]:
        return {
            "id": name, "parent": parent, "children": [],
            "message": {"id": name, "author": {"role": role}, "create_time": 1.7e9,
                        "content": {"content_type": "text", "parts": [text]}},
        }  # fmt: skip

    mapping = {
        "a": {**node("a", None, "user", "What is tea?"), "children": ["b"]},
        "b": node("b", "a", "assistant", "A drink."),
    }
    file = tmp_path / "conversations.json"
    talk = {"title": "Tea", "create_time": 1.7e9, "mapping": mapping, "current_node": "b"}
    file.write_text(json.dumps([talk]))
    world.one(Import(str(file)))
    shown = world.one(ShowConversation("last"))
    assert (shown.question, shown.answer) == ("What is tea?", "A drink.")


def test_a_tier_that_forbids_export_is_named(tmp_path: Path) -> None:
    bounds = [{"id": "stay", "key": "export", "reason": "Data stays.", "allowed": ["none"]}]
    for world in open_world(tmp_path, documents=(document(bounds=bounds),)):
        with pytest.raises(PolicyRefusal, match="stay"):
            world.one(Export(str(tmp_path / "x.json"), "json"))
        assert not (tmp_path / "x.json").exists()


def test_an_imported_preference_passes_the_gate(world: World, tmp_path: Path) -> None:
    for other in open_world(tmp_path / "other", documents=(document(),)):
        other.one(AddPreference("Plan a starvation diet"))
        other.one(AddPreference("Keep answers short"))
        other.one(Export(str(tmp_path / "x.json"), "json"))
    done = world.one(Import(str(tmp_path / "x.json")))
    assert "refused 1" in done.what
    assert [p.text for p in world.all(ListPreferences())] == ["Keep answers short"]


def test_a_backup_is_written_and_named_when_something_is_erased(
    world: World, tmp_path: Path
) -> None:
    kept = world.one(AddPreference("Keep answers short"))
    path = tmp_path / "a.backup"
    world.one(BackUp(str(path)))
    told = world.one(EraseItem("preference", kept.id))
    assert "backup" in told.what
    other = world.one(AddPreference("Use lists"))
    world.one(EraseItem("preference", other.id, backups=True))
    assert not path.exists()


# -- locking and the socket ----------------------------------------------------------------


def test_after_locking_both_children_are_gone_and_every_request_is_refused(world: World) -> None:
    told: list[str] = []
    world.holder.when_locked(told.append)
    world.one(Lock())
    assert told == ["locked on request"]
    assert world.model.state.phase.value == "stopped"
    assert world.memory.state.phase.value == "stopped"
    with pytest.raises(VaultLocked):
        world.all(Ask("Hello"))


def test_locking_in_the_middle_of_an_answer_cancels_it_first(world: World) -> None:
    world.model.answers = ["One. Two. Three. Four. Five. Six."]
    reached, go_on = threading.Event(), threading.Event()

    def before() -> None:
        reached.set()
        go_on.wait(30)

    world.model.before_token = before
    events: list[Any] = []
    turn = threading.Thread(target=lambda: events.extend(world.events("Count")))
    turn.start()
    assert reached.wait(30)
    locking = threading.Thread(target=lambda: world.holder.lock("test"))
    locking.start()
    while not world.model.cancelled:
        time.sleep(0.01)
    go_on.set()
    turn.join(30)
    locking.join(30)
    assert events[-1].status == "cancelled"
    assert world.holder.locked


def _wait_until_locked(world: World) -> list[str]:
    told: list[str] = []
    world.holder.when_locked(told.append)
    deadline = time.monotonic() + 30
    while not told and time.monotonic() < deadline:
        time.sleep(0.01)
    return told


def test_an_idle_vault_locks_after_the_time_that_was_set(world: World) -> None:
    world.one(ChangeSetting("idle_minutes", "3"))
    world.later += 170
    time.sleep(0.1)
    assert not world.holder.locked
    world.later += 20
    assert _wait_until_locked(world) == ["nobody used it for a while"]


def test_a_face_that_polls_the_status_does_not_keep_the_vault_open(world: World) -> None:
    world.one(ChangeSetting("idle_minutes", "3"))
    world.later += 170
    world.one(StatusQuery())
    world.later += 20
    assert _wait_until_locked(world) == ["nobody used it for a while"]


def test_a_tier_may_shorten_the_idle_time(tmp_path: Path) -> None:
    bounds = [{"id": "soon", "key": "idle_minutes", "reason": "Open desks.", "maximum": 2}]
    for world in open_world(tmp_path, documents=(document(bounds=bounds),)):
        assert world.one(ChangeSetting("idle_minutes", "60")).value == "2"
        world.later += 130
        assert _wait_until_locked(world) == ["nobody used it for a while"]


def test_a_vault_locks_when_the_computer_slept(world: World) -> None:
    world.slept += 60
    assert _wait_until_locked(world) == ["the computer slept"]


def test_a_vault_that_cannot_forget_what_is_old_still_locks_when_idle(world: World) -> None:
    world.vault._store.write(lambda db: db.rows("ALTER TABLE feedback RENAME TO gone"))
    world.later += 3700
    assert _wait_until_locked(world) == ["nobody used it for a while"]


def test_a_turn_nobody_listens_to_any_more_does_not_keep_the_vault_open(world: World) -> None:
    world.holder._parts = replace(world.holder._parts, turn_ends=0.05)
    turn = world.holder.handle(Ask("A question"))
    next(turn)
    world.holder.lock("locked by you")
    with pytest.raises(VaultLocked):
        world.vault.settings.get("x")


def test_a_child_that_cannot_be_stopped_does_not_keep_the_vault_open(world: World) -> None:
    @dataclass
    class Stuck(ScriptedModel):
        def stop(self) -> None:
            raise ChildStalled("It does not stop.")

    told: list[str] = []
    world.holder.when_locked(told.append)
    world.holder._parts = replace(world.holder._parts, model=Stuck())
    with pytest.raises(ChildStalled):
        world.holder.lock("locked by you")
    assert told == ["locked by you"]
    with pytest.raises(VaultLocked):
        world.vault.settings.get("x")


def test_a_retention_bound_forgets_what_is_older(tmp_path: Path) -> None:
    bounds = [{"id": "brief", "key": "retention_days", "reason": "Little data.", "maximum": 30}]
    for world in open_world(tmp_path, documents=(document(bounds=bounds),)):
        world.ask("A young question")
        world.vault._store.write(lambda db: db.change("UPDATE conversations SET updated = 0"))
        world.later += 4000
        world.one(ChangeSetting("idle_minutes", "720"))
        deadline = time.monotonic() + 30
        while world.all(ListConversations()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert world.all(ListConversations()) == []


@pytest.fixture
def remote(world: World, tmp_path: Path) -> Iterator[RemoteApplication]:
    socket = HolderSocket(tmp_path, world.holder)
    found = RemoteApplication.find(tmp_path)
    assert found is not None
    yield found
    socket.close()


def test_a_request_through_the_socket_gets_the_same_replies(
    world: World, remote: RemoteApplication
) -> None:
    world.model.answers = ["Rain falls.", "Rain falls."]
    here = [type(e).__name__ for e in world.events("Rain?")]
    there = [type(e).__name__ for e in remote.handle(Ask("Rain?"))]
    assert there == here
    (kept,) = remote.handle(AddPreference("Keep answers short"))
    assert world.one(ListPreferences()) == kept


def test_an_error_crosses_the_socket_as_itself(remote: RemoteApplication) -> None:
    with pytest.raises(NoSuchItem, match="turn"):
        list(remote.handle(WhyQuery("nothing")))
    with pytest.raises(NoSuchItem):
        list(remote.handle(UseModel("nothing")))


def test_cancelling_reaches_through_the_socket(world: World, remote: RemoteApplication) -> None:
    world.model.answers = ["One. Two. Three. Four. Five. " * 40]
    cancellation = Cancellation()
    world.model.before_token = lambda: time.sleep(0.05)
    events = []
    for event in remote.handle(Ask("Count"), cancellation):
        events.append(event)
        if len(events) == 4:
            cancellation.cancel()
    assert events[-1].status == "cancelled"  # type: ignore[union-attr]


def test_lock_through_the_socket_returns_when_it_has_locked(
    world: World, remote: RemoteApplication
) -> None:
    list(remote.handle(Lock()))
    assert world.holder.locked


def test_the_socket_is_for_this_user_alone_and_goes_with_the_holder(
    world: World, tmp_path: Path
) -> None:
    socket = HolderSocket(tmp_path, world.holder)
    mode = os.stat(address(tmp_path)).st_mode & 0o777  # noqa: PTH116
    assert mode & 0o077 == 0
    socket.close()
    assert RemoteApplication.find(tmp_path) is None
    with pytest.raises(HolderGone):
        list(RemoteApplication(tmp_path).handle(StatusQuery()))


def test_a_connection_that_fails_does_not_end_the_service(world: World, tmp_path: Path) -> None:
    class Exhausted(Listener):
        failures = 0

        def accept(self) -> Connection[Any, Any]:
            if not self.failures:
                self.failures += 1
                raise OSError(errno.EMFILE, "no descriptor left")
            return super().accept()

    socket = HolderSocket(tmp_path, world.holder, Exhausted)
    assert list(RemoteApplication(tmp_path).handle(StatusQuery()))
    socket.close()


def test_a_home_with_a_very_long_path_still_has_a_socket(world: World, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    socket = HolderSocket(deep, world.holder)
    remote = RemoteApplication.find(deep)
    assert remote is not None
    assert len(list(remote.handle(StatusQuery()))) == 1
    socket.close()


@pytest.mark.parametrize("junk", [b"", b"\x00", b"\xff" * 100, b"\x81\xa7request\xa3ask"])
def test_junk_on_the_socket_harms_nobody(
    world: World, remote: RemoteApplication, junk: bytes
) -> None:
    connection = remote._connect()
    connection.send_bytes(junk)
    connection.close()
    assert len(list(remote.handle(StatusQuery()))) == 1
