"""What tests of the command line share: a vault held by somebody else, reached by its socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.holder.socket import HolderSocket
from tests.holder_world import World, open_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An open vault whose holder answers on its socket."""
    for world in open_world(tmp_path):
        socket = HolderSocket(tmp_path, world.holder)
        yield world
        socket.close()
