"""`history` and `ask --fork` through the socket of whoever holds the vault."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assistant.cli.main import main
from tests.holder_world import World

Run = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def run(world: World, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run one command with --json and give its lines."""

    def lines(*words: str) -> list[dict[str, Any]]:
        assert main(["--home", str(world.folder), *words, "--json"], lambda _: 1) == 0
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return lines


def test_a_fork_is_asked_shown_listed_and_left_again(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    first = world.ask("I bake bread")
    (forked,) = run("ask", "I bake cake", "--fork", first.turn)
    assert forked["conversation"] == first.conversation
    (shown,) = run("history", "show")
    assert (shown["question"], shown["place"], shown["places"]) == ("I bake cake", 2, 2)
    tree = run("history", "tree")
    assert [(turn["parent"], turn["read"]) for turn in tree] == [("", False), ("", True)]
    (back,) = run("history", "branch", first.turn)
    assert back["question"] == "I bake bread"
    assert main(["--home", str(world.folder), "history", "show"], lambda _: 1) == 0
    assert "‹1/2›" in capsys.readouterr().out


def test_a_conversation_is_pinned_moved_and_listed_by_folder(world: World, run: Run) -> None:
    old = world.ask("One").conversation
    new = world.ask("Two").conversation
    run("history", "pin", old)
    run("history", "move", new, "house")
    assert [item["id"] for item in run("history", "list")] == [old, new]
    assert [item["id"] for item in run("history", "list", "--folder", "house")] == [new]
    run("history", "pin", old, "--off")
    assert [item["id"] for item in run("history", "list")] == [new, old]


def test_a_hostile_folder_name_is_printed_inert(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    conversation = world.ask("One").conversation
    run("history", "move", conversation, "a\x1b]52;c;eA==\x07\u202eb")
    assert main(["--home", str(world.folder), "history", "list"], lambda _: 1) == 0
    printed = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e"} & set(printed)


def test_a_search_finds_titles_too_as_the_app_does(
    world: World, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = world.ask("Where do herons sleep?").conversation
    said = world.ask("What are kitchen plans?").conversation
    run("history", "rename", plans, "Kitchen plans")
    hit, titled = run("history", "search", "plans kitchen")
    assert (hit["reply"], hit["conversation"]) == ("search-hit", said)
    assert (titled["reply"], titled["id"]) == ("conversation", plans)
    assert run("history", "search", "herons kitchen") == []
    assert len(run("history", "search", "kitchen", "--limit", "1")) == 2
    assert main(["--home", str(world.folder), "history", "search", "plans"], lambda _: 1) == 0
    assert f"{plans}  " in capsys.readouterr().out


def test_a_turn_found_in_its_answer_and_in_its_file_is_shown_once_a_line_for_each_place(
    world: World, run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "rooms.txt").write_text("One kitchen.\n\n\nTwo halls.\n")
    world.model.answers = ["First,\n\n- the kitchen\n- the hall"]
    words = ["ask", "Which rooms?", "--attach", str(tmp_path / "rooms.txt")]
    (asked,) = run(*words)
    assert len(run("history", "search", "kitchen")) == 2
    assert main(["--home", str(world.folder), "history", "search", "kitchen"], lambda _: 1) == 0
    head, said, file = capsys.readouterr().out.splitlines()
    assert head.startswith(f"{asked['turn']}  ")
    assert said == "    First, - the «kitchen» - the hall"
    assert file.startswith("    rooms.txt: One «kitchen». Two halls")
