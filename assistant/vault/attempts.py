"""Failed unlocks slow the next one, across restarts.

This slows somebody at the keyboard. It cannot slow a thief who copied the files:
there only Argon2id and the passphrase count.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from assistant.errors import UnlockTooSoon
from assistant.vault.files import Disk
from assistant.vault.records import to_microseconds

_BYTES: Final = 64
_FREE: Final = 3
_LONGEST_S: Final = 60
_MICROSECONDS: Final = 1_000_000


def delay_seconds(failed: int) -> int:
    """Seconds to wait after ``failed`` failures in a row: 0, 0, 0, 2, 4, 8 … 60."""
    return 0 if failed <= _FREE else int(min(_LONGEST_S, 2 ** min(failed - _FREE, 6)))


class Attempts:
    """The counter beside the key file: two decimal numbers, failures and an instant.

    The file has a fixed length and is overwritten in place, so that a full disk does
    not lock anybody out.
    """

    def __init__(self, path: Path, disk: Disk, now: datetime) -> None:
        self._path, self._disk, self._now = path, disk, to_microseconds(now)

    def begin(self) -> None:
        """Count an attempt as failed before it is made, so that a kill undoes nothing.

        Raises UnlockTooSoon while the delay runs. A clock that was set back starts
        the delay anew instead of waiting for the old instant or skipping it.
        """
        failed, last = self._read()
        wait = delay_seconds(failed) * _MICROSECONDS
        if wait and self._now < last:
            self._write(failed, self._now)
            last = self._now
        left = last + wait - self._now
        if left > 0:
            seconds = -(-left // _MICROSECONDS)
            raise UnlockTooSoon(
                f"After {failed} failed attempts the next one has to wait {seconds} s.",
                hint=f"Try again in {seconds} seconds.",
            )
        self._write(failed + 1, self._now)

    def succeeded(self) -> None:
        """Forget the failures."""
        self._write(0, 0)

    def _read(self) -> tuple[int, int]:
        data = self._disk.read(self._path, 10 * _BYTES)
        if data is None:
            return 0, 0
        try:
            failed, last = (int(part) for part in data[:_BYTES].decode("ascii").split())
            return max(0, min(failed, 1_000_000)), last
        except (ValueError, UnicodeDecodeError):
            # Altered or torn: treated as many failures that ended now.
            return _FREE + 3, self._now

    def _write(self, failed: int, last: int) -> None:
        data = f"{failed} {last}".encode("ascii").ljust(_BYTES)
        if self._path.exists():
            self._disk.write_at(self._path, 0, data)
        else:
            self._disk.replace(self._path, data)
