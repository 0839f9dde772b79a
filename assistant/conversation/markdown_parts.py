"""What can be taken out of a Markdown answer as raw text: code blocks and addresses."""

from __future__ import annotations

from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token


def links_in(text: str) -> list[str]:
    """The addresses of all links and images, in order, as they would be copied."""
    tokens = MarkdownIt("commonmark", {"html": False}).parse(text)
    return [address for token in _inner(tokens) if (address := address_of(token))]


def code_blocks_in(text: str) -> list[str]:
    """The raw text of all code blocks, in order, without a final newline."""
    tokens = MarkdownIt("commonmark", {"html": False}).parse(text)
    return [
        token.content.removesuffix("\n")
        for token in tokens
        if token.type in {"fence", "code_block"}
    ]


def address_of(token: Token) -> str:
    """Where a link or an image leads; "" for any other token."""
    if token.type == "link_open":
        return str(token.attrs.get("href", ""))
    if token.type == "image":
        return str(token.attrs.get("src", ""))
    return ""


def _inner(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()
