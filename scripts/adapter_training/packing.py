"""Writing an adapter file: the changes of each layer in four bits a weight."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np

from assistant.engine.adapter import FORMAT, MAGIC, MATRICES, Shape, read_adapter

Tensors = Mapping[str, np.ndarray]
_TRIALS = np.linspace(0.55, 1.0, 10)


def pack(trained: Tensors, base: Tensors, shape: Shape) -> bytes:
    """The file for ``trained``, by the names its tensors have in ``base``."""
    parts = [struct.pack("<8s6H", MAGIC, FORMAT, shape.first, shape.layers, shape.width,
                         shape.inner, 0)]  # fmt: skip
    for layer in range(shape.first, shape.first + shape.layers):
        prefix = f"encoder.layer.{layer}."
        for name in MATRICES:
            full = f"{prefix}{name}.weight"
            parts.append(_matrix(trained[full] - base[full]))
        parts += [
            (trained[prefix + name] - base[prefix + name]).astype("<f2").tobytes()
            for name, _ in shape.vectors()
        ]
    parts += [trained["head.weight"].astype("<f4").tobytes(),
              trained["head.bias"].astype("<f4").tobytes()]  # fmt: skip
    data = b"".join(parts)
    read_adapter(data)
    return data


def unpacked(data: bytes, base: Tensors) -> dict[str, np.ndarray]:
    """The tensors a file stands for, in the form :func:`pack` takes."""
    adapter = read_adapter(data)
    found = {name: base[name] + change for name, change in adapter.changes.items()}
    return {
        **found,
        "head.weight": adapter.head,
        "head.bias": np.array([adapter.bias], dtype=np.float32),
    }


def _matrix(change: np.ndarray) -> bytes:
    """Per row the step with the least squared error, of ten tried."""
    largest = np.abs(change).max(1) / 7.0
    best = np.full(len(change), np.inf)
    steps = largest.copy()
    for trial in _TRIALS:
        step = np.maximum(largest * trial, 1e-12)
        error = ((_codes(change, step) * step[:, None] - change) ** 2).sum(1)
        better = error < best
        best[better], steps[better] = error[better], step[better]
    steps = steps.astype("<f4")
    codes = (_codes(change, np.maximum(steps, 1e-12)) + 8).astype(np.uint8).reshape(-1, 2)
    packed: bytes = steps.tobytes() + (codes[:, 0] | codes[:, 1] << 4).tobytes()
    return packed


def _codes(change: np.ndarray, step: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(np.rint(change / step[:, None]), -8, 7))
