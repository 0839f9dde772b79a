"""A list of an answer as one widget, whatever its length.

Textual makes four widgets an item, and all of them anew for every piece of an answer that
ends in a list: a tenth of a second a piece after some forty items.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from markdown_it.token import Token
from rich.segment import Segment
from textual.cache import LRUCache
from textual.content import Content, _FormattedLine
from textual.geometry import Region, Size
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownBlock

from assistant.tui.widgets.growing import Growing, differ

_KINDS = {"bullet_list", "ordered_list", "list_item", "paragraph"}
_PARTS = {f"{kind}_{end}" for kind in _KINDS for end in ("open", "close")} | {"inline"}


def is_flat(part: Sequence[Token]) -> bool:
    """Whether a top-level part is a list of nothing but paragraphs and lists."""
    return part[0].type.endswith("_list_open") and all(token.type in _PARTS for token in part)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list before it is wrapped: a bullet or as much space, and a text."""

    mark: str
    text: Content

    def same(self, other: Row) -> bool:
        """Whether both look the same."""
        return self.mark == other.mark and not differ(self.text, other.text)


class FlatList(MarkdownBlock, Growing):
    """Looks as Textual's own list does, wraps with hanging indents, can be selected."""

    COMPONENT_CLASSES: ClassVar = {"flat-list--mark"}
    DEFAULT_CSS = """
    FlatList {
        margin: 0 0 1 0;
        & > .flat-list--mark { color: $text-primary; }
        &:light > .flat-list--mark { color: $text-secondary; }
    }
    """

    def __init__(self, markdown: Markdown, part: Sequence[Token]) -> None:
        super().__init__(markdown, part[0])
        self._rows = list(_rows(part, self._token_to_content))
        self._drawn: LRUCache[tuple[object, ...], list[Strip]] = LRUCache(2048)

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        if not isinstance(block, FlatList):
            await super()._update_from_block(block)
            return
        width, before, self._rows = self.size.width, self._rows, block._rows
        self._token = block._token
        kept = next(
            (n for n, (old, new) in enumerate(zip(before, self._rows, strict=False))
             if not old.same(new)), min(len(before), len(self._rows)),
        )  # fmt: skip
        above = _height(before[:kept], width)
        height = _height(self._rows[kept:], width)
        if not width or _height(before[kept:], width) != height:
            self.refresh(layout=True)
        elif height:
            self.refresh(Region(0, above, width, height))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many lines as the rows take at a width."""
        return _height(self._rows, width)

    def render_line(self, y: int) -> Strip:
        """One wrapped line."""
        if self._dirty_regions:
            self._lines = self._strips(self.size.width)
            self._dirty_regions.clear()
        if y < len(self._lines):
            return self._lines[y]
        return Strip.blank(self.size.width, self.visual_style.rich_style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text with its bullets, not as it was wrapped."""
        text = "\n".join(f"{row.mark}{row.text.plain}" for row in self._rows)
        return selection.extract(text), "\n"

    _lines: Sequence[Strip] = ()

    def _strips(self, width: int) -> list[Strip]:
        style = self.visual_style
        selection, lines = self.text_selection, []
        for number, row in enumerate(self._rows):
            span = selection.get_span(number) if selection is not None else None
            key = (number, row.mark, row.text.plain, tuple(row.text.spans), width, style,
                   span, self.app.theme)  # fmt: skip
            strips = self._drawn.get(key)
            if strips is None:
                strips = self._drawn[key] = list(self._draw(number, row, width, style, span))
            lines += strips
        return lines

    def _draw(
        self, number: int, row: Row, width: int, style: Style, span: tuple[int, int] | None
    ) -> Iterator[Strip]:
        mark_style = style + self.get_visual_style("flat-list--mark", partial=True)
        mark, text = Content.styled(row.mark, mark_style), row.text
        if span is not None:
            chosen = Style.from_styles(self.screen.get_component_styles("screen--selection"))
            start, end = span
            whole = mark.append(text)
            whole = whole.stylize(chosen, start, len(whole) if end == -1 else end)
            mark, text = whole[: len(row.mark)], whole[len(row.mark) :]
        first = True
        for line in _wrapped(row, text, width, self._get_style):
            line.x, line.y = line.x + len(row.mark), number
            beside = _FormattedLine(self._get_style, mark, width, 0, number)
            lead = beside.to_strip(style)[0] if first else [_space(row, style)]
            first = False
            strip = Strip([*lead, *line.to_strip(style)[0]])
            yield strip.crop(0, width)


def _space(row: Row, style: Style) -> Segment:
    return Segment(" " * Content(row.mark).cell_length, style.rich_style)


def _wrapped(
    row: Row, text: Content, width: int, get_style: Callable[[str | Style], Style]
) -> list[_FormattedLine]:
    room = max(1, width - Content(row.mark).cell_length)
    return text._wrap_and_format(room, get_style=get_style)


def _height(rows: Sequence[Row], width: int) -> int:
    return sum(
        row.text.get_height({}, max(1, width - Content(row.mark).cell_length)) for row in rows
    )


@dataclass(slots=True)
class _Item:
    """An open item: its bullet stands on its first line only."""

    bullet: str
    said: bool = False


@dataclass(slots=True)
class _List:
    """An open list: the number of its next item and the room its numbers take, if it has any."""

    number: int = -1
    room: int = 0


def _rows(part: Sequence[Token], content: Callable[[Token], Content]) -> Iterator[Row]:
    lists: list[_List] = []
    items: list[_Item] = []
    for place, token in enumerate(part):
        match token.type:
            case "bullet_list_open":
                lists.append(_List())
            case "ordered_list_open":
                lists.append(_ordered(part, place))
            case "list_item_open":
                items.append(_Item(_bullet(lists)))
            case "inline":
                for text in content(token).split(allow_blank=True):
                    yield Row(_mark(items), text)
            case "list_item_close":
                if not items[-1].said:
                    yield Row(_mark(items), Content())
                items.pop()
            case "bullet_list_close" | "ordered_list_close":
                lists.pop()


def _ordered(part: Sequence[Token], place: int) -> _List:
    first, count = part[place + 1], 0
    for token in part[place + 1 :]:
        if token.level <= part[place].level:
            break
        count += token.type == "list_item_open" and token.level == first.level
    start = int(first.info or 1)
    return _List(start, len(f"{start + count - 1}. "))


def _bullet(lists: list[_List]) -> str:
    here = lists[-1]
    if here.number < 0:
        depth = sum(one.number < 0 for one in lists) - 1
        return Markdown.BULLETS[depth % len(Markdown.BULLETS)]
    here.number += 1
    return f"{here.number - 1}. ".rjust(here.room + 1)


def _mark(items: list[_Item]) -> str:
    mark = "".join(
        " " * Content(item.bullet).cell_length if item.said else item.bullet for item in items
    )
    for item in items:
        item.said = True
    return mark
