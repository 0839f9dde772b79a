"""A model is fetched by a process of its own, hashed again, forgotten; all of it stoppable."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.engine.registry import ModelEntry
from assistant.errors import ModelInvalid, NetworkError, NoSuchItem, PolicyRefusal, UsageError
from assistant.holder.interface import Ask, Cancellation, Done
from assistant.holder.models import Models
from assistant.holder.models_wire import ModelProgress, PullModel, RemoveModel, VerifyModel
from assistant.holder.overview import model_items
from tests.holder_world import World, open_world
from tests.policy_documents import document

ENTRY = ModelEntry(
    "tiny", "Tiny", "chat", Path("tiny.gguf"), "ab" * 32, 3000, 6000, "Apache-2.0",
    in_use=False, present=False, added=False,
)  # fmt: skip
FETCH = """
import pathlib, sys, time
staging = pathlib.Path(sys.argv[1]) / ".pull-x"
staging.mkdir()
for part in range(3):
    with (staging / "tiny.part").open("ab") as file:
        file.write(bytes(1000))
    time.sleep(float(sys.argv[2]))
(staging / "tiny.part").rename(pathlib.Path(sys.argv[1]) / "tiny.gguf")
staging.rmdir()
sys.exit(int(sys.argv[3]))
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    yield from open_world(tmp_path)


def models(world: World, *, pause: float = 0.3, code: int = 0, **more: Any) -> Models:
    """Over a fetching process that takes three steps and ends with ``code``."""
    weights = world.folder / "weights"
    weights.mkdir(exist_ok=True)
    command = [sys.executable, "-c", FETCH, str(weights), str(pause), str(code)]
    parts = replace(
        world.holder._parts, models=lambda: [ENTRY], pull_command=lambda _: (command, weights),
        **more,
    )  # fmt: skip
    return Models(lambda: parts)


def test_what_arrived_is_told_while_it_is_fetched(world: World) -> None:
    *steps, done = models(world).handle(PullModel("tiny"), Cancellation())
    assert isinstance(done, Done)
    assert all(isinstance(step, ModelProgress) and step.total == 3000 for step in steps)
    arrived = [step.done for step in steps if isinstance(step, ModelProgress)]
    assert arrived == sorted(arrived)
    assert set(arrived) & {1000, 2000}
    assert (world.folder / "weights" / "tiny.gguf").stat().st_size == 3000


def test_a_fetch_that_is_stopped_leaves_nothing_and_no_process(world: World) -> None:
    cancellation = Cancellation()
    replies = models(world, pause=20).handle(PullModel("tiny"), cancellation)
    while True:
        step = next(replies)
        if isinstance(step, ModelProgress) and step.done:
            break
    cancellation.cancel()
    with pytest.raises(UsageError, match="stopped"):
        list(replies)
    assert list((world.folder / "weights").iterdir()) == []


def test_a_listener_that_goes_away_ends_the_fetch(world: World) -> None:
    replies = models(world, pause=20).handle(PullModel("tiny"), Cancellation())
    next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert not (world.folder / "weights" / "tiny.gguf").exists()


@pytest.mark.parametrize(("code", "error"), [(5, ModelInvalid), (70, NetworkError)])
def test_a_fetch_that_fails_says_how(world: World, code: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        list(models(world, pause=0, code=code).handle(PullModel("tiny"), Cancellation()))


def test_one_model_at_a_time_is_fetched(world: World) -> None:
    one = models(world, pause=20)
    first, cancellation = one.handle(PullModel("tiny"), cancel := Cancellation()), Cancellation()
    next(first)
    with pytest.raises(UsageError, match="already"):
        list(one.handle(VerifyModel("tiny"), cancellation))
    cancel.cancel()
    with pytest.raises(UsageError):
        list(first)


def test_a_model_that_a_tier_does_not_allow_is_not_fetched(tmp_path: Path) -> None:
    reviewed = {"id": "known", "key": "models", "reason": "Reviewed.", "allowed": ["cd" * 32]}
    forbidding = document(bounds=[reviewed])
    for world in open_world(tmp_path, documents=(forbidding,)):
        with pytest.raises(PolicyRefusal):
            list(models(world).handle(PullModel("tiny"), Cancellation()))
        assert not list((world.folder / "weights").iterdir())


def test_hashing_tells_how_far_it_is_and_can_be_stopped(world: World) -> None:
    go = threading.Event()

    def verify(_identity: str, progress: Any) -> None:
        progress(10, 30)
        assert go.wait(20)
        progress(30, 30)

    one = models(world, verify_model=verify)
    replies = one.handle(VerifyModel("tiny"), Cancellation())
    step = next(replies)
    assert isinstance(step, ModelProgress)
    assert (step.stage, step.done, step.total) == ("checking", 10, 30)
    go.set()
    assert isinstance(list(replies)[-1], Done)
    go.clear()
    replies = one.handle(VerifyModel("tiny"), cancellation := Cancellation())
    next(replies)
    cancellation.cancel()
    go.set()
    with pytest.raises(UsageError, match="stopped"):
        list(replies)


def test_an_altered_file_is_said_and_an_added_one_forgotten(world: World) -> None:
    def verify(_identity: str, _progress: Any) -> None:
        raise ModelInvalid("The model's file is not the one that was added.")

    forgotten: list[str] = []
    one = models(world, verify_model=verify, remove_model=forgotten.append)
    with pytest.raises(ModelInvalid):
        list(one.handle(VerifyModel("tiny"), Cancellation()))
    assert list(one.handle(RemoveModel("tiny"), Cancellation()))
    assert forgotten == ["tiny"]
    with pytest.raises(NoSuchItem):
        list(one.handle(PullModel("other"), Cancellation()))


def test_how_the_chat_model_in_use_is_run_is_told_and_of_no_other(world: World) -> None:
    used = replace(ENTRY, id="used", sha256="cd" * 32, in_use=True, present=True)
    parts = replace(
        world.holder._parts,
        models=lambda: [ENTRY, used, replace(used, id="embeds", kind="embedding")],
        runs=lambda sha256: f"measured for {sha256[:2]}",
    )
    told = {item.id: item.runs for item in model_items(parts)}
    assert told == {"tiny": "", "used": "measured for cd", "embeds": ""}


def test_a_turn_keeps_the_background_quiet_from_its_beginning_to_its_end(world: World) -> None:
    heard: list[str] = []

    @contextmanager
    def quiet() -> Iterator[None]:
        heard.append("begins")
        yield
        heard.append("ends")

    world.holder._parts = replace(world.holder._parts, quiet=quiet)
    replies = world.holder.handle(Ask("Where do herons sleep?"))
    next(replies)
    assert heard == ["begins"]
    list(replies)
    assert heard == ["begins", "ends"]
