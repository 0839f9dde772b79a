"""Whether a model really loads: tried in a child of its own, behind the wall."""

from __future__ import annotations

from assistant.engine.model_client import DEFAULT_SETTINGS, ModelClient, ModelFile, ModelSettings
from assistant.engine.model_messages import ModelLoaded

TIMEOUT = 120.0


def check_loads(model: ModelFile, settings: ModelSettings = DEFAULT_SETTINGS) -> ModelLoaded:
    """Load the model and decode a little. Raises ``ModelMissing`` or ``ModelInvalid``.

    ``models add`` and ``models use`` call it before they change anything, so that the
    previous model stays in use when a new one crashes the engine.
    """
    client = ModelClient(settings)
    client.start(model)
    try:
        loaded = client.wait_ready(TIMEOUT)
        client.probe_decode(2)
        return loaded
    finally:
        client.stop()
