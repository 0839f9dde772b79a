"""What leaves the vault in the clear: where a rule asks for a yes, the person is asked."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from textual.app import App

from assistant.errors import YesNeeded
from assistant.holder.interface import CopyText, Export
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import Uncalled
from assistant.tui.text import foreign, join

R = TypeVar("R")


async def leave(
    app: App[Any], requests: Requests, request: CopyText | Export, kind: type[R]
) -> R | None:
    """The reply, each rule that wants a yes asked for once; None for a no or a failure."""
    while True:
        try:
            replies = await requests.all(request, kind, passing=YesNeeded)
        except YesNeeded as needed:
            what = "Copy it anyway?" if isinstance(request, CopyText) else "Export it anyway?"
            appeal = needed.hint.rpartition("Appeal: ")[2]
            body = join(foreign(needed.message), "\nAppeal: ", foreign(appeal))
            if not await app.push_screen_wait(Uncalled(what, body)):
                return None
            confirmed = (*request.confirmed, needed.rule)
            request = msgspec.structs.replace(request, confirmed=confirmed)
        else:
            return replies[0] if replies else None
