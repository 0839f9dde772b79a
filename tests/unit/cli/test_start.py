"""A command starts fast: its own noun alone, and nothing heavy when another process holds."""

from __future__ import annotations

import argparse
import subprocess
import sys

import pytest

from assistant.cli.main import Parser, build_parser, command_word
from tests.conftest import ROOT
from tests.holder_world import World

_HEAVY = (
    "pydantic", "cryptography", "tuf", "securesystemslib", "sqlcipher3", "numpy", "textual",
    "assistant.engine", "assistant.vault.facade", "assistant.policy.document",
    "assistant.cli.policy", "assistant.cli.doctor", "secrets",
)  # fmt: skip
_REMOTE = f"""
import sys
from assistant.cli.main import main
assert main(sys.argv[1:], lambda front: 1) == 0
heavy = [name for name in sys.modules if name.startswith({_HEAVY!r})]
assert not heavy, heavy
"""


def _commands(parser: argparse.ArgumentParser) -> dict[str, Parser]:
    (action,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


def test_a_command_is_the_same_with_its_own_noun_alone() -> None:
    for name, whole in _commands(build_parser()).items():
        alone = _commands(build_parser(name))
        assert alone[name].format_help() == whole.format_help()


def test_most_commands_register_their_own_noun_alone() -> None:
    for name in ("ask", "chat", "lock", "agent", "why"):
        assert len(_commands(build_parser(name))) <= 3


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("ask hello", "ask"), ("--home ask lock", "lock"), ("--home=ask why --json", "why"),
        ("--passphrase-file why --home x ask y", "ask"), ("", "chat"), ("--home x", "chat"),
        ("--help", ""), ("--version", ""), ("--hom x ask y", ""), ("--home", "chat"),
        ("-- ask", ""), ("nonsense ask", "nonsense"),
    ],
)  # fmt: skip
def test_the_word_that_names_the_command_is_found_among_the_flags(line: str, word: str) -> None:
    assert command_word(line.split()) == word


def test_a_word_that_names_nothing_gets_the_whole_parser() -> None:
    assert set(_commands(build_parser("nonsense"))) == set(_commands(build_parser()))


@pytest.mark.parametrize("command", [["ask", "Hello"], ["agent", "status"], ["lock"]])
def test_a_command_to_a_holder_elsewhere_imports_nothing_heavy(
    world: World, command: list[str]
) -> None:
    run = [sys.executable, "-c", _REMOTE, "--home", str(world.folder), *command]
    ran = subprocess.run(run, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
