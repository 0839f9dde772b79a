"""What leaves the vault in the clear passes the gate as an export does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import PolicyRefusal
from assistant.holder.interface import CopyAllowed, CopyText, DecisionQuery
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
    with pytest.raises(PolicyRefusal, match="asks for a yes"):
        world.one(CopyText("The client list."))
    assert world.one(CopyText("The client list.", ("clients",))).text == "The client list."
    with pytest.raises(PolicyRefusal, match="secrets"):
        world.one(CopyText("The client list of project falcon.", ("clients", "secrets")))
