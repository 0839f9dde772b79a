"""A fleet rehearsal: many processes, one static server, two versions, a rotation, an enemy.

Everything goes through real processes and real HTTP on 127.0.0.1. The processes are kept
in batches, because a test machine has less memory than a fleet.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant.policy.authorities import enrol
from assistant.policy.install import install
from assistant.policy.storage import Disk
from assistant.policy.tuf_edge import CryptoSigner
from tests.conftest import Progress
from tests.publisher import NOW, Publisher, places, write_folder
from tests.static_server import StaticServer

ROOT = Path(__file__).resolve().parents[2]
BATCH = 25


@dataclass
class Machine:
    """One client process and its answers."""

    process: subprocess.Popen[str]

    def tell(self, now: datetime) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{now.isoformat()}\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, object]:
        assert self.process.stdout is not None
        found: dict[str, object] = json.loads(self.process.stdout.readline())
        return found

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def _machines(folder: Path, url: str, numbers: range, first: Path) -> Iterator[Machine]:
    publisher_id = (first / "authority.txt").read_text()
    for number in numbers:
        home = folder / f"home-{number}"
        enrol(places(home), first / "bundle", publisher_id, NOW, Disk())
        # Half of the fleet starts from a stick, half from nothing but the enrolment.
        if number % 2:
            install(places(home), first / "bundle", NOW, Disk())
        command = [sys.executable, "-m", "tests.fleet_client", str(home), url]
        yield Machine(
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
            )
        )


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.full(name="policy-fleet", small=6, full=200)
def test_a_fleet_ends_on_the_right_version_and_never_on_a_wrong_one(
    size: int, progress: Progress, tmp_path: Path
) -> None:
    for start in range(0, size, BATCH):
        if progress.done(start):
            continue
        numbers = range(start, min(start + BATCH, size))
        folder = tmp_path / f"batch-{start}"
        folder.mkdir()
        with StaticServer(folder / "www") as server, ExitStack() as stack:
            _rehearse(folder, server, numbers, stack)
        progress.mark(start)


def _rehearse(folder: Path, server: StaticServer, numbers: range, stack: ExitStack) -> None:
    publisher = Publisher()
    first = publisher.bundle()
    write_folder(folder / "bundle", first)
    (folder / "authority.txt").write_text(publisher.authority)
    write_folder(server.folder, first)
    machines = list(_machines(folder, server.url, numbers, folder))
    for machine in machines:
        stack.callback(machine.stop)

    def all_sync(now: datetime, version: int, error: str = "") -> list[dict[str, object]]:
        for machine in machines:
            machine.tell(now)
        answers = [machine.answer() for machine in machines]
        for answer in answers:
            found = (answer["version"], answer["term"], answer["error"])
            assert found == (version, f"forbidden-{version}", error)
        return answers

    all_sync(NOW, 1)
    publisher.update(2)
    write_folder(server.folder, publisher.bundle())
    all_sync(NOW + timedelta(days=1), 2)
    assert all(one["cost"] == [2, 0] for one in all_sync(NOW + timedelta(days=1), 2))

    # A mirror that kept the first version serves it for a day.
    second = server.folder
    server.folder = write_folder(folder / "rollback", first)
    all_sync(NOW + timedelta(days=1), 2, "BundleRolledBack")
    server.folder = second

    # One person and the publishing key are replaced, and version 3 comes with it.
    people = [*publisher.people[1:], CryptoSigner.generate_ed25519()]
    publishing = CryptoSigner.generate_ed25519()
    publisher.rotate("root", people)
    publisher.signers["root"] = [publisher.people[0], *people]
    publisher.rotate("targets", people)
    publisher.rotate("snapshot", [publishing])
    publisher.rotate("timestamp", [publishing])
    publisher.next_root()
    publisher.update(3)
    write_folder(server.folder, publisher.bundle())
    all_sync(NOW + timedelta(days=2), 3)

    # The server turns hostile: the state before the rotation, whose key counts for nothing
    # now, then a forged one, then frozen for ever.
    server.folder = folder / "rollback"
    all_sync(NOW + timedelta(days=3), 3, "BundleUnverified")
    forger = Publisher(people=publisher.people, publishing=publisher.publishing)
    forger.roots = list(publisher.roots)
    forger.update(9)
    server.folder = write_folder(folder / "forged", forger.bundle())
    all_sync(NOW + timedelta(days=3), 3, "BundleUnverified")
    server.folder = write_folder(folder / "frozen", publisher.bundle())
    all_sync(NOW + timedelta(days=31), 3, "BundleStale")

    # It is honest again, and so is everybody.
    publisher.snapshot.expires = publisher.timestamp.expires = NOW + timedelta(days=60)
    publisher.update(4)
    server.folder = write_folder(folder / "honest", publisher.bundle())
    all_sync(NOW + timedelta(days=31), 4)
