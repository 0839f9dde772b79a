"""Policy: verification at start, installation, resolving 1,000 rules, bytes on the wire.

``quick`` repeats each measurement 5 times, ``full`` 50 times; figures are medians. The
rival of `install` is python-tuf's own updater on the same folder, which checks neither
document, floors nor clock and keeps nothing durably.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from assistant.policy.authorities import enrol
from assistant.policy.bundle import verify_bundle
from assistant.policy.client import LOCAL_URL, SourceFetcher, update
from assistant.policy.document import PolicyDocument, Rule
from assistant.policy.effective import Wishes
from assistant.policy.install import install
from assistant.policy.loader import Places, load_policy
from assistant.policy.model import Tier
from assistant.policy.resolver import resolve
from assistant.policy.sources import FolderSource, MemorySource
from assistant.policy.storage import Disk
from assistant.policy.sync import sync
from tests.publisher import NOW, Publisher, document, encoded, places, write_folder
from tests.static_server import StaticServer


def run(size: str) -> Iterator[dict[str, Any]]:
    """Rows with ``figure``, ``value`` and ``unit``; a rival's row has ``rival`` and ``ratio``."""
    repeats = 5 if size == "quick" else 50
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _start(folder, repeats)
        yield from _install(folder, repeats)
        yield from _wire(folder)
    yield from _resolve(repeats)


def _median_ms(act: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def _row(figure: str, value: float, unit: str, **more: Any) -> dict[str, Any]:
    return {"figure": figure, "value": round(value, 3), "unit": unit, **more}


def _enrolled(folder: Path) -> tuple[Places, Publisher]:
    publisher, where = Publisher(), places(folder / "home")
    bundle = write_folder(folder / "first", publisher.bundle())
    enrol(where, bundle, publisher.authority, NOW, Disk())
    install(where, bundle, NOW, Disk())
    return where, publisher


def _start(folder: Path, repeats: int) -> Iterator[dict[str, Any]]:
    where, publisher = _enrolled(folder / "start")
    source = MemorySource(publisher.bundle())
    yield _row(
        "verify one bundle, in memory",
        _median_ms(lambda: verify_bundle(source, publisher.authority), repeats),
        "ms",
    )

    def start() -> object:
        return load_policy(where.home, where.system, where.baseline, NOW, None)

    yield _row("verify at start, baseline and one organisation", _median_ms(start, repeats), "ms")


def _install(folder: Path, repeats: int) -> Iterator[dict[str, Any]]:
    where, publisher = _enrolled(folder / "install")
    bundles = []
    for version in range(2, repeats + 2):
        publisher.update(version)
        bundles.append(write_folder(folder / f"v{version}", publisher.bundle()))
    turn = count()
    ours = _median_ms(lambda: install(where, bundles[next(turn)], NOW, Disk()), repeats)
    scratch = folder / "scratch"
    scratch.mkdir()
    again = count()

    def raw() -> object:
        fetcher = SourceFetcher(FolderSource(bundles[next(again)]))
        return update(publisher.roots[0], None, fetcher, LOCAL_URL, NOW, scratch)

    rival = _median_ms(raw, repeats)
    yield _row("install a newer bundle", ours, "ms")
    yield _row("python-tuf's updater alone", rival, "ms", rival="tuf", ratio=round(ours / rival, 2))


def _wire(folder: Path) -> Iterator[dict[str, Any]]:
    where, publisher = _enrolled(folder / "wire")
    with StaticServer(write_folder(folder / "www", publisher.bundle())) as server:

        def cost(figure: str, days: int) -> Iterator[dict[str, Any]]:
            server.reset()
            sync(where, server.url, NOW + timedelta(days=days), Disk())
            yield _row(f"{figure}: bytes, headers both ways", server.wire_bytes, "B")
            yield _row(f"{figure}: requests", len(server.requests), "")

        sync(where, server.url, NOW, Disk())
        yield from cost("poll, nothing new", 0)
        publisher.bump("snapshot", "timestamp")
        write_folder(server.folder, publisher.bundle())
        yield from cost("renewed freshness", 1)
        publisher.update(2)
        raw = len(publisher.contents["policy.json"])
        write_folder(server.folder, publisher.bundle())
        yield from cost(f"update, document of {raw} B", 2)


def _rules(tier: str, number: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{tier}-{index}",
            "title": f"Rule {index}",
            "reason": "A reason.",
            "where": ["input", "output"],
            "match": {"terms": [f"{tier} term {index} {word}" for word in "abc"]},
            "effect": "block",
        }
        for index in range(number)
    ]


def _resolve(repeats: int) -> Iterator[dict[str, Any]]:
    raws = [
        encoded(document(1, tier=tier, id=tier, rules=_rules(tier, number), tests=[]))
        for tier, number in ((Tier.NATIONAL.value, 500), (Tier.ORGANISATION.value, 400))
    ]
    documents = [PolicyDocument.from_bytes(raw) for raw in raws]
    own = tuple(Rule.model_validate_json(encoded(rule)) for rule in _rules("user", 100))
    wishes = Wishes(rules=own)
    yield _row(
        "parse two documents, 900 rules",
        _median_ms(lambda: [PolicyDocument.from_bytes(raw) for raw in raws], repeats),
        "ms",
    )
    yield _row(
        "resolve three tiers, 1,000 rules",
        _median_ms(lambda: resolve(documents, wishes), repeats),
        "ms",
    )
