"""Attaching files on the command line: read here, sent to whoever holds the vault."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assistant.cli.output import complain, say
from assistant.conversation.attachments.citing import sources_line
from assistant.conversation.attachments.reading import FileBytes, read_file
from assistant.conversation.events import TurnEnded
from assistant.errors import NoSuchItem
from assistant.holder.attachments_text import file_words, item_words
from assistant.holder.attachments_wire import Attach, AttachmentItem, Detach, ListAttachments
from assistant.holder.interface import Application


def read_all(paths: Iterable[Path]) -> list[FileBytes]:
    """The files' bytes, before anything else is done. Raises AttachmentRefused."""
    return [read_file(path) for path in paths]


def attach_all(
    application: Application, files: Iterable[FileBytes], *, quiet: bool
) -> tuple[AttachmentItem, ...]:
    """Make them ready for a question; says what each is unless ``quiet``."""
    items: list[AttachmentItem] = []
    for file in files:
        for item in application.handle(Attach(file.name, file.data)):
            if isinstance(item, AttachmentItem):
                items.append(item)
                if not quiet:
                    complain(item_words(item))
    return tuple(items)


def show_sources(ending: TurnEnded) -> None:
    """The foot of an answer: its sources, and what of the files was not read."""
    if ending.sources:
        say(f"\n{sources_line(ending.sources)}")
    for line in file_words(ending.attachments):
        complain(line)


class Waiting:
    """The files of the line mode that wait for the next question."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._items: list[AttachmentItem] = []

    @property
    def ids(self) -> tuple[str, ...]:
        """For the next question."""
        return tuple(item.id for item in self._items)

    def asked(self) -> None:
        """The question was put: nothing waits any more."""
        self._items.clear()

    def attach(self, given: str) -> None:
        """Read a file; quotes around its path are the shell's habit."""
        path = given.strip().strip("'\"")
        if not path:
            complain("Say /attach PATH.")
            return
        files = read_all([Path(path)])
        for item in attach_all(self._application, files, quiet=True):
            self._items.append(item)
            say(f"{item_words(item)} It goes with your next question.")

    def show(self, conversation: str) -> None:
        """What waits, and what was attached in this conversation."""
        for item in self._items:
            say(f"waits: {item_words(item)}")
        kept = self._application.handle(ListAttachments(conversation)) if conversation else ()
        shown = [item for item in kept if isinstance(item, AttachmentItem)]
        for item in shown:
            say(f"{item.id}: {item_words(item)}")
        if not self._items and not shown:
            say("No files are attached.")

    def detach(self, given: str) -> None:
        """Drop a waiting file by its name (or all), or erase a kept one by its id."""
        found = [item for item in self._items if given in {"", item.name, item.id}]
        if not found and not given:
            raise NoSuchItem("No file waits.", hint="/attachments lists them with their ids.")
        for identity in [item.id for item in found] or [given]:
            for reply in self._application.handle(Detach(identity)):
                say(getattr(reply, "what", "Done."))
        self._items = [item for item in self._items if item not in found]
