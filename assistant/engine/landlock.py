"""Landlock: a process gives up the file system and TCP, for good (Linux 5.13+).

System calls by number through ctypes, because Python has no binding. Numbers and
bits are from ``include/uapi/linux/landlock.h``; 444 to 446 are the same on every
architecture Linux has.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_ALL_ABI_1 = (1 << 13) - 1
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_BIND_TCP, _CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_ABSTRACT_UNIX, _SCOPE_SIGNAL = 1 << 0, 1 << 1


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi(libc: ctypes.CDLL) -> int:
    """The kernel's Landlock version; 0 where there is none."""
    return max(0, int(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def restrict(
    libc: ctypes.CDLL, *, read: Iterable[Path], files: Iterable[int], write: Iterable[Path]
) -> str:
    """Allow reading below ``read`` and the open ``files``, writing ``write``; nothing else.

    Needs no_new_privs. TCP and, from ABI 6, signals and abstract sockets outside are
    refused too, and so is tracing any process outside. Returns "" or why it did not
    work; a path that does not exist is left out.
    """
    version = abi(libc)
    if version == 0:
        return "the kernel has no Landlock"
    handled = _ALL_ABI_1
    for since, bit in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEV)):
        handled |= bit if version >= since else 0
    attributes = _Ruleset(
        handled,
        (_BIND_TCP | _CONNECT_TCP) if version >= 4 else 0,
        (_SCOPE_ABSTRACT_UNIX | _SCOPE_SIGNAL) if version >= 6 else 0,
    )
    size = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}.get(version, 24)
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return f"ruleset refused, error {ctypes.get_errno()}"
    try:
        for path in read:
            _allow_path(libc, ruleset, path, _READ_FILE | _READ_DIR)
        for path in write:
            _allow_path(libc, ruleset, path, _READ_FILE | _WRITE_FILE)
        for descriptor in files:
            _allow(libc, ruleset, descriptor, _READ_FILE)
        if libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
            return f"restriction refused, error {ctypes.get_errno()}"
    finally:
        os.close(ruleset)
    return ""


def _allow_path(libc: ctypes.CDLL, ruleset: int, path: Path, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not path.is_dir():
            access &= ~_READ_DIR
        _allow(libc, ruleset, descriptor, access)
    finally:
        os.close(descriptor)


def _allow(libc: ctypes.CDLL, ruleset: int, descriptor: int, access: int) -> None:
    # A rule that is refused leaves the path forbidden: the failure is on the safe side.
    rule = _PathBeneath(access, descriptor)
    libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0)
