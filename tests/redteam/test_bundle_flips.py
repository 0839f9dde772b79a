"""Every byte of a bundle flipped, every file cut at every length, and random edits on top."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import PolicyError
from assistant.policy.admission import read_document
from assistant.policy.bundle import VerifiedBundle, verify_bundle
from assistant.policy.client import LOCAL_URL, SourceFetcher, update
from assistant.policy.sources import MemorySource
from tests.conftest import Progress
from tests.publisher import NOW, Publisher

Files = dict[str, bytes]


def _cases(files: Files, seed: int) -> Iterator[tuple[str, bytes]]:
    """One changed file a case: all flips, all truncations, then random edits without end."""
    rng = random.Random(seed)
    whole = [(name, at) for name, raw in sorted(files.items()) for at in range(len(raw))]
    cases = [(name, at, kind) for name, at in whole for kind in ("flip", "cut")]
    rng.shuffle(cases)
    for name, at, kind in cases:
        raw = files[name]
        if kind == "cut":
            yield name, raw[:at]
        else:
            yield name, raw[:at] + bytes([raw[at] ^ rng.randrange(1, 256)]) + raw[at + 1 :]
    while True:
        name = rng.choice(sorted(files))
        raw = files[name]
        start, end = sorted(rng.randrange(len(raw) + 1) for _ in range(2))
        filling = rng.choice([b"", raw[start:end] * 2, rng.randbytes(end - start), b" ", b"0"])
        yield name, raw[:start] + filling + raw[end:]


def _meaning(bundle: VerifiedBundle) -> tuple[object, ...]:
    read_document(bundle)
    return (bundle.document, *(facts for facts in bundle.roles.values()))


@pytest.mark.timeout(7200)
@pytest.mark.full(
    name="bundle-flips",
    small=250,
    full=65_536,
    covers=(
        "assistant/policy/bundle.py",
        "assistant/policy/root_chain.py",
        "assistant/policy/sources.py",
    ),
)
def test_no_changed_byte_is_accepted_with_a_changed_meaning(
    size: int, seed: int, progress: Progress, tmp_path: Path
) -> None:
    publisher = Publisher()
    publisher.next_root()
    publisher.update(2)
    files = publisher.bundle()
    meant = _meaning(verify_bundle(MemorySource(files), publisher.authority))
    for case, (name, changed) in zip(range(size), _cases(files, seed), strict=False):
        if progress.done(case):
            continue
        if changed != files[name]:
            _must_mean(meant, {**files, name: changed}, publisher, tmp_path)
        progress.mark(case)


def _must_mean(meant: object, files: Files, publisher: Publisher, scratch: Path) -> None:
    source = MemorySource(files)
    try:
        assert _meaning(verify_bundle(source, publisher.authority)) == meant
    except PolicyError:
        pass
    try:
        first, fetcher = publisher.roots[0], SourceFetcher(source)
        offered = update(first, None, fetcher, LOCAL_URL, NOW, scratch)
        # A damaged later root ends the chain early for the updater as well as for us.
        assert _meaning(verify_bundle(offered, publisher.authority)) == meant
    except PolicyError:
        pass
