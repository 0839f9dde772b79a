"""A child that tries to get out. Run behind the wall by the supervisor, or without it."""

from __future__ import annotations

import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assistant.engine.child import Desk, begin
from assistant.engine.memory_messages import IndexHits, LoadEmbedder

_PTRACE_SEIZE = 0x4206
_PROCESS_VM_READV, _IO_URING_SETUP = 310, 425


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def attempts(target: dict[str, Any]) -> dict[str, str]:
    """What each attempt came to: "done", or the name of the error."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent, address = int(target["parent"]), int(target["address"])

    def check(result: int) -> None:
        if result < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def connect_tcp() -> None:
        with socket.create_connection(("127.0.0.1", int(target["port"])), timeout=2):
            pass

    def connect_unix() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as unix:
            unix.connect(str(target["unix"]))

    def send_udp() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("127.0.0.1", int(target["port"])))

    def write_file() -> None:
        Path(str(target["folder"]), "written").write_text("x")

    def overwrite_file() -> None:
        with Path(str(target["secret_file"])).open("r+") as file:
            file.write("x")

    def write_package() -> None:
        Path(__file__).with_name("written_by_child").write_text("x")

    def read_file() -> None:
        Path(str(target["secret_file"])).read_text()

    def list_folder() -> None:
        list(Path(str(target["folder"])).iterdir())

    def read_passwords() -> None:
        Path("/etc/passwd").read_text()

    def read_memory_file() -> None:
        with Path(f"/proc/{parent}/mem").open("rb", buffering=0) as memory:
            memory.seek(address)
            assert memory.read(6) == b"secret"

    def read_memory_call() -> None:
        buffer = ctypes.create_string_buffer(6)
        here = _Vector(ctypes.addressof(buffer), 6)
        there = _Vector(address, 6)
        check(
            libc.syscall(
                _PROCESS_VM_READV, parent, ctypes.byref(here), 1, ctypes.byref(there), 1, 0
            )
        )

    def trace_parent() -> None:
        check(libc.ptrace(_PTRACE_SEIZE, parent, None, None))

    def signal_parent() -> None:
        os.kill(parent, 0)

    def run_program() -> None:
        subprocess.run(["/bin/true"], check=True)

    def use_io_uring() -> None:
        check(libc.syscall(_IO_URING_SETUP, 1, ctypes.create_string_buffer(256)))

    def inherited_descriptor() -> None:
        os.fstat(int(target["descriptor"]))

    tried: list[Callable[[], None]] = [
        connect_tcp, connect_unix, send_udp, write_file, overwrite_file, write_package,
        read_file, list_folder, read_passwords, read_memory_file, read_memory_call,
        trace_parent, signal_parent, run_program, use_io_uring, inherited_descriptor,
    ]  # fmt: skip
    return {attempt.__name__: _outcome(attempt) for attempt in tried}


def _outcome(attempt: Callable[[], None]) -> str:
    try:
        attempt()
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    return "done"


def main(arguments: list[str]) -> None:
    """Behind the wall: the targets come in the load request, the outcomes go back."""
    desk = Desk(begin(arguments))
    envelope = desk.jobs.take()
    assert envelope is not None
    assert isinstance(envelope.body, LoadEmbedder)
    outcomes = attempts(json.loads(envelope.body.folder))
    hits = tuple(
        (f"{name}:{outcome}", float(bool(os.environ))) for name, outcome in outcomes.items()
    )
    desk.reply(envelope.id, IndexHits(hits, "exact"))
    desk.jobs.take()


if __name__ == "__main__":
    print(json.dumps(attempts(json.loads(sys.argv[1]))))
