"""How much memory this machine has."""

from __future__ import annotations

import os
import sys


def machine_memory() -> int:
    """Bytes of physical memory; 0 where that cannot be told."""
    if sys.platform == "win32":
        return _windows_memory()
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return 0


def _windows_memory() -> int:
    # GetPhysicallyInstalledSystemMemory (sysinfoapi.h) counts kilobytes.
    import ctypes

    kilobytes = ctypes.c_ulonglong(0)
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009  # absent elsewhere
    if not kernel.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes)):
        return 0
    return kilobytes.value * 1024
