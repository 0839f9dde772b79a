"""`assistant history …`: what was said, searchable and erasable."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say
from assistant.conversation.attachments.citing import sources_line
from assistant.holder.attachments_text import item_words
from assistant.holder.attachments_wire import AttachmentItem, ListAttachments
from assistant.holder.branches_wire import (
    MoveConversation,
    PinConversation,
    SwitchBranch,
    TreeItem,
    TreeQuery,
)
from assistant.holder.interface import (
    AnyRequest,
    ConversationItem,
    DeleteConversation,
    Done,
    ListConversations,
    RenameConversation,
    SearchHistory,
    SearchHit,
    ShowConversation,
    TurnItem,
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("history", help="earlier conversations", description=__doc__)
    noun.set_defaults(run=run, verb="list", json=False, limit=200, folder=None)
    verbs = noun.add_subparsers(dest="verb", metavar="VERB")
    listing = verbs.add_parser("list", help="conversations, pinned and newest first")
    listing.add_argument(
        "--limit", type=int, default=200, metavar="N", help="at most so many conversations"
    )
    listing.add_argument("--folder", metavar="NAME", help='of one folder ("": those in none)')
    show = verbs.add_parser("show", help="one conversation, the branch being read")
    show.add_argument("id", nargs="?", default="last", metavar="ID", help="default: the latest")
    search = verbs.add_parser("search", help="full text and titles, hits marked")
    search.add_argument(
        "query", metavar="WORDS", help='all of these words; "…" inside keeps words together'
    )
    search.add_argument("--limit", type=int, default=20, metavar="N", help="at most so many turns")
    delete = verbs.add_parser("delete", help="erase a conversation and what it taught")
    delete.add_argument("id", metavar="ID", help="the conversation, as `history list` shows it")
    delete.add_argument("--yes", action="store_true", help="do not ask")
    rename = verbs.add_parser("rename", help="give it another title")
    rename.add_argument("id", metavar="ID", help="the conversation, as `history list` shows it")
    rename.add_argument("title", metavar="TITLE", help="the new title")
    _register_places(verbs)
    for verb in verbs.choices.values():
        verb.add_argument("--json", action="store_true", help="one JSON object a line")


def _register_places(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    pin = verbs.add_parser("pin", help="keep it on top of the list")
    pin.add_argument("id", metavar="ID", help="the conversation, as `history list` shows it")
    pin.add_argument("--off", action="store_true", help="no longer")
    move = verbs.add_parser("move", help="put it into a project folder")
    move.add_argument("id", metavar="ID", help="the conversation, as `history list` shows it")
    move.add_argument("folder", metavar="FOLDER", help='its name; "" takes it out')
    tree = verbs.add_parser("tree", help="every turn of all branches, and what it follows")
    tree.add_argument("id", nargs="?", default="last", metavar="ID", help="default: the latest")
    files = verbs.add_parser("files", help="the files attached in a conversation, with their ids")
    files.add_argument("id", nargs="?", default="last", metavar="ID", help="default: the latest")
    branch = verbs.add_parser("branch", help="read the branch through a turn from now on")
    branch.add_argument("turn", metavar="TURN", help="a turn, as `history tree` shows it")


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Carry out one verb."""
    if arguments.verb == "delete":
        context.confirm("Erase this conversation for good?", yes=arguments.yes)
    replies = context.application().handle(_request(arguments))
    if arguments.json:
        for reply in replies:
            print_json(reply)
    elif not show_replies(replies):
        complain("Nothing was found.")
    return 0


def _request(arguments: argparse.Namespace) -> AnyRequest:
    match arguments.verb:
        case "show":
            return ShowConversation(arguments.id)
        case "search":
            return SearchHistory(arguments.query, arguments.limit)
        case "delete":
            return DeleteConversation(arguments.id)
        case "rename":
            return RenameConversation(arguments.id, arguments.title)
        case "pin":
            return PinConversation(arguments.id, not arguments.off)
        case "move":
            return MoveConversation(arguments.id, arguments.folder)
        case "tree":
            return TreeQuery(arguments.id)
        case "files":
            return ListAttachments(arguments.id)
        case "branch":
            return SwitchBranch(arguments.turn)
        case _:
            return ListConversations(arguments.limit, arguments.folder)


def told_turn(item: TurnItem) -> str:
    """A stored turn in lines: question, what was attached, answer, sources."""
    attached = "".join(f"\n> [attached: {name}]" for name in item.attached)
    sources = f"\n{sources_line(item.sources)}" if item.sources else ""
    return f"> {item.question}{attached}\n{item.answer}{sources}\n"


def show_replies(replies: Iterable[object]) -> int:
    """Each reply in lines, a turn found in several places once; how many replies there were."""
    shown, found = 0, ""
    for reply in replies:
        shown += 1
        if isinstance(reply, SearchHit):
            _show_hit(reply, again=reply.turn == found)
            found = reply.turn
        else:
            show_reply(reply)
    return shown


def _show_hit(hit: SearchHit, *, again: bool) -> None:
    """The turn, unless it stands above, and where in it the words are, on a line of its own."""
    if not again:
        say(f"{hit.turn}  {hit.created[:16]}  {hit.title}")
    snippet = hit.snippet.replace("\ue000", "«").replace("\ue001", "»")
    where = f"{hit.file}: " if hit.file else ""
    say(f"    {where}{' '.join(snippet.split())}")


def show_reply(reply: object) -> None:
    """One reply in lines, whatever it is about."""
    match reply:
        case ConversationItem():
            pin = "★ " if reply.pinned else ""
            folder = f"{reply.folder} / " if reply.folder else ""
            title = f"{pin}{folder}{reply.title}"
            turns = "1 turn" if reply.turns == 1 else f"{reply.turns} turns"
            say(f"{reply.id}  {reply.updated[:16]}  {title}  ({turns})")
        case TurnItem():
            mark = {"up": " (+)", "down": " (-)"}.get(reply.rating, "")
            if reply.places > 1:
                mark += f"  ‹{reply.place}/{reply.places}›"
            say(f"── {reply.id}  {reply.created[:16]}  {reply.status}{mark}")
            say(told_turn(reply))
        case TreeItem():
            follows = f"follows {reply.parent}" if reply.parent else "begins"
            read = "● " if reply.read else "  "
            question = " ".join(reply.question.split())[:60]
            say(f"{read}{reply.id}  {reply.created[:16]}  {follows}  {question}")
        case AttachmentItem():
            say(f"{reply.id}  {item_words(reply)}")
        case Done():
            say(reply.what or "Done.")
