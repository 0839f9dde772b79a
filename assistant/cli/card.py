"""`assistant card`: who and what this assistant is aligned to, from live state."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import msgspec

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say, write_file
from assistant.holder.card import Card
from assistant.holder.controls import CardQuery, CardReply
from assistant.inert import inert


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "card", help="who and what this is aligned to", description=__doc__
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write it to a file")
    parser.add_argument("--yes", action="store_true", help="overwrite a file that is there")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the card, or write it; a file is not encrypted, and that is said."""
    form = "json" if arguments.json else "markdown" if arguments.markdown else ""
    wanted = (form or "markdown") if arguments.out else ""
    for reply in context.application().handle(CardQuery(wanted)):  # type: ignore[arg-type]
        if isinstance(reply, CardReply):
            _give(reply.card, form, arguments)
    return 0


def _give(card: Card, form: str, arguments: argparse.Namespace) -> None:
    from assistant.holder.card_text import as_markdown, as_text

    if arguments.out is not None:
        made = _json(card) if form == "json" else inert(as_markdown(card))
        write_file(arguments.out, made.encode(), overwrite=arguments.yes)
        complain("The card is written. The file is not encrypted.")
    elif form == "json":
        print_json(card)
    else:
        say(as_markdown(card).rstrip("\n") if form == "markdown" else as_text(card))


def _json(card: Card) -> str:
    return json.dumps(msgspec.to_builtins(card), indent=1) + "\n"
