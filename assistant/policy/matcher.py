"""The views of canonical text, each with its own match rule.

Every matcher answers two questions about a piece of canonical text: which rules match in it,
and where the oldest match that the next characters could still complete would start. The
second is what lets a stream go on without ever showing the beginning of a listed term.

``window[:context]`` is what stood before and was already let go; it only decides about word
boundaries. ``final`` says that nothing follows; otherwise what touches the end is undecided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final, Protocol

from assistant.errors import DocumentInvalid
from assistant.policy import views
from assistant.policy.canonical import is_boundary, term_forms
from assistant.policy.pattern_reader import parse_pattern
from assistant.policy.pattern_syntax import (
    Node,
    map_letters,
    reverse,
    squeeze,
    width,
)
from assistant.policy.search import Hit, Patterns, Terms

LONG_TERM: Final = 8
"""Letters from which a term is looked for inside other letters (design.md section 5)."""
SHORTEST_TURNED: Final = 4
"""Letters from which one word is also looked for reversed and in ROT13: "on" is "no"."""
SHORTEST_IN_RUN: Final = 3
SHORTEST_DECODED: Final = 3
_RUNS_TOGETHER: Final = 2000


class ViewMatcher(Protocol):
    """One view of canonical text with its match rule."""

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """The matches in ``window[context:]``."""

    def live(self, window: str, context: int) -> Live:
        """Of a text that goes on: the matches that are certain; where the oldest possible
        unfinished match starts (the length if there is none); and what would match if the
        text ended there, but does not because a word goes on. A stream must not pause between
        such a thing and the character that undoes it: what is on the screen at that moment
        would be the listed term."""


@dataclass(frozen=True, slots=True)
class Live:
    """What a matcher says about the window of a stream: see :class:`ViewMatcher`."""

    hits: list[Hit]
    fragile: list[tuple[int, int]]
    oldest: int


class Plain:
    """Canonical text as it is, forwards, backwards and in ROT13; terms at word boundaries."""

    def __init__(self, terms: Terms, patterns: Patterns, shortest: int = 0) -> None:
        self._terms, self._patterns, self._shortest = terms, patterns, shortest

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """See :class:`ViewMatcher`."""
        found = [
            hit
            for hit in self._terms.scan(window)
            if hit.start >= context and _bounded(window, hit.start, hit.end, final=final)
        ]
        for turned, name in ((window, ""), (views.rot13(window), "rot13")):
            found += self._by_patterns(turned, name, context, final=final)
        return self._long_enough(found, window)

    def live(self, window: str, context: int) -> Live:
        """See :class:`ViewMatcher`."""
        size = len(window)
        found: list[Hit] = []
        fragile: list[tuple[int, int]] = []
        start = size
        for hit in self._terms.scan(window):
            if hit.start >= context and hit.end < size:
                fragile.append((hit.start, hit.end))
                if _bounded(window, hit.start, hit.end, final=False):
                    found.append(hit)
        for turned, name in ((window, ""), (views.rot13(window), "rot13")):
            begun, complete = self._patterns.oldest(turned, context)
            start = min(start, begun)
            if complete:
                found += self._by_patterns(turned, name, context, final=False)
                fragile += self._patterns.fragile(turned, context)
        for at in range(context, start):
            if self._terms.viable(window[at:]) and (
                at == 0 or is_boundary(window[at - 1], window[at])
            ):
                start = at
                break
        return Live(self._long_enough(found, window), fragile, start)

    def _by_patterns(self, turned: str, name: str, context: int, *, final: bool) -> list[Hit]:
        return [
            Hit(hit.start, hit.end, hit.rule, _turned_name(name, hit.view))
            for hit in self._patterns.scan(turned, context)
            if final or hit.end < len(turned)
        ]

    def _long_enough(self, hits: list[Hit], window: str) -> list[Hit]:
        if not self._shortest:
            return hits
        texts = ((hit, window[hit.start : hit.end]) for hit in hits)
        return [hit for hit, text in texts if len(text) >= self._shortest or not text.isascii()]


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

    def live(self, window: str, context: int) -> Live:
        """See :class:`ViewMatcher`."""
        mixed = views.has_leet(window)
        found = self.find(window, context, final=False) if mixed else []
        fragile: list[tuple[int, int]] = []
        start = len(window)
        for mapped in _leet_readings(window):
            start = min(start, self._patterns.oldest(mapped, context)[0])
            for at in range(context, start):
                if self._terms.viable(mapped[at:]) and _leet_start(window, mapped, at):
                    start = at
                    break
            if mixed:
                fragile += self._patterns.fragile(mapped, context)
                fragile += [
                    (hit.start, hit.end)
                    for hit in self._terms.scan(mapped)
                    if context <= hit.start and hit.end < len(window)
                ]
        return Live(found, fragile, start)


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

    def live(self, window: str, context: int) -> Live:
        """See :class:`ViewMatcher`: no boundary matters here."""
        if self._terms.empty:
            return Live([], [], len(window))
        only = views.letters(window[context:])
        at = self._terms.oldest_suffix(only)
        start = len(window)
        if at < len(only):
            start = context + views.letter_places(window[context:])[at]
        return Live(self.find(window, context, final=False), [], start)

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
        hits = self._in_runs(window, context, views.find_runs(window))
        return [hit for hit in hits if final or hit.end < len(window)]

    def live(self, window: str, context: int) -> Live:
        """See :class:`ViewMatcher`."""
        runs = views.find_broken_runs(window)
        ends = {end for _, end in runs}
        broken = self._in_runs(window, context, runs) if runs else []
        fragile = [(hit.start, hit.end) for hit in broken if hit.end in ends]
        return Live(self.find(window, context, final=False), fragile, self._oldest(window, context))

    def _in_runs(self, window: str, context: int, runs: Sequence[tuple[int, int]]) -> list[Hit]:
        found: list[Hit] = []
        for start, end in self._promising(window, runs):
            run = window[start:end]
            spelled = views.run_letters(run)
            hits = [*self._terms.scan(spelled), *self._patterns.scan(spelled, 0)]
            if not hits:
                continue
            places = [start + place for place in views.run_places(run)]
            for hit in hits:
                left, right = places[hit.start], places[hit.end - 1] + 1
                if left >= context and _spelled(window[left:right]):
                    found.append(Hit(left, right, hit.rule, hit.view))
        return found

    def _promising(self, window: str, runs: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        """The runs of those groups in which anything is found when they are read as one.

        What matches in a run matches in a text of which it is a line, squeezed patterns
        having no boundaries; and asking for each of 100,000 runs takes a second.
        """
        for first in range(0, len(runs), _RUNS_TOGETHER):
            group = runs[first : first + _RUNS_TOGETHER]
            if len(group) > 1:
                lines = views.run_lines([window[start:end] for start, end in group])
                if not (any(self._terms.scan(lines)) or any(self._patterns.scan(lines, 0))):
                    continue
            yield from group

    def _oldest(self, window: str, context: int) -> int:
        start = views.open_run(window)
        if start is None:
            return len(window)
        run = window[start:]
        spelled = views.run_letters(run)
        at = min(self._terms.oldest_suffix(spelled), self._patterns.oldest(spelled, 0)[0])
        if at == len(spelled):
            return len(window)
        return max(context, start + views.run_places(run)[at])


@lru_cache(maxsize=32)
def compiled(rules: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]) -> Compiled:
    """The same rules compiled once: several places and the canaries share them.

    ``rules`` are pairs of terms and patterns. Compiling the shipped rules took 70 ms for
    each of three places. One thread at a time may stream through it (turns wait for each
    other); any may ask ``find``.
    """
    return Compiled(rules)


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
            + [(_backwards(tree), rule, "reversed") for tree, rule in trees]
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


@lru_cache(maxsize=512)
def _tree(text: str) -> Node:
    try:
        return parse_pattern(text)
    except ValueError as error:
        raise DocumentInvalid(f"A pattern is outside the pattern language: {error}.") from error


@lru_cache(maxsize=512)
def _backwards(tree: Node) -> Node:
    return reverse(tree)


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
