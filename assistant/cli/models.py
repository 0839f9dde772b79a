"""`assistant models …`: the models on this machine, each held to its digest."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from assistant.cli.context import Context
from assistant.cli.output import print_json, say
from assistant.holder.interface import UseModel


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser("models", help="list, add and choose models", description=__doc__)
    noun.set_defaults(run=show_all, json=False)
    verbs = noun.add_subparsers(dest="verb", metavar="VERB")
    _add(verbs, "list", show_all, "every model known here")
    add = _add(verbs, "add", add_file, "use a GGUF you have; its digest is recorded")
    add.add_argument("file", type=Path, metavar="FILE", help="a GGUF file; it stays where it is")
    add.add_argument(
        "--guard", choices=("qwen3guard", "llama-guard"), default="", metavar="FAMILY",
        help="not to chat with, but to judge by policy's guard rules: qwen3guard or llama-guard",
    )  # fmt: skip
    for name, run, about in (
        ("use", use, "chat (or guard) with this one; the previous stays if it fails"),
        ("pull", pull, "fetch a catalogue model; this uses the network"),
        ("verify", verify, "hash the file again and compare"),
        ("remove", remove, "forget an added model; its file stays"),
    ):
        _add(verbs, name, run, about).add_argument(
            "id", metavar="ID", help="as `models list` shows it"
        )


def _add(verbs: Any, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def _object(entry: Any) -> dict[str, object]:
    return {
        "id": entry.id, "name": entry.name, "kind": entry.kind, "path": str(entry.path),
        "sha256": entry.sha256, "size": entry.size, "memory": entry.memory,
        "licence": entry.licence, "in_use": entry.in_use, "present": entry.present,
        "added": entry.added, "guard": entry.guard,
    }  # fmt: skip


def show_all(arguments: argparse.Namespace, context: Context) -> int:
    """One line each; the one in use is marked."""
    for entry in context.front.registry.list():
        if arguments.json:
            print_json(_object(entry) | {"runs": _runs(entry, context)})
            continue
        mark = "●" if entry.in_use else "○"
        size = f"{entry.size / 1e6:.0f} MB"
        missing = "" if entry.present else "  (file missing)"
        licence = entry.licence or "licence unknown"
        say(f"{mark} {entry.id}  {entry.kind}, {size}, {licence}{missing}")
        say(f"    {entry.name}; sha256 {entry.sha256[:16]}…")
        if runs := _runs(entry, context):
            say(f"    runs with {runs}")
    return 0


def _runs(entry: Any, context: Context) -> str:
    """How the chat model in use is run here, and whether that was measured; "" for others."""
    if not entry.in_use or entry.kind != "chat":
        return ""
    from assistant.engine import ModelFile
    from assistant.engine.calibration import told

    return told(context.front.settings.home, ModelFile(entry.path, entry.sha256))


def add_file(arguments: argparse.Namespace, context: Context) -> int:
    """Record a file; nothing is copied."""
    entry = context.front.registry.add(arguments.file, _progress(context), arguments.guard)
    _clear(context)
    if arguments.json:
        print_json(_object(entry))
    else:
        say(f"{entry.id} was added (sha256 {entry.sha256[:16]}…).")
        does = "Guard" if entry.kind == "guard" else "Chat"
        say(f"{does} with it: assistant models use {entry.id}")
    return 0


def use(arguments: argparse.Namespace, context: Context) -> int:
    """Load it once to be sure; a holder that is running changes over too."""
    front = context.front
    holder = context.opened or front.holder_elsewhere()
    if holder is not None:
        list(holder.handle(UseModel(arguments.id)))
    else:
        front.use_model(arguments.id)
    entry = front.registry.entry(arguments.id)
    if arguments.json:
        print_json(_object(entry))
    else:
        say(f"{entry.id} is in use{' as a guard' if entry.kind == 'guard' else ''}.")
    return 0


def pull(arguments: argparse.Namespace, context: Context) -> int:
    """Fetch a model the catalogue names, each file held to its digest."""
    from assistant.engine import ModelCatalogue
    from assistant.engine.fetch import pull as fetch

    settings = context.front.settings
    model = ModelCatalogue.load(settings.catalogue).get(arguments.id)
    fetch(model, settings.weights, _progress(context))
    _clear(context)
    if arguments.json:
        print_json(_object(context.front.registry.entry(arguments.id)))
    else:
        say(f"{model.id} is here, its digest holds. Use it: assistant models use {model.id}")
    return 0


def verify(arguments: argparse.Namespace, context: Context) -> int:
    """Compare the file with its recorded digest; exit 5 when it was altered."""
    entry = context.front.registry.verify(arguments.id, _progress(context))
    _clear(context)
    if arguments.json:
        print_json({**_object(entry), "verified": True})
    else:
        say(f"{entry.id} is as it was recorded (sha256 {entry.sha256}).")
    return 0


def remove(arguments: argparse.Namespace, context: Context) -> int:
    """Forget it."""
    context.front.registry.remove(arguments.id)
    if arguments.json:
        print_json({"id": arguments.id, "removed": True})
    else:
        say(f"{arguments.id} is forgotten; its file is where it was.")
    return 0


def _progress(context: Context) -> Any:
    def show(done: int, total: int) -> None:
        share = done / total if total else 1.0
        filled = round(share * 24)
        context.progress(f"checking {'█' * filled}{'░' * (24 - filled)} {share:4.0%}")

    return show


def _clear(context: Context) -> None:
    context.progress("")
