"""`assistant policy comment` and `comments`: speak up on a rule; read what many have said."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say, write_file
from assistant.errors import UsageError
from assistant.holder.controls import AddComment, CommentItem, DeleteComment, ListComments
from assistant.holder.interface import AnyRequest, Done


def register(verbs: Any) -> None:
    """Add the two verbs to `policy`."""
    one = verbs.add_parser("comment", help="say something about a rule, or appeal against it")
    one.add_argument("rule", metavar="RULE", help="its id, as `policy status` shows it")
    one.add_argument("text", metavar="TEXT", help="what you want its author to know")
    one.add_argument(
        "--kind",
        choices=("comment", "appeal"),
        default="comment",
        help="an appeal asks for a decision to be changed",
    )
    one.add_argument("--json", action="store_true", help="print JSON")
    one.set_defaults(run=add_comment)
    many = verbs.add_parser(
        "comments", help="your comments; --export signs them; FILES are summarised by rule"
    )
    many.add_argument("files", nargs="*", type=Path, metavar="FILE", help="many users' exports")
    many.add_argument("--export", type=Path, metavar="FILE", help="write yours, signed, redacted")
    many.add_argument(
        "--confirm", action="append", default=[], metavar="RULE",
        help="with --export: say yes to a policy rule",
    )  # fmt: skip
    many.add_argument("--delete", metavar="ID", help="delete one of yours")
    many.add_argument("--texts", action="store_true", help="with FILES: what was said, too")
    many.add_argument("--yes", action="store_true", help="overwrite a file that is there")
    many.add_argument("--json", action="store_true", help="print JSON")
    many.set_defaults(run=comments)


def add_comment(arguments: argparse.Namespace, context: Context) -> int:
    """Keep a comment in the vault; nothing is sent."""
    request = AddComment(arguments.rule, arguments.text, arguments.kind)
    for item in _items(context, request):
        if arguments.json:
            print_json(item)
        else:
            say(f"{item.id}  kept. `assistant policy comments --export FILE` writes it for "
                f"{item.comment.issuer}.")  # fmt: skip
    return 0


def comments(arguments: argparse.Namespace, context: Context) -> int:
    """Summarise files, or list, export or delete one's own."""
    if arguments.files:
        return _summarise(arguments)
    if arguments.delete:
        for reply in context.application().handle(DeleteComment(arguments.delete)):
            if isinstance(reply, Done):
                print_json(reply) if arguments.json else say(reply.what)
        return 0
    if arguments.export:
        return _export(arguments, context)
    for item in _items(context, ListComments()):
        print_json(item) if arguments.json else _show(item)
    return 0


def _items(context: Context, request: AnyRequest) -> Iterator[CommentItem]:
    for reply in context.application().handle(request):
        if isinstance(reply, CommentItem):
            yield reply


def _show(item: CommentItem) -> None:
    one = item.comment
    say(f"{item.id}  {one.kind} on {one.rule} ({one.issuer}, version {one.version}), {one.day}")
    say(f"  {one.text}")


def _export(arguments: argparse.Namespace, context: Context) -> int:
    """What leaves is shown: names in running text are not recognised by any pattern."""
    from assistant.policy.comments import export_comments, redacted

    front = context.front
    kept = []
    request = ListComments(export=True, confirmed=tuple(arguments.confirm))
    for reply in context.application().handle(request):
        if isinstance(reply, CommentItem):
            kept.append(reply.comment)
        elif isinstance(reply, Done):
            complain(reply.what)
    day = f"{front.now():%Y-%m-%d}"
    made = export_comments(front.places, kept, day, front.disk)
    write_file(arguments.export, made, overwrite=arguments.yes)
    if arguments.json:
        print_json({"comments": len(kept), "file": str(arguments.export)})
        return 0
    for one in kept:
        say(f"{one.kind} on {one.rule} ({one.issuer}): {redacted(one.text)}")
    complain("This is what the file says. Nothing was sent: give it to the issuer yourself.")
    return 0


def _summarise(arguments: argparse.Namespace) -> int:
    """Verify each file and count by rule; exit 4 where one was altered."""
    from assistant.policy.comments import MAX_FILE, summarise
    from assistant.policy.storage import read_limited

    def read() -> Iterator[tuple[str, bytes]]:
        for path in arguments.files:
            raw = read_limited(path, MAX_FILE)
            if raw is None:
                raise UsageError("One of the files is not there.", hint="Check the paths.")
            yield path.name, raw

    found = summarise(read())
    if arguments.json:
        print_json({"homes": found.homes, "rules": list(map(_count, found.rules)),
                    "refused": found.refused, "superseded": found.superseded})  # fmt: skip
        return 4 if found.refused else 0
    say(f"{found.homes} homes, {found.superseded} older files superseded.")
    for rule in found.rules:
        say(f"{rule.issuer}  {rule.rule}: {rule.comments} comments, {rule.appeals} appeals "
            f"from {rule.homes} homes")  # fmt: skip
        for text in rule.texts if arguments.texts else ():
            say(f"  {text}")
    for name, why in found.refused:
        complain(f"REFUSED {name}: {why}")
    return 4 if found.refused else 0


def _count(rule: Any) -> dict[str, Any]:
    return {
        "issuer": rule.issuer, "rule": rule.rule, "comments": rule.comments,
        "appeals": rule.appeals, "homes": rule.homes, "texts": rule.texts,
    }  # fmt: skip
