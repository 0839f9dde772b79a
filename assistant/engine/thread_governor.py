"""Lowers the thread count while steps are slow, raises it again when they recover.

Two decoding threads wait for each other at every operation, so a neighbour that takes
a core costs far more than its share. Measured here: alone 190 tokens/s with two
threads and 110 with one; beside eight busy processes 2 to 20 with two, 34 with one.
No clock tells why a step was slow, so the governor tries and keeps what is faster.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

FEWEST_STEPS, MOST_STEPS, LONGEST = 4, 12, 0.25
"""A judgement takes so many steps, or so many seconds where steps are slow."""

HOPELESS = 2
"""A trial ends after so many steps where all were much slower than before it."""

SLOWER = 1.4
"""A median so many times the best seen is a neighbour, not noise."""

RECOVERED = 1.15
"""With fewer threads, a median so near their best says that the neighbour is gone."""

FIRST_WAIT, LONGEST_WAIT = 4, 16
"""Judgements between two tries of more threads; doubled by each that fails."""

CLEARLY = 0.9
"""A trial of fewer threads must be so much faster: a passing disturbance, such as a screen
that was being drawn, else leaves an answer with one thread for seconds."""

DRIFT = 1.02
"""The best seen is forgotten by so much a judgement: an answer that grows has slower steps
with any number of threads, and that is no neighbour."""


class ThreadGovernor:
    """Chooses between 1 and ``most`` threads. ``apply`` sets the count."""

    def __init__(self, most: int, apply: Callable[[int], None]) -> None:
        self.most = most
        self.threads = most
        self._apply = apply
        self._fixed = 0
        self._held = False
        self._steps: list[float] = []
        self._width = 1
        # By width, by threads: a step of three candidates takes longer than one of one.
        self._bests: dict[int, dict[int, float]] = {}
        self._trying: tuple[int, float] | None = None
        self._wait, self._since = FIRST_WAIT, 0

    def fix(self, threads: int) -> None:
        """Use exactly this many; 0 gives the choice back."""
        self._fixed = threads
        self._set(threads or self.most)

    def begin(self, *, exact: bool) -> None:
        """Decoding begins. ``exact`` holds the full count.

        A step with flash attention splits its sums by thread, so another count may
        draw another token; evaluating a prompt gives the same bits with any count.
        """
        self._steps.clear()
        self._trying = None
        self._held = exact
        if exact and not self._fixed:
            self._set(self.most)

    def step(self, seconds: float, width: int = 1) -> None:
        """One decoding step of ``width`` candidates took this long."""
        if self._fixed or self._held or self.most == 1:
            return
        if width != self._width:
            self._width = width
            self._steps.clear()
            self._trying = None
        self._steps.append(seconds)
        if self._enough():
            now = median(self._steps)
            self._steps.clear()
            self._judge(now)

    def _enough(self) -> bool:
        """Whether the steps since the last judgement are enough for the next."""
        count = len(self._steps)
        if self._trying is not None and count == HOPELESS:
            return min(self._steps) > SLOWER * self._trying[1]
        return count >= MOST_STEPS or (count >= FEWEST_STEPS and sum(self._steps) > LONGEST)

    def _judge(self, now: float) -> None:
        known = self._bests.setdefault(self._width, {})
        best = known[self.threads] = min(now, DRIFT * known.get(self.threads, now))
        if self._trying is not None:
            self._end_trial(now)
            return
        self._since += 1
        unknown = self.threads > 1 and self.threads - 1 not in known and not self._as_usual(now)
        if unknown or (
            self.threads > 1 and now > SLOWER * min(best, known.get(self.threads - 1, best))
        ):
            # Unknown: once, so that a start beside busy neighbours is seen as one.
            self._try(self.threads - 1, now)
        elif self.threads < self.most and self._since >= self._patience(now, best):
            self._try(self.threads + 1, now)

    def _as_usual(self, now: float) -> bool:
        """Whether a step of several candidates is no slower than as many single ones were.

        Then nothing is tried: twelve steps with a thread less cost a short answer 4 %.
        """
        single = self._bests.get(1, {})
        tried = self._width > 1 and self.threads - 1 in single and self.threads in single
        return tried and now <= self._width * single[self.threads]

    def _patience(self, now: float, best: float) -> int:
        """Judgements to wait before more threads are tried: few once steps recovered."""
        return self._wait if now <= RECOVERED * best else 4 * self._wait

    def _try(self, threads: int, now: float) -> None:
        self._trying = (self.threads, now)
        self._since = 0
        self._set(threads)

    def _end_trial(self, now: float) -> None:
        assert self._trying is not None
        threads, then = self._trying
        self._trying = None
        if now < (then if self.threads > threads else CLEARLY * then):
            self._wait = FIRST_WAIT
            return
        self._wait = min(LONGEST_WAIT, 2 * self._wait)
        self._set(threads)

    def _set(self, threads: int) -> None:
        self.threads = threads
        self._apply(threads)
