"""Import everything a face needs while what only POSIX systems have is missing.

A script of its own process: it takes the names out of modules that others use. It stands in
for Windows, which cannot be run here, as far as importing goes.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import socket
import sys
import types

import assistant

ROOMS = ("assistant.app", "assistant.cli", "assistant.holder", "assistant.tui", "assistant.vault")
MODULES = ("fcntl", "termios", "resource", "pwd", "grp", "tty", "pty", "readline", "curses")
NAMES = {
    os: ("getuid", "geteuid", "getgid", "fork", "setsid", "killpg", "O_CLOEXEC", "O_DIRECTORY",
         "O_PATH", "O_NONBLOCK", "O_NOFOLLOW", "uname", "mkfifo", "nice", "setpriority", "statvfs",
         "sched_getaffinity", "register_at_fork", "WNOHANG", "PRIO_PROCESS"),
    signal: ("SIGKILL", "SIGSTOP", "SIGTSTP", "SIGCONT", "SIGHUP", "SIGALRM", "SIGQUIT", "SIGWINCH",
             "SIGPIPE", "SIGCHLD", "setitimer", "ITIMER_REAL", "alarm"),
    socket: ("AF_UNIX", "SO_PEERCRED"),
}  # fmt: skip


def ours() -> list[str]:
    """Every module of the rooms a face is made of."""
    found = [one.name for one in pkgutil.walk_packages(assistant.__path__, "assistant.")]
    return [name for name in found if name.startswith(ROOMS)]


def main() -> None:
    """Import once as it is, so that others' modules are there, then ours anew without POSIX."""
    for name in ours():
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.startswith("assistant.")]:
        del sys.modules[name]
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment]  # importing it raises ImportError
    for module, names in NAMES.items():
        for name in names:
            if hasattr(module, name):
                delattr(module, name)
    sys.modules["msvcrt"] = types.ModuleType("msvcrt")
    sys.platform = "win32"
    names_ = ours()
    for name in names_:
        importlib.import_module(name)
    print(len(names_))


if __name__ == "__main__":
    main()
