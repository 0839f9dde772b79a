"""Markdown as we show it: no links, no HTML, and everything in it inert.

The check comes after parsing as well as before: ``&#x202e;`` in an answer is harmless
text until the parser decodes it.
"""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

from assistant.inert import inert, inert_line


def parser() -> MarkdownIt:
    """A parser whose tokens hold no links, images or control characters."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    markdown.core.ruler.push("inert", _make_inert)
    return markdown


def links_in(text: str) -> list[str]:
    """The addresses of all links and images, in order, as they would be copied."""
    tokens = MarkdownIt("commonmark", {"html": False}).parse(text)
    return [address for token in _inner(tokens) if (address := _address(token))]


def code_blocks_in(text: str) -> list[str]:
    """The raw text of all code blocks, in order, without a final newline."""
    tokens = MarkdownIt("commonmark", {"html": False}).parse(text)
    return [
        token.content.removesuffix("\n")
        for token in tokens
        if token.type in {"fence", "code_block"}
    ]


def _inner(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def _address(token: Token) -> str:
    if token.type == "link_open":
        return str(token.attrs.get("href", ""))
    if token.type == "image":
        return str(token.attrs.get("src", ""))
    return ""


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
            open_links.append((_address(child), len(said)))
        elif child.type == "link_close":
            address, start = open_links.pop()
            if said[start:] != address:
                yield _text(f" ‹{address}›")
        elif child.type == "image":
            yield _text(f"image: {child.content} ‹{_address(child)}›")
        else:
            said += child.content
            yield child


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
