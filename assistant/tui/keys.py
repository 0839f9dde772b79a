"""Every key of the app in one table: what it does, where it works, how to rebind it.

The table is the single source for bindings, the help screen, the command palette and
the schema of the file in which a person rebinds keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import msgspec
from textual.binding import Binding, BindingType

from assistant.errors import UsageError
from assistant.inert import inert_line

MAX_KEY_FILE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Key:
    """One action: ``id`` is its name in the key file, ``place`` where it works."""

    id: str
    keys: str
    action: str
    label: str
    about: str
    show: bool = False
    priority: bool = False

    @property
    def place(self) -> str:
        """The part of the id before the dot."""
        return self.id.partition(".")[0]


PLACES = {
    "app": "Everywhere",
    "chat": "In the chat, while you type",
    "prompt": "In the prompt",
    "answer": "On an answer (Escape from the prompt goes there)",
    "proposal": "On a proposal",
    "list": "In lists",
    "dialog": "In dialogs",
    "door": "Before the vault is open",
}

KEYS = (
    Key("app.help", "f1", "help", "help", "Show every key", show=True, priority=True),
    Key("app.palette", "ctrl+p", "command_palette", "commands", "Find any command", True, True),
    Key("app.lock", "ctrl+l", "lock", "lock", "Lock the vault now", priority=True),
    Key("app.theme", "f12", "next_theme", "theme", "Next theme", priority=True),
    Key("app.motion", "shift+f12", "toggle_motion", "motion", "Less motion, or as usual",
        priority=True),
    Key("app.mouse", "alt+m", "toggle_mouse", "mouse",
        "Leave the mouse to the terminal, or take it back", priority=True),
    Key("app.interrupt", "ctrl+c", "interrupt", "stop / quit",
        "Stop the answer; when idle, copy or offer to quit", priority=True),
    Key("app.quit", "ctrl+q", "quit", "quit", "Quit and lock", priority=True),
    Key("chat.stop", "escape", "stop", "answers",
        "Stop the answer; when idle, go to the answers", show=True, priority=True),
    Key("chat.history", "f2", "history", "history", "Earlier conversations", show=True),
    Key("chat.preferences", "f3", "preferences", "preferences",
        "What is remembered about you", show=True),
    Key("chat.why", "f4", "why", "why", "What shaped the latest answer", show=True),
    Key("chat.settings", "f5", "settings", "settings", "Settings, and who manages them"),
    Key("chat.vault", "shift+f5", "vault", "vault",
        "The vault: passphrase, recovery key, backups, export, import, erasing"),
    Key("chat.policy", "f6", "policy", "policy", "Every rule in force: whose, why, until when",
        priority=True),  # the prompt would select a line with it
    Key("chat.decisions", "shift+f6", "decisions", "decisions",
        "What policy decided: rule, tier, place, effect"),
    Key("chat.recall", "shift+f4", "recall", "recall",
        "What would be recalled for a text, with its scores"),
    Key("chat.models", "f7", "models", "models", "Models: what fits, and which is in use",
        priority=True),  # and everything with this one
    Key("chat.card", "f8", "card", "card", "Who and what this is aligned to"),
    Key("chat.risks", "shift+f8", "risks", "risks", "Benefits and risks, and what answers each"),
    Key("chat.acts", "f9", "acts", "feedback", "Feedback you gave; take any of it back"),
    Key("chat.profile", "f10", "profile", "style", "Your style profile, as sliders"),
    Key("chat.compare", "shift+f10", "compare", "compare styles",
        "Pick between prepared answers, at most ten, to set your style"),
    Key("chat.new", "ctrl+n", "new_chat", "new chat", "Start a new conversation"),
    Key("chat.incognito", "alt+i", "incognito", "incognito",
        "Start a conversation that writes nothing"),
    Key("chat.attach", "ctrl+o", "attach", "attach", "Ask about a file: choose it by its path"),
    Key("chat.files", "alt+d", "files", "files", "The files of this conversation; erase one"),
    Key("chat.detach", "alt+x", "detach", "detach", "Take back the file attached last"),
    Key("chat.impersonal", "alt+p", "impersonal", "impersonal",
        "Without anything remembered: the next message, then this whole conversation"),
    Key("chat.up", "alt+up", "rate('up')", "good", "Rate the latest answer up", show=True),
    Key("chat.down", "alt+down", "rate('down')", "bad", "Rate the latest answer down"),
    Key("chat.score", "alt+s", "score", "score", "Score the latest answer from 1 to 100"),
    Key("chat.note", "alt+a", "note", "note", "Say what was good or bad, with reasons"),
    Key("chat.edit", "alt+e", "edit", "edit", "Edit the latest answer to how you want it"),
    Key("chat.again", "alt+r", "again", "again", "Answer again, or try a failed turn again"),
    Key("chat.two", "alt+t", "two", "two answers", "Two answers side by side; pick one"),
    Key("chat.viewpoints", "alt+v", "viewpoints", "other viewpoints",
        "Answer again with several viewpoints, taking no side"),
    Key("chat.fork", "alt+g", "fork", "edit message",
        "Send your latest message in other words, on a branch of its own"),
    Key("chat.branch_back", "alt+left", "branch(-1)", "branch before",
        "The branch before, where a turn has several"),
    Key("chat.branch_on", "alt+right", "branch(1)", "branch after",
        "The branch after, where a turn has several"),
    Key("chat.tree", "shift+f2", "tree", "branches", "Every branch of this conversation"),
    Key("chat.keep", "alt+w", "keep", "keep incognito chat",
        "Keep this incognito chat from here on"),
    Key("chat.copy", "alt+c", "copy_answer", "copy", "Copy the latest answer"),
    Key("chat.code", "alt+k", "copy_code", "copy code", "Copy its next code block"),
    Key("chat.link", "alt+l", "copy_link", "copy link", "Copy its next link address"),
    Key("chat.undo", "alt+z", "undo", "undo", "Take back the latest feedback"),
    Key("chat.yes", "alt+y", "keep_proposal", "keep", "Keep the proposed preference"),
    Key("chat.no", "alt+n", "drop_proposal", "drop", "Drop the proposed preference"),
    Key("chat.reword", "alt+o", "reword_proposal", "reword", "Reword the proposal"),
    Key("prompt.send", "enter", "send", "send", "Send the message", show=True),
    Key("prompt.newline", "shift+enter,ctrl+j", "newline", "newline", "New line"),
    Key("answer.up", "+,u", "rate('up')", "good", "Rate this answer up", show=True),
    Key("answer.down", "-,d", "rate('down')", "bad", "Rate this answer down", show=True),
    Key("answer.score", "s", "score", "score", "Score it from 1 to 100", show=True),
    Key("answer.note", "n", "note", "note", "Say what was good or bad, with reasons", show=True),
    Key("answer.edit", "e", "edit", "edit", "Edit it to how you want it", show=True),
    Key("answer.two", "2", "two", "two answers", "Two answers side by side; pick one", show=True),
    Key("answer.again", "r", "again", "again", "Answer again, or try again", show=True),
    Key("answer.fork", "f", "fork", "edit message",
        "Send its question in other words, on a branch of its own", show=True),
    Key("answer.branch_back", "left,h", "branch(-1)", "branch before", "The branch before"),
    Key("answer.branch_on", "right", "branch(1)", "branch after", "The branch after"),
    Key("answer.tree", "t", "tree", "branches", "Every branch of this conversation"),
    Key("answer.why", "w", "why", "why", "What shaped it", show=True),
    Key("answer.copy", "c", "copy_answer", "copy", "Copy it", show=True),
    Key("answer.code", "b", "copy_code", "copy code", "Copy its next code block"),
    Key("answer.link", "l", "copy_link", "copy link", "Copy its next link address"),
    Key("answer.undo", "z", "undo", "undo", "Take back your feedback"),
    Key("answer.erase", "x", "erase", "erase", "Erase this turn and what came of it"),
    Key("answer.more", "m", "more", "more", "Show a long question whole"),
    Key("answer.previous", "up,k", "previous", "previous", "Scroll up, then the answer before"),
    Key("answer.next", "down,j", "next", "next", "Scroll down, then the next answer"),
    Key("answer.prompt", "enter,i", "prompt", "type", "Back to the prompt"),
    Key("proposal.yes", "y", "keep_proposal", "keep", "Keep the preference", show=True),
    Key("proposal.no", "n", "drop_proposal", "no", "Drop it", show=True),
    Key("proposal.edit", "e", "reword_proposal", "reword", "Reword it first", show=True),
    Key("list.open", "enter", "open", "open", "Open or change the selected line", show=True),
    Key("list.search", "slash", "search", "search", "Go to the search line", show=True),
    Key("list.found", "down", "found", "found", "From the search line to what was found"),
    Key("list.add", "a", "add", "add", "Add a line", show=True),
    Key("list.edit", "e,r", "edit", "edit", "Rename or reword it", show=True),
    Key("list.toggle", "space", "switch", "on / off", "Switch it on or off", show=True),
    Key("list.less", "left,minus", "less", "less", "Move a slider left", show=True),
    Key("list.more", "right,plus", "more", "more", "Move a slider right", show=True),
    Key("list.release", "e", "release", "learn again", "Let it be learned again", show=True),
    Key("list.yes", "y", "accept", "keep", "Keep a proposal", show=True),
    Key("list.no", "n", "reject", "drop", "Drop a proposal", show=True),
    Key("list.comment", "c", "comment", "comment", "Comment on a rule, for its author", show=True),
    Key("list.pull", "g", "pull", "get", "Fetch a model; this uses the network", show=True),
    Key("list.verify", "v", "verify", "verify", "Hash a model's file again", show=True),
    Key("list.vault", "v", "vault", "vault", "The vault itself", show=True),
    Key("list.decisions", "l", "decisions", "decisions", "What the rules decided", show=True),
    Key("list.recall", "w", "recall", "recall", "What would be recalled for a text", show=True),
    Key("list.compare", "c", "compare", "compare", "Pick between prepared answers", show=True),
    Key("list.pin", "p", "pin", "pin", "Keep it on top, or no longer", show=True),
    Key("list.move", "m", "move", "folder", "Put it into a project folder", show=True),
    Key("list.folder", "f", "folder", "folders", "Show one folder after the other", show=True),
    Key("list.tree", "t", "tree", "branches", "Every branch of a conversation", show=True),
    Key("list.scope", "s", "scope", "scope", "Say where it applies: always, a topic, a chat"),
    Key("list.merge", "m", "merge", "merge", "Keep this one of several that say the same"),
    Key("list.plainly", "p", "plainly", "answer without it",
        "Answer again without anything remembered", show=True),
    Key("list.delete", "d,delete", "delete", "erase", "Erase it, after a question", show=True),
    Key("list.back", "escape", "back", "back", "Back to the chat", show=True),
    Key("door.recover", "f2", "recover", "forgotten it?",
        "Open with the recovery key and choose another passphrase", show=True),
    Key("door.restore", "f3", "restore", "restore a backup",
        "Put a backup in the place of the vault here", show=True),
    Key("dialog.cancel", "escape", "cancel", "cancel", "Close, changing nothing", show=True),
    Key("dialog.complete", "tab", "complete", "complete", "Take over the path under the cursor",
        show=True, priority=True),
    Key("dialog.previous", "up", "previous", "up", "The path before"),
    Key("dialog.next", "down", "next", "down", "The next path"),
    Key("dialog.save", "ctrl+s", "save", "save", "Keep what you wrote", show=True),
    Key("dialog.toggle", "space", "choose", "choose", "Choose it, or not", show=True),
    Key("dialog.yes", "y", "yes", "yes", "Yes", show=True),
    Key("dialog.no", "n", "no", "no", "No", show=True),
    Key("dialog.agree", "ctrl+y", "yes", "yes", "Yes to a question that came while you type",
        show=True),
    Key("dialog.decline", "escape", "no", "no", "No to it", show=True),
    Key("dialog.retry", "r", "retry", "try again", "Look again", show=True),
    Key("dialog.report", "s", "report", "save a report", "Save a report without any text of "
        "yours", show=True),
    Key("dialog.first", "1", "pick(0)", "the first", "Prefer the first answer", show=True),
    Key("dialog.second", "2", "pick(1)", "the second", "Prefer the second answer", show=True),
    Key("dialog.skip", "s", "skip", "skip", "Neither; go on to the next", show=True),
    Key("dialog.pass", "escape", "cancel", "skip the rest", "Go on without answering",
        show=True),
    Key("dialog.end", "escape", "cancel", "end", "Enough; what was picked stays", show=True),
)  # fmt: skip


def bindings(place: str, *names: str) -> list[BindingType]:
    """Textual bindings for a place; with ``names``, only those (the part after the dot)."""
    owner = "screen." if place in {"answer", "proposal"} else ""  # the chat does it for them
    return [
        Binding(
            key.keys, owner + key.action, key.label, show=key.show, priority=key.priority,
            id=key.id, tooltip=key.about,
        )
        for key in KEYS
        if key.place == place and (not names or key.id.partition(".")[2] in names)
    ]  # fmt: skip


class _KeyFile(msgspec.Struct, forbid_unknown_fields=True):
    keys: dict[str, str] = {}


SCHEMA = Path(__file__).with_name("keys.schema.json")
"""The JSON Schema of the key file, written by ``scripts/reference``."""


def load_keymap(path: Path) -> dict[str, str]:
    """Rebound keys from a TOML file with one table ``[keys]``: ``"chat.new" = "ctrl+t"``.

    Several keys are separated by commas. Raises UsageError for a file that is missing,
    over 64 KiB, malformed, names an unknown action, or binds one key twice in a place.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError("The key file cannot be read.", hint="Check its path.") from error
    if len(data) > MAX_KEY_FILE_BYTES:
        raise UsageError("The key file is larger than 64 KiB.")
    try:
        keymap = msgspec.toml.decode(data, type=_KeyFile).keys
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise UsageError(
            "The key file is not what it should be.",
            hint='One table [keys] with lines such as "chat.new" = "ctrl+t".',
        ) from error
    _check(keymap)
    return keymap


def _check(keymap: dict[str, str]) -> None:
    known = {key.id for key in KEYS}
    for name in keymap:
        if name not in known:
            raise UsageError(
                f"The key file names an unknown action: {inert_line(name, 40)}.",
                hint=f"{_perhaps(name, known)}Every name stands in {SCHEMA}.",
            )
    bound = [(key, one.strip()) for key in KEYS for one in keymap.get(key.id, key.keys).split(",")]
    for number, (key, one) in enumerate(bound):
        for other, same in bound[:number]:
            if one == same and key is not other and _meet(key.place, other.place):
                raise UsageError(f"The key file binds one key twice: {other.id} and {key.id}.")


def _perhaps(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, sorted(known), 1)
    return f"Did you mean {near[0]}? " if near else ""


def _meet(one: str, other: str) -> bool:
    """Whether keys of both places work at the same moment.

    Those of lists and dialogs are offered a few at a time, by different screens.
    """
    if "app" in {one, other}:
        return True
    if one == other:
        return one not in {"list", "dialog"}
    return "chat" in {one, other} and {one, other} & {"prompt", "answer", "proposal"} != set()


def schema() -> dict[str, Any]:
    """The JSON Schema of the key file, with every action and what it does."""
    actions = {
        key.id: {"type": "string", "default": key.keys, "description": key.about} for key in KEYS
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Keys of the terminal app",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "keys": {"type": "object", "additionalProperties": False, "properties": actions}
        },
    }
