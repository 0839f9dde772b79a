"""Sentences with the vectors all-MiniLM-L6-v2 gave them, for tests without the model.

``tests/vectors/recall/sentences.txt`` has a sentence a line and ``sentences.f16`` their
vectors, float16 little endian; a test of the engine compares both with the model.
"""

from __future__ import annotations

import struct
from pathlib import Path

from assistant.personal.protocols import DIMENSIONS

_FOLDER = Path(__file__).resolve().parent / "vectors" / "recall"


def _recorded() -> dict[str, bytes]:
    texts = (_FOLDER / "sentences.txt").read_text("utf-8").splitlines()
    packed = (_FOLDER / "sentences.f16").read_bytes()
    values = struct.unpack(f"<{len(texts) * DIMENSIONS}e", packed)
    rows = (values[n * DIMENSIONS : (n + 1) * DIMENSIONS] for n in range(len(texts)))
    return dict(zip(texts, (struct.pack(f"<{DIMENSIONS}f", *row) for row in rows), strict=True))


RECORDED = _recorded()
