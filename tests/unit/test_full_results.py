"""The big counts are run, recorded, and not older than the code they speak about."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.full_results import covered_digest, promised

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = json.loads((ROOT / "tests" / "full.json").read_text())
PROMISES = promised(ROOT)


def test_something_is_promised() -> None:
    assert PROMISES


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.name)
def test_a_promised_count_was_run_in_full_on_this_code(promise) -> None:  # type: ignore[no-untyped-def]
    run = RESULTS.get(promise.name)
    assert run, f"never run: scripts/test --full {promise.name}"
    assert run["count"] >= promise.full
    assert run["failures"] == 0
    now = covered_digest(ROOT, promise.covers)
    assert run["code"] == now, f"the code changed since: scripts/test --full {promise.name}"


def test_a_comment_does_not_make_a_result_old_but_a_change_does(tmp_path: Path) -> None:
    file = tmp_path / "covered.py"
    file.write_text("def act(x):\n    return x + 1\n")
    before = covered_digest(tmp_path, ["covered.py"])
    file.write_text('# why\ndef act(x):\n    """Add."""\n    return x  +  1\n')
    assert covered_digest(tmp_path, ["covered.py"]) == before
    file.write_text("def act(x):\n    return x + 2\n")
    assert covered_digest(tmp_path, ["covered.py"]) != before
