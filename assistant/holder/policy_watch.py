"""Whether the policy on this machine is still the one an open vault works under.

A policy can be installed, synced or enrolled while an agent or the app holds the vault.
What a holder enforces is compiled when the vault opens; so when the policy in force
changes, the vault is locked, and whoever opens it next works under the new one.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.errors import PolicyError

if TYPE_CHECKING:
    from assistant.policy import PolicyState

NEWER = "another policy is in force on this machine now"

_Listing = tuple[tuple[str, int, int, int], ...]


class PolicyWatch:
    """Looks at the files' names, sizes and dates first, and verifies only what changed.

    ``load`` verifies everything in ``folders`` anew, ``read_pins`` reads which authorities
    are pinned. As thread-safe as they are.
    """

    def __init__(
        self,
        folders: tuple[Path, ...],
        load: Callable[[], PolicyState],
        read_pins: Callable[[], frozenset[str]],
    ) -> None:
        self._folders, self._load, self._read_pins = folders, load, read_pins
        self._looking = threading.Lock()
        self._seen: _Listing | None = self._listing()
        self._held: PolicyState | None = None

    def holds(self, state: PolicyState, *, wrote: tuple[Path, ...]) -> None:
        """From now on ``state`` is what is enforced; made before it was loaded.

        ``wrote`` are the files that its keeping changed. Whatever else changed meanwhile is
        somebody else's, and is looked at when it is next asked.
        """
        ours = {str(path) for path in wrote}
        now = self._listing()
        others = [[row for row in rows if row[0] not in ours] for rows in (self._seen or (), now)]
        pinned = {one.authority for one in state.authorities}
        undisturbed = others[0] == others[1] and self._read_pins() <= pinned
        with self._looking:
            self._held, self._seen = state, now if undisturbed else None

    def changed(self) -> str:
        """Why the vault must not stay open under the policy it was opened with; "" if it may."""
        with self._looking:
            now = self._listing()
            if self._held is None or now == self._seen:
                return ""
            try:
                found = self._load()
            except PolicyError as error:
                return error.message.rstrip(".")
            if _rules(found) != _rules(self._held):
                return NEWER
            self._seen = now
            return ""

    def _listing(self) -> _Listing:
        return tuple(sorted(row for folder in self._folders for row in _rows(folder)))


def _rules(state: PolicyState) -> object:
    """What decides: dates alone may be renewed under an open vault."""
    return state.documents, [(one.authority, one.version) for one in state.authorities]


def _rows(folder: Path) -> Iterator[tuple[str, int, int, int]]:
    """Files below it; one that goes away meanwhile is left out, and will be missed."""
    for parent, _, names in os.walk(folder):
        for name in names:
            if name.startswith("."):
                continue  # the folder's lock, and what is being written and not in place yet
            path = Path(parent, name)
            try:
                found = path.stat()
            except OSError:
                continue
            yield str(path), found.st_size, found.st_mtime_ns, found.st_ino
