"""`assistant why [TURN]`: which memories, which rules, which settings shaped an answer."""

from __future__ import annotations

import argparse

from assistant.cli.context import Context
from assistant.cli.output import print_json, say
from assistant.holder.attachments_text import file_words
from assistant.holder.interface import Why, WhyQuery
from assistant.personal.considered import STOOD_BACK


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("why", help="what shaped an answer", description=__doc__)
    parser.add_argument("turn", nargs="?", default="", metavar="TURN", help="default: the latest")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the account of one answer."""
    for reply in context.application().handle(WhyQuery(arguments.turn)):
        if isinstance(reply, Why):
            print_json(reply) if arguments.json else show(reply)
    return 0


def show(why: Why) -> None:
    """The account in words."""
    say(f"Turn {why.turn} ({why.status}), model {why.model}, seed {why.seed}")
    say(f"Personalisation was {'on' if why.personalised else 'off'}.")
    memories = [item for item in why.used if item.kind != "chunk"]
    say("\nMemories used" + (":" if memories else ": none was relevant enough."))
    for item in memories:
        say(f"  {_bar(item.score)} {item.score:.2f}  {item.kind} {item.id}: {item.text}")
    for each in why.kept_out:
        say(f"  kept out: {each.item.text} ({STOOD_BACK.get(each.reason, each.reason)})")
    _show_files(why)
    if why.profile:
        say("\nStyle profile:")
        for dimension, value in why.profile:
            say(f"  {dimension}: {value}")
    say(f"\nRules in force: {why.rules_in_force}. Applied:" + ("" if why.rules else " none."))
    for rule in why.rules:
        say(f"  {rule.effect} by {rule.rule} ({rule.tier}, {rule.issuer}): {rule.reason}")
    say("\nThe exact prompt:")
    for line in why.prompt.splitlines():
        say(f"  │ {line}")


def _show_files(why: Why) -> None:
    parts = [item for item in why.used if item.kind == "chunk"]
    if parts:
        say("\nRead of attached files:")
    for item in parts:
        start = " ".join(item.text.split())[:80]
        say(f"  {_bar(item.score)} {item.score:.2f}  {item.place or item.id}: {start}")
    for line in file_words(why.files):
        say(f"  {line}")


def _bar(score: float) -> str:
    filled = round(max(0.0, min(1.0, score)) * 5)
    return "▮" * filled + "▯" * (5 - filled)
