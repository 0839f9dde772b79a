"""`assistant recall QUERY`: what would be remembered for a question, with scores."""

from __future__ import annotations

import argparse
from textwrap import shorten

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say
from assistant.holder.interface import RecallHit, RecallQuery
from assistant.personal.considered import KEPT_OUT

LINE = 160
"""Characters of a memory that are shown; `--json` has them all."""


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "recall", help="what would be remembered for a question", description=__doc__
    )
    parser.add_argument("query", metavar="QUERY", help="a question, as you would ask it")
    parser.add_argument("-k", type=int, default=5, metavar="N", help="at most so many (5)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """List the hits, best first; those the relevance gate held back are marked."""
    hits = 0
    request = RecallQuery(arguments.query, arguments.k)
    for reply in context.application(warm=True).handle(request):
        if not isinstance(reply, RecallHit):
            continue
        hits += 1
        if arguments.json:
            print_json(reply)
        else:
            mark = " " if reply.passed else "×"
            text = shorten(reply.text, LINE, placeholder=" …")
            say(f"{mark} {reply.score:.2f}  {reply.kind} {reply.id}: {text}")
            if reply.reason in KEPT_OUT:
                say(f"        kept out: {KEPT_OUT[reply.reason]}")
    if not hits and not arguments.json:
        complain("Nothing relevant is remembered.")
    return 0
