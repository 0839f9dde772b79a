"""Start the app, and lock the vault on the way out, whatever happened."""

from __future__ import annotations

import gc
import tempfile
from functools import partial
from pathlib import Path

from assistant.errors import AssistantError
from assistant.holder.interface import Front
from assistant.tui.app import AssistantApp
from assistant.tui.display import Display, keep_display, read_display
from assistant.tui.keys import load_keymap

OUR_FAULT = 70


def run(front: Front, *, keys: Path | None, display: Path | None) -> int:
    """Run until the person leaves. Raises UsageError when one of the files is wrong."""
    keymap = load_keymap(keys) if keys is not None else {}
    found = read_display(display) if display is not None else Display()
    app = AssistantApp(
        front, keymap=keymap, theme=found.theme, reduced_motion=found.reduced_motion,
        keep=partial(keep_display, display) if display is not None else None,
    )  # fmt: skip
    # Looking for garbage among all that was imported takes as long as a few frames, in the
    # middle of an answer. Nothing of the person's is in memory yet.
    gc.freeze()
    try:
        code = app.run()
    finally:
        front.lock()
    if app.fault is None:
        return code or 0
    from assistant.tui.crash import CrashApp

    CrashApp(app.fault, _report_folder(front)).run()
    return OUR_FAULT


def _report_folder(front: Front) -> Path:
    try:
        home = Path(front.situation().home)
    except AssistantError:
        return Path(tempfile.gettempdir())
    return home if home.is_dir() else Path(tempfile.gettempdir())
