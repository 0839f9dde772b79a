"""Base64, hexadecimal and URL escapes of a long text, read with arrays.

The same as the expressions in blobs.py and escapes.py give, which ask for every word of a
text by itself: noise has 100,000 of them to the megabyte. A property test holds both together.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import re2

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Places = npt.NDArray[np.intp]

_ALPHABET: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_NO_VALUE: Final = 255
THREE_BYTES: Final = (
    r"[0-9A-Fa-f]{2}[^0-9A-Za-z]{0,3}(?:0[xX]|[xX])?[0-9A-Fa-f]{2}"
    r"[^0-9A-Za-z]{0,3}(?:0[xX]|[xX])?[0-9A-Fa-f]{2}"
)
"""What a text must hold for its hexadecimal to count."""
_LEAST: Final = 4
_BREAK: Final = (2, 32, 40, 10)  # "CgoK": three line feeds


def narrow(text: str) -> bytes:
    """A byte a character; what is not ASCII is a question mark, which belongs to nothing."""
    return text.encode("ascii", "replace")


def long_base64(data: bytes, signs: str) -> str:
    """What :class:`~assistant.policy.blobs.Base64` with those ``signs`` makes of a text.

    ``data`` is what :func:`narrow` made of it.
    """
    import numpy as np

    values, others = _base64_table(signs)
    starts, ends = _edges(np.frombuffer(data.translate(values), np.uint8) != _NO_VALUE)
    if not starts.size:
        return ""
    sizes = ends - starts
    if b"\n" in data or b"\r" in data:
        kept, piece_sizes = _pieces(np.frombuffer(data, np.uint8), starts, ends)
    else:
        kept = sizes >= _LEAST
        piece_sizes = sizes[kept]
    if not piece_sizes.size:
        return ""
    cells = np.frombuffer(data.translate(values, others), np.uint8)
    cells = cells.copy() if kept.all() else cells[np.repeat(kept, sizes)]
    return _grouped(cells, piece_sizes).tobytes().decode("utf-8", "ignore")


def long_hexadecimal(data: bytes) -> str:
    """What :class:`~assistant.policy.blobs.Hexadecimal` makes of it."""
    import numpy as np

    if _any_three_bytes().search(data) is None:
        return ""
    # One character in front and two behind, so that every place has its neighbours.
    data = b" " + data + b"  "
    chars = np.frombuffer(data, np.uint8)
    digits = np.frombuffer(data.translate(_HEX_VALUES), np.uint8)
    starts, ends = _edges(np.frombuffer(data.translate(_WORDS), np.bool_))
    x_sign = np.frombuffer(data.translate(_X_SIGNS), np.bool_)
    marked = x_sign[starts] & (chars[starts - 1] == ord("\\"))
    begins = starts + marked + 2 * ((chars[starts] == ord("0")) & x_sign[starts + 1])
    # Separators are no digits, but a word of "0x" alone is behind its end.
    paired = (digits[begins] | digits[begins + 1]) < 16
    pairs = np.zeros(starts.size, np.intp)
    hex_starts, hex_ends = _edges(digits < 16)
    run = np.searchsorted(hex_starts, begins[paired], side="right") - 1
    pairs[paired] = (hex_ends[run] - begins[paired]) >> 1
    whole = paired & (begins + 2 * pairs == ends)
    goes_on = np.zeros(starts.size, np.bool_)
    goes_on[1:] = whole[:-1] & (starts[1:] - ends[:-1] <= 2 + marked[1:])
    read = _bytes_of(digits, begins[paired], pairs[paired], goes_on[paired])
    return read.decode("utf-8", "ignore")


def long_percent(data: bytes) -> bytes:
    """``data``, UTF-8, with its URL escapes read; a byte 255 of theirs, never valid, as 254."""
    import numpy as np

    chars = np.frombuffer(data, np.uint8)
    digits = np.frombuffer(data.translate(_HEX_VALUES), np.uint8)
    at = np.flatnonzero(chars[:-2] == ord("%"))
    at = at[(digits[at + 1] | digits[at + 2]) < 16]
    read = chars.copy()
    read[at] = np.minimum(digits[at + 1] << 4 | digits[at + 2], 254)
    kept = np.ones(chars.size, np.bool_)
    kept[at + 1] = kept[at + 2] = False
    return read[kept].tobytes()


def _pieces(chars: Bytes, starts: Places, ends: Places) -> tuple[npt.NDArray[np.bool_], Places]:
    """Which runs of base64 are in a piece, and how long each piece is.

    Lines hang together where the one before holds whole groups; only the first line of all
    must have four characters.
    """
    import numpy as np

    sizes = ends - starts
    long = sizes >= _LEAST
    gap = starts[1:] - ends[:-1]
    end, feed = chars[ends[:-1]], chars[starts[1:] - 1]
    is_feed = feed == ord("\n")
    hangs = np.zeros(starts.size, np.bool_)
    hangs[1:] = (gap == 1) & (is_feed | (feed == ord("\r")))
    hangs[1:] |= (gap == 2) & is_feed & (end == ord("\r"))
    count = np.cumsum(long)
    before = np.maximum.accumulate(np.where(hangs, 0, count - long))
    begun = count > before
    begins = ~hangs
    begins[1:] |= ~begun[:-1] | (sizes[:-1] & 3 != 0)
    whole = np.add.reduceat(np.where(begun, sizes, 0), np.flatnonzero(begins))
    enough = whole >= _LEAST
    return begun & enough[np.cumsum(begins) - 1], whole[enough]


def _grouped(cells: Bytes, sizes: Places) -> Bytes:
    """The bytes of pieces of base64 of ``sizes``, a break between one and the next."""
    import numpy as np

    over = sizes & 3
    groups = (sizes >> 2) + (over >= 2)
    last = np.cumsum(sizes) - 1
    cells[last[over == 2]] &= 0x30
    cells[last[over == 3]] &= 0x3C
    place = 4 * (np.cumsum(groups + 1) - groups - 1)
    six = np.zeros(4 * (int(groups.sum()) + sizes.size), np.uint8)
    # What is alone after whole groups is written where the break comes, and goes with it.
    six[np.repeat(place - (last + 1 - sizes), sizes) + np.arange(cells.size)] = cells
    breaks = place[1:] - 4
    for at, value in enumerate(_BREAK):
        six[breaks + at] = value
    six = six[:-4]
    parts = six.reshape(-1, 4)
    found = np.empty((len(parts), 3), np.uint8)
    found[:, 0] = parts[:, 0] << 2 | parts[:, 1] >> 4
    found[:, 1] = parts[:, 1] << 4 | parts[:, 2] >> 2
    found[:, 2] = parts[:, 2] << 6 | parts[:, 3]
    return found


def _bytes_of(
    digits: Bytes, begins: Places, pairs: Places, goes_on: npt.NDArray[np.bool_]
) -> bytes:
    """The bytes of words of ``pairs`` digits, a line feed before what does not go on."""
    import numpy as np

    if not begins.size:
        return b""
    new = ~goes_on
    before = np.cumsum(pairs) - pairs
    at = np.repeat(begins - 2 * before, pairs) + 2 * np.arange(int(pairs.sum()))
    feeds = np.cumsum(new) - 1
    read = np.full(at.size + int(feeds[-1]), ord("\n"), np.uint8)
    read[np.arange(at.size) + np.repeat(feeds, pairs)] = digits[at] << 4 | digits[at + 1]
    return read.tobytes()


def _edges(inside: npt.NDArray[np.bool_]) -> tuple[Places, Places]:
    """Where runs of true start and where they end."""
    import numpy as np

    padded = np.concatenate(([False], inside, [False]))
    turns = np.flatnonzero(padded[1:] != padded[:-1])
    return turns[::2], turns[1::2]


@cache
def _any_three_bytes() -> Any:
    return re2.compile(THREE_BYTES)


@cache
def _base64_table(signs: str) -> tuple[bytes, bytes]:
    """Each byte's six bits, and the bytes that have none."""
    values = {char: at for at, char in enumerate(_ALPHABET)}
    values |= {ord(sign): 62 if sign in "+-" else 63 for sign in signs}
    table = bytes(values.get(byte, _NO_VALUE) for byte in range(256))
    return table, bytes(byte for byte in range(256) if byte not in values)


_HEX_VALUES: Final = bytes(
    int(chr(byte), 16) if chr(byte) in "0123456789abcdefABCDEF" else _NO_VALUE
    for byte in range(256)
)
_WORDS: Final = bytes(byte < 128 and chr(byte).isalnum() for byte in range(256))
_X_SIGNS: Final = bytes(chr(byte) in "xX" for byte in range(256))
