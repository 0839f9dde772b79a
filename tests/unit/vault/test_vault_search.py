"""Full-text search: safe expressions, ranking, highlighted history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.vault.facade import Vault
from assistant.vault.records import SnippetPart, TurnOutcome, TurnStatus
from assistant.vault.search import (
    COMMON_WORD,
    MAX_RANKED_TERMS,
    MAX_TERMS,
    all_of,
    any_of,
    terms_of,
)
from tests.vault_world import create, say


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    found, _ = create(tmp_path_factory.mktemp("search") / "vault")
    say(found, "How do I bake bread?", "Mix flour and water, then bake it.")
    say(found, "Tell me about Zürich", "Zurich lies at a lake.")
    yield found
    found.close()


@given(st.text(max_size=200))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_a_person_types_is_a_syntax_error(vault: Vault, text: str) -> None:
    vault.search.turns(text, 5)
    vault.search.preferences(text, 5)
    vault.search.history(text)


@pytest.mark.parametrize(
    "text",
    ['"', "NEAR(a b)", "question:bread", "a AND NOT b", "^bake", "b*", "-", "{a b}: c", "\0"],
)
def test_query_syntax_is_taken_as_words(vault: Vault, text: str) -> None:
    vault.search.history(text)
    assert '"question"' in any_of("question:bread")


def test_a_question_without_words_finds_nothing(vault: Vault) -> None:
    assert vault.search.turns("?! …", 5) == ()
    assert vault.search.history(" ") == ()


def test_history_marks_the_hits_and_ignores_accents_and_endings(vault: Vault) -> None:
    (hit,) = vault.search.history("zurich")
    assert SnippetPart("Zürich", hit=True) in hit.parts
    (hit,) = vault.search.history("baking bread")
    assert {part.text for part in hit.parts if part.hit} >= {"bread"}
    assert hit.title == "A talk"


def test_history_wants_all_words_and_the_last_may_be_unfinished(vault: Vault) -> None:
    assert len(vault.search.history("bake bre")) == 1
    assert vault.search.history("bake lake") == ()


def test_words_between_quotes_must_stand_together(vault: Vault) -> None:
    chat = vault.conversations.start("A door").id
    for said in ("The spare key is under the blue pot.", "A blue key; the pot is spare."):
        turn = vault.turns.begin(chat, said)
        vault.turns.finish(turn.id, TurnOutcome(TurnStatus.COMPLETE))
    assert len(vault.search.history("blue pot")) == 2
    (hit,) = vault.search.history('"blue pot" key')
    assert "".join(part.text for part in hit.parts).startswith("The spare key")
    assert vault.search.history('key "blue po"') == ()
    assert len(vault.search.history('"blue pot')) == 2  # not closed: two words


def test_a_conversation_is_found_by_its_title_the_latest_first(vault: Vault) -> None:
    kept = [vault.conversations.start(title) for title in ("Blue Straße", "A blue pot", "Potty")]
    ids = [one.id for one in vault.conversations.titled(terms_of("blue"), limit=9)]
    assert ids == [kept[1].id, kept[0].id]
    titled = vault.conversations.titled
    assert [one.id for one in titled(terms_of("STRASSE"), limit=9)] == [kept[0].id]
    assert [one.id for one in titled(terms_of('"pot blue"'), limit=9)] == []
    assert [one.id for one in titled(["pot"], limit=1)] == [kept[2].id]
    assert [one.id for one in titled(["pot"], limit=9, without={kept[2].id})] == [kept[1].id]
    assert titled(terms_of("?!"), limit=9) == ()


def test_the_better_match_scores_higher(vault: Vault) -> None:
    first = vault.search.turns("bake flour lake", 5)
    assert len(first) == 2
    assert first[0].score >= first[1].score


def test_an_endless_text_is_bounded() -> None:
    text = " ".join(f"w{number}" for number in range(5000))
    assert any_of(text[:200] + " extraordinary").split(" OR ")[0] == '"extraordinary"'
    assert any_of(text).count(" OR ") == MAX_RANKED_TERMS - 1
    assert all_of(text).count(" AND ") == MAX_TERMS - 1


def test_a_word_in_a_thousand_turns_does_not_count_beside_a_rarer_one(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "vault")

    def many() -> None:
        chat = vault.conversations.start().id
        for number in range(COMMON_WORD + 2):
            rare = "lighthouse" if number == 7 else "harbour" if number < 20 else ""
            turn = vault.turns.begin(chat, f"weather {rare}")
            vault.turns.finish(turn.id, TurnOutcome(TurnStatus.COMPLETE))

    vault.atomically(many)
    assert [found.score > 0 for found in vault.search.turns("weather lighthouse", 5)] == [True]
    newest = vault.search.turns("weather", 5)
    assert [found.score for found in newest] == [0.0] * 5
    assert newest[0].item_id == vault.turns.latest().id  # type: ignore[union-attr]
    vault.close()
