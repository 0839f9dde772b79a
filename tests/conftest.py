"""Fixtures shared by every test: sizes for the big counts, and where the models lie."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "models" / "weights"
FULL_STATE = ROOT / ".build" / "full"


@dataclass
class Progress:
    """Which cases of a full run are finished, kept on disk so that a run can go on."""

    path: Path | None
    finished: set[int] = field(default_factory=set)

    def done(self, case: int) -> bool:
        """Whether an earlier, interrupted run with the same seed finished this case."""
        return case in self.finished

    def mark(self, case: int) -> None:
        """Record a case as finished; appended at once, a torn last line is ignored."""
        self.finished.add(case)
        if self.path is not None:
            with self.path.open("a") as file:
                file.write(f"{case}\n")


def _full_name() -> str | None:
    return os.environ.get("ASSISTANT_TEST_FULL")


def _mark(request: pytest.FixtureRequest) -> dict[str, object]:
    marker = request.node.get_closest_marker("full")
    if marker is None:
        pytest.fail("size, seed and progress need @pytest.mark.full(name=…, small=…, full=…)")
    return dict(marker.kwargs)


@pytest.fixture
def size(request: pytest.FixtureRequest) -> int:
    """How many cases to run: the small count, or the promised one under --full."""
    marker = _mark(request)
    chosen = _full_name() in {marker["name"], "all"}
    return int(str(marker["full" if chosen else "small"]))


@pytest.fixture
def seed(request: pytest.FixtureRequest, progress: Progress) -> int:
    """The run's seed, printed; an interrupted full run keeps the seed it began with."""
    given = os.environ.get("ASSISTANT_TEST_SEED")
    value = int(given) if given else secrets.randbelow(2**32)
    if progress.path is not None:
        kept = progress.path.with_suffix(".seed")
        if kept.exists() and progress.finished:
            value = int(kept.read_text())
        kept.write_text(str(value))
    print(f"seed {value} (repeat with ASSISTANT_TEST_SEED={value})")
    return value


@pytest.fixture
def progress(request: pytest.FixtureRequest) -> Progress:
    """Finished cases of this test; kept on disk only under --full."""
    name = str(_mark(request)["name"])
    if _full_name() not in {name, "all"}:
        return Progress(None)
    FULL_STATE.mkdir(parents=True, exist_ok=True)
    path = FULL_STATE / f"{name}.done"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return Progress(path, {int(line) for line in lines if line.isdigit()})


@pytest.fixture(scope="session")
def chat_model_path() -> Path:
    """The default chat model; absent weights are a failed setup, not a reason to skip."""
    path = WEIGHTS / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert path.is_file(), "run scripts/setup"
    return path


@pytest.fixture(scope="session")
def embedder_path() -> Path:
    """The default embedding model's folder."""
    path = WEIGHTS / "all-MiniLM-L6-v2"
    assert (path / "model.safetensors").is_file(), "run scripts/setup"
    return path


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Under --full only the named big count runs."""
    wanted = _full_name()
    if wanted in {None, "all"}:
        return
    marks = {item: item.get_closest_marker("full") for item in items}
    items[:] = [item for item, mark in marks.items() if mark and mark.kwargs["name"] == wanted]


def pytest_configure(config: pytest.Config) -> None:
    # Full results are read by scripts/test, which writes tests/full.json from them.
    config.stash[_RESULTS] = {}


_RESULTS = pytest.StashKey[dict[str, dict[str, object]]]()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> object:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    marker = item.get_closest_marker("full")
    if marker is None or report.when != "call":
        return
    name = str(marker.kwargs["name"])
    results = item.config.stash[_RESULTS]
    entry = results.setdefault(name, {"count": 0, "failures": 0, "seconds": 0.0})
    funcargs = getattr(item, "funcargs", {})
    entry["count"] = funcargs.get("size", 0)
    entry["failures"] = int(str(entry["failures"])) + int(report.failed)
    entry["seconds"] = round(float(str(entry["seconds"])) + report.duration, 1)
    if "seed" in funcargs:
        entry["seed"] = funcargs["seed"]


def pytest_sessionfinish(session: pytest.Session) -> None:
    wanted = os.environ.get("ASSISTANT_TEST_RESULTS")
    if wanted:
        Path(wanted).write_text(json.dumps(session.config.stash[_RESULTS]))


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers of a test are on this machine: no proxy of the surroundings stands between."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
