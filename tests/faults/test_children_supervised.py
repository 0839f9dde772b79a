"""What the supervisor makes of children that die, hang or talk nonsense."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.engine import EngineState, Phase
from assistant.engine.child_process import BACK_OFF, ChildPlan
from assistant.engine.memory_messages import Embed, LoadEmbedder, SetPaused
from assistant.engine.messages import Done
from assistant.engine.model_messages import LoadModel
from assistant.engine.supervisor import Supervisor
from assistant.errors import (
    AssistantError,
    ChildDied,
    ChildStalled,
    ModelInvalid,
    ModelMissing,
    ProtocolViolation,
)

Make = Callable[..., Supervisor]


@pytest.fixture
def child() -> Iterator[Make]:
    """Starts a misbehaving child; stops all of them afterwards."""
    made: list[Supervisor] = []

    def make(
        how: str, load_timeout: float = 20.0, back_off: tuple[float, ...] = BACK_OFF
    ) -> Supervisor:
        request = LoadEmbedder(how, {}, 0)
        supervisor = Supervisor(
            ChildPlan(
                "tests.faults.bad_children", (), (), lambda _: request, load_timeout, back_off
            )
        )
        made.append(supervisor)
        supervisor.start()
        return supervisor

    yield make
    for supervisor in made:
        supervisor.stop()


def _until(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False


def test_a_child_that_dies_is_reported_to_who_waits_and_started_again(child: Make) -> None:
    supervisor = child("dies")
    supervisor.wait_loaded(20)
    first = supervisor.pid
    with pytest.raises(ChildDied):
        supervisor.ask(Embed(("x",)), 20)
    supervisor.wait_loaded(20)
    assert supervisor.pid != first
    assert supervisor.state == EngineState(Phase.READY, "", 1)
    assert supervisor.ask(SetPaused(True), 20) == Done()


def test_who_heard_of_a_death_waits_for_the_next_child_and_not_for_the_dead_one(
    child: Make,
) -> None:
    supervisor = child("quiet", back_off=(0.0,) * 3)
    for _ in range(20):
        supervisor.wait_loaded(20)
        assert supervisor.pid is not None
        os.kill(supervisor.pid, signal.SIGKILL)
        with pytest.raises(ChildDied):
            supervisor.ask(Embed(("x",)), 20)
        supervisor.wait_loaded(20)
        assert supervisor.ask(SetPaused(True), 20) == Done()


def test_every_waiting_caller_learns_of_the_death(child: Make) -> None:
    supervisor = child("quiet")
    supervisor.wait_loaded(20)
    errors: list[AssistantError] = []

    def ask() -> None:
        try:
            supervisor.ask(Embed(("x",)), 20)
        except AssistantError as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    living = supervisor._child
    assert living is not None
    assert _until(lambda: len(living.queues) == len(threads))
    os.kill(living.process.pid, signal.SIGKILL)
    for thread in threads:
        thread.join(20)
    assert [type(error) for error in errors] == [ChildDied] * 4


@pytest.mark.parametrize("how", ["garbage", "unasked"])
def test_a_child_that_breaks_the_protocol_is_killed_and_replaced(child: Make, how: str) -> None:
    supervisor = child(how)
    supervisor.wait_loaded(20)
    first = supervisor.pid
    with pytest.raises(ProtocolViolation):
        supervisor.ask(Embed(("x",)), 20)
    assert _until(lambda: supervisor.pid not in {None, first})


def test_a_child_that_answers_the_load_request_twice_is_killed_and_replaced(child: Make) -> None:
    # It would wait for ever if it were left alone, and so would the one that replaces it:
    # the second restart shows that both were killed. Neither lives long enough to be met.
    supervisor = child("loads-twice", back_off=(0.0,) * 3)
    assert _until(lambda: supervisor.state.restarts >= 2)


def test_a_child_that_dies_while_loading_twice_has_a_model_it_cannot_load(child: Make) -> None:
    supervisor = child("dies-loading")
    with pytest.raises(ModelInvalid):
        supervisor.wait_loaded(20)
    assert _until(lambda: supervisor.state.phase is Phase.FAILED)
    assert supervisor.pid is None


def test_a_child_that_hangs_while_loading_is_killed(child: Make) -> None:
    supervisor = child("hangs-loading", load_timeout=0.5)
    with pytest.raises(ChildStalled):
        supervisor.wait_loaded(0.0)
    with pytest.raises(ModelInvalid):
        supervisor.wait_loaded(20)


def test_a_child_that_does_not_answer_in_time_is_stalled(child: Make) -> None:
    supervisor = child("quiet")
    supervisor.wait_loaded(20)
    with pytest.raises(ChildStalled):
        supervisor.ask(Embed(("x",)), 0.1)


def test_a_child_that_keeps_dying_is_given_up(child: Make) -> None:
    supervisor = child("loads-twice", back_off=(0.0, 0.05, 0.05))
    assert _until(lambda: supervisor.state.phase is Phase.FAILED)
    assert supervisor.state.restarts == 3
    with pytest.raises(ChildDied):
        supervisor.wait_loaded(5)


def test_answers_in_between_keep_a_child_from_being_given_up(child: Make) -> None:
    supervisor = child("dies", back_off=(0.0, 0.05))
    for _ in range(5):
        supervisor.wait_loaded(20)
        supervisor.ask(SetPaused(True), 20)
        with pytest.raises(ChildDied):
            supervisor.ask(Embed(("x",)), 20)
    supervisor.wait_loaded(20)
    assert supervisor.state.restarts == 5


def test_a_missing_file_is_missing_at_once(tmp_path: Path) -> None:
    supervisor = Supervisor(
        ChildPlan(
            "tests.faults.bad_children",
            (),
            (tmp_path / "gone.gguf",),
            lambda descriptors: LoadModel(descriptors[0], "0" * 64),
        )
    )
    supervisor.start()
    with pytest.raises(ModelMissing):
        supervisor.wait_loaded(5)
    supervisor.stop()


def test_stopping_kills_the_child_and_frees_its_descriptors(child: Make) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    supervisor = child("quiet")
    supervisor.wait_loaded(20)
    pid = supervisor.pid
    supervisor.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(AssistantError):
        supervisor.ask(SetPaused(True), 1)


def test_a_stopped_child_can_be_started_again(child: Make) -> None:
    supervisor = child("quiet")
    supervisor.wait_loaded(20)
    supervisor.stop()
    supervisor.start()
    supervisor.wait_loaded(20)
    assert supervisor.state.phase is Phase.READY


def test_children_end_when_the_front_is_killed(tmp_path: Path) -> None:
    import subprocess
    import sys

    program = (
        "import time\n"
        "from assistant.engine.memory_messages import LoadEmbedder\n"
        "from assistant.engine.supervisor import ChildPlan, Supervisor\n"
        "plan = ChildPlan('tests.faults.bad_children', (), (), "
        "lambda _: LoadEmbedder('quiet', {}, 0))\n"
        "s = Supervisor(plan); s.start(); s.wait_loaded(20); print(s.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).resolve().parents[2]
    front = subprocess.Popen(
        [sys.executable, "-c", program], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert front.stdout is not None
    pid = int(front.stdout.readline())
    front.kill()
    front.wait()
    front.stdout.close()
    assert _until(lambda: not Path(f"/proc/{pid}").exists() or _zombie(pid))


def _zombie(pid: int) -> bool:
    try:
        return ") Z " in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
