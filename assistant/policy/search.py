"""Sets of terms (Aho-Corasick) and of patterns (RE2), both linear in the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeGuard

import ahocorasick
import re2

from assistant.errors import DocumentInvalid
from assistant.policy.beginnings import Beginnings
from assistant.policy.pattern_syntax import Boundary, Chain, Node, to_re2

_EDGE: Final = to_re2(Boundary())


@dataclass(frozen=True, slots=True)
class Hit:
    """A match of rule number ``rule`` between two places of the canonical window."""

    start: int
    end: int
    rule: int
    view: str


class Terms:
    """A set of strings with the rules they belong to."""

    def __init__(self, entries: Sequence[tuple[str, int, str]]) -> None:
        grouped: dict[str, list[tuple[int, str]]] = {}
        for form, rule, view in entries:
            grouped.setdefault(form, []).append((rule, view))
        self._trie: Any = ahocorasick.Automaton()
        for form, owners in grouped.items():
            self._trie.add_word(form, (len(form), tuple(dict.fromkeys(owners))))
        self._trie.make_automaton()
        self.forms = tuple(grouped)
        self.empty = not grouped

    def scan(self, text: str) -> Iterator[Hit]:
        """Every occurrence, boundaries not looked at."""
        if self.empty:
            return
        for last, (size, owners) in self._trie.iter(text):
            for rule, view in owners:
                yield Hit(last + 1 - size, last + 1, rule, view)

    def viable(self, text: str) -> bool:
        """Whether some term starts with ``text`` (or is it)."""
        return not self.empty and bool(self._trie.match(text))

    def oldest_suffix(self, text: str) -> int:
        """Where the longest suffix that some term starts with begins."""
        return next((at for at in range(len(text)) if self.viable(text[at:])), len(text))


class Patterns:
    """A set of RE2 patterns with the rules they belong to."""

    def __init__(self, entries: Sequence[tuple[Node, int, str]]) -> None:
        self._nodes = tuple(node for node, _, _ in entries)
        texts = [_source(node) for node in self._nodes]
        self._each = [
            (compiled_pattern(text), rule, view)
            for text, (_, rule, view) in zip(texts, entries, strict=True)
        ]
        self._begun: Beginnings | None = None
        open_ended = [
            text.removesuffix(_EDGE)
            for text, node in zip(texts, self._nodes, strict=True)
            if _ends_open(node)
        ]
        self._open = (
            compiled_pattern("|".join(f"(?:{text})" for text in open_ended)) if open_ended else None
        )
        self.sources = tuple(texts)
        self.empty = not self._each
        # RE2's own Set loses matches when its memory runs out; an alternation falls back to
        # the slower automaton instead.
        self._any = compiled_pattern("|".join(f"(?:{text})" for text in texts))

    def scan(self, text: str, context: int) -> Iterator[Hit]:
        """Every match from ``context`` on."""
        if self.empty or self._any.search(text, context) is None:
            return
        for pattern, rule, view in self._each:
            for match in pattern.finditer(text, context):
                if match.end() > match.start():
                    yield Hit(match.start(), match.end(), rule, view)

    def fragile(self, text: str, context: int) -> list[tuple[int, int]]:
        """What matches but for the word boundary at its end."""
        if self._open is None or self._open.search(text, context) is None:
            return []
        spans = [match.span() for match in self._open.finditer(text, context)]
        return [span for span in spans if span[1] < len(text)]

    def oldest(self, text: str, context: int) -> tuple[int, bool]:
        """Where the oldest match that may still be completed begins; and whether ``find`` and
        ``fragile`` have anything to look for."""
        if self._begun is None:
            # Only streams ask this, and it costs more to build than all the rest.
            self._begun = Beginnings(self._nodes)
        return (len(text), False) if self.empty else self._begun.oldest(text, context)


@lru_cache(maxsize=1024)
def _source(node: Node) -> str:
    """A rule's pattern in RE2's syntax: the same rule stands in several places."""
    return to_re2(node)


def compiled_pattern(pattern: str) -> Any:
    """``pattern`` as RE2 compiles it; raises :class:`DocumentInvalid` where it is too large."""
    options = re2.Options()
    options.never_capture = True
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = 64 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise DocumentInvalid("The patterns are too large to compile.") from error


def _ends_open(node: Node) -> TypeGuard[Chain]:
    """Whether the pattern ends in a word boundary."""
    return isinstance(node, Chain) and len(node.parts) > 1 and isinstance(node.parts[-1], Boundary)
