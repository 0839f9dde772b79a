"""The saved prefix's format, byte by byte."""

from __future__ import annotations

from pathlib import Path

import msgspec

from assistant.engine.prefix_state import FORMAT, SavedPrefix

VECTOR = Path(__file__).parents[2] / "vectors" / "saved_prefix.hex"
SAVED = SavedPrefix(FORMAT, "ab" * 32, "library 1", 256, ((1, 2, 300), (49_151,)), b"\x00kv\xff")


def test_the_format_is_the_one_of_the_vector() -> None:
    data = bytes.fromhex(VECTOR.read_text())
    assert msgspec.msgpack.encode(SAVED) == data
    assert msgspec.msgpack.decode(data, type=SavedPrefix) == SAVED
