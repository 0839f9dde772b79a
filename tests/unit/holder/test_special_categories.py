"""Nothing of a special category lands in memory unless it was stated and consented to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import ConsentNeeded, NoSuchItem
from assistant.holder.controls import CardQuery, ListConsents, RevokeConsent
from assistant.holder.interface import (
    AddPreference,
    DeletePreference,
    EditPreference,
    Export,
    GiveFeedback,
    Import,
    ListPreferences,
    RecallQuery,
    SetPreferenceState,
)
from assistant.personal.special import Category, mentioned, stated
from assistant.vault.records import ItemKind, PreferenceSource
from tests.holder_world import World, open_world
from tests.vault_world import database_of, plain_pages

EXAMPLES = {
    Category.HEALTH: ("I have diabetes", "I am on antidepressants", "Remember that I'm deaf"),
    Category.SEXUALITY: ("I am gay", "My partner and I are a same-sex couple"),
    Category.RELIGION: ("I am a Muslim", "I go to church on Sundays", "As a Catholic I fast"),
    Category.POLITICS: (
        "I voted for the Greens",
        "I am a socialist",
        "I'm right-wing",
        "I vote Labour",
    ),
    Category.ETHNICITY: ("I am black", "We are of Turkish descent", "I'm Hispanic"),
    Category.UNION: ("I am a trade union rep", "I joined the union", "I pay union dues"),
    Category.GENETICS: ("I carry the BRCA1 mutation", "My DNA test says I carry a variant"),
    Category.BIOMETRICS: ("My fingerprint opens the door", "They took an iris scan of me"),
    Category.CRIME: ("I was convicted of theft", "I am on parole", "I have a criminal record"),
    Category.FINANCES: ("I am bankrupt", "I earn 40k", "I am behind on my mortgage"),
}
STATED = [(category, text) for category, texts in EXAMPLES.items() for text in texts]
FREE = (
    "Keep answers short", "I am vegetarian", "I am allergic to peanuts", "Use bullet points",
    "Explain diabetes simply", "I live in a green house", "I like party games", "I'm right-handed",
    "I am sick of emojis", "Write British English", "I am a white wine lover", "Show code first",
    "Be blunt", "I work in the garden", "Recommend black and white films",
    "I left a green bicycle behind",
)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


def test_the_list_has_ten_categories_and_an_example_of_each() -> None:
    assert len(Category) == 10
    assert set(EXAMPLES) == set(Category)


@pytest.mark.parametrize(("category", "text"), STATED)
def test_an_example_is_recognised(category: Category, text: str) -> None:
    assert category in stated(text)
    assert category in mentioned(text)


@pytest.mark.parametrize("text", FREE)
def test_everyday_preferences_need_no_consent(text: str) -> None:
    assert stated(text) == ()


def test_no_example_lands_in_the_vault_without_consent(world: World) -> None:
    harmless = world.one(AddPreference("Keep answers short"))
    for _, text in STATED:
        with pytest.raises(ConsentNeeded) as refused:
            world.one(AddPreference(text))
        assert text not in refused.value.message
        with pytest.raises(ConsentNeeded):
            world.one(EditPreference(harmless.id, text))
    turn = world.ask("What is soap?").turn
    for _, text in STATED:
        with pytest.raises(ConsentNeeded):
            world.one(GiveFeedback("note", turn, note=text))
    assert [p.text for p in world.all(ListPreferences("all"))] == ["Keep answers short"]
    assert world.all(ListConsents()) == []
    key, database = world.vault._session.keys.database, database_of(world.folder / "vault")
    plain = b"".join(plain_pages(database, key))
    assert b"Keep answers short" in plain
    assert not [text for _, text in STATED if text.encode() in plain]


def test_nothing_of_a_category_is_ever_proposed(world: World) -> None:
    for category, text in STATED:
        assert not world.holder._learning.may_keep(text), category


def test_a_note_is_not_turned_into_a_proposal_about_a_category(world: World) -> None:
    turn = world.ask("What is soap?").turn
    with pytest.raises(ConsentNeeded):
        world.one(GiveFeedback("note", turn, note="Always remember that I am a Muslim"))
    assert world.all(ListPreferences("proposed")) == []


def test_with_consent_it_is_kept_listed_used_and_on_the_card(world: World) -> None:
    kept = world.one(AddPreference("I have diabetes", consent=True))
    (item,) = world.all(ListConsents())
    assert (item.consent.preference, item.consent.categories) == (kept.id, ("health",))
    assert world.one(CardQuery()).card.consents == (item.consent,)
    assert [h.text for h in world.all(RecallQuery("Is sugar bad for me and my diabetes?"))]


def test_revoking_a_consent_erases_what_it_covered(world: World) -> None:
    kept = world.one(AddPreference("I have diabetes", consent=True))
    world.one(RevokeConsent(kept.id))
    assert world.all(ListPreferences("all")) == world.all(ListConsents()) == []
    with pytest.raises(NoSuchItem):
        world.one(RevokeConsent(kept.id))


def test_deleting_the_preference_ends_its_consent(world: World) -> None:
    kept = world.one(AddPreference("I am a Muslim", consent=True))
    world.one(DeletePreference(kept.id))
    assert world.all(ListConsents()) == []
    assert not [key for key in world.vault.settings.all() if key.startswith("consent.")]


def test_what_was_there_before_without_consent_is_not_used(world: World) -> None:
    old = world.vault.preferences.add("I have diabetes", source=PreferenceSource.IMPORTED)
    world.holder._learning.refill()
    world.ask("Is sugar bad for me and my diabetes?")
    assert "I have diabetes" not in world.prompt
    with pytest.raises(ConsentNeeded):
        world.one(SetPreferenceState(old.id, "active"))
    world.one(SetPreferenceState(old.id, "active", consent=True))
    world.ask("Is sugar bad for me and my diabetes?")
    assert "I have diabetes" in world.prompt


def test_an_earlier_turn_about_a_category_does_not_come_back_without_consent(
    world: World,
) -> None:
    world.ask("I have diabetes, which breakfast cereals suit me?")
    world.all(RecallQuery("breakfast cereals"))
    hits = world.all(RecallQuery("Which breakfast cereals suit me?"))
    assert not [h for h in hits if h.kind == ItemKind.TURN.value and h.passed]
    world.ask("Which breakfast cereals suit me?")
    assert "diabetes" not in world.prompt


def test_an_import_leaves_such_preferences_out_unless_consented(
    world: World, tmp_path: Path
) -> None:
    kept = world.one(AddPreference("I have diabetes", consent=True))
    path = str(tmp_path / "out.json")
    world.one(Export(path, "json"))
    world.one(RevokeConsent(kept.id))
    assert "consent" in world.one(Import(path)).what
    assert world.all(ListPreferences("all")) == []
    world.one(Import(path, consent=True))
    assert [p.text for p in world.all(ListPreferences("all"))] == ["I have diabetes"]
    assert len(world.all(ListConsents())) == 1
