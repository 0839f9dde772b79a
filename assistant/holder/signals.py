"""Lock when the terminal goes away, the job is stopped or the computer sleeps."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable


def lock_on_signals(lock: Callable[[str], None]) -> None:
    """Lock on SIGHUP and SIGTERM, then end; on SIGTSTP, then stop as asked.

    Call it from the main thread. Where a signal does not exist (Windows) it is passed over.
    """
    for name, why in (("SIGHUP", "the terminal went away"), ("SIGTERM", "asked to end")):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, _ender(lock, why))
    stop = getattr(signal, "SIGTSTP", None)
    if stop is not None:
        signal.signal(stop, lambda _got, _frame: _lock_and_stop(lock))


def _ender(lock: Callable[[str], None], why: str) -> Callable[[int, object], None]:
    def act(number: int, _frame: object) -> None:
        # In threads: the handler interrupts code that may hold the very locks needed here.
        locking = threading.Thread(target=lock, args=(why,))
        locking.start()
        threading.Thread(target=_end_after, args=(locking, number)).start()

    return act


def _end_after(locking: threading.Thread, number: int) -> None:
    locking.join(5.0)
    os._exit(128 + number)


def _lock_and_stop(lock: Callable[[str], None]) -> None:
    locking = threading.Thread(target=lock, args=("stopped from the keyboard",))
    locking.start()
    threading.Thread(target=_stop_after, args=(locking,)).start()


def _stop_after(locking: threading.Thread) -> None:
    locking.join(5.0)
    os.kill(os.getpid(), signal.SIGSTOP)


def slept_seconds() -> float:
    """How long this machine has slept since it booted; 0 where that cannot be told.

    Linux counts sleep in CLOCK_BOOTTIME and not in CLOCK_MONOTONIC; their difference
    grows exactly by the time slept (clock_gettime(2)).
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None:
        return 0.0
    return time.clock_gettime(boot) - time.clock_gettime(time.CLOCK_MONOTONIC)
