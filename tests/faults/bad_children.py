"""Children that misbehave in one way each; ``bad_children:how`` is in the load request."""

from __future__ import annotations

import os
import time
from multiprocessing.connection import Connection

from assistant.engine.child import Desk, begin
from assistant.engine.memory_messages import Embed, IndexState, LoadEmbedder, SetPaused
from assistant.engine.messages import Done


def main(arguments: list[str]) -> None:
    """Behave as the load request's folder says."""
    desk = Desk(begin(arguments))
    envelope = desk.jobs.take()
    assert envelope is not None
    assert isinstance(envelope.body, LoadEmbedder)
    how = envelope.body.folder
    if how == "dies-loading":
        os._exit(1)
    if how == "hangs-loading":
        time.sleep(600)
    desk.reply(1, IndexState(0, 0, "exact"))
    if how == "loads-twice":
        desk.reply(1, Done())
    while True:
        envelope = desk.jobs.take()
        assert envelope is not None
        if isinstance(envelope.body, SetPaused):
            desk.reply(envelope.id, Done())
        elif isinstance(envelope.body, Embed):
            _misbehave(how, int(arguments[0]), desk, envelope.id)


def _misbehave(how: str, descriptor: int, desk: Desk, request: int) -> None:
    if how == "dies":
        os._exit(1)
    if how == "garbage":
        Connection(descriptor).send_bytes(b"\x80\x04garbage")
    if how == "wrong-kind":
        desk.reply(request, IndexState(1, 1, "exact"))
    if how == "unasked":
        desk.reply(0, Done())
    time.sleep(600)
