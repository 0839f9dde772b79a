"""The rules of one place, compiled once for every view of the text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from assistant.errors import DocumentInvalid
from assistant.policy import views
from assistant.policy.canonical import term_forms
from assistant.policy.disguise_match import Leet, Runs, letters_matcher
from assistant.policy.pattern_reader import parse_pattern
from assistant.policy.pattern_syntax import Node, reverse
from assistant.policy.search import Patterns, Terms
from assistant.policy.view_match import Plain, ViewMatcher

SHORTEST_TURNED: Final = 4
"""Letters from which one word is also looked for reversed and in ROT13: "on" is "no"."""
SHORTEST_DECODED: Final = 3


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
            letters_matcher(forms),
            Runs(forms, trees),
        )
        self.empty = terms.empty and patterns.empty


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
