"""`assistant lock`, `passwd` and `recover`: the doors of the vault."""

from __future__ import annotations

import argparse

from assistant.cli.context import Context
from assistant.cli.output import print_json, say
from assistant.holder.interface import Lock


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    lock = commands.add_parser("lock", help="lock the vault, wherever it is open")
    lock.add_argument("--json", action="store_true", help="print JSON")
    lock.set_defaults(run=run_lock)


def run_lock(arguments: argparse.Namespace, context: Context) -> int:
    """Reach the holder; returns when it has locked. Locked already is fine."""
    context.front.require_vault()
    holder = context.front.holder_elsewhere()
    if holder is not None:
        list(holder.handle(Lock()))
    if arguments.json:
        print_json({"locked": True, "was_open": holder is not None})
    else:
        say("Locked." if holder is not None else "It was locked already.")
    return 0
