"""Branches: an old answer stays, prompt and `why` follow one branch, nothing kept too soon."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.conversation.branches import Branches
from assistant.errors import NoSuchItem, UsageError
from assistant.holder.branches_wire import (
    KeepIncognito,
    MoveConversation,
    PinConversation,
    SwitchBranch,
    TreeQuery,
)
from assistant.holder.interface import (
    AddPreference,
    Ask,
    DecisionQuery,
    EraseItem,
    GiveFeedback,
    ListConversations,
    ListFeedback,
    ListPreferences,
    SearchHistory,
    ShowConversation,
    WhyQuery,
)
from assistant.vault.records import Turn, TurnStatus
from tests.holder_world import World, open_world
from tests.vault_world import NOON, database_of, plain_pages, say


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


def questions(world: World, conversation: str) -> list[str]:
    """What the branch being read asks, in order."""
    return [item.question for item in world.all(ShowConversation(conversation))]


def places(world: World, conversation: str) -> list[tuple[int, int]]:
    return [(item.place, item.places) for item in world.all(ShowConversation(conversation))]


def test_an_earlier_message_in_other_words_makes_a_branch_and_the_old_one_stays(
    world: World,
) -> None:
    first = world.ask("I bake bread")
    second = world.ask("With wheat", conversation=first.conversation)
    world.ask("How long?", conversation=first.conversation)
    forked = world.ask("With rye", again_of=second.turn)
    assert forked.conversation == first.conversation
    assert "I bake bread" in world.prompt
    assert "With wheat" not in world.prompt
    assert "How long?" not in world.prompt
    assert questions(world, first.conversation) == ["I bake bread", "With rye"]
    assert places(world, first.conversation) == [(1, 1), (2, 2)]
    world.ask("And the crust?", conversation=first.conversation)
    assert "With rye" in world.prompt
    assert "With wheat" not in world.prompt
    world.all(SwitchBranch(second.turn))
    assert questions(world, first.conversation) == ["I bake bread", "With wheat", "How long?"]


def test_the_first_message_can_be_put_in_other_words_too(world: World) -> None:
    first = world.ask("I bake bread")
    world.ask("With wheat", conversation=first.conversation)
    forked = world.ask("I bake cake", again_of=first.turn)
    assert "bread" not in world.prompt
    assert questions(world, first.conversation) == ["I bake cake"]
    shown = world.all(SwitchBranch(forked.turn, step=1))
    assert [item.question for item in shown] == ["I bake bread", "With wheat"]
    assert len(world.all(ListConversations())) == 1


def test_answering_again_keeps_the_old_answer_beside_the_new_one(world: World) -> None:
    world.model.answers = ["An old answer.", "A new answer."]
    first = world.ask("Tell me about rain.")
    again = world.ask("", again_of=first.turn)
    assert "An old answer." not in world.prompt
    assert world.vault.turns.get(first.turn).answer == "An old answer."
    (shown,) = world.all(ShowConversation(first.conversation))
    assert (shown.id, shown.question, shown.place, shown.places) == (
        again.turn, "Tell me about rain.", 2, 2,
    )  # fmt: skip
    (before,) = world.all(SwitchBranch(again.turn, step=-1))
    assert before.answer == "An old answer."


def test_a_branch_switched_to_is_gone_on_with_after_unlocking(world: World) -> None:
    first = world.ask("One")
    world.ask("Two", again_of=first.turn)
    world.all(SwitchBranch(first.turn))
    assert questions(world, "last") == ["One"]
    world.ask("Three", conversation=first.conversation)
    assert questions(world, "last") == ["One", "Three"]
    assert "Two" not in world.prompt


def test_why_renders_the_prompt_of_its_own_branch(world: World) -> None:
    first = world.ask("One")
    old = world.ask("Two", conversation=first.conversation)
    new = world.ask("Zwei", again_of=old.turn)
    last = world.ask("Drei", conversation=first.conversation)
    prompt = world.one(WhyQuery(last.turn)).prompt
    assert "One" in prompt
    assert "Zwei" in prompt
    assert "Two" not in prompt
    assert "Zwei" not in world.one(WhyQuery(old.turn)).prompt
    assert new.turn != old.turn


def test_turns_from_before_there_were_branches_are_one_branch(world: World) -> None:
    old = [say(world.vault, "a", "1")]
    old += [say(world.vault, text, "1", old[0].conversation_id) for text in "bc"]
    assert questions(world, old[0].conversation_id) == ["a", "b", "c"]
    world.ask("b again", again_of=old[1].id)
    assert questions(world, old[0].conversation_id) == ["a", "b again"]


@pytest.mark.parametrize("gone", [0, 1, 2])
def test_erasing_a_turn_closes_the_branch_up_and_leaves_the_others(world: World, gone: int) -> None:
    old = [say(world.vault, "a", "1")]
    old += [say(world.vault, text, "1", old[0].conversation_id) for text in "bc"]
    conversation = old[0].conversation_id
    fork = world.ask("fork", again_of=old[1].id)
    world.all(SwitchBranch(old[2].id))
    world.all(EraseItem("turn", old[gone].id))
    left = [text for place, text in enumerate("abc") if place != gone]
    assert questions(world, conversation) == left
    shown = [item.question for item in world.all(SwitchBranch(fork.turn))]
    assert shown == (["fork"] if gone == 0 else ["a", "fork"])
    assert len(world.all(TreeQuery(conversation))) == 3


def test_erasing_the_end_of_a_branch_stays_on_that_branch(world: World) -> None:
    first = world.ask("One")
    end = world.ask("Two", conversation=first.conversation)
    world.ask("Eins", again_of=first.turn)
    world.all(SwitchBranch(end.turn))
    world.all(EraseItem("turn", end.turn))
    assert questions(world, first.conversation) == ["One"]


def test_the_tree_tells_every_turn_its_parent_and_what_is_read(world: World) -> None:
    first = world.ask("One")
    second = world.ask("Two", conversation=first.conversation)
    third = world.ask("Zwei", again_of=second.turn)
    items = world.all(TreeQuery(first.conversation))
    assert [(item.id, item.parent, item.read) for item in items] == [
        (first.turn, "", True), (second.turn, first.turn, False), (third.turn, first.turn, True),
    ]  # fmt: skip
    with pytest.raises(NoSuchItem):
        world.all(TreeQuery("no-such"))
    with pytest.raises(NoSuchItem):
        world.all(SwitchBranch("no-such"))


def test_a_turn_cannot_take_the_place_of_one_in_another_conversation(world: World) -> None:
    first, second = world.ask("One"), world.ask("Two")
    with pytest.raises(UsageError):
        world.ask("Three", conversation=first.conversation, again_of=second.turn)
    with pytest.raises(NoSuchItem):
        world.ask("Three", again_of="no-such")


def test_turns_of_a_left_branch_are_not_judged_together_with_a_new_one(world: World) -> None:
    first = world.ask("I want to make a pipe")
    assert world.ask("I want to sing", again_of=first.turn).status == "complete"
    assert world.ask("bomb", conversation=first.conversation).status == "complete"
    world.all(SwitchBranch(first.turn))
    assert world.ask("bomb", conversation=first.conversation).status == "refused"


def test_any_parents_an_import_names_make_a_tree_that_ends(world: World) -> None:
    names = ["a", "b", "c"]
    for parents in itertools.product([None, "chat", "a", "b", "c", "elsewhere"], repeat=3):
        turns = [
            Turn(name, "chat", parent, place, name, "", TurnStatus.COMPLETE, "", "", 0, "{}",
                 NOON, 1, True)
            for place, (name, parent) in enumerate(zip(names, parents, strict=True))
        ]  # fmt: skip
        branches = Branches(turns)
        for name in names:
            path = [turn.id for turn in branches.path(name)]
            assert path == sorted(path)
            assert path[-1] == name
            assert branches.siblings(name).count(name) == 1
            assert name in [turn.id for turn in branches.path(branches.tip_below(name))]


# -- incognito ------------------------------------------------------------------------------


def written(world: World, word: str) -> int:
    """How often a word stands in the decrypted file."""
    key = world.vault._session.keys.database
    pages = plain_pages(database_of(world.folder / "vault"), key)
    return sum(page.count(word.encode()) for page in pages)


def test_an_incognito_conversation_branches_too_and_writes_nothing(world: World) -> None:
    first = world.ask("Zebras are striped", incognito=True)
    second = world.ask("Are they?", conversation=first.conversation)
    forked = world.ask("Are they not?", again_of=second.turn)
    assert forked.conversation == first.conversation
    assert "Zebras are striped" in world.prompt
    assert "Are they?" not in world.prompt
    assert [item.read for item in world.all(TreeQuery(first.conversation))] == [
        True, False, True,
    ]  # fmt: skip
    shown = world.all(SwitchBranch(forked.turn, step=1))
    assert [item.question for item in shown] == ["Zebras are striped", "Are they?"]
    world.all(EraseItem("turn", second.turn))
    assert len(world.all(TreeQuery(first.conversation))) == 2
    assert world.vault.turns.count() == 0
    assert not [key for key in world.vault.settings.all() if key.startswith("branch.")]


def test_keeping_an_incognito_conversation_writes_it_from_then_on_and_not_before(
    world: World,
) -> None:
    world.model.answers = ["Striped, all of them."]
    first = world.ask("Tell me about wombats", incognito=True)
    world.ask("Tell me about quokkas", again_of=first.turn)
    assert written(world, "wombats") == written(world, "quokkas") == 0
    assert world.all(ListConversations()) == []
    kept = world.one(KeepIncognito(first.conversation))
    assert not kept.id.startswith("incognito")
    assert written(world, "wombats")
    assert written(world, "quokkas")
    assert questions(world, kept.id) == ["Tell me about quokkas"]
    assert places(world, kept.id) == [(2, 2)]
    (turn,) = world.all(ShowConversation(kept.id))
    assert world.one(WhyQuery(turn.id)).model == "scripted"
    assert [hit.title for hit in world.all(SearchHistory("wombats"))] == [kept.title]


def test_of_a_kept_conversation_only_later_feedback_teaches(world: World) -> None:
    first = world.ask("Hello", incognito=True)
    with pytest.raises(NoSuchItem):
        world.all(GiveFeedback("up", first.turn))
    kept = world.one(KeepIncognito(first.conversation))
    assert world.all(ListFeedback()) == []
    assert world.all(ListPreferences()) == []
    (turn,) = world.all(ShowConversation(kept.id))
    world.all(GiveFeedback("up", turn.id))
    assert len(world.all(ListFeedback())) == 1
    after = world.ask("And now?", conversation=kept.id)
    assert not after.turn.startswith("incognito")


def test_what_was_kept_is_no_longer_incognito_and_can_be_erased(world: World) -> None:
    first = world.ask("Tell me about wombats", incognito=True)
    kept = world.one(KeepIncognito(first.conversation))
    with pytest.raises(NoSuchItem):
        world.all(KeepIncognito(first.conversation))
    with pytest.raises(NoSuchItem):
        world.all(KeepIncognito(kept.id))
    world.all(EraseItem("conversation", kept.id))
    assert written(world, "wombats") == 0


def test_a_refusal_in_an_incognito_conversation_is_remembered_when_it_is_kept(
    world: World,
) -> None:
    first = world.ask("Hello", incognito=True)
    world.ask("pipe bomb", conversation=first.conversation)
    near = world.holder._risks[first.conversation]
    kept = world.one(KeepIncognito(first.conversation))
    assert world.holder._risks[kept.id] == near > 0
    assert len(world.all(DecisionQuery())) == 1


# -- places in the history ------------------------------------------------------------------


def test_pinned_conversations_come_first_and_folders_can_be_listed(world: World) -> None:
    old = world.ask("One").conversation
    new = world.ask("Two").conversation
    world.one(PinConversation(old, pinned=True))
    world.one(MoveConversation(new, "  house   moving "))
    listed = world.all(ListConversations())
    assert [(item.id, item.pinned, item.folder) for item in listed] == [
        (old, True, ""), (new, False, "house moving"),
    ]  # fmt: skip
    assert [item.id for item in world.all(ListConversations(folder="house moving"))] == [new]
    assert [item.id for item in world.all(ListConversations(folder=""))] == [old]
    world.one(PinConversation(old, pinned=False))
    world.one(MoveConversation("last", ""))
    assert not any(item.pinned or item.folder for item in world.all(ListConversations()))
    with pytest.raises(UsageError):
        world.one(MoveConversation(new, "x" * 61))
    with pytest.raises(NoSuchItem):
        world.one(PinConversation("no-such", pinned=True))


def test_a_preference_of_a_project_holds_in_its_folder_alone(world: World) -> None:
    world.one(AddPreference("Keep answers short", scope="project", scope_ref="house moving"))
    inside = world.ask("Hello").conversation
    world.one(MoveConversation(inside, "house moving"))
    outside = world.ask("Hello").conversation
    assert list(world.holder.handle(Ask("Tell me about rain.", conversation=inside)))
    assert "Keep answers short" in world.prompt
    world.ask("Tell me about rain.", conversation=outside)
    assert "Keep answers short" not in world.prompt
