"""Character tables applied to long texts at once: what ``str.translate`` gives, sooner.

``str.translate`` asks a dict for every character that is not ASCII, some 60 ns each; over
a megabyte with several views that is most of the time a check takes. Below
:data:`LONG` characters it is still the quicker way, and needs no numpy.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Points = npt.NDArray[np.uint32]

LONG: Final = 50_000
"""Characters from which a table is the quicker way."""
_POINTS: Final = 0x110000
_SEVERAL: Final = 0x200000  # and above: the number of a reading of more than one character
_NOTHING: Final = 0xFFFFFFFE
_UNKNOWN: Final = 0xFFFFFFFF
_SPARSE: Final = 8  # one reading of several characters in this many is the rarer case


class Table:
    """A mapping of code points to text (or to nothing), learned as characters are met."""

    def __init__(self, mapping: Mapping[int, str | None]) -> None:
        """``mapping`` must answer for every code point that a text may hold."""
        self._mapping = mapping
        self._table: Any = None
        self._several: list[list[int]] = []
        self._spread: Points | None = None
        self._learning = threading.Lock()

    def translate(self, text: str) -> str:
        """The same as ``text.translate(mapping)``."""
        if len(text) < LONG or text.isascii():
            return text.translate(self._mapping)
        return text_of(self._read(points_of(text)))

    def points(self, text: str) -> Points:
        """The code points of :meth:`translate`, at any length, ASCII or not."""
        return self._read(points_of(text))

    def _read(self, points: Points) -> Points:
        import numpy as np

        if self._table is None:
            self._table = np.full(_POINTS, _UNKNOWN, np.uint32)
        read: Points = self._table.take(points)
        if (new := read == _UNKNOWN).any():
            with self._learning:
                self._learn(points[new])
            read = self._table.take(points)
        if int(read.max()) < _SEVERAL:
            return read
        return self._unfolded(read)

    def _learn(self, points: Points) -> None:
        import numpy as np

        for point in np.unique(points).tolist():
            found = self._mapping[point] or ""
            if len(found) == 1:
                self._table[point] = ord(found)
            elif not found:
                self._table[point] = _NOTHING
            else:
                # First the reading, then its number: another thread may be reading.
                self._several.append([ord(part) for part in found])
                self._table[point] = _SEVERAL + len(self._several) - 1

    def _unfolded(self, read: Points) -> Points:
        """``read`` with every reading of several characters spread out, and gaps closed."""
        import numpy as np

        at = np.flatnonzero((read >= _SEVERAL) & (read != _NOTHING))
        spread = self._spread_out(read, at) if at.size else read
        closed: Points = spread[spread != _NOTHING]
        return closed

    def _spread_out(self, read: Points, at: npt.NDArray[np.intp]) -> Points:
        """The readings ``at`` these places in full, the shorter filled up with nothing."""
        import numpy as np

        rows = self._readings()[read[at] - _SEVERAL]
        while (rows[:, -1] == _NOTHING).all():
            rows = rows[:, :-1]
        width = rows.shape[1]
        if at.size * _SPARSE > read.size:
            table = np.full((read.size, width), _NOTHING, np.uint32)
            table[:, 0] = read
            table[at] = rows
            return table.ravel()
        counts = np.ones(read.size, np.intp)
        counts[at] = width
        spread = np.repeat(read, counts)
        first = at + np.arange(at.size) * (width - 1)
        spread[first[:, None] + np.arange(width)] = rows
        return spread

    def _readings(self) -> Points:
        """Every reading of several characters, filled up to one width with nothing."""
        import numpy as np

        known = len(self._several)
        if self._spread is None or len(self._spread) < known:
            several = self._several[:known]
            widest = max(map(len, several))
            filled = [each + [_NOTHING] * (widest - len(each)) for each in several]
            self._spread = np.array(filled, np.uint32)
        return self._spread


class SignTable:
    """A mapping of single characters to ASCII, one for one.

    In UTF-8 every byte of another character is above 127, so the bytes can be mapped.
    """

    def __init__(self, mapping: Mapping[int, str]) -> None:
        self._mapping = mapping
        self._wide = [(chr(point), sign) for point, sign in mapping.items() if point > 127]
        self.bytes = bytes(
            ord(mapping.get(point, chr(point))) if point < 128 else point for point in range(256)
        )

    def translate(self, text: str) -> str:
        """The same as ``text.translate(mapping)``."""
        if text.isascii() or len(text) < 1000:
            return text.translate(self._mapping)
        for char, sign in self._wide:
            text = text.replace(char, sign)
        mapped = text.encode("utf-8", "surrogatepass").translate(self.bytes)
        return mapped.decode("utf-8", "surrogatepass")


def points_of(text: str) -> Points:
    """The code points of ``text``."""
    import numpy as np

    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def text_of(points: Points) -> str:
    """The text of code points."""
    return points.tobytes().decode("utf-32-le", "surrogatepass")
