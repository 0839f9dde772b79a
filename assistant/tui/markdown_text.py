"""Markdown as we show it: no links, no HTML, and everything in it inert.

The check comes after parsing as well as before: ``&#x202e;`` in an answer is harmless
text until the parser decodes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from assistant.conversation.markdown_parts import address_of, code_blocks_in, links_in
from assistant.inert import inert, inert_line

__all__ = ["code_blocks_in", "links_in", "parser"]


@cache
def parser() -> MarkdownIt:
    """A parser whose tokens hold no links, images or control characters.

    One for all: it keeps nothing of what it parsed, and making one takes longer than
    parsing what an answer grows by.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.core.ruler.push("inert", _make_inert)
    return markdown


def _make_inert(state: StateCore) -> None:
    for token in state.tokens:
        if token.children is not None:
            token.children = list(_without_links(token.children))
        for part in (token, *(token.children or ())):
            part.content = inert(part.content)
        token.info = inert_line(token.info)


def _without_links(children: list[Token]) -> Iterator[Token]:
    open_links: list[tuple[str, int]] = []
    said = ""
    for child in children:
        if child.type == "link_open":
            open_links.append((address_of(child), len(said)))
        elif child.type == "link_close":
            address, start = open_links.pop()
            if said[start:] != address:
                yield _text(f" ‹{address}›")
        elif child.type == "image":
            yield _text(f"image: {child.content} ‹{address_of(child)}›")
        else:
            said += child.content
            yield child


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
