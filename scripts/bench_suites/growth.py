"""Growth: what unlocking, recall and a turn cost as messages and memories pile up.

The whole front over a real vault on the disk: gate, recall, prompt, the vault's writes, the
model child, the memory child with its index. A message is a question or an answer; every turn
has a vector, one in ten a rating. The parts, each under five minutes: ``1000``, ``10000``,
``100000`` (so many turns in the vault) and ``long`` (so many in one conversation). Each
measures the fewest first, in the same run. For vectors see ``_worlds``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assistant.app import LocalFront
from assistant.conversation.events import TurnEnded
from assistant.errors import UsageError
from assistant.holder.interface import Application, Ask, GiveFeedback, RecallQuery
from scripts.bench_suites._engines import row
from scripts.bench_suites._evaluation import percentile
from scripts.bench_suites._worlds import ORDINARY, PASSPHRASE, World, question, world
from scripts.bench_suites.start import _children, _resident
from scripts.bench_suites.vault import Text

COUNTS = (1_000, 10_000, 100_000)
QUICK = 2_000
LENGTHS = (100, 1_000)
"""Both are longer than the window: what differs is what lies outside it."""
ROUNDS = {"quick": 4, "full": 12}
RECALLS = {"quick": 20, "full": 120}
WARM = 10
SETTLED = 1.0
"""Seconds until what follows a turn is done: it is embedded and read into the main sequence."""


@dataclass(slots=True)
class _Told:
    """What was measured in one world, in seconds; megabytes for memory."""

    unlock: float = 0.0
    indexed: float = 0.0
    recall: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    rating: list[float] = field(default_factory=list)
    memory: dict[str, float] = field(default_factory=dict)


def run(size: str, part: str = "") -> Iterable[dict[str, object]]:
    """Each size beside the smallest one, in the same run."""
    counts = COUNTS if size == "full" else (COUNTS[0], QUICK)
    wanted = {str(count): (count,) for count in counts} | {"long": ()}
    if part and part not in wanted:
        raise UsageError(f"The parts are {', '.join(wanted)}.")
    chosen = wanted[part] if part else counts
    if chosen:
        yield from _many(size, chosen)
    if not part or part == "long":
        yield from _long(size)


def _many(size: str, counts: Iterable[int]) -> Iterable[dict[str, object]]:
    least = _measured(size, COUNTS[0])
    for count in counts:
        told = least if count == COUNTS[0] else _measured(size, count)
        at = f"at {count:,} turns"
        limit = 30 if count <= 10_000 else 60
        yield row(f"unlock to first recall {at}", [told.unlock], "s", target="≤ 1")
        yield row(f"until every vector is searched {at}", [told.indexed], "s")
        for share, target in ((0.5, ""), (0.95, f"≤ {limit}")):
            value, fewest = (1000 * percentile(one.recall, share) for one in (told, least))
            name = f"recall p{100 * share:.0f} {at}, warm"
            found = row(name, [value], "ms", [fewest], "the fewest", target)
            yield found | {"n": len(told.recall)}
        yield from _turns(told, least, at)
        for name, megabytes in told.memory.items():
            yield row(f"resident, {name}, {at}", [megabytes], "MB")
        yield row(f"resident, all, {at}", [sum(told.memory.values())], "MB", target="≤ 1000")


def _turns(told: _Told, least: _Told, at: str) -> Iterable[dict[str, object]]:
    for name, ours, fewest in (
        ("first token", told.first, least.first),
        ("a turn of one token, saved", told.whole, least.whole),
        ("a rating, saved", told.rating, least.rating),
        ("the front's CPU for a turn, what follows included", told.work, least.work),
    ):
        target = "≤ 1.5" if name == "first token" else ""
        yield row(f"{name} {at}", ours, "s", fewest, "the fewest", target)


def _long(size: str) -> Iterable[dict[str, object]]:
    least: _Told | None = None
    for count in LENGTHS if size == "full" else (5, 10):
        told = _measured(size, count, long=True)
        least = least or told
        yield from _turns(told, least, f"with {count:,} turns in the conversation")


def _measured(size: str, count: int, *, long: bool = False) -> _Told:
    told = _Told()
    with world(count, long=long) as made:
        front = made.front()
        try:
            _unlock(front, told, count)
            _use(front, made, told, size)
        finally:
            front.lock()
    return told


def _unlock(front: LocalFront, told: _Told, count: int) -> None:
    """Children that were ready while a passphrase was typed; then unlock and recall."""
    text = Text(2)
    front.warm_up()
    assert front.children.model is not None
    assert front.children.memory is not None
    front.children.model.wait_ready(60)
    front.children.memory.wait_ready(60)
    time.sleep(SETTLED)
    began = time.perf_counter()
    application = front.unlock(PASSPHRASE)
    list(application.handle(RecallQuery(question(text))))
    told.unlock = time.perf_counter() - began
    while front.children.memory.index_count().items < count:
        time.sleep(0.05)
    told.indexed = time.perf_counter() - began
    time.sleep(3.0)


def _use(front: LocalFront, made: World, told: _Told, size: str) -> None:
    application, text = front._holder, Text(4)
    assert application is not None
    for place in range(WARM + RECALLS.get(size, 120)):
        asked = RecallQuery(question(text))
        seconds = _timed(lambda asked=asked: list(application.handle(asked)))  # type: ignore[misc]
        if place >= WARM:
            told.recall.append(seconds)
    _turn(application, 0, made.conversation, _Told())
    for number in range(1, 1 + ROUNDS.get(size, 12)):
        _turn(application, number, made.conversation, told)
    told.memory = _memory()


def _turn(application: Application, number: int, conversation: str, told: _Told) -> None:
    """A turn of one token and a rating of it, with what follows both."""
    busy, began = time.process_time(), time.perf_counter()
    one, other = ORDINARY[number % len(ORDINARY)], ORDINARY[(number + 3) % len(ORDINARY)]
    asked = f"Tell me something about {one} and {other}."
    ended = list(application.handle(Ask(asked, conversation=conversation, max_tokens=1)))[-1]
    if not isinstance(ended, TurnEnded) or ended.first_token_s is None:
        raise TypeError("the turn failed")
    told.whole.append(time.perf_counter() - began)
    told.first.append(ended.first_token_s)
    time.sleep(SETTLED)
    told.work.append(time.process_time() - busy)
    rated = GiveFeedback("up", turn=ended.turn)
    told.rating.append(_timed(lambda: list(application.handle(rated))))
    time.sleep(SETTLED / 2)


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _memory() -> dict[str, float]:
    """Of the front (this process) and of its children."""
    found = {"front": _resident(os.getpid())}
    for child in _children(os.getpid()):
        found[f"child {len(found)}"] = _resident(child)
    return found
