"""A fleet rehearsal: many processes, one static server, two versions, a rotation, an enemy."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant.policy.authorities import enrol
from assistant.policy.install import install
from assistant.policy.storage import Disk
from assistant.policy.tuf_edge import CryptoSigner
from tests.publisher import NOW, Publisher, places, write_folder
from tests.static_server import StaticServer

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks its machines")


@dataclass
class Fleet:
    """The machines, told the time and asked what is in force."""

    process: subprocess.Popen[str]

    def sync(self, now: datetime, version: int, error: str = "") -> list[list[int]]:
        """All sync at once; all must end on ``version`` with ``error``. Returns their costs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{now.isoformat()}\n")
        self.process.stdin.flush()
        answers = json.loads(self.process.stdout.readline())
        for answer in answers:
            found = (answer["version"], answer["term"], answer["error"])
            assert found == (version, f"forbidden-{version}", error)
        return [answer["cost"] for answer in answers]


@contextmanager
def fleet_of(size: int, folder: Path, url: str) -> Iterator[Fleet]:
    command = [sys.executable, "-m", "tests.fleet_client", str(folder), url, str(size)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield Fleet(process)


def enrol_all(size: int, folder: Path, publisher: Publisher, bundle: Path) -> None:
    for number in range(size):
        where = places(folder / f"home-{number}")
        enrol(where, bundle, publisher.authority, NOW, Disk())
        # Half of the fleet starts from a stick, half from nothing but the enrolment.
        if number % 2:
            install(where, bundle, NOW, Disk())


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("no_proxy")
@pytest.mark.timeout(7200)
@pytest.mark.full(
    name="policy-fleet",
    small=6,
    full=200,
    covers=(
        "assistant/policy/sync.py",
        "assistant/policy/client.py",
        "assistant/policy/install.py",
    ),
)
def test_a_fleet_ends_on_the_right_version_and_never_on_a_wrong_one(
    size: int, tmp_path: Path
) -> None:
    publisher = Publisher()
    first = publisher.bundle()
    honest = write_folder(tmp_path / "www", first)
    enrol_all(size, tmp_path, publisher, honest)
    with StaticServer(honest) as server, fleet_of(size, tmp_path, server.url) as fleet:
        fleet.sync(NOW, 1)
        publisher.update(2)
        write_folder(honest, publisher.bundle())
        fleet.sync(NOW + timedelta(days=1), 2)
        assert fleet.sync(NOW + timedelta(days=1), 2) == [[2, 0]] * size

        # A mirror that kept the first version serves it for a day.
        server.folder = write_folder(tmp_path / "rollback", first)
        fleet.sync(NOW + timedelta(days=1), 2, "BundleRolledBack")

        server.folder = honest
        _rotate(publisher)
        write_folder(honest, publisher.bundle())
        fleet.sync(NOW + timedelta(days=2), 3)

        # The server turns hostile: the state before the rotation, whose publishing key
        # counts for nothing now; one forged with that key; then frozen for ever.
        server.folder = tmp_path / "rollback"
        fleet.sync(NOW + timedelta(days=3), 3, "BundleUnverified")
        server.folder = write_folder(tmp_path / "forged", _forged(publisher))
        fleet.sync(NOW + timedelta(days=3), 3, "BundleUnverified")
        server.folder = honest
        fleet.sync(NOW + timedelta(days=31), 3, "BundleStale")

        # It is honest again, and so is everybody.
        publisher.snapshot.expires = publisher.timestamp.expires = NOW + timedelta(days=60)
        publisher.update(4)
        write_folder(honest, publisher.bundle())
        fleet.sync(NOW + timedelta(days=31), 4)


def _rotate(publisher: Publisher) -> None:
    """Replace one person and the publishing key, and publish version 3 with it."""
    people = [*publisher.people[1:], CryptoSigner.generate_ed25519()]
    publishing = CryptoSigner.generate_ed25519()
    publisher.rotate("root", people)
    publisher.signers["root"] = [publisher.people[0], *people]
    publisher.rotate("targets", people)
    publisher.rotate("snapshot", [publishing])
    publisher.rotate("timestamp", [publishing])
    publisher.next_root()
    publisher.update(3)


def _forged(publisher: Publisher) -> dict[str, bytes]:
    forger = Publisher(people=publisher.people, publishing=publisher.publishing)
    forger.roots = list(publisher.roots)
    forger.update(9)
    return forger.bundle()
