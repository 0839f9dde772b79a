"""Makes small GGUF files, sound or not, byte by byte (ggml's ``docs/gguf.md``)."""

from __future__ import annotations

import struct

STRING, ARRAY, UINT32 = 8, 9, 4


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def pair(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: str, dimensions: list[int], kind: int = 0, offset: int = 0) -> bytes:
    sizes = b"".join(struct.pack("<Q", size) for size in dimensions)
    return (
        text(name) + struct.pack("<I", len(dimensions)) + sizes + struct.pack("<IQ", kind, offset)
    )


def gguf(
    pairs: list[bytes] | None = None,
    tensors: list[bytes] | None = None,
    *,
    version: int = 3,
    counts: tuple[int, int] | None = None,
    data: bytes = b"\0" * 64,
) -> bytes:
    """A file that ``read_header`` accepts unless told otherwise."""
    if pairs is None:
        pairs = [
            pair("general.architecture", STRING, text("llama")),
            pair("general.name", STRING, text("A \x1b[31mtest\u202e model")),
            pair("tokens", ARRAY, struct.pack("<IQ", STRING, 2) + text("a") + text("b")),
        ]
    if tensors is None:
        tensors = [tensor("weights", [4, 4])]
    many = counts or (len(tensors), len(pairs))
    header = b"GGUF" + struct.pack("<IQQ", version, *many) + b"".join(pairs + tensors)
    return header + b"\0" * (-len(header) % 32) + data
