"""The packaged baseline: what lies in the package is what its source says and verifies."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assistant.policy.admission import read_document
from assistant.policy.baseline import packaged_baseline, verify_baseline
from assistant.policy.loader import Freshness, load_policy
from assistant.policy.model import Tier

ROOT = Path(__file__).resolve().parents[3]


def test_the_packaged_baseline_is_its_source() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "baseline"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_it_speaks_for_tier_one_and_lasts_ten_years() -> None:
    bundle = verify_baseline(packaged_baseline())
    document = read_document(bundle)
    assert bundle.tier is Tier.NATIONAL
    for facts in bundle.roles.values():
        assert facts.expires - document.issued > timedelta(days=3600)


def test_a_new_home_has_the_baseline_in_force_at_once(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    state = load_policy(tmp_path / "home", tmp_path / "none", packaged_baseline(), now, None)
    assert [one.managed_by for one in state.authorities] == ["package"]
    assert state.authorities[0].freshness is Freshness.FRESH
    assert not (tmp_path / "home").exists(), "starting writes nothing"


def test_the_wheel_carries_it(tmp_path: Path) -> None:
    """Built as an index would build it, from what git knows and pyproject names."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        carried = {name for name in wheel.namelist() if "policy/baseline/" in name}
    folder = Path(str(packaged_baseline()))
    there = {
        f"assistant/policy/baseline/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file()
    }
    assert carried == there != set()
