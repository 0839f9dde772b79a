"""`assistant feedback compare`: two example answers at a time; pick one, skip, or stop.

On a terminal it asks, one comparison after the other. Elsewhere it prints what can be
compared, and a pick is named: `feedback compare length 1`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from assistant.cli.output import complain, print_json, say
from assistant.errors import UsageError
from assistant.holder.comparisons_wire import ComparisonItem, NextComparison, PickComparison
from assistant.holder.interface import Application, FeedbackGiven

_ANSWERS = {"1": 1, "2": 2}


def offered(application: Application) -> Iterator[ComparisonItem]:
    """Every comparison still open, the least certain first; nothing is asked."""
    passed: tuple[str, ...] = ()
    while (item := _next(application, passed)) is not None:
        passed = (*passed, item.dimension)
        yield item


def pick(application: Application, dimension: str, which: str) -> FeedbackGiven:
    """Prefer an answer. Raises UsageError for anything but 1 or 2."""
    if which not in _ANSWERS:
        raise UsageError("A pick is 1 or 2.")
    request = PickComparison(dimension, _ANSWERS[which])  # type: ignore[arg-type]
    return next(r for r in application.handle(request) if isinstance(r, FeedbackGiven))


def ask_each(application: Application, read: Callable[[], str | None]) -> int:
    """Ask one after the other until none is left or the person stops; how many were picked.

    ``read`` returns a line, or None at the end of input.
    """
    passed: tuple[str, ...] = ()
    picked = number = 0
    total = 0
    while (item := _next(application, passed)) is not None:
        number, total = number + 1, total or item.left
        say(f"Comparison {number} of {total}, with prepared examples.")
        show(item)
        say("1 or 2 picks, s skips, an empty line ends.")
        answer = (read() or "").strip().lower()
        if answer in _ANSWERS:
            pick(application, item.dimension, answer)
            picked += 1
        elif answer != "s":
            break
        passed = (*passed, item.dimension)
    say(f"{picked} picked. `assistant feedback list` shows them; each can be taken back.")
    return picked


def show(item: ComparisonItem) -> None:
    """The question and both answers, in lines."""
    say(f"{item.dimension}: {item.question}")
    say(f"1:\n{item.first}")
    say(f"2:\n{item.second}")


def run(application: Application, words: list[str], *, json: bool, terminal: bool) -> int:
    """Carry out the verb."""
    if words:
        if len(words) != 2:
            raise UsageError("Name the dimension and 1 or 2.")
        given = pick(application, *words)
        if json:
            print_json(given)
        else:
            say(f"{given.id}  noted")
    elif terminal and not json:
        ask_each(application, lambda: sys.stdin.readline(100) or None)
    else:
        _print(list(offered(application)), json=json)
    return 0


def _print(items: list[ComparisonItem], *, json: bool) -> None:
    for item in items:
        if json:
            print_json(item)
        else:
            show(item)
    if not items and not json:
        complain("There is nothing left to compare.")


def _next(application: Application, passed: tuple[str, ...]) -> ComparisonItem | None:
    replies = application.handle(NextComparison(passed))
    return next((r for r in replies if isinstance(r, ComparisonItem)), None)
