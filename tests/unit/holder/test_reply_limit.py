"""What is too long for the socket is said as that, by whoever notices, and ends nothing else."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator
from multiprocessing.connection import Client, Listener
from pathlib import Path

import msgspec
import pytest

from assistant.conversation.events import TurnEvent
from assistant.errors import ReplyTooLong, UsageError
from assistant.holder.interface import (
    AnyReply,
    AnyRequest,
    Ask,
    Cancellation,
    CopyAllowed,
    CopyText,
)
from assistant.holder.socket import HolderSocket, RemoteApplication, address

MIB = 1024 * 1024


class Echoing:
    """Answers with ``text`` as long as the request asks for, in MiB, after a short reply."""

    def handle(
        self, request: AnyRequest, cancellation: Cancellation | None = None
    ) -> Iterator[TurnEvent | AnyReply]:
        assert isinstance(request, CopyText)
        yield CopyAllowed("short")
        yield CopyAllowed("x" * (int(request.text) * MIB))


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    socket = HolderSocket(tmp_path, Echoing())
    yield tmp_path
    socket.close()


def test_a_reply_over_the_limit_names_it_and_the_cure_and_the_next_request_works(
    home: Path,
) -> None:
    remote = RemoteApplication(home)
    replies = remote.handle(CopyText("8"))  # 8 MiB of text, and a few bytes round it
    assert next(replies) == CopyAllowed("short")
    with pytest.raises(ReplyTooLong, match="8 MiB") as told:
        next(replies)
    assert "assistant lock" in told.value.hint
    assert len(list(remote.handle(CopyText("7")))) == 2


def test_a_holder_that_sends_too_much_is_not_taken_for_one_that_went_away(tmp_path: Path) -> None:
    """One of an older version, which does not look before it sends."""
    with Listener(address(tmp_path)) as listener:

        def send() -> None:
            with listener.accept() as connection:
                connection.recv_bytes()
                with contextlib.suppress(OSError):  # it is hung up on, as it should be
                    connection.send_bytes(b"x" * (8 * MIB + 1))

        thread = threading.Thread(target=send)
        thread.start()
        with pytest.raises(ReplyTooLong, match="8 MiB"):
            list(RemoteApplication(tmp_path).handle(CopyText("1")))
        thread.join()


def test_a_request_over_the_limit_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="24 MiB"):
        list(RemoteApplication(tmp_path).handle(Ask("x" * (24 * MIB))))


def test_a_peer_whose_request_is_too_long_is_told_so(home: Path) -> None:
    """The length alone is sent, as a peer that does not look beforehand begins to."""
    with Client(address(home)) as connection:
        os.write(connection.fileno(), (24 * MIB + 1).to_bytes(4, "big"))
        told = msgspec.msgpack.decode(connection.recv_bytes(MIB))
    assert told["name"] == "UsageError"
    assert "24 MiB" in told["message"]
