"""One line that always says what is being waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from assistant.conversation.events import Waiting
from assistant.tui.text import bar

_WHAT = {
    "model": "Loading the model",
    "memory": "Looking through what is remembered",
    "files": "Reading the attached files",
    "policy": "Checking the question against policy",
    "prompt": "Reading the prompt",
    "answer": "Writing",
    "withheld": "Writing, shown once your guard model has read it",
    "guard": "Your guard model reads the answer",
}


class WaitingLine(Static):
    """Blank when nothing is awaited, so that nothing moves when something is."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__("", id="waiting", markup=False)
        self._clock = clock
        self._what: Waiting | None = None
        self._since = clock()
        self._timer: Timer | None = None
        self._until_over = False
        self.said = ""

    def wait_for(self, waiting: Waiting) -> None:
        """Say what is awaited now; the seconds count from the change."""
        if self._what is None or self._what.what != waiting.what:
            self._since = self._clock()
        self._what = waiting
        if self._timer is None:
            self._timer = self.set_interval(1, self._draw)
        self._draw()

    def say(self, text: str, *, until_over: bool = False) -> None:
        """One short sentence of ours, such as what a key has just done.

        With ``until_over`` it holds no longer than the answer that is being written.
        """
        self._stop()
        self._until_over = until_over
        self._show(Content(text))

    def clear(self) -> None:
        """Nothing is awaited any more."""
        self._stop()
        self._show(Content(""))

    def over(self) -> None:
        """The answer is finished: what was awaited goes, what a key has done stays said."""
        if self._what is not None or self._until_over:
            self.clear()

    def _stop(self) -> None:
        self._what, self._until_over = None, False
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    def _draw(self) -> None:
        if self._what is None:
            return
        waiting = self._what
        seconds = int((self._clock() - self._since).total_seconds())
        parts = [_WHAT[waiting.what]]
        if waiting.total:
            parts.append(f"{waiting.done}/{waiting.total} {bar(waiting.done, waiting.total)}")
        if seconds >= 2:
            parts.append(f"{seconds} s")
        self._show(Content(" · ".join([*parts, "esc stops"])))

    def _show(self, content: Content) -> None:
        self.said = content.plain
        self.update(content)
