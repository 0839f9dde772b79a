"""One machine of a fleet: syncs when told to, and says what is in force.

Reads a line per round on standard input (the time as ISO 8601), syncs once, and answers
with one JSON line. ``python -m tests.fleet_client HOME URL``.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path

from assistant.errors import AssistantError
from assistant.policy.loader import load_policy
from assistant.policy.storage import Disk
from assistant.policy.sync import sync
from tests.publisher import places


def one_round(home: Path, url: str, now: datetime) -> dict[str, object]:
    where, error, cost = places(home), "", (0, 0)
    try:
        done = sync(where, url, now, Disk())
        cost = (done.requests, done.body_bytes)
    except AssistantError as refused:
        error = type(refused).__name__
    state = load_policy(where.home, where.system, where.baseline, now, None)
    bank = state.authorities[-1]
    terms = state.documents[-1].rules[0].match.terms
    return {"version": bank.version, "term": terms[0], "error": error, "cost": cost}


def main() -> int:
    home, url = Path(sys.argv[1]), sys.argv[2]
    for line in sys.stdin:
        answer = one_round(home, url, datetime.fromisoformat(line.strip()))
        print(json.dumps(answer), flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
