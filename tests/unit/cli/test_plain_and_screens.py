"""The line mode and the screens offer the same things: neither gets ahead of the other."""

from __future__ import annotations

from assistant.cli.plain.commands import COMMANDS, GROUPS
from assistant.cli.plain.nouns import NOUNS
from assistant.tui.keys import KEYS

# What only a screen needs, and why.
_SCREEN_ONLY = {
    "app.theme": "lines have no colours",
    "app.motion": "lines do not move",
    "app.mouse": "lines leave the mouse to the terminal",
    "app.interrupt": "Ctrl-C itself",
    "chat.stop": "Ctrl-C stops an answer",
    "answer.more": "lines are always shown whole",
    "answer.previous": "the terminal scrolls",
    "answer.next": "the terminal scrolls",
    "answer.prompt": "one is always in the prompt",
    "list.back": "there is nothing to go back from",
    "list.found": "what was found stands below what was asked",
}
# What only lines need, and why.
_LINES_ONLY = {
    "yes": "the dialog's own y",
    "branch": "the tree screen's Enter",
    "reason": "the note screen's boxes",
    "proposals": "the preferences screen shows them",
    "set": "the settings screen's Enter",
    "status": "the status line",
    "doctor": "not in the app: on the command line",
}
_PLACES = {"app", "chat", "answer", "proposal", "list"}


def _answered() -> set[str]:
    return {key for command in COMMANDS.values() for key in command.keys}


def test_every_key_of_the_screens_has_a_command_in_the_line_mode() -> None:
    offered = {key.id for key in KEYS if key.place in _PLACES}
    assert offered - _answered() - set(_SCREEN_ONLY) == set()


def test_every_command_of_the_line_mode_has_a_key_on_the_screens() -> None:
    without = {word for word, command in COMMANDS.items() if not command.keys}
    assert without - set(_LINES_ONLY) == set()


def test_what_one_names_of_the_other_is_there() -> None:
    known = {key.id for key in KEYS}
    assert _answered() - known == set()
    assert set(_SCREEN_ONLY) - known == set()
    assert set(_LINES_ONLY) - set(COMMANDS) == set()
    assert set(_SCREEN_ONLY) & _answered() == set()


def test_no_word_stands_twice_and_every_noun_of_the_line_mode_is_a_command() -> None:
    words = [command.word for commands in GROUPS.values() for command in commands]
    assert len(words) == len(set(words))
    assert set(NOUNS) <= set(words)
