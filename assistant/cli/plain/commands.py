"""Every slash command in one table: what it does, and which keys of the screens it answers.

The table is the single source for /help and for the test that holds lines and screens
against each other, so that neither gets ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.cli.output import complain, say
from assistant.cli.plain import conversations, copying, feedback, overview, turns
from assistant.cli.plain.nouns import NOUNS, helped, noun
from assistant.cli.plain.session import Session


@dataclass(frozen=True, slots=True)
class Slash:
    """One command. ``keys`` are the ids of the app's key table that do the same there."""

    word: str
    takes: str
    about: str
    act: Callable[[Session, str], None]
    keys: tuple[str, ...] = ()


def _attach(session: Session, rest: str) -> None:
    session.files.attach(rest)


def _attachments(session: Session, _rest: str) -> None:
    session.files.show(session.conversation)


def _detach(session: Session, rest: str) -> None:
    session.files.detach(rest)


def _help(_session: Session, rest: str) -> None:
    word = rest.removeprefix("/")
    if word in NOUNS:
        helped(word)
    elif word in COMMANDS:
        say(_line(COMMANDS[word]))
    elif word:
        complain(f"/{word} is not a command. /help lists them.")
    else:
        say(listing())


def listing() -> str:
    """Every command under its heading, as /help says it."""
    lines: list[str] = []
    for title, commands in GROUPS.items():
        lines += (title, *(_line(command) for command in commands))
    return "\n".join((*lines, 'A message of several lines stands between two lines of """ alone.'))


def _line(command: Slash) -> str:
    head = f"/{command.word} {command.takes}".rstrip()
    return f"  {head:<24} {command.about}"


def _nowhere(_session: Session, _rest: str) -> None:
    """The loop itself ends on this word."""


GROUPS: dict[str, tuple[Slash, ...]] = {
    "Asking": (
        Slash("yes", "", "go on, where a rule wants your yes for a message", turns.yes),
        Slash("again", "", "answer the last question again", turns.again,
              ("chat.again", "answer.again")),
        Slash("plainly", "", "again, without what was learned", turns.plainly,
              ("list.plainly",)),
        Slash("impersonal", "[MESSAGE]", "one message (or all) without what was learned",
              turns.impersonal, ("chat.impersonal",)),
        Slash("two", "", "two answers to the last question; pick one", turns.two,
              ("chat.two", "answer.two")),
        Slash("viewpoints", "", "again, from several sides", turns.viewpoints,
              ("chat.viewpoints",)),
        Slash("fork", "MESSAGE", "the last question in other words; the old branch stays",
              turns.fork, ("chat.fork", "answer.fork")),
        Slash("attach", "PATH", "the next question is about this file", _attach,
              ("chat.attach",)),
        Slash("attachments", "", "files that wait, and those of this conversation",
              _attachments, ("chat.files",)),
        Slash("detach", "[NAME|ID]", "take a waiting file back, or erase a kept one", _detach,
              ("chat.detach",)),
        Slash("copy", "[code|link] [N]", "the answer, a code block or an address",
              copying.copy, ("chat.copy", "chat.code", "chat.link", "answer.copy",
                             "answer.code", "answer.link")),
    ),
    "Feedback on the last answer": (
        Slash("up", "", "it was good", feedback.up, ("chat.up", "answer.up")),
        Slash("down", "", "it was not", feedback.down, ("chat.down", "answer.down")),
        Slash("score", "N", "from 1 to 100", feedback.score, ("chat.score", "answer.score")),
        Slash("edit", "TEXT", "how it should have been", feedback.edit,
              ("chat.edit", "answer.edit")),
        Slash("note", "TEXT", "a remark", feedback.note, ("chat.note", "answer.note")),
        Slash("reason", "R,R [TEXT]", "values, creativity, fluency, factuality, diversity, "
              "safety, personalisation, helpfulness", feedback.reason),
        Slash("undo", "[ID]", "take the last act back, or that one", feedback.undo,
              ("chat.undo", "answer.undo")),
        Slash("feedback", "[VERB …]", "every act; `/feedback undo ID`", noun("feedback"),
              ("chat.acts",)),
        Slash("compare", "", "pick between prepared answers, at most ten", feedback.compare,
              ("chat.compare", "list.compare")),
    ),
    "What is remembered": (
        Slash("prefer", "TEXT", "state a preference in plain words", feedback.prefer,
              ("list.add",)),
        Slash("proposals", "", "what waits for your yes", feedback.proposals),
        Slash("accept", "[ID]", "keep the proposal", feedback.accept,
              ("chat.yes", "proposal.yes", "list.yes")),
        Slash("reject", "[ID]", "drop it", feedback.reject,
              ("chat.no", "proposal.no", "list.no")),
        Slash("reword", "TEXT", "keep it in your words", feedback.reword,
              ("chat.reword", "proposal.edit")),
        Slash("preferences", "[VERB …]", "what is kept; edit, merge, disable, delete, consents",
              noun("preferences"), ("chat.preferences", "list.edit", "list.toggle", "list.merge",
                                   "list.scope")),
        Slash("recall", "TEXT", "what would be remembered for a text", overview.recall,
              ("chat.recall", "list.recall")),
        Slash("why", "[TURN]", "what shaped the last answer, or that turn's", overview.why,
              ("chat.why", "answer.why")),
        Slash("profile", "[VERB …]", "the style profile; set, lock, release", noun("profile"),
              ("chat.profile", "list.release")),
        Slash("slide", "DIMENSION N", "set a dimension, from -1 to 1", overview.slide,
              ("list.less", "list.more")),
    ),
    "Conversations": (
        Slash("new", "", "begin another", conversations.new, ("chat.new",)),
        Slash("incognito", "", "begin one that writes nothing", conversations.incognito,
              ("chat.incognito",)),
        Slash("keep", "", "keep this incognito chat from here on", conversations.keep,
              ("chat.keep",)),
        Slash("history", "[VERB …]", "earlier ones; rename, pin, move, delete, show",
              noun("history"), ("chat.history", "list.pin", "list.move", "list.folder")),
        Slash("resume", "[ID]", "go on with one, or with the last", conversations.resume,
              ("list.open",)),
        Slash("search", "WORDS", "find earlier turns", conversations.search, ("list.search",)),
        Slash("tree", "", "every branch of this conversation", conversations.tree,
              ("chat.tree", "answer.tree", "list.tree")),
        Slash("branch", "TURN", "read the branch through that turn", conversations.branch),
        Slash("before", "", "the branch before, where a turn has several",
              conversations.before, ("chat.branch_back", "answer.branch_back")),
        Slash("after", "", "the branch after", conversations.after,
              ("chat.branch_on", "answer.branch_on")),
        Slash("forget", "[yes]", "erase the last turn and what came of it",
              conversations.forget, ("answer.erase",)),
        Slash("erase", "KIND [ID]", "erase anything for good", noun("erase"),
              ("list.delete",)),
    ),
    "Bounds and settings": (
        Slash("policy", "[VERB …]", "rules in force; explain KEY, log, comment RULE TEXT",
              noun("policy"),
              ("chat.policy", "chat.decisions", "list.comment", "list.decisions")),
        Slash("settings", "", "what can be set, and who manages it", noun("settings"),
              ("chat.settings",)),
        Slash("set", "KEY VALUE", "change a setting", overview.change),
        Slash("models", "[VERB …]", "models here; use, add, pull, verify",
              noun("models"), ("chat.models", "list.pull", "list.verify")),
        Slash("card", "", "who and what this is aligned to", noun("card"), ("chat.card",)),
        Slash("risks", "", "benefits and risks, and what answers each", noun("risks"),
              ("chat.risks",)),
    ),
    "Vault": (
        Slash("status", "", "model, tiers, memory, context", overview.status),
        Slash("passwd", "", "change the passphrase; --rekey, --keychain on|off",
              noun("passwd"), ("chat.vault", "list.vault")),
        Slash("backup", "FILE", "one encrypted, verified file", noun("backup"), ("chat.vault",)),
        Slash("export", "FILE", "chosen items, readable by anybody", noun("export"),
              ("chat.vault",)),
        Slash("import", "FILE", "an export of this program or of ChatGPT", noun("import"),
              ("chat.vault",)),
        Slash("doctor", "", "check this installation", noun("doctor")),
        Slash("lock", "", "lock the vault and leave", overview.lock, ("app.lock",)),
        Slash("quit", "", "leave (Ctrl-D does too)", _nowhere, ("app.quit",)),
        Slash("help", "[COMMAND]", "this list, or one command in full", _help,
              ("app.help", "app.palette")),
    ),
}  # fmt: skip

COMMANDS: dict[str, Slash] = {
    command.word: command for commands in GROUPS.values() for command in commands
}
