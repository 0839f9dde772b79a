"""Which model is used, and that only the very file that was added is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.engine import ModelCatalogue, ModelRegistry, catalogue_path
from assistant.engine.catalogue import WheelSource
from assistant.errors import ModelInvalid, ModelMissing, NoSuchItem, UsageError
from tests.conftest import WEIGHTS
from tests.unit.engine.gguf_files import gguf

VECTOR = Path(__file__).parents[2] / "vectors" / "models.json"
DEFAULT = "smollm2-135m-instruct"


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    return ModelRegistry(tmp_path / "home", ModelCatalogue.load(catalogue_path()), WEIGHTS)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "My Model (v2).gguf"
    path.write_bytes(gguf())
    return path


def test_the_catalogue_names_a_default_of_each_kind_with_a_digest_for_every_file() -> None:
    catalogue = ModelCatalogue.load(catalogue_path())
    for model in (catalogue.default("chat"), catalogue.default("embedding")):
        assert all(len(file.sha256) == 64 for file in model.file)
        assert isinstance(model.where(), WheelSource)


@pytest.mark.parametrize(
    "line",
    [
        'path = "../outside"',
        'path = "/etc/passwd"',
        'path = "x"\nunknown = 1',
        'path = "x"\nsha256 = "short"',
    ],
)
def test_a_catalogue_that_breaks_the_format_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "catalog.toml"
    digest = "" if "sha256" in line else f'\nsha256 = "{"0" * 64}"'
    path.write_text(
        'format = 1\n[[model]]\nid = "a"\nname = "A"\nkind = "chat"\nlicence = "x"\n'
        'origin = "x"\nsize = 1\nmemory = 1\nsource = { wheel = "w", version = "1" }\n'
        f"[[model.file]]\n{line}{digest}\n"
    )
    with pytest.raises(ModelInvalid):
        ModelCatalogue.load(path)


def test_a_fresh_home_uses_the_default_model(registry: ModelRegistry) -> None:
    assert registry.in_use().id == DEFAULT
    assert [entry.id for entry in registry.list() if entry.in_use] == [DEFAULT]


def test_an_added_file_is_recorded_with_its_digest_and_can_be_used(
    registry: ModelRegistry, model: Path
) -> None:
    told: list[tuple[int, int]] = []
    entry = registry.add(model, lambda done, total: told.append((done, total)))
    assert entry.id == "my-model-v2"
    assert entry.name == "A \x1b[31mtest\u202e model"
    assert told[-1] == (model.stat().st_size, model.stat().st_size)
    registry.use(entry.id)
    assert registry.in_use().path == model
    assert registry.in_use().sha256 == entry.sha256


def test_adding_the_same_file_twice_is_adding_it_once(registry: ModelRegistry, model: Path) -> None:
    assert registry.add(model).id == registry.add(model).id
    assert len(registry.list()) == 3


def test_two_files_of_one_name_get_two_ids(
    registry: ModelRegistry, model: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other" / model.name
    other.parent.mkdir()
    other.write_bytes(gguf(data=b"\1" * 64))
    assert {registry.add(model).id, registry.add(other).id} == {"my-model-v2", "my-model-v2-2"}


def test_an_altered_file_is_refused_and_the_previous_model_stays(
    registry: ModelRegistry, model: Path
) -> None:
    id_ = registry.add(model).id
    model.write_bytes(gguf(data=b"\2" * 64))
    with pytest.raises(ModelInvalid):
        registry.use(id_)
    assert registry.in_use().id == DEFAULT


def test_a_missing_file_is_refused_and_the_previous_model_stays(
    registry: ModelRegistry, model: Path
) -> None:
    id_ = registry.add(model).id
    model.unlink()
    with pytest.raises(ModelMissing):
        registry.use(id_)
    assert registry.in_use().id == DEFAULT
    assert not registry.entry(id_).present


@pytest.mark.parametrize("data", [b"not a model", gguf()[:60], gguf([])])
def test_a_file_that_is_no_model_is_not_added(
    registry: ModelRegistry, tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelInvalid):
        registry.add(path)
    assert len(registry.list()) == 2


def test_removing_the_model_in_use_brings_the_default_back_and_keeps_the_file(
    registry: ModelRegistry, model: Path
) -> None:
    id_ = registry.add(model).id
    registry.use(id_)
    registry.remove(id_)
    assert registry.in_use().id == DEFAULT
    assert model.exists()
    with pytest.raises(NoSuchItem):
        registry.remove(id_)


def test_an_unknown_id_and_an_embedding_model_cannot_chat(registry: ModelRegistry) -> None:
    with pytest.raises(NoSuchItem):
        registry.use("nothing")
    with pytest.raises(UsageError):
        registry.use("all-minilm-l6-v2")


def test_the_default_models_verify(registry: ModelRegistry) -> None:
    assert registry.verify(DEFAULT).present
    assert registry.verify("all-minilm-l6-v2").present
    assert "model.safetensors" in registry.embedder().sha256


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": 2}', '{"extra": 1}', "\0" * 10])
def test_a_damaged_list_is_refused_not_replaced(
    registry: ModelRegistry, tmp_path: Path, text: str
) -> None:
    (tmp_path / "home").mkdir()
    path = tmp_path / "home" / "models.json"
    path.write_text(text)
    with pytest.raises(ModelInvalid):
        registry.list()
    assert path.read_text() == text


def test_the_format_on_disk_is_the_one_of_the_vector(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.joinpath("models.json").write_bytes(VECTOR.read_bytes())
    registry = ModelRegistry(home, ModelCatalogue.load(catalogue_path()), WEIGHTS)
    added = [entry for entry in registry.list() if entry.added]
    assert [(entry.id, str(entry.path), entry.in_use) for entry in added] == [
        ("mine", "/models/mine.gguf", True)
    ]
    registry.add(_sound(tmp_path))
    registry.remove("sound")
    assert json.loads(home.joinpath("models.json").read_text()) == json.loads(VECTOR.read_text())


def test_a_guard_model_is_in_use_beside_the_chat_model_and_never_chats(
    registry: ModelRegistry, model: Path, tmp_path: Path
) -> None:
    entry = registry.add(model, guard="llama-guard")
    assert (entry.kind, entry.guard, entry.in_use) == ("guard", "llama-guard", False)
    assert registry.guard_in_use() is None
    registry.use_guard(entry.id)
    assert registry.guard_in_use() == registry.entry(entry.id)
    assert registry.in_use().id == DEFAULT
    with pytest.raises(UsageError, match="guard"):
        registry.use(entry.id)
    with pytest.raises(UsageError):
        registry.guard_file(DEFAULT)
    written = json.loads((tmp_path / "home" / "models.json").read_text())
    assert (written["guard"], written["added"][0]["guard"]) == (entry.id, "llama-guard")
    registry.remove(entry.id)
    assert registry.guard_in_use() is None


def test_an_altered_guard_model_does_not_come_into_use(
    registry: ModelRegistry, model: Path
) -> None:
    entry = registry.add(model, guard="qwen3guard")
    model.write_bytes(model.read_bytes() + b"x")
    with pytest.raises(ModelInvalid):
        registry.use_guard(entry.id)
    assert registry.guard_in_use() is None


def _sound(folder: Path) -> Path:
    path = folder / "sound.gguf"
    path.write_bytes(gguf())
    return path


def test_only_the_user_may_read_the_list(
    registry: ModelRegistry, model: Path, tmp_path: Path
) -> None:
    registry.add(model)
    assert (tmp_path / "home" / "models.json").stat().st_mode & 0o777 == 0o600
