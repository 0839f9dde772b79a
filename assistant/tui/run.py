"""Start the app, and lock the vault on the way out, whatever happened."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

from assistant.errors import AssistantError
from assistant.holder.interface import Front
from assistant.tui.app import AssistantApp
from assistant.tui.keys import load_keymap

OUR_FAULT = 70


def run(front: Front, *, keys: Path | None, theme: str, reduced_motion: bool) -> int:
    """Run until the person leaves. Raises UsageError when the key file is wrong."""
    keymap = load_keymap(keys) if keys is not None else {}
    app = AssistantApp(front, keymap=keymap, theme=theme, reduced_motion=reduced_motion)
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
