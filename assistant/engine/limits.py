"""How much one message between the front and a child may carry."""

from __future__ import annotations

from typing import Annotated

import msgspec

MAX_FRAME = 16 * 1024 * 1024
"""Longest frame either side reads, in bytes. Longer things (KV state, vectors) go in slices."""

SLICE = 4 * 1024 * 1024
"""Payload of one slice of a longer transfer, in bytes."""

Count = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
