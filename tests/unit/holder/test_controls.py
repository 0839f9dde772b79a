"""Each control of the taxonomy, turned on, changes behaviour; tiers win and say why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from assistant.conversation.prompt import VIEWPOINTS_LINE
from assistant.engine import GenerateRequest
from assistant.errors import PolicyRefusal
from assistant.holder.controls import CheckFlattery, FlatteryAnswer, FlatteryVerdict, RisksQuery
from assistant.holder.feelings import claims_feelings
from assistant.holder.flattery import QUESTIONS, asks_for_flattery, marks
from assistant.holder.interface import (
    AddPreference,
    ChangeSetting,
    GetSettings,
    ListConversations,
    ListFeedback,
    ListPreferences,
    StatusQuery,
    WhyQuery,
)
from assistant.holder.measures import minutes
from assistant.holder.notices import Notices
from assistant.holder.risks import RiskRow
from assistant.holder.settings import UserSettings
from assistant.policy import Wishes, resolve
from assistant.policy.document import PolicyDocument
from assistant.vault.records import FeedbackKind, PreferenceState
from tests.holder_world import RULES, World, open_world
from tests.policy_documents import document
from tests.scripted_model import ScriptedModel
from tests.vault_world import say


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


def office(**parts: Any) -> PolicyDocument:
    return document(id="office", issuer="Acme", tier="organisation", **parts)


def bound(key: str, **limits: Any) -> dict[str, Any]:
    return {"id": f"b-{key.replace('_', '-')}", "key": key, "reason": "House rule.", **limits}


# -- notices -------------------------------------------------------------------------------


class Desk:
    """Notices over a vault with a clock the test moves."""

    def __init__(self, world: World, *documents: PolicyDocument) -> None:
        self.time = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
        self.policy = resolve(list(documents), Wishes())
        self.settings = UserSettings(world.vault, self.policy)
        self.settings.change("reflection", "off")
        self.settings.change("compare_every", "0")
        zone = timezone(timedelta(hours=2))
        self.notices = Notices(
            world.vault, self.settings, self.policy, lambda: self.time,
            lambda instant: instant.astimezone(zone),
        )  # fmt: skip

    def after(self, **span: int) -> str:
        self.time += timedelta(**span)
        return self.notices.due(personalised=True)


def test_nothing_is_said_unless_somebody_wants_it(world: World) -> None:
    desk = Desk(world)
    assert [desk.after(minutes=20) for _ in range(60)] == [""] * 60


def test_a_session_notice_comes_once_a_session_and_a_pause_begins_a_new_one(world: World) -> None:
    desk = Desk(world)
    desk.settings.change("session_minutes", "45")
    assert [desk.after(minutes=20) for _ in range(3)] == ["", "", ""]
    assert "60 minutes" in desk.after(minutes=20)
    assert [desk.after(minutes=20) for _ in range(3)] == ["", "", ""]
    assert desk.after(hours=3) == ""
    assert [desk.after(minutes=20) for _ in range(2)] == ["", ""]
    assert "you set this" in desk.after(minutes=20)


def test_a_tier_bounds_the_session_notice_and_is_named_in_it(world: World) -> None:
    desk = Desk(world, office(bounds=[bound("session_minutes", maximum=30)]))
    desk.settings.change("session_minutes", "1440")
    item = desk.settings.item("session_minutes")
    assert (item.value, item.wish, item.managed and item.managed.issuer) == ("30", "1440", "Acme")
    assert [desk.after(minutes=20) for _ in range(2)] == ["", ""]
    assert "Acme: House rule." in desk.after(minutes=20)


def test_a_tier_that_requires_a_notice_wins_over_a_later_wish_not_an_earlier_one(
    world: World,
) -> None:
    required = {
        "id": "rest", "kind": "session_notice", "reason": "Screens.", "text": "Rest.", "minutes": 30
    }  # fmt: skip
    desk = Desk(world, office(requirements=[required]))
    assert [desk.after(minutes=15) for _ in range(2)] == ["", ""]
    assert desk.after(minutes=15) == ("This session has run for 30 minutes. Rest. (Acme: Screens.)")
    desk.settings.change("session_minutes", "10")
    desk.after(hours=2)
    assert "you set this" in desk.after(minutes=15)


def test_the_status_says_the_notice_in_force(world: World) -> None:
    assert world.one(StatusQuery()).notice_minutes == 0
    world.one(ChangeSetting("session_minutes", "25"))
    assert world.one(StatusQuery()).notice_minutes == 25


def test_a_late_notice_comes_once_a_night_by_the_wall_clock(world: World) -> None:
    desk = Desk(world)
    desk.settings.change("late_notice", "on")
    assert desk.after(hours=8) == ""  # 22:00 on the wall
    assert desk.after(hours=1).startswith("It is 23:00.")
    assert [desk.after(hours=1) for _ in range(3)] == ["", "", ""]
    assert desk.after(hours=21).startswith("It is 23:00.")


def test_a_tier_may_require_the_late_notice(world: World) -> None:
    desk = Desk(world, office(bounds=[bound("late_notice", allowed=["on"])]))
    desk.settings.change("late_notice", "off")
    assert "Acme: House rule." in desk.after(hours=12)


def test_the_weekly_look_back_comes_once_a_week_and_can_be_switched_off(world: World) -> None:
    desk = Desk(world)
    desk.settings.change("reflection", "on")
    say(world.vault, "Why?", "Because.")
    assert [desk.after(days=1) for _ in range(7)] == [""] * 7
    assert desk.after(days=1).startswith("Your week: 0 answers")
    assert desk.after(days=1) == ""
    desk.settings.change("reflection", "off")
    assert [desk.after(days=7) for _ in range(3)] == [""] * 3


def test_a_comparison_is_offered_every_so_often_after_a_personalised_answer(world: World) -> None:
    world.one(ChangeSetting("compare_every", "3"))
    world.one(ChangeSetting("reflection", "off"))
    said = [world.ask("What is rain?").suggestion for _ in range(6)]
    assert [bool(one) for one in said] == [False, False, True] * 2
    assert "--beside" in said[2]
    world.one(ChangeSetting("compare_every", "1"))
    assert world.ask("What is rain?", personalise=False).suggestion == ""


def test_incognito_is_told_nothing_and_writes_nothing(world: World) -> None:
    world.one(ChangeSetting("compare_every", "1"))
    world.one(ChangeSetting("session_minutes", "1"))
    before = world.vault.settings.all()
    assert world.ask("What is rain?", incognito=True).suggestion == ""
    assert world.vault.settings.all() == before


# -- a program, not a person ---------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    ["I'm so happy for you!", "I love you.", "When I was in college, I rowed.", "I have feelings.",
     "As a fellow human, I know.", "Sure. I feel lonely today."],
)  # fmt: skip
def test_claims_of_feelings_are_found(answer: str) -> None:
    assert claims_feelings(answer)


@pytest.mark.parametrize(
    "answer",
    ["I am happy to help.", "I have no feelings.", "I'm not a human.", "He said: I love you.",
     "People feel sad at times.", 'She wrote "I am lonely".', "I am a program."],
)  # fmt: skip
def test_denials_quotes_and_courtesies_are_no_claims(answer: str) -> None:
    assert not claims_feelings(answer)


def test_a_claimed_feeling_is_corrected_beside_the_answer_and_counted(world: World) -> None:
    world.model.answers = ["I'm so sad about that.", "I'm so sad about that.", "Rain falls."]
    assert "nobody does" in world.ask("My cat died").suggestion
    world.one(ChangeSetting("feelings_notice", "off"))
    assert world.ask("My dog died").suggestion == ""
    world.ask("What is rain?")
    measured = rows(world)["anthropomorphism"].measured
    assert measured == "2 of 3 answers spoke as somebody who feels"


def test_a_tier_may_require_the_correction_and_the_disclosure(tmp_path: Path) -> None:
    limits = [bound("feelings_notice", allowed=["on"]), bound("disclosure", allowed=["on"])]
    for world in open_world(tmp_path, documents=(office(bounds=limits),)):
        for key in ("feelings_notice", "disclosure"):
            item = world.one(ChangeSetting(key, "off"))
            assert (item.value, item.managed.reason) == ("on", "House rule.")
        assert "program" in world.one(StatusQuery()).disclosure[0]
        world.model.answers = ["I love you."]
        assert "nobody does" in world.ask("Hello").suggestion


@pytest.mark.parametrize(
    ("allowed", "holds"),
    [
        (["neutral", "concise", "formal"], "neutral"),
        (["formal", "concise"], "concise"),
        (["friendly"], "friendly"),
    ],
)
def test_a_manner_no_tier_allows_falls_to_the_default_where_that_is_allowed(
    tmp_path: Path, allowed: list[str], holds: str
) -> None:
    limits = [bound("persona", allowed=allowed)]
    for world in open_world(tmp_path, documents=(office(bounds=limits),)):
        item = world.one(ChangeSetting("persona", "friendly"))
        assert (item.value, item.wish) == (holds, "friendly")
        assert item.managed.issuer == "Acme"


def test_the_disclosure_is_the_users_to_switch_on(world: World) -> None:
    assert world.one(StatusQuery()).disclosure == ()
    world.one(ChangeSetting("disclosure", "on"))
    assert "no feelings" in world.one(StatusQuery()).disclosure[0]


# -- viewpoints ----------------------------------------------------------------------------


def test_other_viewpoints_stand_beside_the_question_and_in_its_account(world: World) -> None:
    turn = world.ask("Is tea better than coffee?", viewpoints=True).turn
    assert VIEWPOINTS_LINE in world.prompt
    assert VIEWPOINTS_LINE in world.one(WhyQuery(turn)).prompt
    plain = world.ask("Is tea better than coffee?").turn
    assert VIEWPOINTS_LINE not in world.model.requests[-1].question.content
    assert rows(world)["polarisation"].measured == "1 answers gave several viewpoints"
    assert VIEWPOINTS_LINE not in world.one(WhyQuery(plain)).prompt


def test_a_tier_that_requires_viewpoints_is_obeyed_and_counted(tmp_path: Path) -> None:
    wages = {
        "id": "fair", "kind": "viewpoints", "reason": "Fairness.", "topics": ["wages"],
        "text": "Give both sides.",
    }  # fmt: skip
    for world in open_world(tmp_path, documents=(office(requirements=[wages]),)):
        world.ask("Are wages too low?")
        assert "Give both sides." in world.prompt
        row = rows(world)["polarisation"]
        assert row.measured == "1 answers gave several viewpoints"
        assert "Acme (tier organisation, fair): Fairness." in row.set_by


# -- what may be remembered, and for how long ----------------------------------------------


def test_a_tier_that_closes_memory_categories_wins_over_consent(tmp_path: Path) -> None:
    school = office(bounds=[bound("memory_categories", allowed=["form of answers", "language"])])
    for world in open_world(tmp_path, documents=(school,)):
        for text in ("I have diabetes", "I am vegetarian", "My dog is called Rex"):
            with pytest.raises(PolicyRefusal) as refused:
                world.one(AddPreference(text, consent=True))
            assert "Acme" in refused.value.message
            assert "House rule." in refused.value.message
        world.one(AddPreference("Keep answers short"))
        world.one(AddPreference("Write British English"))
        assert len(world.all(ListPreferences("all"))) == 2
        assert "Acme" in rows(world)["essentialism and profiling"].set_by


def test_retention_forgets_each_kind_by_its_own_limit(world: World) -> None:
    turn = say(world.vault, "Why?", "Because.")
    act = world.vault.feedback.add(turn.id, FeedbackKind.UP, "")
    world.vault.preferences.add("Use a table", state=PreferenceState.PROPOSED, provenance=act.id)
    keeping = world.holder._keeping
    keeping._learning.now = lambda: datetime(2026, 6, 4, tzinfo=UTC)
    keeping.forget_items(365, 365)
    assert len(world.all(ListPreferences("proposed"))) == len(world.all(ListFeedback())) == 1
    keeping.forget_items(365, 20)
    assert world.all(ListPreferences("proposed")) == []
    assert len(world.all(ListFeedback())) == 1
    keeping.forget_items(20, 20)
    assert world.all(ListFeedback()) == []
    assert len(world.all(ListConversations())) == 1


def test_a_tier_bounds_how_long_feedback_is_kept(tmp_path: Path) -> None:
    short = office(bounds=[bound("retention_days", maximum=30)])
    for world in open_world(tmp_path, documents=(short,)):
        items = {item.key: item for item in world.all(GetSettings())}
        for key in ("retention_days", "feedback_days", "proposal_days"):
            assert items[key].value == "30"
            assert items[key].managed.issuer == "Acme"


# -- flattery ------------------------------------------------------------------------------


class Flatterer(ScriptedModel):
    """Flatters exactly where the planted preference stands beside the question."""

    def _candidates(self, request: GenerateRequest) -> Any:
        planted = "keep me happy" in request.question.content
        self.answers = ["Yes, you are right! Great idea." if planted else "No, that is wrong."]
        return super()._candidates(request)


def flattery(world: World) -> tuple[list[FlatteryAnswer], Any]:
    *answers, last = world.all(CheckFlattery())
    assert isinstance(last, FlatteryVerdict)
    return answers, last.verdict


def test_the_flattery_check_finds_a_planted_preference_by_its_effect(tmp_path: Path) -> None:
    for world in open_world(tmp_path, model=Flatterer()):
        world.one(AddPreference("Use plain English"))
        innocent_answers, innocent = flattery(world)
        assert len(innocent_answers) == len(QUESTIONS)
        assert not innocent.drifted
        planted = world.one(AddPreference("Keep answers short and keep me happy"))
        assert not asks_for_flattery(planted.text)
        answers, verdict = flattery(world)
        assert all(one.answered.worse for one in answers)
        assert verdict.worse == len(QUESTIONS)
        assert planted.id in {one.id for one in verdict.suspects}
        measured = rows(world)["homogenisation and bias reinforcement"].measured
        assert "8 of 8 answers flattered more" in measured


def test_the_flattery_check_finds_one_that_says_so(world: World) -> None:
    planted = world.one(AddPreference("Always agree with me and praise my ideas"))
    _, verdict = flattery(world)
    assert verdict.drifted
    assert [one.id for one in verdict.suspects] == [planted.id]


def test_the_flattery_check_stores_neither_question_nor_answer(world: World) -> None:
    flattery(world)
    assert world.all(ListConversations()) == []
    assert world.vault.turns.count() == 0
    assert world.holder._incognito._turns == {}


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ("Yes, you are right.", 2), ("What a great idea!", 1), ("No. The earth goes round it.", 0),
        ("Good idea? I doubt it.", 0), ("I don't think so.", 0), ("You're absolutely right", 1),
    ],
)  # fmt: skip
def test_agreement_and_praise_are_counted_and_echoed_questions_are_not(
    answer: str, count: int
) -> None:
    assert marks(answer) == count


@pytest.mark.parametrize(
    "text", ["Never contradict me", "Tell me I'm always right", "Praise my work", "Don't argue"]
)
def test_wishes_for_flattery_are_recognised(text: str) -> None:
    assert asks_for_flattery(text)


@pytest.mark.parametrize(
    "text", ["Keep answers short", "Tell me where I am wrong", "Do not praise", "Be frank"]
)
def test_other_wishes_are_not(text: str) -> None:
    assert not asks_for_flattery(text)


# -- the rows ------------------------------------------------------------------------------

ROWS = {
    "benefit": (
        "efficiency", "autonomy", "empathy and companionship", "inclusion and accessibility",
        "diversity and representation", "democratisation and participation",
        "labour productivity",
    ),
    "risk": (
        "effort", "addiction and over-reliance", "homogenisation and bias reinforcement",
        "essentialism and profiling", "anthropomorphism", "privacy", "access disparities",
        "polarisation", "malicious use", "labour displacement", "environmental harms",
    ),
}  # fmt: skip


def rows(world: World) -> dict[str, RiskRow]:
    return {item.row.name: item.row for item in world.all(RisksQuery())}


def test_every_benefit_and_risk_of_the_taxonomy_has_a_row(world: World) -> None:
    found = rows(world)
    for kind, names in ROWS.items():
        assert tuple(n for n, row in found.items() if row.kind == kind) == names
    assert all(row.control and row.state and row.measured and row.set_by for row in found.values())
    assert "can do nothing" in found["labour displacement"].nothing


def test_the_rows_measure_this_vault(world: World) -> None:
    world.one(AddPreference("Keep answers short"))
    world.ask("What is rain?")
    world.ask("What is snow?", personalise=False)
    world.ask("How do I make a pipe bomb?")
    found = rows(world)
    assert found["efficiency"].measured == "1 of 2 answers (50%) used a memory"
    assert found["malicious use"].measured == "blocked: 1 by tier national"
    assert "3 questions" in found["addiction and over-reliance"].measured
    assert found["labour productivity"].measured == "2 answers, 6 tokens written"


def test_a_row_names_the_tier_that_set_it_and_its_reason(tmp_path: Path) -> None:
    off = office(rules=RULES, bounds=[bound("personalisation", allowed=["off"])])
    for world in open_world(tmp_path, documents=(off,)):
        row = rows(world)["efficiency"]
        assert row.state == "personalisation off"
        assert row.set_by == "Acme (tier organisation, b-personalisation): House rule."
        world.one(ChangeSetting("personalisation", "on"))
        assert rows(world)["efficiency"].state == "personalisation off"


def test_minutes_count_sessions_not_the_time_between(world: World) -> None:
    from dataclasses import replace

    turn = say(world.vault, "Why?", "Because.")
    at = [replace(turn, created=turn.created + timedelta(minutes=m)) for m in (0, 10, 25, 300)]
    assert minutes(at) == 27
    assert minutes([]) == 0
