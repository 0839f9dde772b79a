"""`assistant lock`, `passwd` and `recover`: the doors of the vault."""

from __future__ import annotations

import argparse
import getpass
from pathlib import Path

from assistant.cli.context import Context, read_secret
from assistant.cli.output import print_json, say
from assistant.errors import ConfirmationMissing
from assistant.holder.interface import ChangePassphrase, Done, Lock, RecoveryKey, UseKeychain


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    lock = commands.add_parser("lock", help="lock the vault, wherever it is open")
    lock.add_argument("--json", action="store_true", help="print JSON")
    lock.set_defaults(run=run_lock)
    _passphrase(commands)
    _recovery(commands)


def _passphrase(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    passwd = commands.add_parser(
        "passwd",
        help="change the passphrase",
        description="Change the passphrase. With --rekey everything is encrypted anew under a "
        "new master key, and a new recovery key is shown once.",
    )
    passwd.add_argument("--rekey", action="store_true", help="a new master key as well")
    passwd.add_argument(
        "--new-passphrase-file",
        type=Path,
        metavar="FILE",
        help="the new passphrase is this file's first line (- is stdin)",
    )
    passwd.add_argument(
        "--keychain", choices=("on", "off"),
        help="instead: let this computer's keychain open the vault too, or no longer",
    )  # fmt: skip
    passwd.add_argument("--json", action="store_true", help="print JSON")
    passwd.set_defaults(run=run_passwd)


def _recovery(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    recover = commands.add_parser(
        "recover",
        help="set a new passphrase with the recovery key",
        description="Open the vault with the recovery key and set a new passphrase.",
    )
    recover.add_argument(
        "--recovery-key-file",
        type=Path,
        metavar="FILE",
        help="the recovery key is this file's first line (- is stdin)",
    )
    recover.add_argument(
        "--new-passphrase-file",
        type=Path,
        metavar="FILE",
        help="the new passphrase is this file's first line (- is stdin)",
    )
    recover.add_argument("--json", action="store_true", help="print JSON")
    recover.set_defaults(run=run_recover)


def run_lock(arguments: argparse.Namespace, context: Context) -> int:
    """Reach the holder; returns when it has locked. Locked already is fine."""
    holder = context.holder_elsewhere()
    if holder is not None:
        list(holder.handle(Lock()))
    else:
        context.front.require_vault()
    if arguments.json:
        print_json({"locked": True, "was_open": holder is not None})
    else:
        say("Locked." if holder is not None else "It was locked already.")
    return 0


def run_passwd(arguments: argparse.Namespace, context: Context) -> int:
    """Change it; the current one is asked for even where the vault is open."""
    context.front.require_vault()
    current = context.passphrase("Current passphrase: ")
    application = context.application_with(current)
    if arguments.keychain is not None:
        for reply in application.handle(UseKeychain(current, arguments.keychain == "on")):
            print_json(reply) if arguments.json else say(getattr(reply, "what", ""))
        return 0
    new = context.new_passphrase(arguments.new_passphrase_file)
    for reply in application.handle(ChangePassphrase(current, new, arguments.rekey)):
        if arguments.json:
            print_json(reply)
        elif isinstance(reply, RecoveryKey):
            say("Everything was encrypted anew. The new recovery key, shown once:\n")
            say(f"    {reply.recovery_key}\n")
        elif isinstance(reply, Done):
            say(reply.what)
    return 0


def run_recover(arguments: argparse.Namespace, context: Context) -> int:
    """Open with the recovery key, set a passphrase."""
    front = context.front
    front.require_vault()
    if arguments.recovery_key_file is not None:
        key = read_secret(arguments.recovery_key_file)
    elif context.terminal:
        key = getpass.getpass("Recovery key: ")
    else:
        raise ConfirmationMissing(
            "The recovery key is needed and there is no terminal to ask on.",
            hint="Give --recovery-key-file FILE.",
        )
    front.recover(key, context.new_passphrase(arguments.new_passphrase_file))
    if arguments.json:
        print_json({"recovered": True})
    else:
        say("The passphrase was changed. The recovery key stays as it is.")
    return 0
