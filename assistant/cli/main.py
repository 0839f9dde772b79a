"""`assistant [--home DIR] [--passphrase-file FILE] COMMAND`: parse, run, exit code.

Exit codes: 0 done, 1 a policy decision, 2 wrong usage, 3 locked or wrong passphrase,
4 policy missing or invalid, 5 model missing or invalid, 70 any fault of ours, 130 Ctrl-C or Ctrl-D.
A person never sees a traceback.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant import __version__
from assistant.cli.chat import open_app
from assistant.cli.context import Context, TerminalApp
from assistant.cli.examples import teach
from assistant.cli.output import complain
from assistant.errors import AssistantError

# Each noun's module has `register(commands)`; all are light until they run.
NOUNS = (
    "chat",
    "ask",
    "init",
    "keys",
    "keep",
    "feedback",
    "preferences",
    "settings",
    "recall",
    "why",
    "history",
    "policy",
    "card",
    "risks",
    "models",
    "doctor",
    "agent",
    "serve",
    "completion",
)

# Commands whose module has another name; the others are called as their noun.
_MODULES = {
    "lock": "keys", "passwd": "keys", "recover": "keys", "profile": "settings",
    "backup": "keep", "restore": "keep", "export": "keep", "import": "keep", "erase": "keep",
}  # fmt: skip

Run = Callable[[argparse.Namespace, Context], int]


class Parser(argparse.ArgumentParser):
    """argparse, except that it names the cure and never exits behind our back in tests."""

    def error(self, message: str) -> None:  # type: ignore[override]
        """Wrong usage: one line, the command that explains, exit 2."""
        complain(f"{message}\nSee `{self.prog} --help`.")
        raise SystemExit(2)


def shared_flags(parser: argparse.ArgumentParser, *, suppress: bool) -> None:
    """--home and --passphrase-file are understood before and after the command."""
    default = argparse.SUPPRESS if suppress else None
    about = argparse.SUPPRESS if suppress else None
    parser.add_argument(
        "--home", type=Path, metavar="DIR", default=default,
        help=about or "the folder that holds all state",
    )  # fmt: skip
    parser.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", default=default,
        help=about or "read the passphrase from this file's first line (- is stdin)",
    )  # fmt: skip


def build_parser(command: str = "") -> Parser:
    """The whole command line; where ``command`` is one, with that command's noun alone.

    Registering every noun costs half of a command's start.
    """
    parser = Parser(
        prog="assistant",
        description=(
            "A private assistant on this machine. It learns how you like to be answered, "
            "inside signed bounds you can read. Without a command it opens the terminal app."
        ),
    )
    shared_flags(parser, suppress=False)
    parser.add_argument("--version", action="version", version=f"assistant {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    noun = _MODULES.get(command, command)
    for each in (noun,) if noun in NOUNS else NOUNS:
        importlib.import_module(f"assistant.cli.{each}").register(commands)
    _everywhere(commands, ())
    teach(parser, "", "")
    return parser


def _everywhere(commands: argparse._SubParsersAction[Parser], words: tuple[str, ...]) -> None:
    """Shared flags and examples, down to the last verb."""
    helps = {choice.dest: choice.help or "" for choice in commands._choices_actions}
    for name, parser in commands.choices.items():
        shared_flags(parser, suppress=True)
        teach(parser, " ".join((*words, name)), helps.get(name, ""))
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                _everywhere(action, (*words, name))


def command_word(argv: Sequence[str]) -> str:
    """The word that names the command ("chat" where none is given, as the app is opened),
    or "" where only the whole parser can tell.
    """
    words = iter(argv)
    for word in words:
        if word in {"--home", "--passphrase-file"}:
            next(words, "")
        elif not word.startswith(("--home=", "--passphrase-file=")):
            return "" if word.startswith("-") else word
    return "chat"


def main(argv: Sequence[str], terminal_app: TerminalApp) -> int:
    """Run one command; every way it can end becomes an exit code.

    ``terminal_app`` opens the screen over a front: the two faces do not know each other.
    """
    try:
        arguments = build_parser(command_word(argv)).parse_args(argv)
        run: Run = getattr(arguments, "run", open_app)
        with Context(arguments.home, arguments.passphrase_file, terminal_app) as context:
            return run(arguments, context)
    except AssistantError as error:
        complain(f"{error.message}\n{error.hint}")
        return error.exit_code
    except (KeyboardInterrupt, EOFError):
        # EOFError: Ctrl-D where something was asked.
        complain("Stopped.")
        return 130
    except BrokenPipeError:
        # The reader went away (`| head`): nothing to say, and nobody to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 — the last wall: any fault of ours is exit 70
        complain(
            f"Something went wrong in the program itself ({type(error).__name__}).\n"
            "Nothing already saved is lost. Run `assistant doctor`; if it finds nothing, "
            "this is our bug."
        )
        return 70
