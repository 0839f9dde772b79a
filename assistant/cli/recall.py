"""`assistant recall QUERY`: what would be remembered for a question, with scores."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
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
    request = RecallQuery(arguments.query, arguments.k)
    replies = context.application(warm=True).handle(request)
    hits = [reply for reply in replies if isinstance(reply, RecallHit)]
    if arguments.json:
        for hit in hits:
            print_json(hit)
        return 0
    for line in told(hits):
        say(line)
    if not hits:
        complain("Nothing relevant is remembered.")
    return 0


def told(hits: Sequence[RecallHit]) -> Iterator[str]:
    """The hits in lines: those that would stand beside the question, and those kept out."""
    for hit in hits:
        mark = " " if hit.passed else "×"
        text = shorten(hit.text, LINE, placeholder=" …")
        yield f"{mark} {hit.score:.2f}  {hit.kind} {hit.id}: {text}"
        if hit.reason in KEPT_OUT:
            yield f"        kept out: {KEPT_OUT[hit.reason]}"
