"""The client under test for TUF's conformance cases: init, refresh and download.

The three verbs of theupdateframework/tuf-conformance's CLI protocol, on top of the same
functions `policy sync` uses: ``client.update``, ``verify_bundle`` and the floors. A store
is one zip plus floors. Where python-tuf's own client keeps what it verified up to a
failure, ours keeps all or nothing; ``tests/redteam/test_tuf_conformance.py`` says where
that shows.

    python -m tests.policy_client --metadata-dir DIR init ROOT
    python -m tests.policy_client --metadata-dir DIR --metadata-url URL refresh
    python -m tests.policy_client --metadata-dir DIR --metadata-url URL \\
        --target-name NAME --target-dir DIR download
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assistant.errors import AssistantError, NoSuchItem
from assistant.policy.bundle import VerifiedBundle, verify_bundle
from assistant.policy.client import update
from assistant.policy.floors import Floors, commit_floors, read_floors, refuse_below
from assistant.policy.root_chain import authority_of, read_root_claim
from assistant.policy.sources import ZipSource, pack
from assistant.policy.storage import Disk, read_limited, replace_file
from assistant.policy.sync import FILE_SECONDS, HttpFetcher, LastPoll

LIMIT = 1 << 24


def init(store: Path, root: bytes) -> None:
    """Trust a first root."""
    read_root_claim(root)
    store.mkdir(parents=True, exist_ok=True)
    (store / "1.root.json").write_bytes(root)


def refresh(store: Path, url: str, now: datetime) -> VerifiedBundle:
    """Bring the store up to date, or leave it exactly as it was and raise."""
    first = (store / "1.root.json").read_bytes()
    authority = authority_of(first)
    raw = read_limited(store / "bundle.zip", LIMIT)
    stored = None if raw is None else ZipSource(raw)
    fetcher = HttpFetcher(url, LastPoll(url), None, FILE_SECONDS)
    try:
        offered = update(first, stored, fetcher, url, now, store)
    finally:
        fetcher.close()
    bundle = verify_bundle(offered, authority)
    floors, _ = read_floors(store)
    refuse_below(bundle, 1, floors)
    replace_file(Disk(), store / "bundle.zip", pack(bundle.files))
    commit_floors(store, _without_document(floors.raised(bundle, 1, now), authority), Disk())
    return bundle


def _without_document(floors: Floors, authority: str) -> Floors:
    # The conformance cases know no document, so its floor is not theirs to meet.
    roles = {name: one for name, one in floors.of(authority).roles.items() if name != "document"}
    return Floors(authorities={authority: type(floors.of(authority))(roles)})


def download(store: Path, url: str, name: str, folder: Path, now: datetime) -> Path:
    """Refresh, then write the verified target ``name`` into ``folder``."""
    bundle = refresh(store, url, now)
    contents = {"policy.json": bundle.document, **bundle.resources}
    if name not in contents:
        raise NoSuchItem("There is no such target.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(contents[name])
    return folder / name


def trusted(store: Path) -> VerifiedBundle:
    """What the store holds, verified anew."""
    raw = (store / "bundle.zip").read_bytes()
    return verify_bundle(ZipSource(raw), authority_of((store / "1.root.json").read_bytes()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url", default="")
    parser.add_argument("--target-name", default="")
    parser.add_argument("--target-dir", type=Path, default=Path())
    parser.add_argument("--days-in-future", type=int, default=0)
    parser.add_argument("verb", choices=["init", "refresh", "download"])
    parser.add_argument("root", type=Path, nargs="?")
    given = parser.parse_args(arguments)
    now = datetime.now(UTC) + timedelta(days=given.days_in_future)
    url = given.metadata_url.rstrip("/") + "/"
    try:
        if given.verb == "init":
            init(given.metadata_dir, given.root.read_bytes())
        elif given.verb == "refresh":
            refresh(given.metadata_dir, url, now)
        else:
            download(given.metadata_dir, url, given.target_name, given.target_dir, now)
    except AssistantError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
