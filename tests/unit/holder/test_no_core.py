"""A process that holds a key leaves no core file, on the way in through other doors, too."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import ctypes, sys
from pathlib import Path
from assistant.app import LocalFront, default_settings
from assistant.errors import VaultError

front = LocalFront(default_settings(Path(sys.argv[1])))
missing = Path(sys.argv[1]) / "missing"
doors = {
    "recover": lambda: front.recover("A" * 52, "words"),
    "restore": lambda: front.restore(missing, "words", recovery=False, overwrite=False),
}
libc, get_dumpable = ctypes.CDLL(None), 3
before = libc.prctl(get_dumpable, 0, 0, 0, 0)
try:
    doors[sys.argv[2]]()
except VaultError:
    print(before, libc.prctl(get_dumpable, 0, 0, 0, 0))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
@pytest.mark.parametrize("door", ["recover", "restore"])
def test_a_process_about_to_hold_a_key_is_not_dumpable(tmp_path: Path, door: str) -> None:
    command = [sys.executable, "-c", _SCRIPT, str(tmp_path / "home"), door]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.split() == ["1", "0"]
