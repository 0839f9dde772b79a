"""An answer as Markdown that can be appended to, with no links and nothing live in it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from markdown_it.token import Token
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock, MarkdownStream

from assistant.inert import InertStream, inert
from assistant.tui.markdown_text import parser
from assistant.tui.widgets.flat_list import FlatList, is_flat
from assistant.tui.widgets.growing import CodeBlock, Growing, Paragraph

# What is laid out on screen; the stored answer is whole and `copy` copies it whole.
MAX_SHOWN = 100_000
_CUT = "\n\n*… cut here for the screen; copying takes the whole.*"


class AnswerView(Markdown, Growing):
    """Foreign Markdown: shows a text, or takes it in pieces with ``write`` and ``finish``."""

    BLOCKS = Markdown.BLOCKS | {
        "paragraph_open": Paragraph, "fence": CodeBlock, "code_block": CodeBlock,
    }  # fmt: skip

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

    def _parse_markdown(self, tokens: Iterable[Token]) -> Iterable[MarkdownBlock]:
        for part in _top_level(tokens):
            if is_flat(part):
                yield FlatList(self, part)
            else:
                yield from super()._parse_markdown(part)

    def _whole(self, shown: str) -> bool:
        # Streaming mounts block by block; it must have come out as parsing in one go does.
        blocks = [child for child in self.children if isinstance(child, MarkdownBlock)]
        top = [t for t in parser().parse(shown) if t.level == 0 and t.nesting >= 0]
        return [block._token.type for block in blocks] == [token.type for token in top]


def _top_level(tokens: Iterable[Token]) -> Iterable[list[Token]]:
    part: list[Token] = []
    for token in tokens:
        part.append(token)
        if token.level == 0 and token.nesting <= 0:
            yield part
            part = []


def _shown(text: str) -> str:
    shown = inert(text[: MAX_SHOWN + 1])
    return shown if len(text) <= MAX_SHOWN else shown[:MAX_SHOWN] + _CUT
