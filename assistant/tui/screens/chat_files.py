"""Files in the chat: chosen, dropped, waiting above the prompt, taken back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual import work

from assistant.conversation.attachments.reading import read_file
from assistant.errors import AttachmentRefused
from assistant.holder.attachments_wire import Attach, AttachmentItem, Detach
from assistant.holder.interface import Done
from assistant.inert import inert_line
from assistant.tui.keys_first import KeysFirst
from assistant.tui.requests import Requests
from assistant.tui.standing import stands
from assistant.tui.text import foreign, foreign_line, join
from assistant.tui.widgets.attachments import AttachmentBar
from assistant.tui.widgets.prompt import Prompt
from assistant.tui.widgets.waiting import WaitingLine

PARTS = (
    "#transcript", "#disclosure", "#notices", "#waiting", "#proposal", "#files", "#prompt",
    "#status",
)  # fmt: skip
"""What a chat shows things in; a lock takes them away one after the other."""


class FilesScreen(KeysFirst[None]):
    """The part of the chat that reads files; they are sent with the next question."""

    requests: Requests
    conversation: str
    reading = ""
    """The name of the file that is being read, if one is."""

    @property
    def standing(self) -> bool:
        """Whether an answer to a request can still be shown; not once a lock began to close it."""
        return not self.requests.closed and stands(self, *PARTS)

    @property
    def files(self) -> AttachmentBar:
        """What waits for the next question."""
        return self.query_one(AttachmentBar)

    @property
    def waiting(self) -> WaitingLine:
        """The line that says what is awaited."""
        return self.query_one(WaitingLine)

    @work(group="attach")
    async def action_attach(self) -> None:
        """Choose a file for the next question."""
        from assistant.tui.screens.attach import AttachDialog

        path = await self.app.push_screen_wait(AttachDialog(Path.cwd()))
        if path is not None:
            await self._read_in(path)

    async def _read_in(self, path: Path) -> None:
        self.reading = inert_line(path.name, 40)
        self.waiting.say(f"Reading {self.reading}")
        try:
            file = await asyncio.to_thread(read_file, path)
            made = Attach(file.name, file.data)
            found = await self.requests.all(made, AttachmentItem, passing=AttachmentRefused)
        except AttachmentRefused as error:
            shown = foreign(f"{error.message} {error.hint}").plain
            self.app.notify(shown, severity="warning", markup=False)
            found = None
        finally:
            self.reading = ""
        if not self.standing:
            return
        self.waiting.clear()
        for item in found or ():
            self.files.add(item)
            if item.note:
                self.waiting.say(inert_line(item.note, 200))

    async def action_files(self) -> None:
        """The files of this conversation."""
        from assistant.tui.screens.files import KeptFilesScreen

        await self.app.push_screen(KeptFilesScreen(self.requests, self.conversation))

    async def action_detach(self) -> None:
        """Take the file attached last back."""
        if not self.files.items:
            self.waiting.say("No file waits for your question.")
            return
        last = self.files.items[-1]
        self.files.drop((last.id,))
        if await self.requests.one(Detach(last.id), Done) is None or not self.standing:
            return
        self.waiting.say(f"{inert_line(last.name, 40)} is no longer attached.")

    @work(group="attach")
    async def on_prompt_file_pasted(self, message: Prompt.FilePasted) -> None:
        """A path was pasted or a file dropped: offer to attach it."""
        from assistant.tui.screens.dialogs import Uncalled

        name = foreign_line(message.path.name, 40)
        body = join(name, "\n\nA no only pastes its path.")
        question = Uncalled("Attach this file to your question?", body)
        if await self.app.push_screen_wait(question):
            await self._read_in(message.path)
        else:
            self.query_one(Prompt).insert_pasted(message.text)
