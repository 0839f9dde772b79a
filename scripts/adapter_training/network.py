"""MiniLM's upper layers with a binary head, in torch; the lower two stay as they are."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertModel

from assistant.policy.meaning import passages
from scripts.adapter_training.corpus import Row

FIRST: Final = 2
"""The first layer that is trained."""
_LONGEST: Final = 64
_SHARES: Final[Mapping[str, float]] = {
    "example": 0.03,
    "harm": 0.12, "asked": 0.10, "own harm": 0.20, "physical harm": 0.05,
    "everyday": 0.10, "natural": 0.08, "sampled": 0.06, "framed": 0.07, "look-alike": 0.22,
    "physical": 0.05, "candid harm": 0.08, "candid twin": 0.08,
}  # fmt: skip


class Network:
    """Scores texts; trained by :func:`train`."""

    def __init__(self, folder: Path, seed: int) -> None:
        torch.manual_seed(seed)
        self.bert: Any = BertModel.from_pretrained(str(folder), add_pooling_layer=False)
        self.bert.eval()  # no dropout: at this size the texts vary enough
        self.bert.requires_grad_(False)
        for layer in self.bert.encoder.layer[FIRST:]:
            layer.requires_grad_(True)
        torch.manual_seed(0)  # every seed starts from one head, so that weights can be averaged
        self.head = torch.nn.Linear(self.bert.config.hidden_size, 1)
        torch.manual_seed(seed)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_LONGEST)
        self._tokenizer.no_padding()

    def logits(self, texts: Sequence[str]) -> Any:
        """One number a text."""
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        longest = max(map(len, rows))
        ids = torch.zeros((len(rows), longest), dtype=torch.long)
        mask = torch.zeros((len(rows), longest))
        for place, row in enumerate(rows):
            ids[place, : len(row)] = torch.tensor(row)
            mask[place, : len(row)] = 1.0
        hidden = self.bert(input_ids=ids, attention_mask=mask).last_hidden_state
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        return self.head(pooled)[:, 0]

    def scores(self, texts: Sequence[str], batch: int = 64) -> np.ndarray:
        """Logits of many texts, without gradients."""
        order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
        found = np.zeros(len(texts), dtype=np.float32)
        with torch.inference_mode():
            for at in range(0, len(order), batch):
                places = order[at : at + batch]
                found[places] = self.logits([texts[place] for place in places]).numpy()
        return found

    def state(self) -> dict[str, np.ndarray]:
        """The trained tensors by their names in the embedding model, and the head."""
        named = {
            name: value.detach().numpy().copy()
            for name, value in self.bert.named_parameters()
            if value.requires_grad
        }
        named["head.weight"] = self.head.weight.detach().numpy()[0].copy()
        named["head.bias"] = self.head.bias.detach().numpy().copy()
        return named

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take trained tensors over."""
        own = dict(self.bert.named_parameters())
        with torch.no_grad():
            for name, value in state.items():
                if name == "head.weight":
                    self.head.weight.copy_(torch.from_numpy(value)[None])
                elif name == "head.bias":
                    self.head.bias.copy_(torch.from_numpy(value))
                else:
                    own[name].copy_(torch.from_numpy(value))


def train(
    folder: Path,
    rows: Sequence[Row],
    seed: int,
    steps: int,
    *,
    batch: int = 32,
    start: Mapping[str, np.ndarray] | None = None,
    say: Callable[[str], None] = print,
) -> Network:
    """A network trained on ``rows`` by cross-entropy; kinds are drawn in fixed shares.

    Of the harmless texts drawn, those the network finds most harmful are learned from: the
    strict threshold is decided by the few worst of thousands. With ``start`` training goes on
    from that state, at half the rate.
    """
    network = Network(folder, seed)
    if start is not None:
        network.load(start)
    rate = 1e-4 if start is None else 5e-5
    drawer = _Drawer(rows, random.Random(seed))
    body = [p for p in network.bert.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [{"params": body, "lr": rate}, {"params": network.head.parameters(), "lr": rate * 10}],
        weight_decay=0.01, fused=True,
    )  # fmt: skip
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda at: min((at + 1) / warm, (steps - at) / (steps - warm + 1))
    )
    total = 0.0
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        # One context, in which the weights are rounded once.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            drawn = drawer.drawn(network, batch, 3 if step > steps // 5 else 1)
            # Texts of a length together: padding is what takes the time.
            drawn.sort(key=_length)
            for part in (drawn[: batch * 2 // 3], drawn[batch * 2 // 3 :]):
                logits = network.logits([text for text, _ in part]).float()
                wanted = torch.tensor([float(harmful) for _, harmful in part])
                loss = torch.nn.functional.binary_cross_entropy_with_logits(
                    logits, wanted, reduction="sum"
                )
                (loss / batch).backward()
                total += float(loss.detach()) / batch
        torch.nn.utils.clip_grad_norm_(body, 1.0)
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            say(f"seed {seed} step {step}: loss {total / 50:.3f}")
            total = 0.0
    return network


class _Drawer:
    """Draws texts in the shares of their kinds, a little varied."""

    def __init__(self, rows: Sequence[Row], rng: random.Random) -> None:
        self._rng = rng
        self._piles: dict[str, list[Row]] = {}
        for row in rows:
            self._piles.setdefault(row.kind, []).append(row)

    def drawn(self, network: Network, batch: int, times: int) -> list[tuple[str, bool]]:
        """``batch`` texts; of ``times`` as many harmless ones the most harmful to the network."""
        harmful = [row for row in self._rows(batch) if row.harmful]
        harmless = [row for row in self._rows(batch * times * 2) if not row.harmful]
        wanted = batch - len(harmful)
        texts = [self._varied(row) for row in harmless[: wanted * times]]
        if times > 1:
            with torch.no_grad():
                found = _in_lengths(network, texts)
            texts = sorted(texts, key=lambda text: -found[text])
        return [(self._varied(row), True) for row in harmful] + [
            (text, False) for text in texts[:wanted]
        ]

    def _rows(self, count: int) -> list[Row]:
        kinds = [kind for kind in _SHARES if self._piles.get(kind)]
        chosen = self._rng.choices(kinds, [_SHARES[kind] for kind in kinds], k=count)
        return [self._rng.choice(self._piles[kind]) for kind in chosen]

    def _varied(self, row: Row) -> str:
        rng, text = self._rng, row.text
        if not row.harmful and rng.random() < 0.4:
            # The gate scores sentences, too.
            text = rng.choice(passages(text) or [text])
        if rng.random() < 0.2:
            text = text.rstrip("?.! ") or text
        if rng.random() < 0.08:
            text = f"{rng.choice(_OPENINGS)} {text}"
        return text


def _in_lengths(network: Network, texts: Sequence[str]) -> dict[str, float]:
    ordered = sorted(texts, key=len)
    found: dict[str, float] = {}
    for at in range(0, len(ordered), 16):
        part = ordered[at : at + 16]
        found.update(zip(part, network.logits(part).float().tolist(), strict=True))
    return found


def _length(pair: tuple[str, bool]) -> int:
    return len(pair[0])


_OPENINGS: Final = (
    "please",
    "hi,",
    "hello!",
    "quick question:",
    "hey,",
    "i have a question.",
    "ok,",
)


def averaged(states: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The mean of trained tensors (Wortsman et al., "Model soups", 2022)."""
    return {name: np.mean([state[name] for state in states], axis=0) for name in states[0]}
