"""One loaded model for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.engine import ModelClient, ModelFile

DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@pytest.fixture(scope="session")
def model_file(chat_model_path: Path) -> ModelFile:
    """The default model."""
    return ModelFile(chat_model_path, DIGEST)


@pytest.fixture(scope="session")
def model(model_file: ModelFile) -> Iterator[ModelClient]:
    """The default model in its child, with what earlier tests left in the cache."""
    client = ModelClient()
    client.start(model_file)
    client.wait_ready(60)
    yield client
    client.stop()
