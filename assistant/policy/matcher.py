"""Terms and patterns over canonical text: Aho-Corasick and RE2, both linear.

Every matcher answers two questions about a piece of canonical text: which rules match in it,
and where the oldest match that the next characters could still complete would start. The
second is what lets a stream go on without ever showing the beginning of a listed term.

``window[:context]`` is what stood before and was already let go; it only decides about word
boundaries. ``final`` says that nothing follows; otherwise what touches the end is undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Protocol

import ahocorasick
import re2

from assistant.errors import DocumentInvalid
from assistant.policy import views
from assistant.policy.beginnings import Beginnings
from assistant.policy.canonical import is_boundary, term_forms
from assistant.policy.pattern_syntax import (
    Node,
    map_letters,
    parse_pattern,
    reverse,
    squeeze,
    to_re2,
    width,
)

LONG_TERM: Final = 8
"""Letters from which a term is looked for inside other letters (design.md section 5)."""
SHORTEST_TURNED: Final = 4
"""Letters from which one word is also looked for reversed and in ROT13: "on" is "no"."""
SHORTEST_IN_RUN: Final = 3
SHORTEST_DECODED: Final = 3


@dataclass(frozen=True, slots=True)
class Hit:
    """A match of rule number ``rule`` between two places of the canonical window."""

    start: int
    end: int
    rule: int
    view: str


class ViewMatcher(Protocol):
    """One view of canonical text with its match rule."""

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """The matches in ``window[context:]``."""

    def oldest(self, window: str, context: int) -> int:
        """Where the oldest possible unfinished match starts; the length if there is none."""


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
        texts = [to_re2(node) for node in self._nodes]
        self._each = [
            (_compiled(text), rule, view)
            for text, (_, rule, view) in zip(texts, entries, strict=True)
        ]
        self._begun: Beginnings | None = None
        self.empty = not self._each
        # RE2's own Set loses matches when its memory runs out; an alternation falls back to
        # the slower automaton instead.
        self._any = _compiled("|".join(f"(?:{text})" for text in texts))

    def scan(self, text: str, context: int) -> Iterator[Hit]:
        """Every match from ``context`` on."""
        if self.empty or self._any.search(text, context) is None:
            return
        for pattern, rule, view in self._each:
            for match in pattern.finditer(text, context):
                if match.end() > match.start():
                    yield Hit(match.start(), match.end(), rule, view)

    def oldest(self, text: str, context: int) -> int:
        """Where the oldest match that may still be completed begins."""
        if self._begun is None:
            # Only streams ask this, and it costs more to build than all the rest.
            self._begun = Beginnings(self._nodes)
        return len(text) if self.empty else self._begun.oldest(text, context)


class Plain:
    """Canonical text as it is, forwards, backwards and in ROT13; terms at word boundaries."""

    def __init__(self, terms: Terms, patterns: Patterns, shortest: int = 0) -> None:
        self._terms, self._patterns, self._shortest = terms, patterns, shortest

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """See :class:`ViewMatcher`."""
        size = len(window)
        found = [
            hit
            for hit in self._terms.scan(window)
            if hit.start >= context and _bounded(window, hit.start, hit.end, final=final)
        ]
        for turned, name in ((window, ""), (views.rot13(window), "rot13")):
            found += [
                Hit(hit.start, hit.end, hit.rule, _turned_name(name, hit.view))
                for hit in self._patterns.scan(turned, context)
                if final or hit.end < size
            ]
        if self._shortest:
            return [hit for hit in found if self._long_enough(window[hit.start : hit.end])]
        return found

    def oldest(self, window: str, context: int) -> int:
        """See :class:`ViewMatcher`."""
        start = self._patterns.oldest(window, context)
        start = min(start, self._patterns.oldest(views.rot13(window), context))
        for at in range(context, start):
            starts = at == 0 or is_boundary(window[at - 1], window[at])
            if starts and self._terms.viable(window[at:]):
                return at
        return start

    def _long_enough(self, text: str) -> bool:
        return len(text) >= self._shortest or not text.isascii()


class Leet:
    """Leet signs read as letters; only where a word mixes letters and signs."""

    def __init__(self, forms: Sequence[tuple[str, int]], trees: Sequence[tuple[Node, int]]) -> None:
        self._forms, self._trees = forms, trees

    @cached_property
    def _terms(self) -> Terms:
        return Terms([(views.leet(form), rule, "leet") for form, rule in self._forms])

    @cached_property
    def _patterns(self) -> Patterns:
        return Patterns([(map_letters(t, views.LEET), rule, "leet") for t, rule in self._trees])

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """See :class:`ViewMatcher`."""
        if not views.has_leet(window):
            return []
        found: list[Hit] = []
        for mapped in _leet_readings(window):
            found += [
                hit
                for hit in self._terms.scan(mapped)
                if hit.start >= context and _leet_bounded(window, mapped, hit, final=final)
            ]
            found += [
                hit
                for hit in self._patterns.scan(mapped, context)
                if final or hit.end < len(window)
            ]
        return [hit for hit in found if views.has_leet(window[hit.start : hit.end])]

    def oldest(self, window: str, context: int) -> int:
        """See :class:`ViewMatcher`."""
        start = len(window)
        for mapped in _leet_readings(window):
            start = min(start, self._patterns.oldest(mapped, context))
            for at in range(context, start):
                if _leet_start(window, mapped, at) and self._terms.viable(mapped[at:]):
                    start = at
                    break
        return start


class Letters:
    """Letters alone; terms of eight letters or more, anywhere."""

    def __init__(self, terms: Terms, words: dict[str, frozenset[tuple[str, ...]]]) -> None:
        self._terms, self._words = terms, words

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:  # noqa: ARG002
        """See :class:`ViewMatcher`."""
        if self._terms.empty:
            return []
        only = views.letters(window[context:])
        raw = list(self._terms.scan(only))
        if not raw:
            return []
        places = views.letter_places(window[context:])
        found = []
        for hit in raw:
            start, end = context + places[hit.start], context + places[hit.end - 1] + 1
            if not self._judged_already(window, start, end, only[hit.start : hit.end]):
                found.append(Hit(start, end, hit.rule, hit.view))
        return found

    def oldest(self, window: str, context: int) -> int:
        """See :class:`ViewMatcher`."""
        if self._terms.empty:
            return len(window)
        only = views.letters(window[context:])
        at = self._terms.oldest_suffix(only)
        return (
            context + views.letter_places(window[context:])[at] if at < len(only) else len(window)
        )

    def _judged_already(self, window: str, start: int, end: int, form: str) -> bool:
        """ "Skill a manager" holds "kill a man" in the very words the plain view refused."""
        if start == 0 or is_boundary(window[start - 1], window[start]):
            return False
        spelled = tuple(word for word in _words_of(window[start:end]) if word)
        return len(spelled) > 1 and spelled in self._words.get(form, frozenset())


class Runs:
    """Runs of single characters, spelled together; every term of three letters or more."""

    def __init__(self, forms: Sequence[tuple[str, int]], trees: Sequence[tuple[Node, int]]) -> None:
        self._forms, self._trees = forms, trees

    @cached_property
    def _terms(self) -> Terms:
        spelled = [(views.run_letters(form), rule) for form, rule in self._forms]
        return Terms([(f, rule, "letters") for f, rule in spelled if len(f) >= SHORTEST_IN_RUN])

    @cached_property
    def _patterns(self) -> Patterns:
        squeezed = [(map_letters(squeeze(tree), views.IN_RUN), rule) for tree, rule in self._trees]
        return Patterns(
            [
                (tree, rule, "letters")
                for tree, rule in squeezed
                if width(tree, least=True) >= SHORTEST_IN_RUN
            ]
        )

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """See :class:`ViewMatcher`."""
        found: list[Hit] = []
        for start, end in views.find_runs(window):
            run = window[start:end]
            spelled = views.run_letters(run)
            hits = [*self._terms.scan(spelled), *self._patterns.scan(spelled, 0)]
            if not hits:
                continue
            places = [start + place for place in views.run_places(run)]
            for hit in hits:
                left, right = places[hit.start], places[hit.end - 1] + 1
                decided = final or right < len(window)
                if left >= context and decided and _spelled(window[left:right]):
                    found.append(Hit(left, right, hit.rule, hit.view))
        return found

    def oldest(self, window: str, context: int) -> int:
        """See :class:`ViewMatcher`."""
        start = views.open_run(window)
        if start is None:
            return len(window)
        run = window[start:]
        spelled = views.run_letters(run)
        at = min(self._terms.oldest_suffix(spelled), self._patterns.oldest(spelled, 0))
        if at == len(spelled):
            return len(window)
        return max(context, start + views.run_places(run)[at])


class Compiled:
    """All rules of one place, compiled for every view."""

    def __init__(self, rules: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> None:
        """``rules`` are pairs of terms and patterns; hits name them by position."""
        forms = [
            (form, rule)
            for rule, (terms, _) in enumerate(rules)
            for term in terms
            for form in term_forms(term)
        ]
        trees = [(_tree(text), rule) for rule, (_, texts) in enumerate(rules) for text in texts]
        terms = Terms([entry for form, rule in forms for entry in _turned(form, rule)])
        patterns = Patterns(
            [(tree, rule, "plain") for tree, rule in trees]
            + [(reverse(tree), rule, "reversed") for tree, rule in trees]
        )
        self.decoded: tuple[ViewMatcher, ...] = (Plain(terms, patterns, SHORTEST_DECODED),)
        self.plain: tuple[ViewMatcher, ...] = (
            Plain(terms, patterns),
            Leet(forms, trees),
            _letters_matcher(forms),
            Runs(forms, trees),
        )
        self.empty = terms.empty and patterns.empty


def _letters_matcher(forms: Sequence[tuple[str, int]]) -> Letters:
    long = [(views.letters(form), rule) for form, rule in forms]
    words: dict[str, set[tuple[str, ...]]] = {}
    for form, _ in forms:
        words.setdefault(views.letters(form), set()).add(tuple(_words_of(form)))
    return Letters(
        Terms([(form, rule, "letters") for form, rule in long if len(form) >= LONG_TERM]),
        {form: frozenset(spellings) for form, spellings in words.items()},
    )


def _tree(text: str) -> Node:
    try:
        return parse_pattern(text)
    except ValueError as error:
        raise DocumentInvalid(f"A pattern is outside the pattern language: {error}.") from error


def _turned(form: str, rule: int) -> list[tuple[str, int, str]]:
    """The term as written, reversed (whole, and word by word), in ROT13 and both."""
    turned = [(form, rule, "plain")]
    if len(views.letters(form)) < SHORTEST_TURNED:
        return turned
    backwards = form[::-1]
    each = " ".join(word[::-1] for word in form.split(" "))
    rotated = views.rot13(form)
    turned += [(text, rule, "reversed") for text in (backwards, each) if text != form]
    if rotated != form:
        turned += [(rotated, rule, "rot13"), (rotated[::-1], rule, "rot13+reversed")]
    return turned


def _turned_name(turn: str, view: str) -> str:
    if not turn:
        return view
    return turn if view == "plain" else f"{turn}+{view}"


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.never_capture = True
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = 64 << 20
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise DocumentInvalid("The patterns are too large to compile.") from error


def _bounded(window: str, start: int, end: int, *, final: bool) -> bool:
    if start > 0 and not is_boundary(window[start - 1], window[start]):
        return False
    return final if end == len(window) else is_boundary(window[end - 1], window[end])


def _leet_readings(window: str) -> tuple[str, ...]:
    """ "!" at the end of a word closes a sentence, inside one it is an i; both are tried."""
    mapped = views.leet(window)
    if "!" not in window and "|" not in window:
        return (mapped,)
    kept = views.leet(window.replace("!", "\0").replace("|", "\0")).replace("\0", " ")
    return (mapped, kept)


def _leet_start(window: str, mapped: str, at: int) -> bool:
    if at == 0 or is_boundary(mapped[at - 1], mapped[at]):
        return True
    return not window[at - 1].isalnum()


def _leet_bounded(window: str, mapped: str, hit: Hit, *, final: bool) -> bool:
    if not _leet_start(window, mapped, hit.start):
        return False
    if hit.end == len(window):
        return final
    ends = is_boundary(mapped[hit.end - 1], mapped[hit.end])
    return ends or not window[hit.end].isalnum()


def _spelled(text: str) -> bool:
    """Whether letters, not numbers, carry the run: "4 5 5" is a list of numbers."""
    signs = [char for char in text if not char.isspace()]
    return sum(char.isalpha() for char in signs) * 2 >= sum(char.isalnum() for char in signs)


def _words_of(plain: str) -> list[str]:
    spaced = "".join(char if char.isalnum() else " " for char in plain)
    return [views.letters(word) for word in spaced.split()]
