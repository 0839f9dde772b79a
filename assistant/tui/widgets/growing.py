"""Parts of an answer that grow while it is written, drawn no more than they changed.

A widget that says its size may have changed makes Textual lay out the whole screen, and
one that says no more than "changed" is drawn whole. Both happen here only where needed.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.geometry import Region, Size
from textual.widget import Widget
from textual.widgets import Label
from textual.widgets._markdown import MarkdownParagraph
from textual.widgets.markdown import MarkdownFence

MAX_HIGHLIGHTED = 20_000


def redraw(widget: Widget, before: list[Content], after: list[Content]) -> None:
    """Draw the lines that changed; lay out only where there are now more or fewer."""
    if len(before) != len(after) or not widget.size.width:
        widget.refresh(layout=True)
        return
    changed = [n for n, pair in enumerate(zip(before, after, strict=True)) if differ(*pair)]
    if changed:
        height = changed[-1] - changed[0] + 1
        widget.refresh(Region(0, changed[0], widget.size.width, height))


def differ(one: Content, other: Content) -> bool:
    """Whether two lines look different."""
    return one.plain != other.plain or list(one.spans) != list(other.spans)


class Growing(Widget):
    """As high as its text: that it got higher moved what is below it in the layout that found it.

    Textual lays the whole screen out once more after each layout in which the size of
    anything changed. For a width that is right; a height nothing depends on took as long
    again for every line of an answer.
    """

    def _size_updated(
        self,
        size: Size,
        virtual_size: Size,
        container_size: Size,
        layout: bool = True,  # as Textual has it
    ) -> bool:
        return super()._size_updated(
            size, virtual_size, container_size, layout and self.changes_others(size)
        )

    def changes_others(self, size: Size) -> bool:
        """Whether what is around it or in it has to be laid out again for this new size."""
        return size.width != self.outer_size.width


class Paragraph(MarkdownParagraph, Growing):
    """Running text."""

    @property
    def visual(self) -> Content:
        """What is shown: kept here, so that setting it draws nothing by itself."""
        return self._content

    def set_content(self, content: Content) -> None:
        """Show another text, as a rule the same with more at its end."""
        before, self._content = self._content, content
        width = self.size.width
        if width:
            redraw(self, before.wrap(width), content.wrap(width))
        else:
            self.refresh(layout=True)


class CodeText(Label):
    """The text in a code block, as wide as the block: a longer line alone changes no size."""

    DEFAULT_CSS = "CodeText { min-width: 100%; }"

    def __init__(self, content: Content) -> None:
        super().__init__(content, id="code-content", expand=True)
        self._shown = content

    @property
    def visual(self) -> Content:
        """See ``Paragraph.visual``."""
        return self._shown

    def grow(self, content: Content) -> None:
        """Show another text, as a rule the same with more at its end."""
        before, self._shown = self._shown, content
        room = self.size.width
        if content.cell_length > room and any(
            line.cell_length > room for line in content.split(allow_blank=True)
        ):
            self.refresh(layout=True)
        else:
            redraw(self, before.split(allow_blank=True), content.split(allow_blank=True))


class CodeBlock(MarkdownFence):
    """A code block, highlighted unless it is so long that highlighting would stall."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        """Colours for code in a language; plain text above 20,000 characters."""
        if len(code) > MAX_HIGHLIGHTED:
            return Content(code)
        return super().highlight(code, language.split(" ")[0], ansi=ansi, dark=dark)

    def compose(self) -> ComposeResult:
        yield CodeText(self._highlighted_code)

    def set_content(self, content: Content) -> None:
        """Show another text, as a rule the same with more at its end."""
        self._content = content
        for text in self.query(CodeText):
            text.grow(content)
