"""`policy sync` against honest, stale, broken and hostile servers, and through a proxy."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from assistant.errors import (
    BundleRolledBack,
    BundleStale,
    BundleUnverified,
    NetworkError,
    PolicyError,
    PolicyMissing,
    UsageError,
)
from assistant.policy.authorities import enrol, leave, remember
from assistant.policy.loader import load_policy
from assistant.policy.storage import Disk
from assistant.policy.sync import Synced, sync
from tests.publisher import NOW, Publisher, places, write_folder
from tests.redteam.test_bundle_attacks import World, make_world
from tests.static_server import Hostile, StaticServer

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def publish(world: World, folder: Path) -> None:
    """Lay the newest state over what the server has, as a real publisher does."""
    write_folder(folder, world.publisher.bundle())


def synced(world: World, server: StaticServer) -> Synced:
    return sync(world.where, server.url, NOW, Disk())


def test_a_newer_policy_is_fetched_and_in_force(world: World, tmp_path: Path) -> None:
    world.publisher.update(3)
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as server:
        done = synced(world, server)
    assert (done.installed.version, done.installed.changed) == (3, True)
    assert world.in_force() == (3,)


def test_a_first_sync_after_enrolment_needs_no_stick(tmp_path: Path) -> None:
    publisher = Publisher()
    write_folder(tmp_path / "www", publisher.bundle())
    where = places(tmp_path / "home")
    enrol(where, tmp_path / "www", publisher.authority, NOW, Disk())
    with StaticServer(tmp_path / "www") as server:
        assert sync(where, server.url, NOW, Disk()).installed.version == 1


def test_a_poll_that_finds_nothing_new_is_two_small_requests(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        server.reset()
        done = synced(world, server)
        assert server.requests == [("/2.root.json", 404), ("/timestamp.json", 304)]
        assert (done.requests, done.body_bytes) == (2, 0)
        assert server.wire_bytes < 1000
    assert not done.installed.changed


def test_an_unchanged_poll_writes_no_policy_again(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path / "www")
    stored = world.where.home / "authorities" / world.publisher.authority / "bundle.zip"
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        before = stored.stat().st_mtime_ns
        synced(world, server)
    assert stored.stat().st_mtime_ns == before


def test_a_renewal_fetches_freshness_and_not_the_document(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        world.publisher.bump("snapshot", "timestamp")
        publish(world, tmp_path / "www")
        server.reset()
        synced(world, server)
        assert [path for path, status in server.requests if status == 200] == [
            "/timestamp.json",
            "/3.snapshot.json",
        ]


def test_a_server_that_freezes_is_refused_and_the_policy_stays(
    world: World, tmp_path: Path
) -> None:
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        with pytest.raises(BundleStale):
            sync(world.where, server.url, NOW + timedelta(days=30), Disk())
        # The clock set back does not unfreeze it once the later time was seen.
        late = load_policy(
            world.where.home,
            world.where.system,
            world.where.baseline,
            NOW + timedelta(days=30),
            None,
        )
        remember(world.where, late.floors, Disk())
        with pytest.raises(BundleStale):
            synced(world, server)
    assert world.in_force() == (2,)


def test_a_server_that_rolls_back_is_refused(world: World, tmp_path: Path) -> None:
    write_folder(tmp_path / "www", world.old)
    with StaticServer(tmp_path / "www") as server, pytest.raises(BundleRolledBack):
        synced(world, server)
    assert world.in_force() == (2,)


def test_a_server_of_another_authority_is_refused(world: World, tmp_path: Path) -> None:
    write_folder(tmp_path / "www", Publisher().bundle())
    with StaticServer(tmp_path / "www") as server, pytest.raises(PolicyMissing):
        synced(world, server)


def test_a_server_that_becomes_another_authority_is_refused(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path / "www")
    other = write_folder(tmp_path / "other", Publisher().bundle())
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        server.folder = other
        with pytest.raises(PolicyError):
            synced(world, server)
    assert world.in_force() == (2,)


def _endless(path: str, handler: BaseHTTPRequestHandler) -> bool:
    if path != "/timestamp.json":
        return False
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    for _ in range(400):
        handler.wfile.write(b" " * 65536)
    handler.close_connection = True
    return True


def _broken(path: str, handler: BaseHTTPRequestHandler) -> bool:
    if path != "/timestamp.json":
        return False
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    handler.close_connection = True
    return True


def _garbage(path: str, handler: BaseHTTPRequestHandler) -> bool:
    handler.wfile.write(b"\x00\xff no http at all\r\n\r\n")
    handler.close_connection = True
    return bool(path)


def _always_unchanged(path: str, handler: BaseHTTPRequestHandler) -> bool:
    if path != "/timestamp.json":
        return False
    handler.wfile.write(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n")
    return True


def _status(code: int) -> Hostile:
    def answer(path: str, handler: BaseHTTPRequestHandler) -> bool:
        if "root" in path:
            return False
        handler.wfile.write(f"HTTP/1.1 {code} X\r\nContent-Length: 0\r\n\r\n".encode())
        return True

    return answer


def _redirect_to_file(path: str, handler: BaseHTTPRequestHandler) -> bool:
    if path != "/timestamp.json":
        return False
    handler.wfile.write(
        b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"
    )
    return True


def _redirect_for_ever(path: str, handler: BaseHTTPRequestHandler) -> bool:
    if path != "/timestamp.json":
        return False
    handler.wfile.write(
        b"HTTP/1.1 302 Found\r\nLocation: /timestamp.json\r\nContent-Length: 0\r\n\r\n"
    )
    return True


HOSTILE = {
    "endless data": (_endless, BundleUnverified),
    "a connection cut short": (_broken, NetworkError),
    "no HTTP": (_garbage, NetworkError),
    "500": (_status(500), NetworkError),
    "429": (_status(429), NetworkError),
    "404 for the timestamp": (_status(404), NetworkError),
    "a redirect to a local file": (_redirect_to_file, NetworkError),
    "redirects without end": (_redirect_for_ever, NetworkError),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_changes_nothing(name: str, world: World, tmp_path: Path) -> None:
    hostile, error = HOSTILE[name]
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        world.publisher.update(3)
        publish(world, tmp_path / "www")
        server.hostile = hostile
        with pytest.raises(error):
            synced(world, server)
        assert world.in_force() == (2,)
        server.hostile = None
        assert synced(world, server).installed.version == 3


def test_not_modified_for_ever_cannot_outlive_freshness(world: World, tmp_path: Path) -> None:
    """304 is believed only as long as the stored timestamp itself has not expired."""
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        server.hostile = _always_unchanged
        assert synced(world, server).installed.version == 2
        with pytest.raises(BundleStale):
            sync(world.where, server.url, NOW + timedelta(days=31), Disk())


def test_not_modified_without_anything_stored_is_an_error(tmp_path: Path) -> None:
    publisher = Publisher()
    write_folder(tmp_path / "www", publisher.bundle())
    where = places(tmp_path / "home")
    enrol(where, tmp_path / "www", publisher.authority, NOW, Disk())
    with StaticServer(tmp_path / "www") as server:
        server.hostile = _always_unchanged
        with pytest.raises(NetworkError):
            sync(where, server.url, NOW, Disk())


def test_a_server_that_drips_bytes_is_given_up(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path / "www")
    stop = threading.Event()

    def drip(path: str, handler: BaseHTTPRequestHandler) -> bool:
        if path != "/timestamp.json":
            return False
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n")
        while not stop.wait(0.05):
            handler.wfile.write(b"{" * 10)
            handler.wfile.flush()
        return True

    with StaticServer(tmp_path / "www") as server:
        server.hostile = drip
        began = time.monotonic()
        with pytest.raises(NetworkError):
            sync(world.where, server.url, NOW, Disk(), file_seconds=0.2)
        stop.set()
    assert time.monotonic() - began < 20
    assert world.in_force() == (2,)


def test_it_works_through_a_proxy(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy is asked for the full address; the origin's name resolves nowhere."""
    world.publisher.update(3)
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        asked: list[str] = []

        def forward(path: str, handler: BaseHTTPRequestHandler) -> bool:
            asked.append(path)
            handler.path = path.removeprefix("http://policy.example.invalid")
            proxy.hostile = None
            handler.do_GET()  # type: ignore[attr-defined]
            proxy.hostile = forward
            return True

        proxy.hostile = forward
        done = sync(world.where, "http://policy.example.invalid", NOW, Disk())
    assert done.installed.version == 3
    assert all(path.startswith("http://policy.example.invalid/") for path in asked)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.org/", "file:///etc/", "policy", "https://", "http://x/?q=1", "",
        "http://[bad/", "http://x:99999/", "http://x:port/", "http://x:0/",
    ],
)  # fmt: skip
def test_only_a_web_folder_is_an_address(url: str, world: World) -> None:
    with pytest.raises(UsageError):
        sync(world.where, url, NOW, Disk())


def test_nobody_listening_is_said(world: World) -> None:
    with pytest.raises(NetworkError):
        sync(world.where, "http://127.0.0.1:9/", NOW, Disk())
    assert world.in_force() == (2,)


def test_after_leaving_nothing_is_fetched_for_that_authority(world: World, tmp_path: Path) -> None:
    publish(world, tmp_path / "www")
    with StaticServer(tmp_path / "www") as server:
        synced(world, server)
        leave(world.where, "Example Bank", Disk())
        with pytest.raises(PolicyMissing):
            synced(world, server)
