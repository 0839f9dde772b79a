"""`assistant feedback …`: say what you thought of an answer.

assistant feedback add up                    the latest answer was good
assistant feedback add TURN score 80         from 1 to 100
assistant feedback add TURN edit "…"         how it should have been
assistant feedback undo [ID]                 take one back, with all it taught
assistant feedback compare                   pick between prepared answers, at most ten
"""

from __future__ import annotations

import argparse
from typing import get_args

from assistant.cli import feedback_compare
from assistant.cli.context import Context
from assistant.cli.output import print_json, say
from assistant.errors import UsageError
from assistant.holder.interface import (
    AnyRequest,
    Done,
    FeedbackGiven,
    FeedbackItem,
    FeedbackKind,
    GiveFeedback,
    ListFeedback,
    UndoFeedback,
)

_KINDS: tuple[str, ...] = get_args(FeedbackKind)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser(
        "feedback", help="rate, edit or comment on an answer", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    noun.set_defaults(run=run, verb="list", json=False, limit=200)
    verbs = noun.add_subparsers(dest="verb", metavar="VERB")
    add = verbs.add_parser("add", help="one act of feedback")
    add.add_argument(
        "words", nargs="+", metavar="[TURN] KIND [VALUE]",
        help=f"kind is one of {', '.join(_KINDS)}; score, edit, choice and note take a value",
    )  # fmt: skip
    add.add_argument("--turn", default="", metavar="TURN", help="default: the latest")
    add.add_argument("--note", default="", metavar="TEXT", help="a remark beside it")
    add.add_argument(
        "--reason", action="append", default=[], metavar="R",
        help="values, creativity, fluency, factuality, diversity, safety, "
        "personalisation or helpfulness; may be repeated",
    )  # fmt: skip
    listing = verbs.add_parser("list", help="every act, newest first")
    listing.add_argument("--limit", type=int, default=200, metavar="N", help="at most so many acts")
    undo = verbs.add_parser("undo", help="take an act back")
    undo.add_argument("id", nargs="?", default="", metavar="ID", help="default: the latest")
    compare = verbs.add_parser("compare", help="pick between two prepared answers at a time")
    compare.add_argument(
        "words", nargs="*", metavar="DIMENSION 1|2",
        help="the pick; without, a terminal asks and a pipe lists",
    )  # fmt: skip
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="one JSON object a line")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Carry out one verb."""
    if arguments.verb == "compare":
        return feedback_compare.run(
            context.application(), arguments.words, json=arguments.json, terminal=context.terminal
        )
    request = _request(arguments)
    for reply in context.application().handle(request):
        if arguments.json:
            print_json(reply)
        elif isinstance(reply, FeedbackGiven):
            say(f"{reply.id}  noted for turn {reply.turn}")
            if reply.proposal is not None:
                say(f"Noticed: {reply.proposal.text}")
                say(f"Keep it: assistant preferences accept {reply.proposal.id}")
            elif reply.pending:
                say("A proposal may follow: assistant preferences proposals")
        elif isinstance(reply, FeedbackItem):
            _show(reply)
        elif isinstance(reply, Done):
            say(reply.what or "Done.")
    return 0


def _request(arguments: argparse.Namespace) -> AnyRequest:
    if arguments.verb == "undo":
        return UndoFeedback(arguments.id)
    if arguments.verb != "add":  # "list", or no verb at all
        return ListFeedback(arguments.limit)
    words = list(arguments.words)
    turn = arguments.turn
    if words[0] not in _KINDS and not turn:
        turn = words.pop(0)
    if not words or words[0] not in _KINDS:
        raise UsageError(f"Feedback is one of {', '.join(_KINDS)}.")
    kind, value, note = words[0], " ".join(words[1:]), arguments.note
    if kind in {"up", "down"} and value:
        raise UsageError(f"{kind} takes no value.", hint="Put the remark in --note.")
    if kind == "note" and not note:
        value, note = "", value
    return GiveFeedback(kind, turn, value, note, tuple(arguments.reason))


def _show(item: FeedbackItem) -> None:
    value = f" {item.value.splitlines()[0][:60]}" if item.value else ""
    note = f" — {item.note}" if item.note else ""
    reasons = f" [{', '.join(item.reasons)}]" if item.reasons else ""
    undone = " (undone)" if item.undone else ""
    turn = f"turn {item.turn}" if item.turn else "at the start"
    say(f"{item.id}  {item.created[:16]}  {turn}: {item.kind}{value}{note}{reasons}{undone}")
