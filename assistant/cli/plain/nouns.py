"""The commands of the command line, inside the line mode, over the vault it holds open.

`/history pin ID` is `assistant history pin ID`: one parser, one implementation.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable

from assistant.cli.output import complain
from assistant.cli.plain.session import Session
from assistant.errors import UsageError

# Author's tools, other faces and commands that need the vault closed stay outside.
NOUNS = (
    "history", "preferences", "feedback", "profile", "settings", "policy", "models", "card",
    "risks", "passwd", "backup", "export", "import", "erase", "doctor",
)  # fmt: skip
_OUTSIDE = (("erase", "all"), ("policy", "simulate"))


def noun(word: str) -> Callable[[Session, str], None]:
    """The command ``word`` with what stands after it, as a shell would split it."""

    def act(session: Session, rest: str) -> None:
        run(session, word, rest)

    return act


def run(session: Session, word: str, rest: str) -> None:
    """Carry it out. Raises what the command raises; wrong usage is said, never an exit."""
    from assistant.cli.main import build_parser

    words = [word, *_split(rest)]
    if tuple(words[:2]) in _OUTSIDE:
        raise UsageError(
            "That is not done inside a chat.",
            hint=f"/quit, then `assistant {' '.join(words[:2])}`.",
        )
    try:
        arguments: argparse.Namespace = build_parser(word).parse_args(words)
    except SystemExit:
        return  # the parser has said what is wrong, or shown its help
    if arguments.home is not None or arguments.passphrase_file is not None:
        raise UsageError("This chat has its home already.", hint="Leave --home and the like out.")
    arguments.run(arguments, session.context)


def helped(word: str) -> None:
    """What `assistant WORD --help` says."""
    from assistant.cli.main import build_parser

    try:
        build_parser(word).parse_args([word, "--help"])
    except SystemExit:
        return


def _split(rest: str) -> list[str]:
    try:
        return shlex.split(rest)
    except ValueError:
        complain("A quotation mark is not closed; every word was taken as it is.")
        return rest.split()
