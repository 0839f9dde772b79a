"""The gate on an answer while it is written.

Text goes out only when no view can still find a match that starts in it. A listed term is
therefore never shown, not even its first letters, however the text is cut; ordinary prose
waits for the end of its word. What was held when a rule blocks is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from assistant.policy.channels import Channel, SourceHit
from assistant.policy.effective import EffectiveRule
from assistant.policy.model import Decision, Effect
from assistant.policy.ruleset import Finding, RuleSet, decide

HELD_LIMIT: Final = 4000
"""Characters held back after which a turn stops: no honest match is that long."""
REDACTED: Final = "[redacted]"
FAULT: Final = Decision(Effect.BLOCK, view="fault")
HELD_TOO_LONG: Final = Decision(Effect.BLOCK, view="held")
_SLICE: Final = 512


@dataclass(frozen=True, slots=True)
class Step:
    """What one piece of text led to: text to show, a decision if one fell, what is held."""

    released: str
    decision: Decision | None
    held: int


class PassageJudge(Protocol):
    """A statistical stage that judges an answer passage by passage."""

    def feed(self, text: str) -> list[Finding]:
        """Take text in; what was found in the passages that it completed."""

    def finish(self) -> list[Finding]:
        """What was found in the last passage."""

    def judged_to(self) -> int:
        """How many characters have been judged so far."""


class SentenceJudge:
    """Judges an answer sentence by sentence, each with the one before it.

    A sentence ends at its mark and the space after it, at a line break, or where it has grown
    too long to wait for.
    """

    _END = re.compile(r"[.!?…。！？][\"'”’)\]]*\s|\n")
    _LONGEST = 600

    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._scorer = rules.meaning.remembering()
        self._text = ""
        self._before = ""
        self._judged = 0

    def feed(self, text: str) -> list[Finding]:
        """See :class:`PassageJudge`."""
        self._text += text
        found: list[Finding] = []
        while (end := self._sentence_end()) > 0:
            found += self._judge(end)
        return found

    def finish(self) -> list[Finding]:
        """See :class:`PassageJudge`."""
        return self._judge(len(self._text)) if self._text else []

    def judged_to(self) -> int:
        """See :class:`PassageJudge`."""
        return self._judged

    def _sentence_end(self) -> int:
        match = self._END.search(self._text)
        if match is not None:
            return match.end()
        return self._LONGEST if len(self._text) > self._LONGEST else 0

    def _judge(self, end: int) -> list[Finding]:
        sentence, self._text = self._text[:end], self._text[end:]
        found = self._rules.judged(self._before + sentence, by=self._scorer)
        self._before = sentence[-self._LONGEST :]
        self._judged += end
        return found


class StreamGate:
    """One answer's way through the gate. Not to be used again after it stopped."""

    def __init__(
        self,
        rules: RuleSet,
        judge: PassageJudge | None = None,
        confirmed: frozenset[str] = frozenset(),
        limit: int = HELD_LIMIT,
    ) -> None:
        self._rules = rules
        self._judge = judge
        self._confirmed = set(confirmed)
        self._limit = limit
        self._channel = Channel(rules.compiled)
        self._held = ""  # the text from _shown on
        self._shown = 0  # characters of the source already let go
        self._redactions: list[tuple[int, int]] = []
        self._waiting: dict[str, int] = {}
        self._stopped: Decision | None = None

    def feed(self, text: str) -> Step:
        """Take the next piece in; see :class:`Step`. Fails closed: a fault blocks."""
        return self._guarded(lambda: self._advance(text, final=False))

    def finish(self) -> Step:
        """The answer is complete: release what was held, or stop."""
        return self._guarded(lambda: self._advance("", final=True))

    def allow(self, rule_id: str) -> None:
        """The user said yes to a ``confirm`` rule; the next step goes on past it."""
        self._confirmed.add(rule_id)
        self._waiting.pop(rule_id, None)

    @property
    def stopped(self) -> Decision | None:
        """The decision that ended the stream, if one did."""
        return self._stopped

    def _guarded(self, act: Callable[[], Step]) -> Step:
        if self._stopped is not None:
            return Step("", self._stopped, len(self._held))
        try:
            return act()
        except Exception:  # noqa: BLE001 - whatever fails in here, nothing may pass unchecked
            return self._stop(FAULT)

    def _advance(self, text: str, *, final: bool) -> Step:
        start = self._shown + len(self._held)
        self._held += text
        findings: list[Finding] = []
        for at in range(0, 0 if self._rules.compiled.empty else len(text), _SLICE):
            piece = text[at : at + _SLICE]
            first = start + at
            spans = [(place, place + 1) for place in range(first, first + len(piece))]
            findings += self._take(self._channel.feed(piece, spans))
        if final:
            findings += self._take(self._channel.finish())
        findings += self._passages(text, final=final)
        decision = decide(findings) if findings else None
        if decision is not None and decision.stops:
            return self._stop(decision)
        released = self._release(self._limit_of_release(final=final))
        if len(self._held) > self._limit and not self._waiting:
            return self._stop(HELD_TOO_LONG, released)
        return Step(released, decision, len(self._held))

    def _stop(self, decision: Decision, released: str = "") -> Step:
        self._stopped = decision
        return Step(released, decision, len(self._held))

    def _take(self, hits: Sequence[SourceHit]) -> list[Finding]:
        found: list[Finding] = []
        for hit in hits:
            rule = self._rules.rules[hit.rule]
            if rule.effect is Effect.REDACT:
                self._redactions.append((hit.start, hit.end))
            if rule.effect is Effect.CONFIRM:
                if rule.rule.id in self._confirmed:
                    continue
                self._wait_at(rule, hit.start)
            found.append(Finding(rule, hit.view))
        return found

    def _wait_at(self, rule: EffectiveRule, start: int) -> None:
        self._waiting[rule.rule.id] = min(self._waiting.get(rule.rule.id, start), start)

    def _passages(self, text: str, *, final: bool) -> list[Finding]:
        if self._judge is None:
            return []
        judged = self._judge.judged_to()
        found = self._judge.feed(text)
        if final:
            found += self._judge.finish()
        kept: list[Finding] = []
        for finding in found:
            if finding.force is Effect.CONFIRM:
                if finding.rule.rule.id in self._confirmed:
                    continue
                self._wait_at(finding.rule, judged)
            if finding.force is Effect.REDACT:
                self._redactions.append((judged, self._judge.judged_to()))
            kept.append(finding)
        return kept

    def _limit_of_release(self, *, final: bool) -> int:
        end = self._shown + len(self._held)
        held_from = None if final else self._channel.held_from()
        limits = [end, *self._waiting.values()]
        if held_from is not None:
            limits.append(held_from)
        if self._judge is not None and not final:
            limits.append(self._judge.judged_to())
        limit = min(limits)
        if not final and limit < end:
            limit = self._channel.safe_limit(limit)
        # Not into the middle of what will be redacted.
        return min([limit, *(start for start, stop in self._redactions if start < limit < stop)])

    def _release(self, limit: int) -> str:
        if limit <= self._shown:
            return ""
        raw, base = self._held, self._shown
        parts: list[str] = []
        at = base
        for start, stop in merged(self._redactions):
            if stop > limit:
                break
            parts += [raw[at - base : start - base], REDACTED]
            at = stop
        parts.append(raw[at - base : limit - base])
        self._redactions = [span for span in self._redactions if span[1] > limit]
        self._held, self._shown = raw[limit - base :], limit
        self._channel.forget(limit)
        return "".join(parts)


def merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping and touching spans as one, in order."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found


def redact(rules: RuleSet, text: str) -> str:
    """``text`` with everything that a rule at least as strict as ``redact`` finds replaced."""
    channel = Channel(rules.compiled, live=False)
    channel.feed(text, [(at, at + 1) for at in range(len(text))])
    hits = channel.finish()
    spans = [(hit.start, hit.end) for hit in hits if rules.rules[hit.rule].effect >= Effect.REDACT]
    parts: list[str] = []
    end = 0
    for start, stop in merged(spans):
        parts += [text[end:start], REDACTED]
        end = stop
    return "".join(parts) + text[end:]
