"""`assistant init`: make the vault without the terminal app."""

from __future__ import annotations

import argparse

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "init",
        help="make the encrypted vault",
        description="Make the vault: a passphrase, and a recovery key that is shown once.",
    )
    parser.add_argument("--json", action="store_true", help='print {"recovery_key": …}')
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Make it; print the recovery key, the only time it is ever shown."""
    context.front.require_no_vault()
    _, recovery_key = context.front.create_vault(context.new_passphrase(context.passphrase_file))
    if arguments.json:
        print_json({"recovery_key": recovery_key, "home": str(context.front.settings.home)})
        return 0
    say(f"The vault is in {context.front.settings.home}")
    say("\nRecovery key — write it down now, it is never shown again:\n")
    say(f"    {recovery_key}\n")
    complain("Without the passphrase or this key nobody can open the vault, including us.")
    return 0
