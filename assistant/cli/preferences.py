"""`assistant preferences …`: what you said or accepted about how to be answered."""

from __future__ import annotations

import argparse
from pathlib import Path

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, read_text, say, write_file
from assistant.holder.controls import (
    AdoptPack,
    ConsentItem,
    ListConsents,
    MakePack,
    PackItem,
    RevokeConsent,
)
from assistant.holder.impersonal_wire import ChatPersonal, ChatPersonalisation
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
from assistant.holder.merging_wire import MergePreferences, ScopePreference


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser(
        "preferences", help="state, list and change your preferences", description=__doc__
    )
    noun.set_defaults(run=run, verb="list", json=False, all=False)
    verbs = noun.add_subparsers(dest="verb", metavar="VERB")
    _stating(verbs)
    _arranging(verbs)
    for verb in map(verbs.choices.__getitem__, ("add", "edit", "merge", "accept", "enable")):
        verb.add_argument(
            "--consent", action="store_true",
            help="keep it although it speaks of health, belief or another special category",
        )  # fmt: skip
    _switching(verbs)
    _sharing(verbs)
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="one JSON object a line")


def _stating(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    listing = verbs.add_parser("list", help="what is kept")
    listing.add_argument("--all", action="store_true", help="rejected and proposed ones too")
    verbs.add_parser("proposals", help="what was noticed and waits for your yes")
    add = verbs.add_parser("add", help="state one in plain words")
    add.add_argument(
        "text", metavar="TEXT", help="one short sentence about how you like to be answered"
    )
    add.add_argument(
        "--scope", choices=("always", "project", "topic", "chat"), default="always",
        help="where it applies",
    )  # fmt: skip
    add.add_argument("--for", dest="scope_ref", default="", metavar="WHAT", help="which topic")
    edit = verbs.add_parser("edit", help="reword one")
    edit.add_argument("id", metavar="ID", help="as `preferences list` shows it")
    edit.add_argument("text", metavar="TEXT", help="the new words")
    for name, about in _ACTS.items():
        verb = verbs.add_parser(name, help=about)
        verb.add_argument("id", metavar="ID", help="as `preferences list` or `proposals` shows it")


def _arranging(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    scope = verbs.add_parser("scope", help="change where one applies")
    scope.add_argument("id", metavar="ID", help="the preference")
    scope.add_argument(
        "scope", choices=("always", "project", "topic", "chat"), help="chat is the latest"
    )
    scope.add_argument("--for", dest="scope_ref", default="", metavar="WHAT", help="which one")
    merge = verbs.add_parser("merge", help="keep one of several that say the same")
    merge.add_argument("id", metavar="KEEP", help="the one that stays")
    merge.add_argument("others", nargs="+", metavar="ID", help="these are erased")
    merge.add_argument("--text", default="", help="new words for the one that stays")


def _switching(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    for name, about in (("off", "answer without"), ("on", "answer with")):
        verb = verbs.add_parser(name, help=f"{about} what was learned, in one conversation")
        verb.add_argument("id", nargs="?", default="last", metavar="CHAT", help="default: latest")
    verbs.add_parser("consents", help="special categories you agreed to keep")
    revoke = verbs.add_parser("revoke", help="take a consent back; erases what it covered")
    revoke.add_argument("id", metavar="ID", help="as `preferences consents` shows it")


def _sharing(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    share = verbs.add_parser("share", help="write chosen ones to a readable file for others")
    share.add_argument(
        "file", type=Path, metavar="FILE", help="where to write them; anybody can read it"
    )
    share.add_argument("ids", nargs="+", metavar="ID", help="as `preferences list` shows them")
    share.add_argument("--title", default="", help="what the file is called")
    share.add_argument("--about", default="", help="whose norms these are, and why")
    share.add_argument("--yes", action="store_true", help="overwrite a file that is there")
    adopt = verbs.add_parser("adopt", help="read such a file; its sentences wait for your yes")
    adopt.add_argument("file", type=Path, metavar="FILE", help="what `preferences share` wrote")


_MAX_PACK = 256 * 1024
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
        if isinstance(reply, PackItem):
            write_file(arguments.file, reply.content.encode(), overwrite=arguments.yes)
            complain("The file is written. Anybody who gets it can read it.")
            continue
        if arguments.json:
            print_json(reply)
        elif isinstance(reply, PreferenceItem):
            _show(reply)
        elif isinstance(reply, Done):
            say(reply.what or "Done.")
        elif isinstance(reply, ChatPersonal):
            state = "with" if reply.on else "without"
            say(f"Conversation {reply.conversation} is answered {state} what was learned.")
        elif isinstance(reply, ConsentItem):
            one = reply.consent
            say(f"{one.preference}  {', '.join(one.categories)}, since {one.since[:10]}")
    if not shown and not arguments.json:
        complain("Nothing is proposed." if arguments.verb == "proposals" else "Nothing is kept.")
    return 0


def _request(arguments: argparse.Namespace) -> AnyRequest:
    match arguments.verb:
        case "add":
            return AddPreference(
                arguments.text, arguments.scope, arguments.scope_ref, arguments.consent
            )
        case "edit":
            return EditPreference(arguments.id, arguments.text, arguments.consent)
        case "off" | "on" as verb:
            return ChatPersonalisation(arguments.id, on=verb == "on")
        case "scope":
            return ScopePreference(arguments.id, arguments.scope, arguments.scope_ref)
        case "merge":
            return MergePreferences(
                arguments.id, tuple(arguments.others), arguments.text, arguments.consent
            )
        case "delete":
            return DeletePreference(arguments.id)
        case "proposals":
            return ListPreferences("proposed")
        case "accept" | "reject" | "disable" | "enable" as verb:
            consent = getattr(arguments, "consent", False)
            return SetPreferenceState(arguments.id, _STATES[verb], consent)  # type: ignore[arg-type]
        case "consents":
            return ListConsents()
        case "share":
            return MakePack(tuple(arguments.ids), arguments.title, arguments.about)
        case "adopt":
            return AdoptPack(read_text(arguments.file, limit=_MAX_PACK))
        case "revoke":
            return RevokeConsent(arguments.id)
        case _:
            return ListPreferences("all" if arguments.all else "")


MERGE = "assistant preferences merge"


def _show(item: PreferenceItem) -> None:
    where = f"{item.scope}: {item.scope_ref}" if item.scope_ref else item.scope
    uses = f"used {item.uses}×" if item.uses else "not used yet"
    until = [f"until {item.expires[:10]}"] if item.expires else []
    origin = [f"from {item.provenance}"] if item.provenance else []
    say(f"{item.id}  {item.text}")
    about = ", ".join([item.state, where, *until, item.source, *origin, uses])
    say(f"{' ' * len(item.id)}  {about}")
    for other in item.conflicts:
        say(f"{' ' * len(item.id)}  seems to contradict {other}")
    for other in item.same_as:
        say(f"{' ' * len(item.id)}  says the same as another: {MERGE} {item.id} {other}")
