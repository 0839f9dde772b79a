"""The terminal app: screens and widgets over the application interface.

Importing this package is cheap; Textual is loaded when ``run_tui`` is called.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.holder.interface import Front

# Textual waits this long (ms) to tell Escape from an escape sequence, and reads the value
# once, when it is first imported. Its default of 100 would eat half of the 200 ms that
# "key to quiet" may take; 25 is what ncurses programs use.
os.environ.setdefault("ESCDELAY", "25")


def run_tui(front: Front, *, keys: Path | None = None, display: Path | None = None) -> int:
    """Run the app until the person leaves; returns the exit code.

    ``keys`` is the TOML file of rebound keys, ``display`` the one theme and motion are kept
    in. Raises UsageError when one of them is wrong. Locks the vault on the way out,
    whatever happened.
    """
    from assistant.tui.run import run

    return run(front, keys=keys, display=display)
