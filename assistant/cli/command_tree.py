"""The command line as data, read from the parser itself: what completion and README show."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Takes = Literal["nothing", "file", "choice", "text"]


@dataclass(frozen=True, slots=True)
class Part:
    """A flag or a place for a word: its names, what it takes, what it is good for.

    ``shown`` is how it is written in a usage line; a hidden part is understood but not
    offered. ``default`` is "" where there is none worth saying.
    """

    names: tuple[str, ...]
    shown: str
    takes: Takes
    choices: tuple[str, ...]
    about: str
    default: str
    required: bool
    hidden: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A command with its verbs; ``words`` is the way to it, () for the program itself."""

    words: tuple[str, ...]
    about: str
    description: str
    places: tuple[Part, ...]
    flags: tuple[Part, ...]
    verbs: tuple[Command, ...]

    def walk(self) -> Iterator[Command]:
        """This command, then all below it, in the order of the parser."""
        yield self
        for verb in self.verbs:
            yield from verb.walk()


def read(parser: argparse.ArgumentParser, words: tuple[str, ...] = (), about: str = "") -> Command:
    """The tree of ``parser``. It says exactly what argparse will accept, no more."""
    parts = [
        action for action in parser._actions if not isinstance(action, argparse._SubParsersAction)
    ]
    return Command(
        words,
        about,
        parser.description or "",
        tuple(_part(action) for action in parts if not action.option_strings),
        tuple(_part(action) for action in parts if action.option_strings),
        tuple(
            read(child, (*words, name), helps)
            for name, helps, child in _children(parser)
        ),
    )  # fmt: skip


def _children(
    parser: argparse.ArgumentParser,
) -> Iterator[tuple[str, str, argparse.ArgumentParser]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, child in action.choices.items():
                yield name, helps.get(name, ""), child


def _part(action: argparse.Action) -> Part:
    choices = tuple(str(choice) for choice in action.choices or ())
    takes: Takes = "text"
    if action.nargs == 0:
        takes = "nothing"
    elif choices:
        takes = "choice"
    elif action.type is Path:
        takes = "file"
    hidden = action.help is argparse.SUPPRESS
    return Part(
        tuple(action.option_strings), _shown(action, choices), takes, choices,
        "" if hidden else (action.help or "") % {"prog": "assistant"}, _default(action),
        action.required, hidden,
    )  # fmt: skip


def _shown(action: argparse.Action, choices: tuple[str, ...]) -> str:
    metavar = action.metavar or "|".join(choices) or action.dest.upper()
    word = " ".join(metavar) if isinstance(metavar, tuple) else metavar
    if action.option_strings:
        flag = ", ".join(action.option_strings)
        if action.nargs == 0:
            return flag
        return f"{flag} {word}" + (f" [{word} …]" if action.nargs == "+" else "")
    many = {"?": f"[{word}]", "*": f"[{word} …]", "+": f"{word} [{word} …]"}
    if word.startswith("["):
        return word
    return many.get(str(action.nargs), word)


def _default(action: argparse.Action) -> str:
    default = action.default
    if default is None or default is argparse.SUPPRESS or default is False:
        return ""
    if isinstance(default, list | tuple | str) and not default:
        return ""
    return str(default)
