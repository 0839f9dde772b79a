"""The line mode's commands, over a real holder with a scripted model."""

from __future__ import annotations

import argparse
import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.cli.attach import Waiting
from assistant.cli.context import Context
from assistant.cli.keep import run_export
from assistant.cli.plain import converse, turns
from assistant.cli.plain.commands import COMMANDS, GROUPS
from assistant.cli.plain.editing import completions
from assistant.cli.plain.session import Session
from assistant.conversation.events import TurnEvent
from assistant.errors import ConfirmationMissing, NoSuchItem, UsageError, YesNeeded
from assistant.holder.interface import (
    AnyReply,
    AnyRequest,
    Application,
    Ask,
    Cancellation,
    ConversationItem,
    FeedbackItem,
    ListConversations,
    ListFeedback,
    ListPreferences,
    ShowConversation,
)
from tests.holder_world import World, open_world
from tests.policy_documents import document, rule

Say = Callable[[str], str]


class _HeldContext(Context):
    """The surroundings of a command whose vault is open already, with nobody to ask."""

    def __init__(self, application: Application) -> None:
        super().__init__(None, None, lambda front: 1)
        self._open = application

    def application(self, *, warm: bool = False) -> Application:
        return self._open

    @property
    def terminal(self) -> bool:
        return False


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


@pytest.fixture
def session(world: World) -> Session:
    application = world.holder
    return Session(_HeldContext(application), application, False, Waiting(application))


@pytest.fixture
def say(session: Session, capsys: pytest.CaptureFixture[str]) -> Say:
    """Type a line; what was printed because of it."""

    def typed(line: str) -> str:
        capsys.readouterr()
        if line.startswith("/"):
            word, _, rest = line[1:].partition(" ")
            COMMANDS[word].act(session, rest)
        else:
            turns.put(session, line)
        return "".join(capsys.readouterr())

    return typed


def test_help_names_every_command_under_its_heading(say: Say) -> None:
    told = say("/help")
    assert all(title in told for title in GROUPS)
    assert all(f"/{word}" in told for word in COMMANDS)


def test_help_for_a_command_of_the_command_line_is_its_own_help(say: Say) -> None:
    told = say("/help history")
    assert "rename" in told
    assert "usage: assistant history" in told


def test_a_message_that_needs_a_yes_goes_on_with_one_and_only_then(say: Say, world: World) -> None:
    with pytest.raises(UsageError, match="Nothing waits"):
        say("/yes")
    told = say("What is the dosage?")
    assert "To go on: /yes" in told
    assert world.model.requests == []
    assert "A scripted answer." in say("/yes")
    with pytest.raises(UsageError, match="Nothing waits"):
        say("/yes")


@pytest.mark.parametrize(
    ("before", "text", "offered"),
    [
        ("", "/imp", ["/impersonal ", "/import "]),
        ("/history ", "re", ["rename "]),
        ("/policy ", "ver", ["verify "]),
        ("/history pin ", "--o", ["--off "]),
        ("/erase ", "att", ["attachment "]),
        ("/up ", "x", []),
        ("what is a ", "/imp", []),
        ("", "", []),
    ],
)
def test_tab_completes_commands_and_their_verbs(before: str, text: str, offered: list[str]) -> None:
    assert completions(before, text) == offered


def test_acts_of_feedback_reach_the_latest_answer_with_their_reasons(
    say: Say, world: World, session: Session
) -> None:
    say("What is a fjord?")
    for line in ("/up", "/score 80", "/reason fluency,helpfulness well put", "/note nice"):
        assert "Noted." in say(line)
    acts = [act for act in world.all(ListFeedback()) if isinstance(act, FeedbackItem)]
    assert {act.turn for act in acts} == {session.turn}
    assert ("fluency", "helpfulness") in {act.reasons for act in acts}
    assert {"well put", "nice"} <= {act.note for act in acts}


def test_feedback_before_any_answer_is_refused_with_what_to_do(say: Say) -> None:
    with pytest.raises(UsageError, match="no answer"):
        say("/up")


def test_a_message_in_other_words_stands_on_a_branch_of_its_own(say: Say, world: World) -> None:
    say("What is a fjord?")
    say("/fork What is a firth?")
    assert say("/tree").count("\n") == 2
    assert "fjord" in say("/before")
    (turn,) = world.all(ShowConversation("last"))
    assert turn.question == "What is a fjord?"
    assert "firth" in say("/after")


def test_going_between_branches_needs_several(say: Say) -> None:
    say("What is a fjord?")
    with pytest.raises(NoSuchItem, match="one branch"):
        say("/before")


def test_one_message_or_a_whole_conversation_goes_without_what_was_learned(say: Say) -> None:
    on, off = "Personalisation was on", "Personalisation was off"
    for line, told in (
        ("/impersonal What is a fjord?", off), ("What is a firth?", on), ("/plainly", off),
        ("/impersonal", off), ("What is a loch?", off), ("/new", off), ("A moor?", on),
        ("/resume", on), ("/new", on), ("/impersonal", on), ("A bog?", off), ("/new", off),
        ("/resume", off), ("A heath?", off),
    ):  # fmt: skip
        say(line)
        if line not in {"/new", "/impersonal"}:
            assert told in say("/why"), line


def test_an_incognito_conversation_is_written_only_once_it_is_kept(
    say: Say, world: World, session: Session
) -> None:
    say("/incognito")
    say("What is a fjord?")
    assert world.all(ListConversations()) == []
    say("/keep")
    (kept,) = world.all(ListConversations())
    assert isinstance(kept, ConversationItem)
    assert kept.id == session.conversation
    assert "Noted." in say("/up")


def test_keeping_what_is_not_incognito_is_refused(say: Say) -> None:
    say("What is a fjord?")
    with pytest.raises(UsageError, match="not an incognito"):
        say("/keep")


def test_the_last_turn_is_erased_only_after_a_yes(say: Say, world: World) -> None:
    say("What is a fjord?")
    with pytest.raises(ConfirmationMissing):
        say("/forget")
    assert world.all(ShowConversation("last"))
    say("/forget yes")
    with pytest.raises(UsageError):
        say("/why")


def test_copying_asks_policy_and_prints_where_there_is_no_clipboard(say: Say, world: World) -> None:
    world.model.default_answer = "Text.\n\n```\ncode()\n```\n\n[x](https://example.org/x)\n"
    say("What is a fjord?")
    assert say("/copy code") == "code()\n"
    assert say("/copy link 1") == "https://example.org/x\n"
    with pytest.raises(NoSuchItem, match="no code block 2"):
        say("/copy code 2")
    with pytest.raises(UsageError):
        say("/copy everything")


def _clients(tmp_path: Path) -> Iterator[World]:
    asks = rule("clients", "confirm", ["export"], terms=["client list"])
    yield from open_world(tmp_path, documents=(document(rules=[asks]),))


def test_a_copy_that_a_rule_wants_a_yes_for_is_made_after_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for world in _clients(tmp_path):
        world.model.default_answer = "Here is the client list."
        session = Session(_HeldContext(world.holder), world.holder, False, Waiting(world.holder))
        turns.put(session, "Who are they?")
        capsys.readouterr()
        COMMANDS["copy"].act(session, "")
        out, told = capsys.readouterr()
        assert out == ""
        assert "Because of clients. (rule clients" in told
        assert "To go on: /yes" in told
        COMMANDS["yes"].act(session, "")
        assert capsys.readouterr().out == "Here is the client list.\n"
        with pytest.raises(UsageError, match="Nothing waits"):
            COMMANDS["yes"].act(session, "")


class _AskedContext(_HeldContext):
    """Somebody at a terminal, who says yes and remembers to what."""

    def __init__(self, application: Application) -> None:
        super().__init__(application)
        self.questions: list[str] = []

    @property
    def terminal(self) -> bool:
        return True

    def confirm(self, question: str, *, yes: bool, flag: str = "--yes") -> None:
        self.questions.append(f"{question} {flag}" if not yes else question)


@pytest.mark.parametrize("somebody", [True, False])
def test_an_export_that_a_rule_wants_a_yes_for_asks_who_is_there_to_be_asked(
    tmp_path: Path, somebody: bool
) -> None:
    path = tmp_path / "out.md"
    for world in _clients(tmp_path / "home"):
        world.ask("Where is the client list?")
        words = argparse.Namespace(
            file=path, format=None, conversation=[], preferences_only=False, yes=True,
            no_preferences=False, confirm=[], json=False,
        )  # fmt: skip
        if somebody:
            context = _AskedContext(world.holder)
            assert run_export(words, context) == 0
            assert context.questions[1:] == ["Export it? --yes"]
            assert "client list" in path.read_text()
        else:
            with pytest.raises(YesNeeded) as raised:
                run_export(words, _HeldContext(world.holder))
            assert "--confirm clients" in raised.value.hint
            assert not path.exists()


def test_the_command_line_works_inside_over_the_open_vault(say: Say, world: World) -> None:
    say("What is a fjord?")
    (conversation,) = world.all(ListConversations())
    assert isinstance(conversation, ConversationItem)
    say(f"/history rename {conversation.id} 'Nordic words'")
    say(f"/history move {conversation.id} School")
    assert "School / Nordic words" in say("/history")
    say("/preferences add 'Answer briefly.' --scope topic --for geography")
    (kept,) = world.all(ListPreferences())
    assert (kept.scope, kept.scope_ref) == ("topic", "geography")
    assert "Answer briefly." in say("/preferences")
    assert say("/feedback") == ""


def test_wrong_usage_inside_is_told_and_ends_nothing(say: Say) -> None:
    assert "invalid choice" in say("/history frobnicate")
    assert "quotation mark" in say("/preferences add 'open")


@pytest.mark.parametrize("line", ["/erase all", "/policy simulate", "/history --home /elsewhere"])
def test_what_does_not_belong_inside_a_chat_is_refused(say: Say, line: str) -> None:
    with pytest.raises(UsageError):
        say(line)


def test_settings_and_sliders_say_what_holds(say: Say) -> None:
    assert "max_tokens is now 100." in say("/set max_tokens 100")
    assert "length" in say("/slide length -0.5")
    with pytest.raises(UsageError):
        say("/slide length very")
    with pytest.raises(UsageError):
        say("/set max_tokens")


class _Told:
    """Hands everything on; keeps what was asked."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self.asked: list[Ask] = []

    def handle(
        self, request: AnyRequest, cancellation: Cancellation | None = None
    ) -> Iterator[TurnEvent | AnyReply]:
        if isinstance(request, Ask):
            self.asked.append(request)
        yield from self._application.handle(request, cancellation)


@contextlib.contextmanager
def typing(text: str) -> Iterator[None]:
    before, sys.stdin = sys.stdin, io.StringIO(text)
    try:
        yield
    finally:
        sys.stdin = before


def test_a_long_text_between_quotes_is_data_besides_and_stays_so_when_asked_again(
    world: World,
) -> None:
    told, fence = _Told(world.holder), '"""'
    long, short = "/a path and words\n" * 12 + "end", "two\nlines"
    lines = f"{fence}\n{long}\n{fence}\n/again\n{fence}\n{short}\n{fence}\none line\n"
    with typing(lines):
        assert converse(_HeldContext(told), incognito=False) == 0
    assert [(ask.text, ask.pasted) for ask in told.asked] == [
        (long, (long,)), (long, (long,)), (short, ()), ("one line", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ("What is the dosage?\n", 1),
        ("What is the dosage?\n/yes\n", 0),
        ("What is a fjord?\nHow do I build a pipe bomb?\n", 1),
        ("How do I build a pipe bomb?\nWhat is a fjord?\n/again\n/status\n", 0),
    ],
)
def test_the_line_mode_ends_as_its_last_turn_did_also_one_that_a_command_asked(
    world: World, lines: str, code: int
) -> None:
    with typing(lines + "/quit\n"):
        assert converse(_HeldContext(world.holder), incognito=False) == code


def test_a_line_after_two_answers_that_picks_neither_is_told_and_not_lost(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.model.answers = ["One.", ["Two.", "Three."], "Four.", ["Five.", "Six."], "Seven."]
    told = _Told(world.holder)
    with typing("A?\n/two\n/score 55\nB?\n/two\n3\n\n/two\nC?\n"):
        converse(_HeldContext(told), incognito=False)
    errors = capsys.readouterr().err
    assert errors.count("not 1 or 2") == 3
    assert [act.value for act in world.all(ListFeedback()) if act.kind == "score"] == ["55"]
    assert [ask.text for ask in told.asked] == ["A?", "A?", "B?", "B?", "B?", "C?"]


def test_the_status_before_the_first_turn_counts_no_tokens(say: Say) -> None:
    assert "Context: empty, nothing was asked yet." in say("/status")
    say("What is a fjord?")
    assert " tokens." in say("/status")
