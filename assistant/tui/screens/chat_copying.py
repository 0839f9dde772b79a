"""Copying from the chat, each time after policy was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import work

from assistant.tui.copying import copy
from assistant.tui.requests import Requests
from assistant.tui.screens.chat_branches import BranchesScreen


class CopyingScreen(BranchesScreen):
    """An answer, its code blocks and its addresses; a selection is copied by the app."""

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__(requests, clock)
        self._copied: tuple[str, int] = ("", -1)

    @work(group="copied")
    async def action_copy_answer(self) -> None:
        """The whole answer as the model wrote it."""
        if view := await self.awaited_target():
            self._copy(view.answer, "The answer is in the clipboard.")

    @work(group="copied")
    async def action_copy_code(self) -> None:
        """The answer's code blocks, one after the other."""
        from assistant.tui.markdown_text import code_blocks_in

        if view := await self.awaited_target():
            self._copy_next("code block", code_blocks_in(view.answer), view.turn)

    @work(group="copied")
    async def action_copy_link(self) -> None:
        """The answer's addresses, one after the other; none is ever opened."""
        from assistant.tui.markdown_text import links_in

        if view := await self.awaited_target():
            self._copy_next("address", links_in(view.answer), view.turn)

    def _copy_next(self, what: str, texts: list[str], turn: str) -> None:
        if not texts:
            self.waiting.say(f"There is no {what} in this answer.")
            return
        key, last = self._copied
        index = (last + 1) % len(texts) if key == f"{what} {turn}" else 0
        self._copied = (f"{what} {turn}", index)
        self._copy(texts[index], f"Copied {what} {index + 1} of {len(texts)}.")

    @work(group="copy", exclusive=True)
    async def _copy(self, text: str, said: str) -> None:
        if (told := await copy(self.app, self.requests, text, said)) and self.standing:
            self.waiting.say(told)
