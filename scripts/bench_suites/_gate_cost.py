"""What the gate costs: a megabyte of anything, a request, a sentence, a token of a stream.

The megabyte is read by terms and patterns, which see all of it, and by the views alone; a
rule by meaning reads at most 400 passages of a text. Throughput is of the same request to
the same model, with and without a gate on its stream, turn by turn in one run.
"""

from __future__ import annotations

import base64
import random
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from assistant.engine import (
    MemoryClient,
    ModelCatalogue,
    ModelRegistry,
    TextDelta,
    catalogue_path,
    default_weights,
)
from assistant.engine.model_client import ModelClient
from assistant.engine.model_messages import GenerateRequest, Sampling
from assistant.holder.scorer import MemoryScorer
from assistant.policy.adapters import beside, required_adapters
from assistant.policy.canonical import canonical
from assistant.policy.channels import decoded
from assistant.policy.document import PolicyDocument, Rule
from assistant.policy.document_match import Head, Match, Meaning
from assistant.policy.effective import Wishes
from assistant.policy.everyday import everyday_texts
from assistant.policy.gate import Gate
from assistant.policy.meaning import MeaningScorer
from assistant.policy.model import Effect, Origin, Segment, Where
from assistant.policy.resolver import resolve
from scripts.bench_suites._engines import STORY, SYSTEM, engine
from scripts.bench_suites._evaluation import percentile

Row = dict[str, Any]
MEGABYTE = 1_000_000
TIMES = 5
ROUNDS = {"quick": 2, "full": 7}
TOKENS = {"quick": 60, "full": 200}
PACE = 0.01
"""Seconds a token: what the default model needs on two cores."""


PIECES = ("megabyte", "checks", "throughput")


def costs(source: Path, size: str, piece: str = "") -> Iterator[Row]:
    """One piece or all, of the document at ``source`` with the adapters that lie beside it."""
    document = PolicyDocument.from_bytes(source.read_bytes())
    if piece in ("", "megabyte"):
        yield from megabyte(document, size)
    if piece == "megabyte":
        return
    memory = MemoryClient()
    try:
        scorer = _scorer(document, source.parent, memory)
        if piece in ("", "checks"):
            yield from latency(document, scorer, size)
        if piece in ("", "throughput"):
            yield from throughput(document, scorer, size)
    finally:
        memory.stop()


def _scorer(document: PolicyDocument, resources: Path, memory: MemoryClient) -> MeaningScorer:
    catalogue = ModelCatalogue.load(catalogue_path())
    embedder = ModelRegistry(Path.home(), catalogue, default_weights()).embedder()
    memory.start(embedder)
    adapters = required_adapters(document, beside(document, resources))
    return MemoryScorer(memory, embedder.digest, adapters)


def megabyte(document: PolicyDocument, size: str) -> Iterator[Row]:
    """A megabyte of every adversarial mix through terms and patterns, and the views alone."""
    gate = Gate(resolve([without_meaning(document)], Wishes()))
    count = 100_000 if size == "quick" else MEGABYTE
    _check(gate, "warm")
    for name, text in mixes(count):
        # The first time a character is met its reading is worked out, once and for all.
        _check(gate, text)
        whole, wall = _best(lambda: _check(gate, text))  # noqa: B023 - called at once
        views, _ = _best(lambda: _seen(text))  # noqa: B023
        yield {"figure": f"check of {count} characters of {name}", "value": _ms(whole),
               "unit": "ms of processor", "wall_ms": _ms(wall), "views_alone_ms": _ms(views),
               "bytes": len(text.encode()), "n": TIMES, "target": "<= 200"}  # fmt: skip


def mixes(count: int) -> Iterator[tuple[str, str]]:
    """Texts of ``count`` characters that cost a reader of views the most."""
    rng = random.Random(1)
    blob = base64.b64encode(rng.randbytes(count)).decode()
    prose = "the quick brown fox jumps over it "
    inner = base64.b64encode((prose * (count // 30)).encode()).decode()
    ascii_ = "".join(chr(rng.randrange(32, 127)) for _ in range(count))
    any_ = "".join(chr(rng.randrange(0x20, 0x3000)) for _ in range(count))
    units = {
        "prose": prose, "single characters": "a b c d ", "escapes": "%41a", "one run of escapes":
        "%41", "escapes of escapes": "%2541", "escaped Cyrillic": "%D0%AA", "Cyrillic":
        "Съешь ещё этих булок ", "single Cyrillic letters": "Ъ Ы Э ", "Chinese": "中文字符",
        "Korean": "안녕하세요 ", "five scripts in turn": "aбγ中ก", "leet": "h0w ", "hex": "6f ",
        "solid hex": "6f", "hex of hex": "3666", "entities": "&lt;", "numbered entities": "&#97;",
        "signs in turn": "Съ3%41&lt;QWxs 6f6f6f a b c ", "zero-width": "\u200b", "emoji": "😀a",
        "random base64": blob, "base64 of prose": inner,
        "base64 of base64": base64.b64encode(inner.encode()).decode(),
        "short base64 lines": "QWxsQ\n", "random ASCII": ascii_, "random Unicode": any_,
    }  # fmt: skip
    for name, unit in units.items():
        yield name, (unit * (count // len(unit) + 1))[:count]


def latency(document: PolicyDocument, scorer: MeaningScorer, size: str) -> Iterator[Row]:
    """A typed request and a sentence of an answer, warm, with the embedder and without."""
    texts = everyday_texts(100 if size == "quick" else 1000)
    without = without_meaning(document)
    for name, gate in (
        ("terms and patterns", Gate(resolve([without], Wishes()))),
        ("the shipped rules", Gate(resolve([document], Wishes()), scorer)),
        ("a calibrated head", Gate(resolve([with_a_head(without, scorer)], Wishes()), scorer)),
    ):
        for what, where, target in (
            ("a request", Where.INPUT, 20), ("a sentence", Where.OUTPUT, 15)
        ):  # fmt: skip
            _check(gate, "Where do herons sleep?", where)
            taken = [_asked(gate, text, where) for text in texts]
            for part in (0.5, 0.95):
                yield {"figure": f"check of {what}, {name}, p{part * 100:.0f}",
                       "value": _ms(percentile(taken, part)), "unit": "ms", "n": len(taken),
                       "target": f"<= {target}"}  # fmt: skip


def throughput(document: PolicyDocument, scorer: MeaningScorer, size: str) -> Iterator[Row]:
    """Tokens per second with a gate on the stream against without one."""
    without = without_meaning(document)
    gates = {
        "terms and patterns": (Gate(resolve([without], Wishes())), 0.97),
        "a head by meaning as well": (
            Gate(resolve([with_a_head(without, scorer)], Wishes()), scorer), 0.92,
        ),
    }  # fmt: skip
    yield from _scripted(gates)
    rounds, tokens = ROUNDS.get(size, 7), TOKENS.get(size, 200)
    rates: dict[str, list[float]] = {name: [] for name in ("", *gates)}
    with engine() as model:
        _generated(model, tokens, None)
        for _ in range(rounds):
            rates[""].append(_generated(model, tokens, None))
            for name, (gate, _) in gates.items():
                rates[name].append(_generated(model, tokens, gate))
    for name, (_, target) in gates.items():
        ratios = [one / bare for one, bare in zip(rates[name], rates[""], strict=True)]
        yield {"figure": f"tokens per second with {name}, of those without a gate",
               "value": round(median(ratios), 3), "unit": "ratio", "with": median(rates[name]),
               "without": median(rates[""]), "n": rounds, "target": f">= {target}"}  # fmt: skip


def _scripted(gates: dict[str, tuple[Gate, float]]) -> Iterator[Row]:
    prose = " ".join(everyday_texts(400))[:12_000]
    pieces = [prose[at : at + 5] for at in range(0, len(prose), 5)]
    for name, (gate, target) in gates.items():
        stream = gate.stream()
        stream.feed("Warm. ")
        start = time.process_time()
        for piece in pieces:
            stream.feed(piece)
        # What the memory child computes meanwhile is in the tokens per second below.
        spent = (time.process_time() - start) / len(pieces)
        yield {"figure": f"a scripted token through {name}, in the front process",
               "value": round(spent * 1e6, 1), "unit": "us of processor",
               "ratio_at_100_per_s": round(PACE / (PACE + spent), 3),
               "target": f">= {target} (ratio)"}  # fmt: skip


def _generated(model: ModelClient, tokens: int, gate: Gate | None) -> float:
    """Tokens per second of one answer, from its first token to the end of its gate."""
    request = GenerateRequest(
        (SYSTEM,), STORY, max_tokens=tokens, sampling=Sampling(temperature=0.0)
    )
    stream = gate.stream() if gate is not None else None
    first, count = 0.0, 0
    for event in model.generate(request):
        if isinstance(event, TextDelta):
            first = first or time.perf_counter()
            count += event.tokens
            if stream is not None:
                stream.feed(event.text)
    if stream is not None:
        stream.finish()
    return (count - 1) / (time.perf_counter() - first)


def without_meaning(document: PolicyDocument) -> PolicyDocument:
    """The document's rules by terms and patterns."""
    rules = tuple(
        rule.model_copy(update={"match": rule.match.model_copy(update={"meaning": None})})
        for rule in document.rules
        if rule.match.terms or rule.match.pattern
    )
    return document.model_copy(update={"rules": rules})


def with_a_head(document: PolicyDocument, scorer: MeaningScorer) -> PolicyDocument:
    """With a rule by meaning for what is typed and answered, that finds nothing.

    What it costs is the embedding, whatever its head says.
    """
    weights = base64.b64encode(struct.pack("<385f", *[0.0] * 384, -20.0)).decode()
    head = Head(
        kind="logistic", embedder=scorer.digest, dimensions=384, weights=weights, strict=0.9,
        grey=0.5, strict_rate=0.0, grey_rate=0.0, benign_count=1,
    )  # fmt: skip
    meaning = Meaning(examples=("a b", "c d"), counter_examples=("e f", "g h"), head=head)
    rule = Rule(
        id="measured", title="Measured", reason="To measure what it costs.",
        where=("input", "output"), match=Match(meaning=meaning), effect="block",
    )  # fmt: skip
    return document.model_copy(update={"rules": (*document.rules, rule)})


def _check(gate: Gate, text: str, where: Where = Where.INPUT) -> Effect:
    origin = Origin.MODEL if where is Where.OUTPUT else Origin.USER
    decision = gate.check([Segment(text, origin)], where)
    if decision.view == "fault":
        raise RuntimeError("The gate could not judge: nothing was measured.")
    return decision.effect


def _asked(gate: Gate, text: str, where: Where = Where.INPUT) -> float:
    start = time.perf_counter()
    _check(gate, text, where)
    return time.perf_counter() - start


def _seen(text: str) -> None:
    canonical(text)
    decoded(text)


def _best(act: Callable[[], object]) -> tuple[float, float]:
    """The least processor time and the least time by the clock of a few runs."""
    taken = []
    for _ in range(TIMES):
        cpu, start = time.process_time(), time.perf_counter()
        act()
        taken.append((time.process_time() - cpu, time.perf_counter() - start))
    return min(cpu for cpu, _ in taken), min(wall for _, wall in taken)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)
