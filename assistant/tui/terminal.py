"""The two things asked of the terminal itself that Textual has no verb for."""

from __future__ import annotations

from typing import Any

from textual.app import App

_MOUSE_MODES = (1000, 1003, 1015, 1006)


def show_cursor(app: App[Any], visible: bool) -> None:
    """Show or hide the terminal's own cursor.

    Textual keeps it at the typing position but hidden; input methods, magnifiers and
    screen readers follow it best where it can be seen.
    """
    _write(app, "\x1b[?25h" if visible else "\x1b[?25l")


def take_mouse(app: App[Any], taken: bool) -> None:
    """Ask for mouse reports, or leave the mouse to the terminal's own selection."""
    _write(app, "".join(f"\x1b[?{mode}{'h' if taken else 'l'}" for mode in _MOUSE_MODES))


def _write(app: App[Any], sequence: str) -> None:
    driver = app._driver  # no public way: copy_to_clipboard writes in the same manner
    if driver is not None and not app.is_headless:
        driver.write(sequence)
        driver.flush()
