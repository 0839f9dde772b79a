"""An answer as Markdown that can be appended to, with no links and nothing live in it."""

from __future__ import annotations

import asyncio

from textual.content import Content
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock, MarkdownFence, MarkdownStream

from assistant.inert import InertStream, inert
from assistant.tui.markdown_text import parser

# What is laid out on screen; the stored answer is whole and `copy` copies it whole.
MAX_SHOWN = 100_000
MAX_HIGHLIGHTED = 20_000
_CUT = "\n\n*… cut here for the screen; copying takes the whole.*"


class CodeBlock(MarkdownFence):
    """A code block, highlighted unless it is so long that highlighting would stall."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        """Colours for code in a language; plain text above 20,000 characters."""
        if len(code) > MAX_HIGHLIGHTED:
            return Content(code)
        return super().highlight(code, language.split(" ")[0], ansi=ansi, dark=dark)


class AnswerView(Markdown):
    """Foreign Markdown: shows a text, or takes it in pieces with ``write`` and ``finish``."""

    BLOCKS = Markdown.BLOCKS | {"fence": CodeBlock, "code_block": CodeBlock}

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(_shown(text), parser_factory=parser, open_links=False, id=id)
        self._stream: MarkdownStream | None = None
        self._inert = InertStream()
        self._written = 0

    async def write(self, text: str) -> None:
        """Append a piece of the answer; pieces that come too fast are drawn together."""
        if self._stream is None:
            self._stream = Markdown.get_stream(self)
        piece = self._inert.feed(text)[: max(0, MAX_SHOWN - self._written)]
        self._written += len(piece)
        await self._stream.write(piece)

    async def finish(self, text: str) -> None:
        """End the stream; what is shown is now exactly ``text``, with no blank blocks."""
        await self._stop()
        shown = _shown(text)
        if self.source != shown or not self._whole(shown):
            await self.update(shown)

    async def show(self, text: str) -> None:
        """Show another text instead."""
        await self._stop()
        await self.update(_shown(text))

    async def _stop(self) -> None:
        stream, self._stream = self._stream, None
        self._inert, self._written = InertStream(), 0
        if stream is None:
            return
        try:
            await stream.stop()
        except asyncio.CancelledError:
            # Textual's stream is cancelled before its first step when an answer is very
            # short; `finish` then shows the text as a whole.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise

    def _whole(self, shown: str) -> bool:
        # Streaming mounts block by block; it must have come out as parsing in one go does.
        blocks = [child for child in self.children if isinstance(child, MarkdownBlock)]
        top = [t for t in parser().parse(shown) if t.level == 0 and t.nesting >= 0]
        return [block._token.type for block in blocks] == [token.type for token in top]


def _shown(text: str) -> str:
    shown = inert(text[: MAX_SHOWN + 1])
    return shown if len(text) <= MAX_SHOWN else shown[:MAX_SHOWN] + _CUT
