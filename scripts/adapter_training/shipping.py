"""From trained states to the file that ships: average, quantise, threshold, write."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from safetensors.numpy import load_file

from assistant.engine import ModelCatalogue, ModelRegistry, catalogue_path, default_weights
from assistant.engine.adapter import Shape
from scripts.adapter_training.corpus import FOLDS, Row, corpus
from scripts.adapter_training.measuring import Thresholds, by_source, highest, thresholds
from scripts.adapter_training.network import FIRST, Network, averaged, train
from scripts.adapter_training.packing import pack, unpacked

STRICT_RATE: Final = 0.005
GREY_RATE: Final = 0.06
EVERYDAY: Final = ("everyday", "natural", "sampled")
RESOURCE: Final = "harm.adapter"
LEARNED_FROM: Final = (
    "Texts written for this program (Apache-2.0)",
    "Requests made up by SmolLM2-135M-Instruct (Apache-2.0)",
    "HarmBench, without copyright rows (MIT)",
    "JailbreakBench behaviours (MIT)",
    "RED-INSTRUCT: CatQA, DangerousQA, HarmfulQA (Apache-2.0)",
    "PurpleLlama CyberSecEval, benign prompts (MIT)",
    "MT-Bench questions (Apache-2.0)",
    "PandaLM test instructions (Apache-2.0)",
)
_CROSSED: Final = Path(__file__).parent / "crossed.json"
Shares = dict[str, tuple[int, float, float]]
State = Mapping[str, np.ndarray]


def train_one(model: Path, folder: Path, seed: int, fold: int | None, steps: int) -> None:
    """Train on what is not held back, nor in ``fold``; write the state into ``folder``."""
    rows = [row for row in corpus() if not row.held and row.fold != fold]
    if not any(row.kind == "harm" for row in rows):
        raise SystemExit("../shared/eval is absent; the adapter cannot be trained without it.")
    before = folder / f"all-{seed - 1}.npz"
    if fold is None and before.exists():
        # A further seed goes on from the one before, half as long; both are averaged.
        network = train(model, rows, seed, steps // 2, start=_state(before))
    else:
        network = train(model, rows, seed, steps)
    name = f"all-{seed}" if fold is None else f"fold-{fold}"
    np.savez(folder / f"{name}.npz", **network.state())  # type: ignore[arg-type]


def _state(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


def _base(model: Path) -> dict[str, np.ndarray]:
    return {name: value for name, value in load_file(model / "model.safetensors").items()
            if value.dtype == np.float32}  # fmt: skip


def packed(model: Path, folder: Path) -> bytes:
    """The file of the averaged states of all seeds."""
    whole = averaged([_state(path) for path in sorted(folder.glob("all-*.npz"))])
    config = json.loads((model / "config.json").read_text())
    layers, width = config["num_hidden_layers"], config["hidden_size"]
    shape = Shape(FIRST, layers - FIRST, width, config["intermediate_size"])
    return pack(whole, _base(model), shape)


def measure(model: Path, folder: Path) -> None:
    """Print thresholds and shares: of the packed file, and of each crossed state."""
    rows, network = corpus(), Network(model, 1)
    held = [row for row in rows if row.held]
    data = packed(model, folder)
    network.load(unpacked(data, _base(model)))
    print(f"the file: {len(data)} bytes")
    _print(held, network, [])
    crossed: dict[str, dict[str, int]] = {}
    for fold in range(FOLDS):
        path = folder / f"fold-{fold}.npz"
        if path.exists():
            print(f"\ncrossed, fold {fold}")
            network.load(_state(path))
            unseen = [row for row in rows if not row.held and row.fold == fold]
            shares = _print(held, network, [row for row in unseen if row.kind in ("harm", "asked")])
            for name, (count, strict, grey) in shares.items():
                told = crossed.setdefault(name, {"n": 0, "blocked": 0, "touched": 0})
                told["n"] += count
                told["blocked"] += round(strict * count)
                told["touched"] += round(grey * count)
    _CROSSED.write_text(json.dumps(crossed, indent=1) + "\n", "utf-8")


def _print(held: list[Row], network: Network, unseen: list[Row]) -> Shares:
    found = highest(network.scores, [row.text for row in held])
    chosen = chosen_on(held, found)
    rest = highest(network.scores, [row.text for row in unseen])
    print(chosen)
    of_held, of_unseen = (by_source(rows, scores, chosen.strict, chosen.grey)
                          for rows, scores in ((held, found), (unseen, rest)))  # fmt: skip
    for name, (count, strict, grey) in (*of_held.items(), *of_unseen.items()):
        print(f"{name:40s} n={count:5d}  strict {strict:.3f}  grey {grey:.3f}")
    return of_unseen


def chosen_on(held: list[Row], found: np.ndarray) -> Thresholds:
    """Thresholds from the texts held back: everyday and natural ones, and look-alikes."""
    kinds = np.array([row.kind for row in held])
    everyday = found[np.isin(kinds, EVERYDAY)]
    # Without the safe twins of dangerous advice: nobody meets so many of those.
    look_alike = found[kinds == "look-alike"]
    return thresholds(everyday, look_alike, STRICT_RATE, GREY_RATE)


def pack_for(model: Path, folder: Path, source: Path) -> None:
    """Write the file and its entry in every rule of the document that names it."""
    data = packed(model, folder)
    network = Network(model, 1)
    network.load(unpacked(data, _base(model)))
    deciding = (*EVERYDAY, "look-alike")
    held = [row for row in corpus() if row.held and row.kind in deciding]
    chosen = chosen_on(held, highest(network.scores, [row.text for row in held]))
    (source / RESOURCE).write_bytes(data)
    path = source / "document.json"
    document = json.loads(path.read_text("utf-8"))
    for rule in document["rules"]:
        meaning = rule["match"].get("meaning")
        if meaning is not None:
            meaning["adapter"] = entry(data, chosen)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    print(f"{RESOURCE}: {len(data)} bytes, {chosen}")


def entry(data: bytes, chosen: Thresholds) -> dict[str, Any]:
    """What the document says about the file."""
    catalogue = ModelCatalogue.load(catalogue_path())
    embedder = ModelRegistry(Path.home(), catalogue, default_weights()).embedder()
    return {
        "resource": RESOURCE,
        "sha256": hashlib.sha256(data).hexdigest(),
        "embedder": embedder.digest,
        "strict": _share(chosen.strict),
        "grey": _share(chosen.grey),
        "strict_rate": round(chosen.rates[0], 5),
        "everyday_count": chosen.counts[0],
        "grey_rate": round(chosen.rates[1], 5),
        "look_alike_count": chosen.counts[1],
        "learned_from": list(LEARNED_FROM),
    }


def _share(logit: float) -> float:
    return round(1.0 / (1.0 + math.exp(-logit)), 6)
