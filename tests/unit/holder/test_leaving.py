"""What leaves the vault in the clear, and what comes in from a file, passes the gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import PolicyRefusal, YesNeeded
from assistant.holder.controls import MakePack
from assistant.holder.interface import (
    AddPreference,
    CopyAllowed,
    CopyText,
    DecisionQuery,
    Export,
    GiveFeedback,
    Import,
    ListConversations,
    ListPreferences,
    RenameConversation,
    ShowConversation,
    WhyQuery,
)
from tests.holder_world import World, open_world
from tests.policy_documents import document, rule

LEAVING = [
    rule("secrets", "block", ["export"], terms=["project falcon"]),
    rule("accounts", "redact", ["export"], pattern=[r"\b\d{4}-\d{4}\b"]),
    rule("clients", "confirm", ["export"], terms=["client list"]),
    rule("drafts", "warn", ["export"], terms=["first draft"]),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path / "home", documents=(document(rules=LEAVING),))


def test_a_harmless_text_is_copied_as_it_is(world: World) -> None:
    assert world.one(CopyText("Tea at four.")) == CopyAllowed("Tea at four.")
    assert world.all(DecisionQuery()) == []


@pytest.mark.parametrize(
    "text", ["About project falcon.", "cHJvamVjdCBmYWxjb24=", "pr\u200boject falcon"]
)
def test_a_forbidden_text_is_not_copied_however_it_is_written(world: World, text: str) -> None:
    with pytest.raises(PolicyRefusal, match="rule secrets, Test Authority"):
        world.one(CopyText(text))
    (logged,) = world.all(DecisionQuery())
    assert (logged.rule, logged.where, logged.effect) == ("secrets", "export", "block")


def test_what_a_rule_redacts_is_copied_without_it_and_says_so(world: World) -> None:
    reply = world.one(CopyText("Account 1234-5678, tea at four."))
    assert "1234-5678" not in reply.text
    assert "tea at four" in reply.text
    assert reply.ruling.rule == "accounts"


def test_a_warning_goes_along_with_the_text(world: World) -> None:
    reply = world.one(CopyText("My first draft."))
    assert (reply.text, reply.ruling.effect) == ("My first draft.", "warn")


def test_a_rule_that_wants_a_yes_lets_the_text_go_after_it(world: World) -> None:
    with pytest.raises(YesNeeded, match="asks for a yes") as raised:
        world.one(CopyText("The client list."))
    assert raised.value.rule == "clients"
    assert world.one(CopyText("The client list.", ("clients",))).text == "The client list."
    with pytest.raises(PolicyRefusal, match="secrets"):
        world.one(CopyText("The client list of project falcon.", ("clients", "secrets")))


def _exported(world: World, path: Path, *confirmed: str) -> str:
    world.one(Export(str(path), "json", confirmed=confirmed))
    return path.read_text()


def test_an_export_hides_what_a_rule_redacts_wherever_it_stands(
    world: World, tmp_path: Path
) -> None:
    world.model.answers = ["Yes, 1234-5678 is yours.", ["1234-5678", "No."]]
    world.ask("Is 1234-5678 mine?")
    world.ask("Which one?", candidates=2)
    world.one(GiveFeedback("note", value="", note="1234-5678 was right"))
    world.one(AddPreference("Call me 1234-5678"))
    world.one(AddPreference("Keep answers short"))
    text = _exported(world, tmp_path / "x.json")
    assert "1234-5678" not in text
    assert "is yours" in text
    assert "Keep answers short" in text


def test_an_export_leaves_out_the_conversations_a_rule_stops_and_names_them(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    tea = world.ask("What is tea?").conversation
    stopped = [world.ask(f"Is project falcon {word}?").conversation for word in ("late", "over")]
    told = world.one(Export(str(path), "json")).what
    assert told.startswith("Exported in the clear: 1 conversation.")
    assert "kept back 2 conversations" in told
    assert "rule secrets, Test Authority" in told
    assert all(identity in told for identity in stopped)
    assert "alcon" not in path.read_text() + told
    (kept,) = json.loads(path.read_text())["conversations"]
    assert kept["conversation"]["id"] == tea


def test_an_export_of_which_no_conversation_may_leave_is_refused(
    world: World, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    world.ask("What is tea?")
    falcon = world.ask("Is project falcon late?").conversation
    with pytest.raises(PolicyRefusal, match=f"{falcon}.*rule secrets") as refused:
        world.one(Export(str(path), "json", (falcon,)))
    assert refused.value.hint.startswith("Appeal: ")
    assert not path.exists()


def test_a_conversation_a_rule_wants_a_yes_for_is_exported_after_it(
    world: World, tmp_path: Path
) -> None:
    world.ask("Where is the client list?")
    with pytest.raises(YesNeeded, match="asks for a yes"):
        world.one(Export(str(tmp_path / "x.json"), "json"))
    assert "client list" in _exported(world, tmp_path / "x.json", "clients")


def test_a_preference_a_rule_wants_a_yes_for_is_exported_after_it(
    world: World, tmp_path: Path
) -> None:
    world.one(AddPreference("Sort the client list by name"))
    with pytest.raises(YesNeeded, match="asks for a yes"):
        world.one(Export(str(tmp_path / "x.json"), "json"))
    assert "client list" in _exported(world, tmp_path / "x.json", "clients")


def test_nothing_leaves_while_the_check_itself_fails(tmp_path: Path) -> None:
    meaning = {"examples": ["a b", "c d"], "counter_examples": ["e f", "g h"]}
    documents = (document(rules=[rule("m", "block", ["export"], meaning=meaning)]),)
    for world in open_world(tmp_path / "home", documents=documents):
        kept = world.one(AddPreference("Keep answers short"))
        world.ask("Where do herons sleep?")
        for request in (
            CopyText("Tea at four."),
            Export(str(tmp_path / "x.json"), "json"),
            MakePack((kept.id,)),
        ):
            with pytest.raises(PolicyRefusal):
                world.all(request)
        assert not (tmp_path / "x.json").exists()


# -- what comes in -------------------------------------------------------------------------


def test_an_imported_conversation_is_read_as_if_it_were_had_here(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for other in open_world(tmp_path / "other", documents=(document(),)):
        other.model.answers = ["A guaranteed profit!", "Fine.", "Account 1234-5678.", "A drink."]
        for question in ("Invest?", "How do I build a pipe bomb?", "Mine?", "What is tea?"):
            talk = other.ask(question, conversation="" if question == "Invest?" else "last")
        other.one(Export(str(path), "json"))
    for world in open_world(tmp_path / "here"):
        assert world.one(Import(str(path))).what.count("kept 2 answers out") == 1
        shown = world.all(ShowConversation(talk.conversation))
        assert [(t.status, t.answer) for t in shown[:2]] == [("refused", ""), ("refused", "")]
        assert "1234-5678" not in shown[2].answer
        world.ask("Go on.", conversation=talk.conversation)
        assert "A drink." in world.prompt
        assert "guaranteed profit" not in world.prompt
        assert "pipe bomb" not in world.prompt


def test_an_imported_title_is_what_renaming_would_have_let_it_be(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for other in open_world(tmp_path / "other", documents=(document(),)):
        other.model.answers = ["One.", "Two."]
        bomb = other.ask("Tea?").conversation
        other.one(RenameConversation(bomb, "My pipe bomb"))
        account = other.ask("More tea?").conversation
        other.one(RenameConversation(account, "Account 1234-5678"))
        other.one(Export(str(path), "json"))
    for world in open_world(tmp_path / "here"):
        world.one(Import(str(path)))
        titles = {item.id: item.title for item in world.all(ListConversations())}
        assert titles[bomb] == "From a file"
        assert titles[account].startswith("Account")
        assert "1234" not in titles[account]


def test_an_imported_candidate_can_be_picked_only_as_policy_lets_it_be(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for other in open_world(tmp_path / "other", documents=(document(),)):
        other.model.answers = [["Tea.", "A guaranteed profit!", "Account 1234-5678."]]
        talk = other.ask("What is tea?", candidates=3)
        other.one(Export(str(path), "json"))
    for world in open_world(tmp_path / "here"):
        world.one(Import(str(path)))
        turn = world.vault.turns.get(talk.turn)
        tea, profit, account = json.loads(turn.notes)["candidates"]
        assert (tea, profit) == ("Tea.", "")
        assert account.startswith("Account")
        assert "1234" not in account


@pytest.mark.parametrize(
    "altered",
    [
        '{"profile": 5}',
        '{"files": 5}',
        '{"instructions": [1]}',
        "[]",
        pytest.param("[" * 9000, id="deep"),
    ],
)
def test_an_imported_turn_with_notes_of_another_shape_is_accounted_for(
    tmp_path: Path, altered: str
) -> None:
    path = tmp_path / "x.json"
    for other in open_world(tmp_path / "other"):
        talk = other.ask("What is tea?")
        other.one(Export(str(path), "json"))
    export = json.loads(path.read_text())
    export["conversations"][0]["turns"][0]["turn"]["notes"] = altered
    path.write_text(json.dumps(export))
    for world in open_world(tmp_path / "here"):
        world.one(Import(str(path)))
        told = world.one(WhyQuery(talk.turn))
        assert (told.question, told.profile, told.files) == ("What is tea?", (), ())


def test_a_preference_nobody_could_have_typed_is_not_imported(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for other in open_world(tmp_path / "other"):
        for text in ("Keep it short", "Use lists", "Be formal"):
            other.one(AddPreference(text))
        other.one(Export(str(path), "json"))
    export = json.loads(path.read_text())
    for preference, text in zip(export["preferences"], (" ", "x" * 501), strict=False):
        preference["text"] = text
    path.write_text(json.dumps(export))
    for world in open_world(tmp_path / "here"):
        world.one(Import(str(path)))
        assert len(world.all(ListPreferences("all"))) == 1


def test_a_title_passes_the_gate_as_what_is_typed(tmp_path: Path) -> None:
    for world in open_world(tmp_path / "home"):
        talk = world.ask("Where do herons sleep?").conversation
        with pytest.raises(PolicyRefusal, match=r"no-bombs.*tier national") as raised:
            world.one(RenameConversation(talk, "My pipe bomb"))
        assert raised.value.hint.startswith("Appeal: ")
        world.one(RenameConversation(talk, "Account 1234-5678"))
        (item,) = world.all(ListConversations())
        assert "1234" not in item.title
        assert item.title.startswith("Account")
