"""A seccomp filter that takes away sockets, foreign memory and new programs (Linux).

Landlock leaves UDP, raw sockets, io_uring and ``process_vm_readv`` alone; a network
namespace is not allowed everywhere. This small filter closes those by number and
answers EPERM. Numbers are from the kernel's ``syscall.tbl`` for x86-64 and the
generic table used by arm64.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import struct

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2
_RET_ALLOW = 0x7FFF0000
_RET_ERRNO = 0x00050000
_LOAD, _JEQ, _JGE, _RETURN = 0x20, 0x15, 0x35, 0x06
_ARCH_OFFSET, _NUMBER_OFFSET = 4, 0

_X86_64 = (0xC000003E, {
    "socket": 41, "execve": 59, "execveat": 322, "ptrace": 101,
    "process_vm_readv": 310, "process_vm_writev": 311, "io_uring_setup": 425,
    "perf_event_open": 298, "bpf": 321, "userfaultfd": 323, "keyctl": 250, "add_key": 248,
    "request_key": 249, "pidfd_getfd": 438, "mount": 165, "setns": 308, "unshare": 272,
    "init_module": 175, "finit_module": 313, "kexec_load": 246, "open_by_handle_at": 304,
})  # fmt: skip
_ARM64 = (0xC00000B7, {
    "socket": 198, "execve": 221, "execveat": 281, "ptrace": 117,
    "process_vm_readv": 270, "process_vm_writev": 271, "io_uring_setup": 425,
    "perf_event_open": 241, "bpf": 280, "userfaultfd": 282, "keyctl": 219, "add_key": 217,
    "request_key": 218, "pidfd_getfd": 438, "mount": 40, "setns": 268, "unshare": 97,
    "init_module": 105, "finit_module": 273, "kexec_load": 104, "open_by_handle_at": 265,
})  # fmt: skip
_TABLES = {"x86_64": _X86_64, "aarch64": _ARM64}
_X32_BIT = 0x40000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _instruction(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def build_filter(architecture: int, refused: tuple[int, ...], x32_bit: int) -> bytes:
    """The program: another architecture or the x32 table, or a refused number → EPERM."""
    deny = _instruction(_RETURN, 0, 0, _RET_ERRNO | errno.EPERM)
    head = [
        _instruction(_LOAD, 0, 0, _ARCH_OFFSET),
        _instruction(_JEQ, 1, 0, architecture),
        deny,
        _instruction(_LOAD, 0, 0, _NUMBER_OFFSET),
        _instruction(_JGE, 0, 1, x32_bit),
        deny,
    ]
    # From each test the way to the closing "deny" is the tests still to come, and "allow".
    tests = [
        _instruction(_JEQ, len(refused) - place, 0, number) for place, number in enumerate(refused)
    ]
    return b"".join([*head, *tests, _instruction(_RETURN, 0, 0, _RET_ALLOW), deny])


def restrict(libc: ctypes.CDLL) -> str:
    """Install the filter on this process. Returns "" or why it did not work."""
    table = _TABLES.get(platform.machine())
    if table is None:
        return "no system call table for this architecture"
    architecture, numbers = table
    code = build_filter(architecture, tuple(numbers.values()), _X32_BIT)
    program = _Program(len(code) // 8, code)
    if libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) != 0:
        return f"filter refused, error {ctypes.get_errno()}"
    return ""
