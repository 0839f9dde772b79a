"""The views of a text that is still arriving, and how much of it must be held back.

A tracker keeps the canonical text from the start of the oldest match that is still possible
in its view, with the span of the source each character came from. Channels chain decoders
and trackers as the views do (at most two decoders deep), so encoded text is matched and held
group by group, not blob by blob.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from assistant.policy.blobs import Base64, Hexadecimal
from assistant.policy.canonical import PlainFold, Span
from assistant.policy.decoders import Decoder, cased, cased_with_spans
from assistant.policy.escapes import Escapes
from assistant.policy.long_blobs import long_base64, long_hexadecimal, narrow
from assistant.policy.matcher import Compiled
from assistant.policy.search import Hit
from assistant.policy.tables import LONG
from assistant.policy.view_match import ViewMatcher

MAX_DEPTH: Final = 2
ALL_SIGNS: Final = "+/-_"
_ESCAPE_MARKS: Final = ("%", "&", "+")


@dataclass(frozen=True, slots=True)
class SourceHit:
    """A match of rule number ``rule``, placed in the source text."""

    start: int
    end: int
    rule: int
    view: str


class Tracker:
    """One view of one channel: its undecided text and the matches in it."""

    __slots__ = ("_context", "_fragile", "_live", "_matcher", "_seen", "_spans", "_window")

    def __init__(self, matcher: ViewMatcher, *, live: bool) -> None:
        """Not ``live``: the whole text is kept and nothing is held, for a text at rest."""
        self._matcher = matcher
        self._live = live
        self._window = ""
        self._spans: list[Span] = []
        self._context = 0
        self._seen: set[tuple[int, int, int]] = set()
        self._fragile: list[Span] = []

    def feed(self, text: str, spans: list[Span]) -> list[SourceHit]:
        """Take canonical text in; the matches that became certain."""
        self._window += text
        self._spans += spans
        if not self._live:
            return []
        live = self._matcher.live(self._window, self._context)
        found = self._new(live.hits)
        if live.fragile:
            self._note_fragile(live.fragile)
        self._trim(live.oldest)
        return found

    def finish(self) -> list[SourceHit]:
        """The matches that became certain because nothing follows."""
        return self._new(self._matcher.find(self._window, self._context, final=True))

    def held_from(self) -> int | None:
        """Where in the source the oldest possible match starts."""
        at = self._context
        return self._spans[at][0] if at < len(self._spans) else None

    def safe_limit(self, limit: int) -> int:
        """``limit``, or the start of what would read as a match if the text ended there."""
        return min([limit, *(start for start, end in self._fragile if start < limit < end)])

    def forget(self, shown: int) -> None:
        """Everything up to ``shown`` is out; what ended there no longer matters."""
        if self._fragile:
            self._fragile = [span for span in self._fragile if span[1] > shown]

    def copy(self, matcher: ViewMatcher) -> Tracker:
        """An independent one in the same state, for another rule on the same text."""
        twin = Tracker(matcher, live=self._live)
        twin._window, twin._spans = self._window, list(self._spans)
        twin._context, twin._seen = self._context, set(self._seen)
        twin._fragile = list(self._fragile)
        return twin

    def _new(self, hits: Sequence[Hit]) -> list[SourceHit]:
        found: list[SourceHit] = []
        for hit in hits:
            start, end = self._spans[hit.start][0], self._spans[hit.end - 1][1]
            if (start, end, hit.rule) not in self._seen:
                self._seen.add((start, end, hit.rule))
                found.append(SourceHit(start, end, hit.rule, hit.view))
        return found

    def _note_fragile(self, fragile: Sequence[tuple[int, int]]) -> None:
        for start, end in fragile:
            # Safe again once the character that undoes it is out as well.
            span = (self._spans[start][0], self._spans[end][1])
            if span not in self._fragile:
                self._fragile.append(span)

    def _trim(self, oldest: int) -> None:
        # One character stays in front: it decides whether a word starts after it.
        keep = max(oldest - 1, 0)
        self._window, self._spans = self._window[keep:], self._spans[keep:]
        self._context = oldest - keep
        if self._seen and oldest:
            first = self.held_from()
            self._seen = {key for key in self._seen if first is not None and key[0] >= first}


class Channel:
    """A text (the source, or what a decoder made of it) with its views and decoders."""

    def __init__(
        self, compiled: Compiled, depth: int = 0, name: str = "", *, live: bool = True
    ) -> None:
        self._compiled, self._depth, self._name, self._live = compiled, depth, name, live
        self._fold = PlainFold()
        matchers = compiled.plain if depth == 0 else compiled.decoded
        self._trackers = [Tracker(matcher, live=live) for matcher in matchers]
        self._children: list[tuple[Decoder, Channel]] = []
        self._escapes: tuple[Escapes, Channel] | None = None
        self._last = ""
        if depth < MAX_DEPTH:
            decoders: list[Decoder] = [Base64(ALL_SIGNS), Hexadecimal()]
            if depth == 0:
                decoders.append(Base64(""))
            self._children = [(each, self._child(each)) for each in decoders]

    def feed(self, text: str, spans: list[Span]) -> list[SourceHit]:
        """Take text in; the matches that became certain, in any view."""
        if not text:
            return []
        found: list[SourceHit] = []
        encoded, encoded_spans = (
            cased_with_spans(text, spans) if self._depth == 0 else (text, spans)
        )
        self._watch_for_escapes(encoded)
        folded, places = self._fold.feed(text, spans)
        if folded:
            for tracker in self._trackers:
                found += self._named(tracker.feed(folded, places))
        for decoder, channel in self._all_children():
            found += channel.feed(*decoder.feed(encoded, encoded_spans))
        return found

    def finish(self) -> list[SourceHit]:
        """The matches that became certain because nothing follows."""
        found: list[SourceHit] = []
        for decoder, channel in self._all_children():
            found += channel.feed(*decoder.finish())
            found += channel.finish()
        for tracker in self._trackers:
            found += self._named(tracker.finish())
        return found

    def held_from(self) -> int | None:
        """Where in the source the oldest possible match of any view starts."""
        places = [tracker.held_from() for tracker in self._trackers]
        for decoder, channel in self._all_children():
            places += [decoder.pending(), channel.held_from()]
        known = [place for place in places if place is not None]
        return min(known, default=None)

    def safe_limit(self, limit: int) -> int:
        """The furthest the text may be shown, up to ``limit``, without ending in a match."""
        while True:
            lower = limit
            for tracker in self._trackers:
                lower = tracker.safe_limit(lower)
            for _, channel in self._all_children():
                lower = channel.safe_limit(lower)
            if lower == limit:
                return limit
            limit = lower

    def forget(self, shown: int) -> None:
        """Everything up to ``shown`` is out."""
        for tracker in self._trackers:
            tracker.forget(shown)
        for _, channel in self._all_children():
            channel.forget(shown)

    def _watch_for_escapes(self, text: str) -> None:
        # Until the first escape the escaped view is this channel word for word, so it is
        # split off only then, from the state this channel has.
        may_split = self._escapes is None and self._depth < MAX_DEPTH
        if may_split and any(mark in text for mark in _ESCAPE_MARKS):
            self._escapes = (Escapes(self._last), self._fork())
        self._last = text[-1:] or self._last

    def _fork(self) -> Channel:
        name = f"{self._name}+{Escapes.name}".lstrip("+")
        twin = Channel(self._compiled, self._depth + 1, name, live=self._live)
        twin._fold = self._fold.copy()
        # The plain tracker comes first; a decoded channel has no other.
        twin._trackers = [self._trackers[0].copy(self._compiled.decoded[0])]
        if twin._depth < MAX_DEPTH:
            twin._children = [
                (decoder.copy(), channel._deeper(name)) for decoder, channel in self._children[:2]
            ]
        return twin

    def _deeper(self, above: str) -> Channel:
        name = f"{above}+{self._name.rpartition('+')[2]}"
        twin = Channel(self._compiled, MAX_DEPTH, name, live=self._live)
        twin._fold = self._fold.copy()
        twin._trackers = [self._trackers[0].copy(self._compiled.decoded[0])]
        return twin

    def _child(self, decoder: Decoder) -> Channel:
        name = f"{self._name}+{decoder.name}".lstrip("+")
        return Channel(self._compiled, self._depth + 1, name, live=self._live)

    def _all_children(self) -> Sequence[tuple[Decoder, Channel]]:
        return [*self._children, self._escapes] if self._escapes else self._children

    def _named(self, hits: list[SourceHit]) -> list[SourceHit]:
        if not self._name:
            return hits
        return [SourceHit(h.start, h.end, h.rule, joined(self._name, h.view)) for h in hits]


def joined(decoders: str, view: str) -> str:
    """The name of a view behind decoders: "base64", "base64+rot13"."""
    return decoders if view == "plain" else f"{decoders}+{view}"


def before_decoders(text: str) -> str:
    """A whole text as decoders read it; its plain view is that of ``text``."""
    return text if text.isascii() else cased(text)


def decoded(text: str) -> list[tuple[str, str]]:
    """Every decoded view of a whole text with its name, two decoders deep."""
    return decoded_views(before_decoders(text))


def decoded_views(source: str) -> list[tuple[str, str]]:
    """The same of what :func:`before_decoders` made."""
    found: list[tuple[str, str]] = []
    layer = [("", source)]
    for depth in range(MAX_DEPTH):
        layer = [
            (f"{name}+{decoder}".lstrip("+"), made)
            for name, text_there in layer
            for decoder, made in _one_layer(text_there, depth)
            if made
        ]
        found += layer
    return found


def _one_layer(text: str, depth: int) -> list[tuple[str, str]]:
    signs = [ALL_SIGNS]
    if depth == 0 and any(sign in text for sign in ALL_SIGNS):
        signs.append("")
    if len(text) >= LONG:
        data = narrow(text)
        blobs = [long_base64(data, each) for each in signs]
        numbers = long_hexadecimal(data)
    else:
        blobs = [_BLOBS[each].decode(text) for each in signs]
        numbers = Hexadecimal.decode(text)
    made = [(Base64.name, blobs[0]), (Hexadecimal.name, numbers)]
    made.append((Escapes.name, Escapes.decode(text)))
    return made + [(Base64.name, other) for other in blobs[1:] if other != blobs[0]]


_BLOBS: Final = {signs: Base64(signs) for signs in (ALL_SIGNS, "")}
