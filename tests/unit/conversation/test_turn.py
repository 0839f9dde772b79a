"""One turn: what is shown, stored, kept out, and what a fault leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.conversation.events import AnswerText, PolicyNotice, TurnBegan, TurnEnded
from assistant.errors import ModelMissing
from assistant.holder.interface import (
    AddPreference,
    Ask,
    Cancellation,
    DecisionQuery,
    ListConversations,
    ShowConversation,
)
from tests.holder_world import RULES, World, open_world
from tests.policy_documents import document, rule


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


def test_an_answer_streams_is_stored_and_absorbed_without_the_preference_block(
    world: World,
) -> None:
    world.one(AddPreference("Keep answers short"))
    world.model.answers = ["Rain falls. It is wet."]
    events = world.events("Tell me about rain.")
    assert isinstance(events[0], TurnBegan)
    shown = "".join(e.text for e in events if isinstance(e, AnswerText))
    ending = events[-1]
    assert isinstance(ending, TurnEnded)
    assert shown == ending.answer == "Rain falls. It is wet."
    assert world.vault.turns.get(ending.turn).answer == shown
    assert "Keep answers short" in world.prompt
    (absorbed,) = world.model.absorbed
    assert [m.content for m in absorbed[1:]] == ["Tell me about rain.", shown]


def test_a_refused_question_reaches_no_model_and_names_everything(world: World) -> None:
    ending = world.ask("How do I make a pipe bomb?")
    assert ending.status == "refused"
    assert ending.ruling is not None
    assert (ending.ruling.rule, ending.ruling.tier) == ("no-bombs", "national")
    assert ending.ruling.issuer == "Test Authority"
    assert ending.ruling.reason == "Because of no-bombs."
    assert ending.ruling.appeal == "appeal@example.org"
    assert ending.ruling.help == "Ask about safety instead."
    assert world.model.requests == []


def test_a_block_followed_by_three_harmless_questions_gets_three_answers(world: World) -> None:
    refused = world.ask("How do I make a pipe bomb?")
    for text in ("And tea?", "And coffee?", "And cocoa?"):
        ending = world.ask(text, conversation=refused.conversation)
        assert ending.status == "complete"
        assert "pipe bomb" not in world.prompt


def test_a_term_split_over_two_turns_is_caught(world: World) -> None:
    first = world.ask("I want to make a pipe")
    assert first.status == "complete"
    second = world.ask("bomb", conversation=first.conversation)
    assert second.status == "refused"
    assert second.ruling is not None
    assert second.ruling.view.startswith("turns+")


def test_a_forbidden_answer_is_stopped_and_never_shown_stored_or_fed_back(world: World) -> None:
    world.model.answers = ["Buy this. It is a guaranteed profit. Trust me."]
    events = world.events("What should I buy?")
    shown = "".join(e.text for e in events if isinstance(e, AnswerText))
    ending = events[-1]
    assert isinstance(ending, TurnEnded)
    assert ending.status == "refused"
    assert ending.ruling is not None
    assert ending.ruling.where == "output"
    stored = world.vault.turns.get(ending.turn)
    for text in (shown, stored.answer, ending.answer):
        assert "guaranteed" not in text
        assert "Trust me" not in text
    assert world.model.cancelled >= 1
    assert world.model.absorbed == []
    world.ask("Go on", conversation=ending.conversation)
    assert "guaranteed" not in world.prompt


def test_confirm_stores_nothing_until_the_person_says_yes(world: World) -> None:
    ending = world.ask("What dosage is usual?")
    assert ending.status == "confirm"
    assert ending.ruling is not None
    assert world.all(ListConversations()) == []
    again = world.ask("What dosage is usual?", confirmed=(ending.ruling.rule,))
    assert again.status == "complete"


def test_a_warning_is_said_once_a_turn_wherever_its_rule_acts(tmp_path: Path) -> None:
    tax = rule("tax-advice", "warn", ["input", "output"], terms=["tax return"])
    for world in open_world(tmp_path, documents=(document(rules=[tax]),)):
        world.model.answers = ["Your tax return is due in May. A tax return takes time."]
        events = world.events("When is my tax return due?")
        assert [e.ruling.rule for e in events if isinstance(e, PolicyNotice)] == ["tax-advice"]


def test_redaction_keeps_the_text_from_model_and_vault(world: World) -> None:
    events = world.events("My account is 1234-5678, is it safe?")
    ending = events[-1]
    assert isinstance(ending, TurnEnded)
    assert ending.status == "complete"
    assert any(isinstance(e, PolicyNotice) for e in events)
    assert "1234-5678" not in world.prompt
    assert "1234-5678" not in world.vault.turns.get(ending.turn).question


def test_a_recalled_memory_that_policy_forbids_never_reaches_the_prompt(tmp_path: Path) -> None:
    # Stored before the rule existed: the gate looks again when it is recalled.
    for world in open_world(tmp_path, documents=(document(),)):
        world.one(AddPreference("I follow a starvation diet plan for lunch"))
        before = world.ask("Which starvation diet plan do I follow for lunch?")
        assert before.used
        world.enforce(document(rules=RULES))
        after = world.ask("Which diet plan do I follow for lunch?")
        assert all("starvation" not in item.text for item in after.used)
        assert "starvation" not in world.prompt


def test_cancelling_keeps_what_was_released_and_says_so(world: World) -> None:
    cancellation = Cancellation()
    world.model.answers = ["One. Two. Three. Four. Five. Six. Seven. Eight."]
    seen = 0

    def before() -> None:
        nonlocal seen
        seen += 1
        if seen == 4:
            cancellation.cancel()

    world.model.before_token = before
    ending = world.events("Count", cancellation)[-1]
    assert isinstance(ending, TurnEnded)
    assert ending.status == "cancelled"
    assert ending.answer.startswith("One.")
    assert "Eight" not in ending.answer
    assert world.vault.turns.get(ending.turn).answer == ending.answer


def test_a_child_that_dies_ends_the_turn_with_an_offer_and_keeps_the_rest(world: World) -> None:
    world.model.answers = ["First sentence. Second sentence. Third one."]
    world.model.die_after = 4
    failed = world.failure("Tell me a story.")
    assert failed.again
    assert failed.exit_code == 70
    stored = world.vault.turns.get(failed.turn)
    assert stored.status.value == "interrupted"
    assert "Third" not in stored.answer
    again = world.ask("", again_of=failed.turn, conversation=stored.conversation_id)
    assert again.status == "complete"
    assert "Tell me a story." in world.prompt


def test_a_missing_model_is_exit_5_and_the_question_is_kept(world: World) -> None:
    from assistant.engine import EngineState, Phase

    world.model.fails_with = ModelMissing("The model's file is not there.")
    world.model._state = EngineState(Phase.FAILED)
    failed = world.failure("Hello")
    assert failed.exit_code == 5
    assert not failed.again
    assert world.vault.turns.get(failed.turn).question == "Hello"


def test_a_listener_that_goes_away_leaves_an_interrupted_turn(world: World) -> None:
    world.model.answers = ["One. Two. Three. Four. Five. Six."]
    stream = world.holder.handle(Ask("Count"))
    for event in stream:
        if isinstance(event, AnswerText):
            break
    stream.close()  # type: ignore[attr-defined]
    turn = world.vault.turns.latest()
    assert turn is not None
    assert turn.status.value == "interrupted"
    assert world.ask("Hello").status == "complete"


def test_incognito_writes_no_text_and_no_ids_but_counts_the_rule(world: World) -> None:
    first = world.ask("Zebras are striped", incognito=True)
    assert first.turn.startswith("incognito-")
    second = world.ask("What did I say?", conversation=first.conversation)
    assert second.turn.startswith("incognito-")
    assert "Zebras are striped" in world.prompt
    world.ask("pipe bomb", incognito=True)
    assert world.all(ListConversations()) == []
    assert world.vault.turns.count() == 0
    (entry,) = world.all(DecisionQuery())
    assert (entry.rule, entry.tier, entry.effect) == ("no-bombs", "national", "block")


def test_without_personalisation_nothing_learned_is_used(world: World) -> None:
    world.one(AddPreference("Keep answers short"))
    ending = world.ask("Tell me about rain.", personalise=False)
    assert ending.used == ()
    assert not ending.personalised
    assert "Keep answers short" not in world.prompt


def test_several_candidates_keep_their_order_and_one_is_chosen(world: World) -> None:
    world.one(AddPreference("Use bullet points"))
    world.model.answers = [["Plain prose it is.", "- a\n- b\n- c", "More prose here."]]
    ending = world.ask("List three letters", candidates=3)
    assert ending.candidates == ("Plain prose it is.", "- a\n- b\n- c", "More prose here.")
    assert ending.chosen == 1
    assert ending.answer == "- a\n- b\n- c"
    (shown,) = world.all(ShowConversation(ending.conversation))
    assert shown.answer == ending.answer


def test_a_forbidden_candidate_is_dropped_and_the_others_stand(world: World) -> None:
    world.model.answers = [["A guaranteed profit for you.", "Nobody can promise that."]]
    ending = world.ask("Invest?", candidates=2)
    assert ending.status == "complete"
    assert ending.candidates == ("", "Nobody can promise that.")
    assert ending.answer == "Nobody can promise that."


def test_required_text_and_lines_are_added_on_their_topic_only(tmp_path: Path) -> None:
    needs = [
        {"id": "risk", "kind": "added_text", "reason": "Law.", "text": "Loans carry risk.",
         "topics": ["loan"]},
        {"id": "both", "kind": "instruct", "reason": "Law.", "text": "Name both sides.",
         "topics": ["loan"]},
    ]  # fmt: skip
    for world in open_world(tmp_path, documents=(document(requirements=needs),)):
        on_topic = world.ask("Should I take a loan?")
        assert on_topic.answer.endswith("Loans carry risk.")
        assert "Name both sides." in world.prompt
        assert world.vault.turns.get(on_topic.turn).answer == on_topic.answer
        off_topic = world.ask("Should I take a walk?")
        assert "Loans" not in off_topic.answer
        assert "Name both sides." not in world.prompt
