"""Requests and replies about a model's file: fetch it, hash it again, forget it.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from typing import Literal

from assistant.holder.wire import Reply, Request


class PullModel(Request, frozen=True, tag="pull-model"):
    """Fetch a catalogue model: the network is used. Can be cancelled; nothing then stays.

    Replies: ``ModelProgress`` a few times a second, then ``Done``.
    """

    id: str


class VerifyModel(Request, frozen=True, tag="verify-model"):
    """Hash its file again. Can be cancelled. Replies: ``ModelProgress`` each, then ``Done``.

    Raises ModelInvalid where the file was altered.
    """

    id: str


class RemoveModel(Request, frozen=True, tag="remove-model"):
    """Forget a model that was added; its file stays where it is. Reply: ``Done``."""

    id: str


class ModelProgress(Reply, frozen=True, tag="model-progress"):
    """How far it is, in bytes; ``total`` 0 where that is not known. ``seconds`` since the start.

    While a file is fetched, ``done`` is what has arrived; hashing it comes at the end.
    """

    stage: Literal["fetching", "checking"]
    done: int
    total: int
    seconds: float


ModelRequest = PullModel | VerifyModel | RemoveModel
ModelReply = ModelProgress
