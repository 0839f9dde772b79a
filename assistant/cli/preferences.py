"""`assistant preferences …`: what you said or accepted about how to be answered."""

from __future__ import annotations

import argparse

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say
from assistant.holder.interface import (
    AddPreference,
    AnyRequest,
    DeletePreference,
    Done,
    EditPreference,
    ListPreferences,
    PreferenceItem,
    SetPreferenceState,
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser(
        "preferences", help="state, list and change your preferences", description=__doc__
    )
    noun.set_defaults(run=run, verb="list", json=False, all=False)
    verbs = noun.add_subparsers(dest="verb", metavar="VERB")
    listing = verbs.add_parser("list", help="what is kept")
    listing.add_argument("--all", action="store_true", help="rejected and proposed ones too")
    verbs.add_parser("proposals", help="what was noticed and waits for your yes")
    add = verbs.add_parser("add", help="state one in plain words")
    add.add_argument("text", metavar="TEXT")
    add.add_argument(
        "--scope", choices=("always", "project", "topic", "chat"), default="always",
        help="where it applies",
    )  # fmt: skip
    add.add_argument("--for", dest="scope_ref", default="", metavar="WHAT", help="which topic")
    edit = verbs.add_parser("edit", help="reword one")
    edit.add_argument("id", metavar="ID")
    edit.add_argument("text", metavar="TEXT")
    for name, about in _ACTS.items():
        verb = verbs.add_parser(name, help=about)
        verb.add_argument("id", metavar="ID")
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="one JSON object a line")


_ACTS = {
    "accept": "keep a proposal",
    "reject": "drop a proposal; it is not made again",
    "disable": "keep it but do not use it",
    "enable": "use it again",
    "delete": "erase it and every trace of it",
}
_STATES = {"accept": "active", "reject": "rejected", "disable": "disabled", "enable": "active"}


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Carry out one verb."""
    shown = 0
    for reply in context.application().handle(_request(arguments)):
        shown += 1
        if arguments.json:
            print_json(reply)
        elif isinstance(reply, PreferenceItem):
            _show(reply)
        elif isinstance(reply, Done):
            say(reply.what or "Done.")
    if not shown and not arguments.json:
        complain("Nothing is kept yet." if arguments.verb == "list" else "Nothing is proposed.")
    return 0


def _request(arguments: argparse.Namespace) -> AnyRequest:
    match arguments.verb:
        case "add":
            return AddPreference(arguments.text, arguments.scope, arguments.scope_ref)
        case "edit":
            return EditPreference(arguments.id, arguments.text)
        case "delete":
            return DeletePreference(arguments.id)
        case "proposals":
            return ListPreferences("proposed")
        case "accept" | "reject" | "disable" | "enable" as verb:
            return SetPreferenceState(arguments.id, _STATES[verb])  # type: ignore[arg-type]
        case _:
            return ListPreferences("all" if arguments.all else "")


def _show(item: PreferenceItem) -> None:
    where = f"{item.scope}: {item.scope_ref}" if item.scope_ref else item.scope
    uses = f"used {item.uses}×" if item.uses else "not used yet"
    say(f"{item.id}  {item.text}")
    say(f"{' ' * len(item.id)}  {item.state}, {where}, {item.source}, {uses}")
    for other in item.conflicts:
        say(f"{' ' * len(item.id)}  seems to contradict {other}")
