"""The models of one home: the catalogue's, and files the user added.

``models.json`` in the home records path and digest of what was added, which model is in
use, and which guard model. It is not secret; a file that does not match its digest is
not loaded, so altering it changes nothing but which file is refused.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from assistant.engine.catalogue import CatalogueModel, Digest, Id, ModelCatalogue
from assistant.engine.gguf import GgufHeader, read_header
from assistant.engine.memory_client import EmbedderFolder
from assistant.engine.model_client import ModelFile
from assistant.errors import (
    DiskFull,
    ModelInvalid,
    ModelMissing,
    NoSuchItem,
    ReadOnlyStorage,
    UsageError,
)

GuardFamily = Literal["qwen3guard", "llama-guard"]
"""Whose output format a guard model has."""
FILE_NAME = "models.json"
MAX_REGISTRY = 1024 * 1024
HASH_BLOCK = 4 * 1024 * 1024

Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


class AddedModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file the user added. Its name comes from the file and is untrusted.

    ``guard`` is its family where it is a guard model and not one to chat with.
    """

    id: Id
    path: str
    sha256: Digest
    size: int
    unverified_name: str
    guard: GuardFamily | Literal[""] = ""


class _Registry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: Literal[1] = 1
    in_use: str = ""
    added: tuple[AddedModel, ...] = ()
    guard: str | msgspec.UnsetType = msgspec.UNSET
    """The guard model in use; not written where none was ever chosen."""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One row of ``models list``. ``name`` may come from a model file: untrusted, raw.

    ``sha256`` is the file's; of a model in several files, one over their list of digests.
    """

    id: str
    name: str
    kind: Literal["chat", "embedding", "guard"]
    path: Path
    sha256: str
    size: int
    memory: int
    licence: str
    in_use: bool
    present: bool
    added: bool
    guard: str = ""


def _silent(_done: int, _total: int) -> None:
    return


class ModelRegistry:
    """Reads and changes ``models.json``. ``weights`` is where catalogue models lie."""

    def __init__(self, home: Path, catalogue: ModelCatalogue, weights: Path) -> None:
        self._file = home / FILE_NAME
        self._catalogue = catalogue
        self._weights = weights

    # --- reading -----------------------------------------------------------------------

    def list(self) -> list[ModelEntry]:
        """Every model known here, the catalogue's first."""
        registry = self._load()
        in_use = registry.in_use or self._catalogue.default("chat").id
        known = [self._from_catalogue(model, in_use) for model in self._catalogue.models]
        return [*known, *(_from_added(model, (in_use, registry.guard)) for model in registry.added)]

    def entry(self, id_: str) -> ModelEntry:
        """One model; ``NoSuchItem`` if there is none of that id."""
        for entry in self.list():
            if entry.id == id_:
                return entry
        raise NoSuchItem("There is no model of that id.", hint="Run `assistant models list`.")

    def in_use(self) -> ModelFile:
        """The chat model to load. Its digest is checked by the child at every load.

        Raises ``ModelMissing`` if its file is gone.
        """
        registry = self._load()
        return self.model_file(registry.in_use or self._catalogue.default("chat").id)

    def model_file(self, id_: str) -> ModelFile:
        """A chat model by id. Raises ``NoSuchItem``, ``UsageError``, ``ModelMissing``."""
        entry = self.entry(id_)
        if entry.kind != "chat":
            does = "embeds text" if entry.kind == "embedding" else "is a guard model"
            raise UsageError(f"That model {does}; it cannot chat.")
        return _file(entry)

    def guard_file(self, id_: str) -> ModelFile:
        """A guard model by id. Raises as ``model_file`` does."""
        entry = self.entry(id_)
        if entry.kind != "guard":
            raise UsageError(
                "That model was not added as a guard.",
                hint="`assistant models add FILE --guard FAMILY`.",
            )
        return _file(entry)

    def guard_in_use(self) -> ModelEntry | None:
        """The guard model in use, if one was chosen."""
        guard = self._load().guard
        return self.entry(guard) if guard else None

    def embedder(self) -> EmbedderFolder:
        """The embedding model, with the digest of each of its files."""
        return self._folder(self._catalogue.default("embedding"))

    def _folder(self, model: CatalogueModel) -> EmbedderFolder:
        folder = model.file[0].path.split("/")[0]
        digests = {file.path.removeprefix(f"{folder}/"): file.sha256 for file in model.file}
        return EmbedderFolder(self._weights / folder, digests, model.id)

    # --- changing ----------------------------------------------------------------------

    def add(
        self, path: Path, progress: Progress = _silent, guard: GuardFamily | Literal[""] = ""
    ) -> ModelEntry:
        """Record a GGUF file and its digest; the file stays where it is.

        With ``guard`` it is one that judges by policy's rules and not one to chat with.

        Raises ``ModelMissing`` or ``ModelInvalid``; then nothing is recorded.
        """
        path = path.resolve()
        header = read_header(path)
        if not header.unverified_text("general.architecture"):
            raise ModelInvalid("The file does not say what kind of model it is.")
        digest = file_digest(path, progress)
        registry = self._load()
        for model in registry.added:
            if (model.sha256, model.path, model.guard) == (digest, str(path), guard):
                return self.entry(model.id)
        name = _name(header, path)
        id_ = _free_id(path, {entry.id for entry in self.list()})
        added = AddedModel(id_, str(path), digest, header.size, name, guard)
        self._save(msgspec.structs.replace(registry, added=(*registry.added, added)))
        return self.entry(id_)

    def use(self, id_: str) -> ModelFile:
        """Make a chat model the one in use, after checking its digest.

        Raises as ``verify`` does, and then the previous model stays in use. Whether it
        loads as well is the caller's to try first (``loading.check_loads``).
        """
        model = self.model_file(id_)
        self.verify(id_)
        self._save(msgspec.structs.replace(self._load(), in_use=id_))
        return model

    def use_guard(self, id_: str) -> None:
        """Make a guard model the one in use, after checking its digest; as ``use``."""
        self.guard_file(id_)
        self.verify(id_)
        self._save(msgspec.structs.replace(self._load(), guard=id_))

    def verify(self, id_: str, progress: Progress = _silent) -> ModelEntry:
        """The entry, with every file hashed. ``ModelMissing`` or ``ModelInvalid``."""
        entry = self.entry(id_)
        if entry.added:
            expected = {entry.path: entry.sha256}
        else:
            files = self._catalogue.get(id_).file
            expected = {self._weights / file.path: file.sha256 for file in files}
        for path, digest in expected.items():
            if file_digest(path, progress) != digest:
                raise ModelInvalid("The model's file is not the one that was added.")
        return entry

    def remove(self, id_: str) -> None:
        """Forget an added model; the file itself stays. The default comes into use."""
        registry = self._load()
        rest = tuple(model for model in registry.added if model.id != id_)
        if len(rest) == len(registry.added):
            raise NoSuchItem("No model of that id was added.", hint="Run `assistant models list`.")
        in_use = "" if registry.in_use == id_ else registry.in_use
        guard = msgspec.UNSET if registry.guard == id_ else registry.guard
        self._save(msgspec.structs.replace(registry, added=rest, in_use=in_use, guard=guard))

    # --- inside ------------------------------------------------------------------------

    def _from_catalogue(self, model: CatalogueModel, in_use: str) -> ModelEntry:
        first = model.file[0]
        single = len(model.file) == 1
        path = self._weights / (first.path if single else first.path.split("/")[0])
        digest = first.sha256 if single else self._folder(model).digest
        return ModelEntry(
            model.id, model.name, model.kind, path, digest,
            model.size, model.memory, model.licence, model.id == in_use,
            all((self._weights / file.path).is_file() for file in model.file), added=False,
        )  # fmt: skip

    def _load(self) -> _Registry:
        try:
            with self._file.open("rb") as file:
                data = file.read(MAX_REGISTRY + 1)
        except FileNotFoundError:
            return _Registry()
        except OSError as error:
            raise ModelMissing("The list of models cannot be read.") from error
        try:
            if len(data) > MAX_REGISTRY:
                raise ValueError
            return msgspec.json.decode(data, type=_Registry)
        except (ValueError, msgspec.ValidationError) as error:
            raise ModelInvalid(
                "The list of models was damaged.",
                hint=f"Remove {FILE_NAME} from the home and add the models again.",
            ) from error

    def _save(self, registry: _Registry) -> None:
        """Atomically: the old list or the new one, never half of it."""
        fresh = self._file.with_name(f".{FILE_NAME}.{secrets.token_hex(4)}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(registry)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._file)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            if error.errno == 28:
                raise DiskFull("No room to save the list of models.") from error
            raise ReadOnlyStorage("The list of models cannot be saved.") from error


def file_digest(path: Path, progress: Progress = _silent) -> str:
    """SHA-256 of a file, in hexadecimal. Raises ``ModelMissing``."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            total, done = os.fstat(file.fileno()).st_size, 0
            while block := file.read(HASH_BLOCK):
                digest.update(block)
                done += len(block)
                progress(done, total)
    except OSError as error:
        raise ModelMissing("The model's file is not there or cannot be read.") from error
    return digest.hexdigest()


def _file(entry: ModelEntry) -> ModelFile:
    if not entry.present:
        raise ModelMissing("The model's file is not there.")
    return ModelFile(entry.path, entry.sha256, entry.id, entry.name)


def _from_added(model: AddedModel, in_use: Sequence[object]) -> ModelEntry:
    path = Path(model.path)
    return ModelEntry(
        model.id, model.unverified_name, "guard" if model.guard else "chat", path, model.sha256,
        model.size, model.size, "", model.id in in_use, path.is_file(), added=True,
        guard=model.guard,
    )  # fmt: skip


def _name(header: GgufHeader, path: Path) -> str:
    return header.unverified_text("general.name")[:200] or path.stem[:200]


def _free_id(path: Path, taken: set[str]) -> str:
    """An id from the file's name that nothing else has."""
    plain = re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._")[:56] or "model"
    number, id_ = 2, plain
    while id_ in taken:
        id_, number = f"{plain}-{number}", number + 1
    return id_
