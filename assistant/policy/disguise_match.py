"""Views for words in disguise: leet signs, letters with others between, letters spelled out.

See ``view_match`` for what a matcher answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Final

from assistant.policy import views
from assistant.policy.canonical import is_boundary
from assistant.policy.pattern_syntax import Node, map_letters, squeeze, width
from assistant.policy.search import Hit, Patterns, Terms
from assistant.policy.sieve import Sieve
from assistant.policy.tables import LONG
from assistant.policy.view_match import Live

LONG_TERM: Final = 8
"""Letters from which a term is looked for inside other letters (design.md section 5)."""
SHORTEST_IN_RUN: Final = 3
_RUNS_TOGETHER: Final = 2000
_FEW_TOGETHER: Final = 50


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

    @cached_property
    def _sieve(self) -> Sieve:
        return Sieve(self._terms, self._patterns)

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """See :class:`ViewMatcher`."""
        if not views.has_leet(window):
            return []
        if self._sieve.holds_back(window.replace("€", "e"), views.LEET_BYTES):
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
        self._sieve = Sieve(terms)

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:  # noqa: ARG002
        """See :class:`ViewMatcher`."""
        if self._terms.empty:
            return []
        only = views.letters(window[context:])
        raw = [] if self._sieve.holds_back(only) else list(self._terms.scan(only))
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

    @cached_property
    def _sieve(self) -> Sieve:
        return Sieve(self._terms, self._patterns)

    def find(self, window: str, context: int, *, final: bool) -> list[Hit]:
        """See :class:`ViewMatcher`."""
        hits = self._in_runs(window, context, self._promising_runs(window))
        return [hit for hit in hits if final or hit.end < len(window)]

    def live(self, window: str, context: int) -> Live:
        """See :class:`ViewMatcher`."""
        runs = views.find_broken_runs(window)
        ends = {end for _, end in runs}
        broken = self._in_runs(window, context, runs) if runs else []
        fragile = [(hit.start, hit.end) for hit in broken if hit.end in ends]
        return Live(self.find(window, context, final=False), fragile, self._oldest(window, context))

    def _promising_runs(self, window: str) -> list[tuple[int, int]]:
        if len(window) < LONG:
            return views.find_runs(window)
        runs = views.LongRuns(window)
        return [] if self._sieve.holds_back(runs.lines(), least=0) else runs.places()

    def _in_runs(self, window: str, context: int, runs: Sequence[tuple[int, int]]) -> list[Hit]:
        found: list[Hit] = []
        for start, end in self._promising(window, runs):
            run = window[start:end]
            spelled = views.run_letters(run)
            if self._sieve.holds_back(spelled):
                continue
            hits = [*self._terms.scan(spelled), *self._patterns.scan(spelled, 0)]
            if not hits:
                continue
            places = [start + place for place in views.run_places(run)]
            for hit in hits:
                left, right = places[hit.start], places[hit.end - 1] + 1
                if left >= context and _spelled(window[left:right]):
                    found.append(Hit(left, right, hit.rule, hit.view))
        return found

    def _promising(
        self, window: str, runs: Sequence[tuple[int, int]], size: int = _RUNS_TOGETHER
    ) -> Iterator[tuple[int, int]]:
        """The runs of those groups in which anything is found when they are read as one.

        What matches in a run matches in a text of which it is a line, squeezed patterns
        having no boundaries; and asking for each of 100,000 runs takes a second.
        """
        for first in range(0, len(runs), size):
            group = runs[first : first + size]
            if len(group) > 1 and self._is_idle(
                views.run_lines([window[start:end] for start, end in group])
            ):
                continue
            if len(group) > _FEW_TOGETHER:
                yield from self._promising(window, group, _FEW_TOGETHER)
            else:
                yield from group

    def _is_idle(self, lines: str) -> bool:
        return self._sieve.holds_back(lines) or not (
            any(self._terms.scan(lines)) or any(self._patterns.scan(lines, 0))
        )

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


def letters_matcher(forms: Sequence[tuple[str, int]]) -> Letters:
    """The matcher of the long terms among ``forms``, which knows how each was spelled."""
    long = [(views.letters(form), rule) for form, rule in forms]
    words: dict[str, set[tuple[str, ...]]] = {}
    for form, _ in forms:
        words.setdefault(views.letters(form), set()).add(tuple(_words_of(form)))
    return Letters(
        Terms([(form, rule, "letters") for form, rule in long if len(form) >= LONG_TERM]),
        {form: frozenset(spellings) for form, spellings in words.items()},
    )


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
