"""Models of this home: listed, used, fetched by a process of their own, hashed, forgotten.

Whoever holds the vault never uses the network itself: a child without any secret does.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.errors import (
    AssistantError,
    ModelInvalid,
    NetworkError,
    NoSuchItem,
    UsageError,
)
from assistant.holder.interface import AnyReply, Cancellation, Done, UseModel
from assistant.holder.models_wire import ModelProgress, ModelRequest, PullModel, RemoveModel
from assistant.holder.overview import model_items
from assistant.holder.overview_wire import ModelItem, ModelsQuery
from assistant.holder.refusals import by_bound

if TYPE_CHECKING:
    from assistant.holder.parts import Parts

SECONDS_BETWEEN_LOOKS = 0.2
STAGING = ".pull-*"
"""Where below the weights a download lies until its digest holds (``engine.fetch``)."""


class Models:
    """Answers ``ModelsQuery``, ``UseModel`` and the requests of ``models_wire``.

    ``parts`` are asked for anew each time: policy may have changed.
    """

    def __init__(self, parts: Callable[[], Parts]) -> None:
        self._parts = parts
        self._busy = threading.Lock()

    def answers(self, request: object) -> bool:
        """Whether a request is for here."""
        return isinstance(request, ModelsQuery | UseModel | ModelRequest)

    def handle(self, request: Any, cancellation: Cancellation) -> Iterator[AnyReply]:
        """Answer one request."""
        match request:
            case ModelsQuery():
                yield from model_items(self._parts())
            case UseModel():
                self._parts().use_model(request.id)
                yield Done("The model is in use.")
            case RemoveModel():
                self._parts().remove_model(request.id)
                yield Done("It is forgotten; its file is where it was.")
            case PullModel():
                yield from self._alone(self._pull(request.id, cancellation))
            case _:
                yield from self._alone(self._verify(request.id, cancellation))

    def _alone(self, work: Iterator[AnyReply]) -> Iterator[AnyReply]:
        if not self._busy.acquire(blocking=False):
            raise UsageError("A model is being fetched or checked already.", hint="Wait for it.")
        try:
            yield from work
        finally:
            self._busy.release()

    def _item(self, identity: str) -> ModelItem:
        for item in model_items(self._parts()):
            if item.id == identity:
                return item
        raise NoSuchItem("There is no model of that id.", hint="Run `assistant models list`.")

    # -- fetching --------------------------------------------------------------------------

    def _pull(self, identity: str, cancellation: Cancellation) -> Iterator[AnyReply]:
        item = self._item(identity)
        if item.managed is not None:
            raise by_bound(item.managed, "this model")
        command, weights = self._parts().pull_command(identity)
        began, before = self._parts().clock(), set(weights.glob(STAGING))
        with _running(command, cancellation) as child:
            while child.poll() is None:
                seconds = self._parts().clock() - began
                arrived = min(_staged(set(weights.glob(STAGING)) - before), item.size)
                stage = "checking" if arrived >= item.size > 0 else "fetching"
                yield ModelProgress(stage, arrived, item.size, seconds)  # type: ignore[arg-type]
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(SECONDS_BETWEEN_LOOKS)
            code = child.returncode
        for left in set(weights.glob(STAGING)) - before:
            shutil.rmtree(left, ignore_errors=True)
        if cancellation.cancelled:
            raise UsageError("Fetching was stopped.", hint="Nothing of it was kept.")
        if code == ModelInvalid.exit_code:
            raise ModelInvalid("What the source sent is not the file the catalogue names.")
        if code:
            raise NetworkError("The model could not be fetched.")
        yield Done("It is here, and its digest holds.")

    # -- checking --------------------------------------------------------------------------

    def _verify(self, identity: str, cancellation: Cancellation) -> Iterator[AnyReply]:
        began, ended = self._parts().clock(), threading.Event()
        so_far, failed = [(0, 0)], list[AssistantError]()

        def progress(done: int, total: int) -> None:
            if cancellation.cancelled:
                raise UsageError("Checking was stopped.", hint="Nothing was changed.")
            so_far[0] = (done, total)

        def check() -> None:
            try:
                self._parts().verify_model(identity, progress)
            except AssistantError as error:
                failed.append(error)
            finally:
                ended.set()

        threading.Thread(target=check, name="model-check", daemon=True).start()
        while not ended.wait(SECONDS_BETWEEN_LOOKS):
            yield ModelProgress("checking", *so_far[0], self._parts().clock() - began)
        if failed:
            raise failed[0]
        yield Done("It is as it was recorded.")


@contextlib.contextmanager
def _running(
    command: list[str], cancellation: Cancellation
) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """The child, ended with everything it started when cancelled or left."""
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    cancellation.when_cancelled(lambda: _end(child))
    try:
        yield child
    finally:
        if child.poll() is None:
            _end(child)
            child.wait()


def _end(child: subprocess.Popen[bytes]) -> None:
    """At once, with the downloader it may have started in turn."""
    if child.poll() is not None:
        return
    if sys.platform == "win32":
        child.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def _staged(folders: set[Path]) -> int:
    """Bytes of a download that have arrived; 0 before it begins."""
    arrived = 0
    for path in (path for folder in folders for path in folder.rglob("*")):
        with contextlib.suppress(OSError):  # moved between the look and the question
            arrived += path.stat().st_size if path.is_file() else 0
    return arrived


def never(identity: str, *_: object) -> Any:
    """For a holder that has no model files of its own."""
    raise NoSuchItem(f"There is no model {identity!r} here.")


Verify = Callable[[str, Callable[[int, int], None]], object]
