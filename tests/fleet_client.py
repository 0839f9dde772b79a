"""A fleet of machines: one process each, forked after the imports so that 200 fit anywhere.

``python -m tests.fleet_client FOLDER URL COUNT`` starts COUNT processes with their homes in
FOLDER. Each line on standard input is a time (ISO 8601): every machine then syncs once, all
at the same time, and one JSON list with their answers is printed.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path

from assistant.errors import AssistantError
from assistant.policy.loader import load_policy
from assistant.policy.storage import Disk
from assistant.policy.sync import sync
from tests.publisher import places


def one_round(home: Path, url: str, now: datetime) -> dict[str, object]:
    """Sync once, then start: what is in force, and what it cost."""
    where, error, cost = places(home), "", (0, 0)
    try:
        done = sync(where, url, now, Disk())
        cost = (done.requests, done.body_bytes)
    except AssistantError as refused:
        error = type(refused).__name__
    state = load_policy(where.home, where.system, where.baseline, now, None)
    bank, terms = state.authorities[-1], state.documents[-1].rules[0].match.terms
    return {"version": bank.version, "term": terms[0], "error": error, "cost": cost}


def _machine(home: Path, url: str, orders: int, answers: int) -> None:
    with os.fdopen(orders) as told, os.fdopen(answers, "w") as told_back:
        for line in told:
            try:
                answer = one_round(home, url, datetime.fromisoformat(line.strip()))
            except Exception as fault:  # noqa: BLE001 - a dead machine must be seen as one
                answer = {"version": 0, "term": "", "error": repr(fault), "cost": (0, 0)}
            told_back.write(json.dumps(answer) + "\n")
            told_back.flush()


def _start(home: Path, url: str, theirs: list[int]) -> tuple[int, int]:
    order_read, order_write = os.pipe()
    answer_read, answer_write = os.pipe()
    if os.fork() == 0:
        for descriptor in (*theirs, order_write, answer_read):
            os.close(descriptor)
        _machine(home, url, order_read, answer_write)
        os._exit(0)
    os.close(order_read)
    os.close(answer_write)
    return order_write, answer_read


def main() -> int:
    folder, url, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    pairs: list[tuple[int, int]] = []
    for number in range(count):
        held = [descriptor for pair in pairs for descriptor in pair]
        pairs.append(_start(folder / f"home-{number}", url, held))
    readers = [os.fdopen(answer) for _, answer in pairs]
    for line in sys.stdin:
        for order, _ in pairs:
            os.write(order, line.encode())
        print(json.dumps([json.loads(reader.readline()) for reader in readers]), flush=True)
    for order, _ in pairs:
        os.close(order)
    for _ in pairs:
        os.wait()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
