"""Lowers the thread count when steps slow down, raises it again when they recover.

Two decoding threads wait for each other by spinning, so a neighbour that takes a
core costs far more than its share (design section 3). Measured steps decide: when
the recent median is well above the best seen, one thread fewer is tried and kept
only if it is faster.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from statistics import median

WINDOW = 12
"""Steps per judgement: about 0.15 s of decoding."""

SLOWER = 1.6
"""A median this many times the best one is a neighbour, not noise."""

RETRY = 20
"""Judgements before the higher count is tried again."""


class ThreadGovernor:
    """Chooses between 1 and ``most`` threads. ``apply`` sets the count."""

    def __init__(self, most: int, apply: Callable[[int], None]) -> None:
        self.most = most
        self.threads = most
        self._fixed = 0
        self._apply = apply
        self._steps: deque[float] = deque(maxlen=WINDOW)
        self._best: dict[int, float] = {}
        self._before: tuple[int, float] | None = None
        self._calm = 0
        self._held = False

    def fix(self, threads: int) -> None:
        """Use exactly this many; 0 gives the choice back."""
        self._fixed = threads
        self._set(threads or self.most)

    def begin(self, *, exact: bool) -> None:
        """A generation begins. ``exact`` holds the full count: sums must not change."""
        self._steps.clear()
        self._before = None
        self._held = exact
        if exact and not self._fixed:
            self._set(self.most)

    def step(self, seconds: float) -> None:
        """One decoding step took this long."""
        if self._fixed or self._held or self.most == 1:
            return
        self._steps.append(seconds)
        if len(self._steps) == WINDOW:
            self._judge(median(self._steps))
            self._steps.clear()

    def _judge(self, now: float) -> None:
        best = min(now, self._best.get(self.threads, now))
        self._best[self.threads] = best
        if self._before is not None:
            self._compare(now)
        elif now > SLOWER * best and self.threads > 1:
            self._try(self.threads - 1, now)
        elif self.threads < self.most:
            self._calm += 1
            if self._calm >= RETRY:
                self._try(self.threads + 1, now)

    def _try(self, threads: int, now: float) -> None:
        self._before = (self.threads, now)
        self._calm = 0
        self._set(threads)

    def _compare(self, now: float) -> None:
        assert self._before is not None
        threads, then = self._before
        self._before = None
        if now >= then:
            self._set(threads)

    def _set(self, threads: int) -> None:
        self.threads = threads
        self._apply(threads)
