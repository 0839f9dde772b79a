"""What a child gives up before its first heavy import, and how the front hides from it.

``put_up`` runs in a fresh, single-threaded interpreter. Each layer stands alone, so
that a platform that lacks one still has the others; the report names the missing
ones and ``doctor`` shows it. After it the child can read the interpreter, its
packages, the system's libraries and its own model, and write nothing.
"""

from __future__ import annotations

import ctypes
import os
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from assistant.engine import landlock, seccomp
from assistant.engine.messages import Layer, WallReport

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000

KEPT_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    # Rounds a decoding thread spins before it sleeps. The default (300,000) gives 2
    # tokens/s beside busy neighbours, 0 gives 48 on a quiet machine. 2,000 is less than
    # the time between two steps, in which a token is drawn: the other thread slept twice
    # more a token and was woken late. 6,000 gives 1.7 % more tokens with the cores to
    # itself, and as many beside six busy neighbours (measured here, pair by pair).
    "GOMP_SPINCOUNT": "6000",
    "KMP_BLOCKTIME": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
    "HOME": "/nonexistent",
    "TMPDIR": "/nonexistent",
}
"""The whole environment of a child. Nothing is taken over from the front's."""

_SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib")
_SYSTEM_FACTS = (
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/dev/urandom",
)
_WRITABLE = ("/dev/null",)


@dataclass(frozen=True, slots=True)
class Openings:
    """What stays open: folders and files to read, descriptors to keep."""

    folders: tuple[Path, ...] = ()
    descriptors: tuple[int, ...] = ()
    model_descriptors: tuple[int, ...] = ()


def front_not_dumpable() -> bool:
    """Make this process unreadable to its own user's other processes (Linux).

    Called before a child starts: no debugger, no ``/proc/PID/mem``, no core file.
    Returns whether the platform did it.
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    return int(libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)) == 0


def put_up(openings: Openings) -> WallReport:
    """Give everything up except ``openings``. Cannot be undone by the process itself."""
    began = time.monotonic()
    held: list[Layer] = []
    missing: dict[Layer, str] = {}
    layers: list[tuple[Layer, Callable[[Openings], str]]] = [
        (Layer.ENVIRONMENT, _empty_environment),
        (Layer.DESCRIPTORS, _close_descriptors),
        (Layer.CORE_DUMPS, _no_core_dumps),
        (Layer.NAMESPACES, _leave_namespaces),
        (Layer.CAPABILITIES, _drop_capabilities),
        (Layer.NO_NEW_PRIVILEGES, _no_new_privileges),
        (Layer.LANDLOCK, _restrict_files),
        (Layer.SECCOMP, _restrict_calls),
    ]
    for layer, give_up in layers:
        why = give_up(openings)
        if why:
            missing[layer] = why
        else:
            held.append(layer)
    return WallReport(tuple(held), missing, time.monotonic() - began)


def _empty_environment(_: Openings) -> str:
    os.environ.clear()
    os.environ.update(KEPT_ENVIRONMENT)
    return ""


def _close_descriptors(openings: Openings) -> str:
    keep = sorted({0, 1, 2, *openings.descriptors, *openings.model_descriptors})
    for low, high in zip(keep, [*keep[1:], 65_536], strict=True):
        os.closerange(low + 1, high)
    return ""


def _no_core_dumps(_: Openings) -> str:
    try:
        import resource
    except ImportError:
        return "this platform has no resource limits"
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return ""


def _leave_namespaces(_: Openings) -> str:
    """New user, network and IPC namespaces: no interface is up there, not even loopback."""
    if sys.platform != "linux":
        return "only Linux has namespaces"
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC) != 0:
        return f"the system refuses user namespaces, error {ctypes.get_errno()}"
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        try:
            Path("/proc/self", name).write_text(text)
        except OSError:
            # Unmapped ids only change names; the namespace already holds.
            break
    return ""


def _drop_capabilities(_: Openings) -> str:
    """No capability is left, in the new user namespace either (capset, version 3)."""
    if sys.platform != "linux":
        return "only Linux has capabilities"
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    nothing = (ctypes.c_uint32 * 6)()
    if libc.capset(ctypes.byref(header), ctypes.byref(nothing)) != 0:
        return f"capset refused, error {ctypes.get_errno()}"
    return ""


def _no_new_privileges(_: Openings) -> str:
    if sys.platform != "linux":
        return "only Linux has no_new_privs"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return f"prctl refused, error {ctypes.get_errno()}"
    return ""


def _restrict_files(openings: Openings) -> str:
    if sys.platform != "linux":
        return "only Linux has Landlock"
    return landlock.restrict(
        ctypes.CDLL(None, use_errno=True),
        read=_readable(openings.folders),
        files=openings.model_descriptors,
        write=[Path(path) for path in _WRITABLE],
    )


def _restrict_calls(_: Openings) -> str:
    if sys.platform != "linux":
        return "only Linux has seccomp"
    return seccomp.restrict(ctypes.CDLL(None, use_errno=True))


def _readable(folders: Iterable[Path]) -> list[Path]:
    """The interpreter, its packages, this package, the system's libraries, ``folders``."""
    paths = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    # Where the interpreter's own shared library lies when it is not a system one.
    paths.add(str(sysconfig.get_config_var("LIBDIR") or ""))
    package = Path(__file__).resolve().parent.parent
    own_process = Path("/proc", str(os.getpid()))
    found = [Path(path) for path in (*paths, *_SYSTEM_LIBRARIES, *_SYSTEM_FACTS) if path]
    return [*found, package, own_process, *folders]
