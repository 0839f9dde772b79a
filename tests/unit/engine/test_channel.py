"""What a hostile or broken child may send, and what the front makes of it."""

from __future__ import annotations

import os
import pickle
import struct
from multiprocessing import Pipe
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.channel import Channel
from assistant.engine.limits import MAX_FRAME
from assistant.engine.messages import Done, ReplyEnvelope, RequestEnvelope
from assistant.engine.model_messages import TextDelta
from assistant.errors import ChildDied, ProtocolViolation

ENGINE = Path(__file__).resolve().parents[3] / "assistant" / "engine"
RAN: list[str] = []


class Bomb:
    """Unpickling this runs code."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return _go_off, ("ran",)


def _go_off(what: str) -> None:
    RAN.append(what)


def _receive(data: bytes) -> ReplyEnvelope:
    ours, theirs = Pipe()
    with ours, theirs:
        theirs.send_bytes(data)
        return Channel[RequestEnvelope, ReplyEnvelope](ours, ReplyEnvelope).receive()


def test_a_message_arrives_as_it_was_sent() -> None:
    message = ReplyEnvelope(7, TextDelta(1, "naïve 日本", 2))
    assert _receive(msgspec.msgpack.encode(message)) == message


def test_a_pickle_from_a_child_is_a_violation_and_runs_nothing() -> None:
    with pytest.raises(ProtocolViolation):
        _receive(pickle.dumps(Bomb()))
    assert RAN == []
    pickle.loads(pickle.dumps(Bomb()))
    assert RAN == ["ran"]
    RAN.clear()


@given(st.binary(max_size=400))
def test_any_bytes_are_a_message_or_a_violation(data: bytes) -> None:
    try:
        assert isinstance(_receive(data), ReplyEnvelope)
    except ProtocolViolation:
        return


@given(st.data())
def test_an_altered_message_is_a_message_or_a_violation(data: st.DataObject) -> None:
    good = bytearray(msgspec.msgpack.encode(ReplyEnvelope(3, TextDelta(0, "hello there", 4))))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] ^= data.draw(st.integers(1, 255))
    try:
        assert isinstance(_receive(bytes(good)), ReplyEnvelope)
    except ProtocolViolation:
        return


def test_deeply_nested_bytes_are_a_violation() -> None:
    with pytest.raises(ProtocolViolation):
        _receive(b"\x91" * 200_000)


@pytest.mark.parametrize("length", [MAX_FRAME + 1, 2**31 - 1, 2**40, 2**63 - 1])
def test_a_frame_above_the_limit_is_refused_before_it_is_read(length: int) -> None:
    ours, theirs = Pipe()
    with ours, theirs:
        header = struct.pack("!i", length) if length < 2**31 else struct.pack("!iQ", -1, length)
        os.write(theirs.fileno(), header)
        with pytest.raises(ProtocolViolation):
            Channel[RequestEnvelope, ReplyEnvelope](ours, ReplyEnvelope).receive()


def test_a_negative_length_is_a_violation() -> None:
    ours, theirs = Pipe()
    with ours, theirs:
        os.write(theirs.fileno(), struct.pack("!i", -5))
        with pytest.raises(ProtocolViolation):
            Channel[RequestEnvelope, ReplyEnvelope](ours, ReplyEnvelope).receive()


@pytest.mark.parametrize("sent", [b"", b"\x00\x00", struct.pack("!i", 100) + b"half"])
def test_a_child_that_dies_in_the_middle_of_a_frame_has_died(sent: bytes) -> None:
    ours, theirs = Pipe()
    with ours:
        os.write(theirs.fileno(), sent)
        theirs.close()
        with pytest.raises(ChildDied):
            Channel[RequestEnvelope, ReplyEnvelope](ours, ReplyEnvelope).receive()


def test_sending_to_a_dead_child_says_so() -> None:
    ours, theirs = Pipe()
    theirs.close()
    with ours, pytest.raises(ChildDied):
        Channel[ReplyEnvelope, RequestEnvelope](ours, RequestEnvelope).send(
            ReplyEnvelope(1, Done())
        )


def test_nothing_in_the_engine_pickles() -> None:
    for path in ENGINE.glob("*.py"):
        source = path.read_text()
        assert "import pickle" not in source, path
        assert ".recv()" not in source, path
        assert "connection.send(" not in source, path
