"""The background that keeps the indexes equal to the vault looks only at what is new."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.holder.interface import GiveFeedback
from assistant.holder.memory import MemoryFeed
from assistant.personal.protocols import index_key
from assistant.vault import Vault
from assistant.vault.records import Embedding, FeedbackKind, ItemKind
from tests.holder_world import open_world
from tests.scripted_model import ScriptedMemory, hashed_vector
from tests.vault_world import create, say

DIGEST = "d" * 64


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with create(tmp_path / "vault")[0] as made:
        yield made


@pytest.fixture
def feed(vault: Vault) -> Iterator[tuple[MemoryFeed, ScriptedMemory]]:
    memory = ScriptedMemory()
    made = MemoryFeed(vault, memory, DIGEST)
    made.start()
    yield made, memory
    made.stop()


def test_a_turn_with_the_number_of_an_erased_one_is_embedded_too(
    vault: Vault, feed: tuple[MemoryFeed, ScriptedMemory]
) -> None:
    fed, memory = feed
    say(vault, "Where is the mill?", "By the river.")
    gone = say(vault, "Where is the bridge?", "Further down.")
    fed.changed()
    fed.catch_up(5.0)
    number = vault.embeddings.newest(ItemKind.TURN)[0]
    time.sleep(0.1)  # a look between the erasure and the addition would hide the mistake
    fed.forget(vault.erase.item(ItemKind.TURN, gone.id).items)
    added = say(vault, "Where is the orchard?", "Behind the mill.")
    assert vault.embeddings.newest(ItemKind.TURN)[0] == number, "numbers are not used again"
    fed.changed()
    fed.catch_up(5.0)
    assert index_key(ItemKind.TURN, added.id) in memory.vectors
    assert index_key(ItemKind.TURN, gone.id) not in memory.vectors


def test_only_what_came_after_is_asked_for(vault: Vault) -> None:
    first, second = (say(vault, f"Question {n}?", "Yes.").id for n in range(2))
    kind = ItemKind.TURN
    assert vault.embeddings.missing(kind, DIGEST, 9) == (first, second)
    number, identity = vault.embeddings.newest(kind)
    assert identity == second
    assert vault.embeddings.missing(kind, DIGEST, 9, after=number) == ()
    third = say(vault, "Question 3?", "No.").id
    assert vault.embeddings.missing(kind, DIGEST, 9, after=number) == (third,)


def test_counting_stops_where_it_is_enough(vault: Vault) -> None:
    assert not vault.turns.more_than(0)
    for n in range(3):
        say(vault, f"Question {n}?", "Yes.")
    assert vault.turns.more_than(2)
    assert not vault.turns.more_than(3)


def test_only_the_places_around_a_turn_are_read(vault: Vault) -> None:
    first = say(vault, "Question 0?", "Yes.")
    turns = [
        first,
        *(say(vault, f"Question {n}?", "Yes.", first.conversation_id) for n in (1, 2, 3)),
    ]
    say(vault, "Elsewhere?", "Yes.")
    assert vault.turns.questions_near(turns[2], 1) == {n: f"Question {n}?" for n in (1, 2, 3)}
    assert vault.turns.questions_near(turns[0], 2) == {n: f"Question {n}?" for n in (0, 1, 2)}
    assert vault.turns.counts([first.conversation_id, "nothing"]) == {first.conversation_id: 4}


def test_the_latest_acts_are_the_newest_that_stand_oldest_first(vault: Vault) -> None:
    turn = say(vault, "Is it so?", "It is.")
    acts = [vault.feedback.add(turn.id, FeedbackKind.SCORE, str(n)) for n in (10, 20, 30, 40)]
    vault.feedback.undo(acts[2].id)
    assert [act.value for act in vault.feedback.latest(2)] == ["20", "40"]


def test_the_index_of_a_history_is_filled_from_the_newest_on(vault: Vault) -> None:
    made = [
        Embedding(
            ItemKind.TURN, say(vault, f"Question {n}?", "Yes.").id, DIGEST, hashed_vector("a")
        )
        for n in range(5)
    ]
    liked = vault.preferences.add("I like mills.")
    vault.embeddings.put([*made, Embedding(ItemKind.PREFERENCE, liked.id, DIGEST, b"x")])
    newest, before = vault.embeddings.newest_first(DIGEST, 3)
    assert list(newest) == made[:1:-1]
    rest, end = vault.embeddings.newest_first(DIGEST, 3, before=before)
    assert list(rest) == made[1::-1]
    assert end == 0


def test_the_item_of_a_number_is_told_from_another_that_has_it_now(vault: Vault) -> None:
    say(vault, "Where is the mill?", "By the river.")
    gone = say(vault, "Where is the bridge?", "Further down.").id
    number, identity = vault.embeddings.newest(ItemKind.TURN)
    assert vault.embeddings.is_there(ItemKind.TURN, number, identity)
    vault.erase.item(ItemKind.TURN, gone)
    assert not vault.embeddings.is_there(ItemKind.TURN, number, identity)
    say(vault, "Where is the orchard?", "Behind the mill.")
    assert vault.embeddings.newest(ItemKind.TURN)[0] == number
    assert not vault.embeddings.is_there(ItemKind.TURN, number, identity)


def test_what_took_a_number_while_nobody_looked_is_embedded_at_the_next_start(
    vault: Vault,
) -> None:
    memory = ScriptedMemory()
    first = MemoryFeed(vault, memory, DIGEST, eager=0)
    first.start()
    say(vault, "Where is the mill?", "By the river.")
    gone = say(vault, "Where is the bridge?", "Further down.").id
    first.changed()
    first.catch_up(5.0)
    first.stop()
    assert vault.settings.get("memory.looked") is not None
    vault.erase.item(ItemKind.TURN, gone)
    added = say(vault, "Where is the orchard?", "Behind the mill.").id
    second = MemoryFeed(vault, memory, DIGEST, eager=0)
    second.start()
    second.catch_up(5.0)
    second.stop()
    assert index_key(ItemKind.TURN, added) in memory.vectors


def test_a_profile_is_built_anew_before_the_next_turn_asks_for_it(tmp_path: Path) -> None:
    for world in open_world(tmp_path):
        world.ask("Where do herons sleep?")
        world.one(GiveFeedback("up"))
        end = time.monotonic() + 30.0
        taste = world.holder._taste
        while taste._built != taste._changes and time.monotonic() < end:
            time.sleep(0.01)
        assert taste._built == taste._changes > 0


def test_vectors_of_an_embedder_that_is_used_no_more_go_once_all_is_embedded_anew(
    vault: Vault,
) -> None:
    said = [say(vault, f"Where is mill {n}?", "By the river.").id for n in range(2)]
    vault.embeddings.put([Embedding(ItemKind.TURN, said[0], "a" * 64, hashed_vector("a"))])
    memory = ScriptedMemory()
    made = MemoryFeed(vault, memory, DIGEST)
    made.start()
    made.catch_up(5.0)
    made.stop()
    assert list(vault.embeddings.all("a" * 64)) == []
    assert [each.item_id for each in vault.embeddings.all(DIGEST)] == said
