"""A document child that misbehaves as the file it is given tells it to."""

from __future__ import annotations

import time
from collections.abc import Sequence
from multiprocessing.connection import Connection


def main(arguments: Sequence[str]) -> None:
    """Reads what it is told in the file's bytes: hang, die, rubbish or a huge answer."""
    connection = Connection(int(arguments[0]))
    said = connection.recv_bytes()
    if b"hang" in said:
        time.sleep(60)
    elif b"rubbish" in said:
        connection.send_bytes(b"\x93rubbish")
    elif b"huge" in said:
        connection.send_bytes(bytes(17 << 20))
