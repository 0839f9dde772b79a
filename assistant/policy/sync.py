"""`policy sync`: the same client workflow over HTTP, and one poll as small as it can be.

A poll that finds nothing new is two requests: the next root (404) and the timestamp with
``If-None-Match`` (304). Nothing is believed because of where it came from: the transport
may be a proxy, a cache or an enemy. Freshness that ran out is refused here, because a
server that keeps serving an old timestamp may be hiding a newer policy.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec
import urllib3
from tuf.ngclient import FetcherInterface  # type: ignore[attr-defined]

from assistant.errors import BundleUnverified, NetworkError, StorageError, UsageError
from assistant.policy.client import network_cause, update
from assistant.policy.install import Installed, Offer, admit, pinned, sweep
from assistant.policy.loader import Found, Places, survey
from assistant.policy.root_chain import authority_of, read_root_claim
from assistant.policy.shelf import folder_of, read_root
from assistant.policy.sources import MAX_METADATA, MemorySource, checked_name
from assistant.policy.storage import Disk, exclusive, read_limited, replace_file
from assistant.policy.tuf_edge import DownloadError, DownloadHTTPError
from assistant.policy.unreachable import LATER, unreachable

POLL_FILE = "sync.json"
FILE_SECONDS = 120.0
"""How long one file may take altogether; a server that drips bytes is given up."""
_CHUNK = 64 * 1024
_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_RETRIES = urllib3.Retry(total=3, connect=1, read=1, redirect=3, status=0)
_AGENT = "bounded-assistant policy-sync"


@dataclass(frozen=True, slots=True)
class LastPoll:
    """What makes the next poll cheap. A cache: losing or forging it costs a download."""

    url: str
    etag: str = ""
    modified: str = ""


@dataclass(frozen=True, slots=True)
class Synced:
    """One sync: what was installed, and what it cost in requests and body bytes."""

    installed: Installed
    requests: int
    body_bytes: int


class HttpFetcher(FetcherInterface):
    """Fetches a bundle's files over HTTP or HTTPS, through the system's proxy if it has one.

    ``stored`` is the timestamp already kept; the server is asked only for a newer one.
    """

    def __init__(self, url: str, last: LastPoll, stored: bytes | None, file_seconds: float) -> None:
        self._base = url
        self._last = last
        self._stored = stored
        self._file_seconds = file_seconds
        self._pool = _pool_for(url)
        self.requests = 0
        self.body_bytes = 0
        self.timestamp: bytes | None = None
        self.poll = last

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = checked_name(url.removeprefix(self._base))
        is_timestamp = name == "timestamp.json"
        response = self._get(url, self._conditions() if is_timestamp else {})
        if response.status == 304 and is_timestamp and self._stored is not None:
            response.drain_conn()
            self.timestamp = self._stored
            return iter((self._stored,))
        if response.status != 200:
            response.drain_conn()
            raise self._refused(name, response.status)
        chunks = self._chunks(response)
        return self._kept_timestamp(response, chunks) if is_timestamp else chunks

    def _get(self, url: str, conditions: dict[str, str]) -> urllib3.BaseHTTPResponse:
        self.requests += 1
        headers = {"User-Agent": _AGENT, **conditions}
        try:
            return self._pool.request(
                "GET",
                url,
                headers=headers,
                preload_content=False,
                timeout=_TIMEOUT,
                retries=_RETRIES,
            )
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(error) from error

    def _conditions(self) -> dict[str, str]:
        if self._stored is None or self._last.url != self._base:
            return {}
        found = {"If-None-Match": self._last.etag, "If-Modified-Since": self._last.modified}
        return {name: value for name, value in found.items() if value}

    @staticmethod
    def _refused(name: str, status: int) -> Exception:
        # 404 for the next root is how python-tuf learns that there is none.
        if name.endswith(".root.json") and status in (403, 404):
            return DownloadHTTPError(f"no {name}", status)
        return NetworkError(f"The policy server answered {status} for {name}.", hint=LATER)

    def _chunks(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        deadline = time.monotonic() + self._file_seconds
        try:
            # read1 returns what has come; read would wait for a whole chunk of drips.
            while chunk := response.read1(_CHUNK, decode_content=False):
                self.body_bytes += len(chunk)
                if time.monotonic() > deadline:
                    raise NetworkError("The policy server is too slow.", hint=LATER)
                yield chunk
        except urllib3.exceptions.HTTPError as error:
            raise unreachable(error) from error
        finally:
            response.close()

    def _kept_timestamp(
        self, response: urllib3.BaseHTTPResponse, chunks: Iterator[bytes]
    ) -> Iterator[bytes]:
        received = bytearray()
        for chunk in chunks:
            received += chunk
            yield chunk
        self.timestamp = bytes(received)
        self.poll = LastPoll(
            self._base,
            response.headers.get("ETag", "")[:200],
            response.headers.get("Last-Modified", "")[:200],
        )


def _pool_for(url: str) -> urllib3.PoolManager:
    parts = urlsplit(url)
    proxy = getproxies().get(parts.scheme)
    if proxy is None or proxy_bypass(parts.hostname or ""):
        return urllib3.PoolManager()
    try:
        return urllib3.ProxyManager(proxy)
    except urllib3.exceptions.HTTPError as error:
        raise unreachable(error) from error


def sync(
    places: Places, url: str, now: datetime, disk: Disk, file_seconds: float = FILE_SECONDS
) -> Synced:
    """Fetch and install what the server at ``url`` offers for an authority pinned here.

    The lock is taken only for the installation, so a slow server holds up nobody; what
    was fetched is then judged against whatever is in force by that time.

    Raises:
        UsageError: not an http(s) URL. NetworkError: the server could not be used.
        BundleStale: its freshness ran out. Otherwise like ``install``; whatever happens,
        the last good policy stays.
    """
    base = _checked_url(url)
    disk.make_folder(places.home)
    known = survey(places, now, None)
    authority = _authority_at(places, base, [one.pin.authority for one in known.found])
    found = pinned(known, authority)
    first = _first_root(places, found, base)
    stored = None if found.bundle is None else MemorySource(found.bundle.files)
    kept = None if found.bundle is None else found.bundle.files["timestamp.json"]
    fetcher = HttpFetcher(base, _last_poll(places, authority), kept, file_seconds)
    try:
        offered = update(first, stored, fetcher, base, known.time.moment, places.home)
    finally:
        fetcher.close()
    with exclusive(places.home, disk):
        sweep(places.home)
        known = survey(places, now, None)
        offer = Offer(offered, fetcher.timestamp, needs_freshness=True)
        installed = admit(places, known, pinned(known, authority), offer, now, disk)
        _keep_poll(places, authority, fetcher.poll, disk)
    return Synced(installed, fetcher.requests, fetcher.body_bytes)


def _checked_url(url: str) -> str:
    if not _is_web_folder(url):
        raise UsageError("A policy server's address starts with https:// and names a folder.")
    return url if url.endswith("/") else f"{url}/"


def _is_web_folder(url: str) -> bool:
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets around no address, a port that is none
        return False
    return named and parts.scheme in ("http", "https") and not parts.query


def _authority_at(places: Places, base: str, pinned_here: list[str]) -> str:
    """Whose bundle a server offers: known from the last poll, else asked once."""
    for authority in pinned_here:
        if _last_poll(places, authority).url == base:
            return authority
    return authority_of(_fetched_root(base))


def _first_root(places: Places, found: Found, base: str) -> bytes:
    if found.bundle is not None:
        return found.bundle.files["1.root.json"]
    kept = read_root(places.home, found.pin.authority)
    return _pinned_root(found.pin.authority, kept or _fetched_root(base))


def _pinned_root(authority: str, raw: bytes) -> bytes:
    if authority_of(raw) != authority:
        raise BundleUnverified("The server belongs to another authority.")
    return raw


def _fetched_root(base: str) -> bytes:
    fetcher = HttpFetcher(base, LastPoll(base), None, FILE_SECONDS)
    try:
        raw: bytes = fetcher.download_bytes(f"{base}1.root.json", MAX_METADATA)
    except DownloadHTTPError as error:
        raise NetworkError("There is no policy at that address.") from error
    except DownloadError as error:
        raise network_cause(error) from error
    finally:
        fetcher.close()
    read_root_claim(raw)
    return raw


def _last_poll(places: Places, authority: str) -> LastPoll:
    try:
        raw = read_limited(folder_of(places.home, authority) / POLL_FILE, 4096)
        return msgspec.json.decode(raw or b"", type=LastPoll)
    except (StorageError, msgspec.MsgspecError):
        return LastPoll("")


def _keep_poll(places: Places, authority: str, poll: LastPoll, disk: Disk) -> None:
    path = folder_of(places.home, authority) / POLL_FILE
    if poll != _last_poll(places, authority):
        replace_file(disk, path, msgspec.json.encode(poll))
