"""The benchmark's table says truly what is met, and what changed between two runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.bench_suites._table import compared, met, table


@pytest.mark.parametrize(
    ("value", "ratio", "target", "is_met"),
    [
        (90.0, 1.0, "≥ 1.0", True),
        (90.0, 0.91, "≥ 0.92", False),
        (2.4, 3.0, "≤ 2.5 s", True),
        (2.6, 0.3, "≤ 2.5 s", False),
        (0.04, None, "≤ 0.05", True),
        (0.06, None, "<= 0.05", False),
        (0.02, None, "0", True),
        (1.2, None, "0", False),
        (1.0, None, "no rise", None),
        (1.0, None, "", None),
    ],
)
def test_a_target_with_a_unit_is_about_the_value_and_another_about_the_ratio(
    value: float, ratio: float | None, target: str, is_met: bool | None
) -> None:
    row = {"suite": "s", "figure": "f", "value": value, "unit": "s", "target": target}
    assert met(row if ratio is None else row | {"ratio": ratio}) is is_met


def test_the_table_has_a_line_for_each_figure_with_the_rival_and_the_verdict() -> None:
    rows: list[dict[str, object]] = [
        {"suite": "stream", "figure": "decode", "value": 90.12345, "unit": "tokens/s",
         "rival": 100.0, "rival_name": "bare loop", "ratio": 0.901, "target": "≥ 0.92"},
        {"suite": "tui", "figure": "elia", "note": "not measured: OSError"},
    ]  # fmt: skip
    heading, first, second = table(rows)
    assert heading.split() == ["suite", "figure", "ours", "rival", "ratio", "target", "met"]
    assert first.split("  ")[-1].strip() == "NO"
    assert "90.12 tokens/s" in first
    assert "100 bare loop" in first
    assert "not measured: OSError" in second


def test_two_runs_are_compared_by_figure_and_rival() -> None:
    def run(value: float, ratio: float) -> list[dict[str, object]]:
        shared = {"suite": "stream", "figure": "decode", "value": value}
        return [shared | {"rival_name": "bare", "ratio": ratio}, shared | {"rival_name": "high"}]

    lines = list(compared(run(100.0, 0.9), [*run(110.0, 0.99), {"suite": "x", "figure": "new"}]))
    assert "beside bare  value 100 → 110 (1.10×)  ratio 0.9 → 0.99 (1.10×)" in lines[0]
    assert "beside high  value 100 → 110 (1.10×)" in lines[1]
    assert lines[2].endswith("only in the second")


def test_comparing_needs_two_files_of_rows_and_says_which_is_none(tmp_path: Path) -> None:
    rows, other = tmp_path / "rows", tmp_path / "other"
    rows.write_text(json.dumps({"suite": "s", "figure": "f", "value": 1.0}) + "\n")
    script = Path(__file__).parents[2] / "scripts" / "bench"
    bench = [sys.executable, str(script), "compare", str(rows)]

    def run(second: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*bench, str(second)], capture_output=True, text=True, check=False)

    assert "(1.00×)" in run(rows).stdout
    missing = run(other)
    other.write_text("[1]\n")
    for refused in (missing, run(other)):
        assert refused.returncode == 2
        assert f"{other} cannot be read" in refused.stderr
        assert "Traceback" not in refused.stderr
