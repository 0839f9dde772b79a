"""To the clipboard: policy is asked first, and says what of the text may leave."""

from __future__ import annotations

from typing import Any

from textual.app import App

from assistant.holder.interface import CopyAllowed, CopyText
from assistant.inert import inert_line
from assistant.tui.leaving import leave
from assistant.tui.requests import Requests


async def copy(app: App[Any], requests: Requests, text: str, said: str) -> str:
    """Copy what policy allows; returns what to tell, "" where nothing was copied.

    A refusal has been told by then, with rule and appeal. Needs a worker: it may ask.
    """
    allowed = await leave(app, requests, CopyText(text), CopyAllowed)
    if allowed is None:
        return ""
    app.copy_to_clipboard(allowed.text)
    if allowed.ruling is None:
        return said
    changed = " Parts were left out." if allowed.text != text else ""
    reason = inert_line(allowed.ruling.reason or allowed.ruling.title, 120)
    return f"{said}{changed} {inert_line(allowed.ruling.issuer, 40)}: {reason}"
