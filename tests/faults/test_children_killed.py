"""Children killed in the middle of their work, with the real models."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.engine import EmbedderFolder, MemoryClient, ModelClient, ModelFile, Phase, TextDelta
from assistant.engine.model_messages import GenerateRequest
from assistant.errors import ChildDied
from tests.conftest import Progress
from tests.unit.engine.conftest import DIGEST
from tests.unit.engine.turns import SYSTEM, ask, user, words

pytestmark = pytest.mark.model


@pytest.fixture
def model(chat_model_path: Path) -> Iterator[ModelClient]:
    client = ModelClient()
    client.start(ModelFile(chat_model_path, DIGEST))
    client.wait_ready(60)
    yield client
    client.stop()


def _kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def _generate_for_ever(model: ModelClient, request: GenerateRequest) -> None:
    while True:
        for _ in model.generate(request):
            pass


def _stream(model: ModelClient, told: list[str], then: Callable[[], None]) -> None:
    """Generate; once 20 characters were streamed, do ``then`` at each further delta."""
    request = GenerateRequest((SYSTEM,), user("Tell me a long story."), max_tokens=2000)
    for event in model.generate(request):
        if isinstance(event, TextDelta):
            told.append(event.text)
            if len("".join(told)) > 20:
                then()


@pytest.mark.full(
    name="child-kills",
    small=3,
    full=200,
    covers=("assistant/engine/supervisor.py", "assistant/engine/model_client.py"),
)
def test_a_model_child_killed_anywhere_in_a_turn_is_reported_and_comes_back(
    model: ModelClient, size: int, seed: int, progress: Progress
) -> None:
    chance = random.Random(seed)
    for case in range(size):
        length, delay = chance.choice([20, 300]), chance.uniform(0.0, 0.6)
        if progress.done(case):
            continue
        timer = threading.Timer(delay, _kill, (model.pid,))
        timer.start()
        request = GenerateRequest((SYSTEM,), user(words(length, case)), max_tokens=2000)
        with pytest.raises(ChildDied):
            _generate_for_ever(model, request)
        timer.join()
        assert ask(model, "Hello", tokens=4).delta_tokens > 0
        progress.mark(case)


def test_the_text_already_streamed_is_there_when_the_child_dies(model: ModelClient) -> None:
    told: list[str] = []
    restarts = model.state.restarts
    with pytest.raises(ChildDied):
        _stream(model, told, lambda: _kill(model.pid))
    assert len("".join(told)) > 20
    model.wait_ready(60)
    assert model.state.phase is Phase.READY
    assert model.state.restarts == restarts + 1


def test_a_memory_child_that_is_killed_comes_back_empty_and_says_so(
    embedder_path: Path,
) -> None:
    client = MemoryClient()
    states: list[tuple[Phase, int]] = []
    client.subscribe(lambda state: states.append((state.phase, state.restarts)))
    client.start(EmbedderFolder(embedder_path))
    try:
        vectors = client.embed(["a cat", "a kitten"])
        client.index_put(["cat", "kitten"], vectors)
        [(found, cosine)] = client.index_query(vectors[0], 1)
        assert (found, round(cosine, 3)) == ("cat", 1.0)
        errors: list[BaseException] = []
        begun = threading.Event()

        def embed_for_ever() -> None:
            try:
                while True:
                    client.embed([words(200)])
                    begun.set()
            except ChildDied as error:
                errors.append(error)

        thread = threading.Thread(target=embed_for_ever)
        thread.start()
        assert begun.wait(60)
        _kill(client.pid)
        thread.join(30)
        assert len(errors) == 1
        client.wait_ready(60)
        assert client.embed(["a cat"])[0] == vectors[0]
        assert client.index_count().items == 0
        assert states[-1] == (Phase.READY, 1)
    finally:
        client.stop()


def test_stopping_in_the_middle_of_a_turn_ends_it(model: ModelClient) -> None:
    with pytest.raises(ChildDied):
        _stream(model, [], lambda: threading.Thread(target=model.stop).start())
    assert model.pid is None


def test_several_threads_may_use_one_memory_client(embedder_path: Path) -> None:
    client = MemoryClient()
    client.start(EmbedderFolder(embedder_path))
    try:
        expected = {text: client.embed([text])[0] for text in ("one", "two", "three", "four")}
        got: dict[str, bytes] = {}

        def embed(text: str) -> None:
            for _ in range(5):
                got[text] = client.embed([text])[0]

        threads = [threading.Thread(target=embed, args=(text,)) for text in expected]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert got == expected
    finally:
        client.stop()


def test_a_model_file_the_engine_crashes_on_or_refuses_is_invalid(tmp_path: Path) -> None:
    from assistant.engine import check_loads
    from assistant.engine.registry import file_digest
    from assistant.errors import ModelInvalid
    from tests.unit.engine.gguf_files import gguf

    for name, data in (("sound-header.gguf", gguf()), ("rubbish.gguf", b"GGUF" + b"\xff" * 200)):
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(ModelInvalid):
            check_loads(ModelFile(path, file_digest(path)))
