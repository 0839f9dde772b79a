"""Starts a child process: a fresh interpreter, an empty environment, chosen descriptors."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from assistant.engine.child import BOOT
from assistant.engine.messages import Request
from assistant.errors import ModelMissing

BACK_OFF = (0.0, 0.2, 1.0, 3.0, 10.0)
"""Pauses before the first and each further restart in a row, in seconds; then it stops.

In a row means: without one answer in between."""


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """What to start: the module with a ``main``, what it may read, its first request.

    ``open_files`` are opened for reading before each start and reach the child as
    descriptors; ``load`` makes the first request from their numbers.
    """

    module: str
    folders: tuple[Path, ...]
    open_files: tuple[Path, ...]
    load: Callable[[Sequence[int]], Request]
    load_timeout: float = 120.0
    back_off: tuple[float, ...] = BACK_OFF


def open_all(paths: Sequence[Path]) -> list[int]:
    """Descriptors of regular files, for reading. Raises ``ModelMissing``, none left open."""
    opened: list[int] = []
    try:
        for path in paths:
            # Without waiting: a pipe put in a model's place must not hold the front.
            opened.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
            if not stat.S_ISREG(os.fstat(opened[-1]).st_mode):
                raise OSError
    except OSError as error:
        for descriptor in opened:
            os.close(descriptor)
        raise ModelMissing("The model's file is not there or cannot be read.") from error
    return opened


def start_process(
    plan: ChildPlan, theirs: Connection, files: Sequence[int]
) -> subprocess.Popen[bytes]:
    """The child, started with its end of the channel and the open files."""
    return start_module(plan.module, theirs, files, plan.folders)


def start_module(
    module: str, theirs: Connection, files: Sequence[int] = (), folders: Sequence[Path] = ()
) -> subprocess.Popen[bytes]:
    """A module's ``main`` in a process of its own; see ``child`` for the arguments."""
    root = Path(__file__).resolve().parent.parent.parent
    models = ",".join(str(number) for number in files)
    command = [sys.executable, "-I", "-c", BOOT, str(root), module]
    command += [str(theirs.fileno()), models, *(str(folder) for folder in folders)]
    return subprocess.Popen(
        command,
        pass_fds=(theirs.fileno(), *files),
        cwd="/",
        env={},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C in the terminal is for the front to handle, not for the children.
        start_new_session=True,
    )
