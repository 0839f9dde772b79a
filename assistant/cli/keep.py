"""`assistant backup`, `restore`, `export`, `import` and `erase`."""

from __future__ import annotations

import argparse
from pathlib import Path

import msgspec

from assistant.cli.context import Context, read_secret
from assistant.cli.output import complain, print_json, say
from assistant.errors import UsageError, YesNeeded
from assistant.holder.interface import AnyRequest, BackUp, Done, EraseItem, Export, Import, Lock

_KINDS = (
    "turn", "feedback", "preference", "attachment", "conversation", "learned", "older", "all",
)  # fmt: skip


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands."""
    _backups(commands)
    _transfers(commands)
    _erasing(commands)


def _backups(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    backup = _add(commands, "backup", run_backup, "write one encrypted, verified file")
    backup.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="where to write it; it opens with your passphrase or recovery key",
    )
    backup.add_argument("--yes", action="store_true", help="overwrite a file that is there")
    restore = _add(commands, "restore", run_restore, "put a backup's vault in place")
    restore.add_argument("file", type=Path, metavar="FILE", help="a file that `backup` wrote")
    restore.add_argument("--yes", action="store_true", help="replace the vault that is there")
    restore.add_argument(
        "--recovery-key-file",
        type=Path,
        metavar="FILE",
        help="open the backup with the recovery key on its first line, instead of the passphrase",
    )


def _transfers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = _add(commands, "export", run_export, "write chosen items, readable by anybody")
    export.add_argument(
        "file",
        type=Path,
        metavar="FILE",
        help="where to write it; NAME.md is Markdown, any other name JSON",
    )
    export.add_argument("--format", choices=("json", "markdown"), help="default: by FILE's name")
    export.add_argument(
        "--conversation", action="append", metavar="ID", help="only this one; may be repeated"
    )
    export.add_argument("--preferences-only", action="store_true", help="no conversations")
    export.add_argument("--no-preferences", action="store_true", help="conversations alone")
    export.add_argument("--yes", action="store_true", help="do not ask, overwrite")
    export.add_argument(
        "--confirm", action="append", default=[], metavar="RULE", help="say yes to a policy rule"
    )
    read = _add(
        commands, "import", run_import,
        "read an export of this program, or ChatGPT's conversations.json",
    )  # fmt: skip
    read.add_argument(
        "file", type=Path, metavar="FILE", help="an export; what is here already is not touched"
    )
    read.add_argument(
        "--consent", action="store_true", help="keep preferences about special categories, too"
    )


def _erasing(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    erase = _add(
        commands, "erase", run_erase,
        "erase for good: turn ID, feedback ID, preference ID, attachment ID, "
        "conversation ID, learned [CONVERSATION], older DAYS, or all",
    )  # fmt: skip
    erase.add_argument("kind", choices=_KINDS, metavar="|".join(_KINDS), help="what to erase")
    erase.add_argument(
        "id",
        nargs="?",
        default="",
        metavar="ID",
        help="of the item; for `older` a number of days; for `learned` a conversation, "
        "or nothing for all of it",
    )
    erase.add_argument("--backups", action="store_true", help="the backups this vault wrote, too")
    erase.add_argument("--yes", action="store_true", help="do not ask")


def _add(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: object,
    about: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _carry_out(arguments: argparse.Namespace, context: Context, request: AnyRequest) -> int:
    for reply in context.application().handle(request):
        if arguments.json:
            print_json(reply)
        elif isinstance(reply, Done):
            say(reply.what)
    return 0


def run_backup(arguments: argparse.Namespace, context: Context) -> int:
    """One file, restorable anywhere with the passphrase or the recovery key."""
    path = str(arguments.file.absolute())
    return _carry_out(arguments, context, BackUp(path, arguments.yes))


def run_restore(arguments: argparse.Namespace, context: Context) -> int:
    """Atomic; the vault that is there is replaced only with a yes."""
    front = context.front
    if front.holder_elsewhere() is not None:
        raise UsageError("The vault is open elsewhere.", hint="Run `assistant lock` first.")
    by_key = arguments.recovery_key_file is not None
    if by_key:
        secret = read_secret(arguments.recovery_key_file)
    else:
        secret = context.passphrase("Passphrase of the backup: ")
    front.restore(arguments.file, secret, recovery=by_key, overwrite=arguments.yes)
    if arguments.json:
        print_json({"restored": True})
    else:
        say("Restored. It opens with the backup's passphrase.")
    return 0


def run_export(arguments: argparse.Namespace, context: Context) -> int:
    """A plain warning first: an export is readable by anybody who gets it."""
    context.confirm(
        "An export is not encrypted: anybody who gets the file can read it. Go on?",
        yes=arguments.yes,
    )
    form = arguments.format or ("markdown" if arguments.file.suffix == ".md" else "json")
    conversations = tuple(arguments.conversation) if arguments.conversation else None
    if arguments.preferences_only:
        conversations = ()
    request = Export(
        str(arguments.file.absolute()), form, conversations,  # type: ignore[arg-type]
        not arguments.no_preferences, arguments.yes, tuple(arguments.confirm),
    )  # fmt: skip
    complain("The exported file is not encrypted.")
    while True:
        try:
            return _carry_out(arguments, context, request)
        except YesNeeded as needed:
            if not context.terminal:
                raise
            complain(needed.message)
            context.confirm("Export it?", yes=False)
            confirmed = (*request.confirmed, needed.rule)
            request = msgspec.structs.replace(request, confirmed=confirmed)


def run_import(arguments: argparse.Namespace, context: Context) -> int:
    """Adds what is not there yet; nothing is overwritten."""
    return _carry_out(arguments, context, Import(str(arguments.file.absolute()), arguments.consent))


def run_erase(arguments: argparse.Namespace, context: Context) -> int:
    """Items through the holder; everything without any passphrase."""
    what = "EVERYTHING in this vault" if arguments.kind == "all" else arguments.kind
    named = f"{what} {arguments.id}".strip()
    context.confirm(f"Erase {named} for good?", yes=arguments.yes)
    if arguments.kind == "all":
        return _erase_all(arguments, context)
    if not arguments.id and arguments.kind != "learned":
        raise UsageError(f"Erase which {arguments.kind}?", hint="Give its ID.")
    request = EraseItem(arguments.kind, arguments.id, arguments.backups)
    return _carry_out(arguments, context, request)


def _erase_all(arguments: argparse.Namespace, context: Context) -> int:
    front = context.front
    front.require_vault()
    holder = front.holder_elsewhere()
    if holder is not None:
        list(holder.handle(Lock()))
    front.erase_vault()
    if arguments.json:
        print_json({"erased": "all"})
    else:
        say("The vault is gone. Without its key file, nothing that was in it can be read.")
    return 0
