"""`assistant` and `assistant chat`: the terminal app, or the line mode with --plain."""

from __future__ import annotations

import argparse
import sys

from assistant.cli.context import Context
from assistant.errors import UsageError


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "chat",
        help="the terminal app (the same as no command)",
        description="Open the terminal app; with --plain a line mode for screen readers and pipes.",
    )
    parser.add_argument("--plain", action="store_true", help="lines in, lines out; no screen")
    parser.add_argument("--incognito", action="store_true", help="store nothing, learn nothing")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """The line mode, or the app."""
    if arguments.plain:
        from assistant.cli.plain import converse

        return converse(context, incognito=arguments.incognito)
    return open_app(arguments, context)


def open_app(_arguments: argparse.Namespace, context: Context) -> int:
    """The terminal app; needs a terminal on both ends."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The terminal app needs a terminal.",
            hint="Use `assistant chat --plain` in pipes, or `assistant ask TEXT`.",
        )
    return context.terminal_app(context.front)
