"""The program's entry: the command line, which may open the terminal app.

The two faces never import each other; this is the only place that knows both.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from assistant.cli.main import main as command_line

if TYPE_CHECKING:
    from assistant.app import LocalFront


def terminal_app(front: LocalFront) -> int:
    """The terminal app over this front.

    In the home, ``keys.toml`` may rebind keys, and ``display.toml`` keeps how it looks.
    """
    from assistant.app import for_the_screen
    from assistant.tui.run import run

    for_the_screen(front)
    home = front.settings.home
    keys = home / "keys.toml"
    return run(front, keys=keys if keys.exists() else None, display=home / "display.toml")


def main() -> int:
    """Run one command and return its exit code."""
    return command_line(sys.argv[1:], terminal_app)


if __name__ == "__main__":
    sys.exit(main())
