"""Texts to vectors through the real memory child, each text once."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from operator import mul

from assistant.engine import EmbedderFolder, MemoryClient, default_weights
from assistant.personal.vectors import unit_vector


class Vectors:
    """Texts to vectors through the real memory child, each text once."""

    def __init__(self) -> None:
        self.client = MemoryClient()
        self.client.start(EmbedderFolder(default_weights() / "all-MiniLM-L6-v2"))
        self.client.wait_ready(120.0)
        self._raw: dict[str, bytes] = {}
        self._unit: dict[str, array[float]] = {}

    def learn(self, texts: Iterable[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in self._raw]
        for start in range(0, len(new), 64):
            part = new[start : start + 64]
            self._raw.update(zip(part, self.client.embed(part), strict=True))

    def raw(self, text: str) -> bytes:
        return self._raw[text]

    def cosine(self, one: str, other: str) -> float:
        product: float = sum(map(mul, self.unit(one), self.unit(other)))
        return product

    def unit(self, text: str) -> array[float]:
        if text not in self._unit:
            self._unit[text] = unit_vector(self._raw[text])
        return self._unit[text]
