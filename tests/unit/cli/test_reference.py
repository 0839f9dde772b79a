"""What `--help` and the README teach is true: examples parse, every word is explained."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

import pytest

from assistant.cli.command_tree import Command, read
from assistant.cli.examples import EXAMPLES, EXITS, needs_vault
from assistant.cli.main import build_parser, main

# They stay, fetch, make a vault or ask the machine: not run here.
_NOT_RUN = {
    "", "chat", "init", "agent", "serve", "doctor", "completion", "models pull", "models use",
    "models verify", "policy sync", "policy init", "policy keygen",
}  # fmt: skip


def _commands() -> list[Command]:
    return list(read(build_parser()).walk())


def test_every_command_has_an_example_and_each_is_a_line_the_parser_takes() -> None:
    assert {" ".join(command.words) for command in _commands()} == set(EXAMPLES)
    for words, lines in EXAMPLES.items():
        for line in lines:
            program, *rest = shlex.split(line)
            assert program == "assistant"
            build_parser().parse_args(rest)
            named = [word for word in words.split() if word not in rest]
            assert not named, line


def test_every_place_and_every_flag_says_what_it_is_for() -> None:
    for command in _commands():
        assert command.description, command.words
        for part in (*command.places, *command.flags):
            assert part.hidden or len(part.about) > 5, (command.words, part.shown)


def test_the_help_of_a_command_shows_its_examples() -> None:
    told = build_parser().format_help()
    assert all(line in told for line in EXAMPLES[""])


def test_exit_codes_are_said_of_commands_that_exist() -> None:
    assert set(EXITS) <= set(EXAMPLES)
    assert {code for told in EXITS.values() for code in told} <= {1, 3, 4, 5, 70}


@pytest.mark.parametrize("words", sorted(set(EXAMPLES) - _NOT_RUN))
def test_without_a_vault_exactly_those_commands_that_need_one_exit_with_3(
    words: str, tmp_path: Path
) -> None:
    line = shlex.split(EXAMPLES[words][0])[1:]
    with contextlib.chdir(tmp_path):  # the examples name files that are not there
        code = main(["--home", str(tmp_path / "home"), *line], lambda front: 9)
    assert (code == 3) is needs_vault(words)
