"""The alignment card says what is in force and in the vault, and nothing else."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import PolicyRefusal
from assistant.holder.card import INFERRED, TOP, Card
from assistant.holder.card_text import as_markdown, as_text, draw
from assistant.holder.controls import CardQuery
from assistant.holder.interface import AddPreference, DeletePreference, ProfileQuery, SetProfile
from assistant.vault.records import FeedbackKind, PreferenceSource, PreferenceState
from tests.generators import WORDS
from tests.holder_world import RULES, World, open_world
from tests.policy_documents import document
from tests.vault_world import say

OFFICE = document(
    id="office", issuer="Acme", tier="organisation", version=7, consulted=["The works council"],
    appeal="appeals@acme.example",
    escalations=[{"id": "harder", "rule": "ask-first", "effect": "block", "reason": "Ours."}],
    bounds=[
        {"id": "tone", "key": "profile.formality", "reason": "House style.", "minimum": 0.2},
        {"id": "files", "key": "export", "reason": "No files.", "allowed": ["json"]},
    ],
    requirements=[
        {"id": "views", "kind": "viewpoints", "reason": "Fairness.", "topics": ["wages"]}
    ],
)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path, documents=(document(rules=RULES), OFFICE))


def card(world: World) -> Card:
    made: Card = world.one(CardQuery()).card
    return made


# -- the vault -----------------------------------------------------------------------------

PREFERENCES = st.tuples(
    st.just("preference"), WORDS, st.sampled_from(PreferenceSource),
    st.sampled_from(PreferenceState), st.integers(0, 3),
)  # fmt: skip
ACTS = st.tuples(st.just("feedback"), st.sampled_from(["up", "down", "score"]), st.booleans())
SLIDERS = st.tuples(
    st.just("slider"), st.sampled_from(["length", "formality"]), st.floats(-1, 1, width=16)
)
STEPS = st.lists(st.one_of(PREFERENCES, ACTS, SLIDERS), max_size=25)


def _take(world: World, step: tuple[Any, ...]) -> None:
    vault = world.vault
    match step:
        case ("preference", text, source, state, uses):
            kept = vault.preferences.add(text, source=source, state=state)
            for _ in range(uses):
                vault.preferences.count_use([kept.id])
        case ("feedback", kind, undone):
            turn = say(vault, "Why?", "Because.")
            act = vault.feedback.add(turn.id, FeedbackKind(kind), "50" if kind == "score" else "")
            if undone:
                vault.feedback.undo(act.id)
        case ("slider", dimension, value):
            world.one(SetProfile(dimension, value))


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS)
def test_the_card_of_a_vault_equals_what_is_in_the_vault(steps: list[tuple[Any, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for world in open_world(Path(folder), documents=(document(rules=RULES), OFFICE)):
            for step in steps:
                _take(world, step)
            _compare(world, card(world))


def _compare(world: World, made: Card) -> None:
    kept = world.vault.preferences.list()
    live = [p for p in kept if p.state is PreferenceState.ACTIVE]
    acts = world.vault.feedback.list(with_undone=True)
    assert made.counts.active == len(live)
    assert made.counts.inferred_and_accepted == sum(p.source in INFERRED for p in live)
    assert made.counts.stated + made.counts.imported + made.counts.inferred_and_accepted == len(
        live
    )
    assert {t.id for t in made.inferred_and_accepted} == {
        p.id for p in live if p.source in INFERRED
    }
    assert {t.id for t in made.never_used} == {p.id for p in live if not p.uses}
    assert len(made.top) == min(TOP, len(live))
    texts = {p.id: (p.text, p.uses) for p in live}
    assert all(texts[t.id] == (t.text, t.uses) for t in made.top)
    least = min((t.uses for t in made.top), default=0)
    assert all(p.uses <= least for p in live if p.id not in {t.id for t in made.top})
    states = [p.state for p in kept]
    assert made.counts.waiting == states.count(PreferenceState.PROPOSED)
    assert made.counts.rejected == states.count(PreferenceState.REJECTED)
    assert made.counts.disabled == states.count(PreferenceState.DISABLED)
    assert sum(count for _, count in made.counts.feedback) == sum(not a.undone for a in acts)
    assert made.counts.taken_back == sum(a.undone for a in acts)
    profile = {item.dimension: item for item in world.all(ProfileQuery())}
    assert {s.dimension: (s.value, s.source, s.acts) for s in made.profile} == {
        name: (item.value, item.source, item.acts) for name, item in profile.items()
    }


def test_an_erased_preference_is_not_on_the_next_card(world: World) -> None:
    kept = world.one(AddPreference("Write about narwhals"))
    assert "narwhals" in as_text(card(world))
    world.one(DeletePreference(kept.id))
    assert "narwhals" not in as_text(card(world))


# -- the tiers -----------------------------------------------------------------------------


def test_every_tier_names_its_issuer_version_consultation_and_appeal(world: World) -> None:
    national, office = card(world).tiers
    assert (national.tier, national.issuer, national.consulted) == (
        "national", "Test Authority", (),
    )  # fmt: skip
    assert (office.issuer, office.version, office.appeal) == ("Acme", 7, "appeals@acme.example")
    assert office.consulted == ("The works council",)
    assert {line.says for line in office.limits} >= {"profile.formality: at least 0.2"}
    assert office.requires[0].says.startswith("several viewpoints on wages")


def test_a_rule_that_another_tier_made_stricter_says_who_raised_it(world: World) -> None:
    lines = {line.id: line for line in card(world).tiers[0].forbids}
    assert (lines["ask-first"].effect, lines["ask-first"].raised_by) == ("block", "Acme")
    assert (lines["no-bombs"].effect, lines["no-bombs"].raised_by) == ("block", "")
    assert set(lines) == {r["id"] for r in RULES}


def test_a_bounded_slider_names_who_bounds_it(world: World) -> None:
    formality = next(s for s in card(world).profile if s.dimension == "formality")
    assert (formality.bounded_by, formality.value) == ("Acme", 0.2)


def test_a_tier_that_forbids_markdown_files_wins_with_its_reason(world: World) -> None:
    world.one(CardQuery("json"))
    with pytest.raises(PolicyRefusal) as refused:
        world.one(CardQuery("markdown"))
    assert "No files." in refused.value.message


# -- faces ---------------------------------------------------------------------------------


def test_text_and_markdown_and_json_name_the_same_things(world: World) -> None:
    world.one(AddPreference("Keep answers short"))
    made = card(world)
    for whole in (as_text(made), as_markdown(made)):
        for part in ("Acme", "scripted", "Keep answers short", "The works council"):
            assert part in whole
    assert msgspec.json.decode(msgspec.json.encode(made), type=Card) == made


def test_a_preference_cannot_write_markdown_into_the_card(world: World) -> None:
    world.one(AddPreference("[click](http://evil.example) <script> `x` # head"))
    whole = as_markdown(card(world))
    assert "\\[click\\](http" in whole
    assert "<script>" not in whole.replace("\\<", "")


def test_the_drawn_slider_shows_value_and_error_bar(world: World) -> None:
    world.one(SetProfile("length", -1.0, locked=True))
    length = next(s for s in card(world).profile if s.dimension == "length")
    assert draw(length, 5) == "●····"
