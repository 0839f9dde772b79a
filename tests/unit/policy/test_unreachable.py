"""A sync that cannot be done says why and what to do, and never reads as a fault of ours."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import tuf.api.exceptions
import urllib3.exceptions
from tuf.ngclient import FetcherInterface  # type: ignore[attr-defined]

from assistant.errors import AssistantError, NetworkError
from assistant.policy.client import update
from assistant.policy.storage import Disk
from assistant.policy.sync import sync
from assistant.policy.unreachable import STAYS, unreachable
from tests.publisher import NOW, Publisher
from tests.redteam.test_bundle_attacks import World, make_world
from tests.static_server import StaticServer

pytestmark = pytest.mark.usefixtures("no_proxy")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def errors_of(module: object) -> list[type[Exception]]:
    """The exceptions a library declares, warnings aside."""
    return sorted(
        {
            kind
            for kind in vars(module).values()
            if isinstance(kind, type)
            and issubclass(kind, Exception)
            and not issubclass(kind, Warning)
            and kind.__module__.split(".")[0] in ("urllib3", "tuf", "securesystemslib")
        },
        key=lambda kind: kind.__name__,
    )


def made(kind: type[Exception]) -> Exception:
    """One of ``kind``, whatever its initialiser wants."""
    return kind.__new__(kind, "vendor text")


class Failing(FetcherInterface):
    """A server's end that fails with ``error``: at once, or when the first bytes are read."""

    def __init__(self, error: Exception, *, late: bool) -> None:
        self._error = error
        self._late = late

    def _fetch(self, url: str) -> Iterator[bytes]:
        if not self._late:
            raise self._error
        return map(self._break, (b"",))

    def _break(self, _: bytes) -> bytes:
        raise self._error


PLAIN = {
    # What is left to the last line of the table: none of them can be told apart usefully.
    "BodyNotHttplibCompatible", "ClosedPoolError", "DecodeError", "EmptyPoolError",
    "FullPoolError", "HTTPError", "HeaderParsingError", "HostChangedError", "IncompleteRead",
    "InvalidChunkLength", "InvalidHeader", "LocationParseError", "LocationValueError",
    "MaxRetryError", "PoolError", "ProxySchemeUnsupported", "RequestError",
    "TimeoutStateError", "URLSchemeUnknown", "UnrewindableBodyError",
}  # fmt: skip


@pytest.mark.parametrize("kind", errors_of(urllib3.exceptions))
def test_every_error_of_urllib3_is_told_in_words_of_ours(kind: type[Exception]) -> None:
    error = made(kind)
    if isinstance(error, urllib3.exceptions.MaxRetryError):
        error.reason = None
    told = unreachable(error)
    assert told.hint.startswith(STAYS)
    assert "policy install" in told.hint
    assert (told.message == "The policy server cannot be used.") == (kind.__name__ in PLAIN)


def test_what_ended_the_last_attempt_is_told_not_that_there_were_several() -> None:
    error = made(urllib3.exceptions.MaxRetryError)
    assert isinstance(error, urllib3.exceptions.MaxRetryError)
    error.reason = made(urllib3.exceptions.NameResolutionError)
    assert "name was not found" in unreachable(error).message


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", errors_of(tuf.api.exceptions))
def test_every_error_of_python_tuf_becomes_one_of_the_tree(
    kind: type[Exception], late: bool, tmp_path: Path
) -> None:
    publisher = Publisher()
    root = publisher.bundle()["1.root.json"]
    failing = Failing(_with_status(made(kind)), late=late)
    with pytest.raises(AssistantError) as told:
        update(root, None, failing, "http://x.invalid/", NOW, tmp_path)
    assert "vendor" not in told.value.message
    assert list(tmp_path.iterdir()) == []


def _with_status(error: Exception) -> Exception:
    if isinstance(error, tuf.api.exceptions.DownloadHTTPError):
        error.status_code = 500
    return error


def test_a_refused_connection_says_so_and_that_the_policy_stays(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: it refuses
        with pytest.raises(NetworkError, match="takes no connection") as told:
            sync(world.where, f"http://127.0.0.1:{taken.getsockname()[1]}/", NOW, Disk())
    assert told.value.hint.startswith(STAYS)
    assert world.in_force() == (2,)


def test_a_server_that_cannot_prove_who_it_is_names_clock_and_certificate(world: World) -> None:
    with (
        StaticServer(world.where.home) as server,
        pytest.raises(NetworkError, match="could not prove who it is") as told,
    ):
        sync(world.where, server.url.replace("http:", "https:"), NOW, Disk())
    assert "certificate" in told.value.hint


def test_a_proxy_of_an_unknown_kind_is_the_proxys_fault_not_ours(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "gopher://127.0.0.1:1/")
    with pytest.raises(NetworkError, match="unknown kind") as told:
        sync(world.where, "http://policy.example.invalid/", NOW, Disk())
    assert "proxy" in told.value.hint
