"""The two children, their protocol, supervisor and clients; the model catalogue.

Importing this room imports neither numpy nor llama.cpp: those live in the children.
"""

from __future__ import annotations

from assistant.engine.catalogue import ModelCatalogue, catalogue_path, default_weights
from assistant.engine.interfaces import EngineState, Memory, Model, Phase
from assistant.engine.loading import check_loads
from assistant.engine.memory_client import EmbedderFolder, MemoryClient, MemorySettings
from assistant.engine.memory_messages import IndexState
from assistant.engine.messages import WallReport
from assistant.engine.model_client import ModelClient, ModelFile, ModelSettings
from assistant.engine.model_messages import (
    CandidateFinished,
    ChatMessage,
    GenerateRequest,
    GenerationEvent,
    GenerationFinished,
    ModelLoaded,
    PromptEvaluated,
    PromptProgress,
    Sampling,
    TextDelta,
)
from assistant.engine.registry import ModelEntry, ModelRegistry
from assistant.engine.wall import front_not_dumpable

__all__ = [
    "CandidateFinished",
    "ChatMessage",
    "EmbedderFolder",
    "EngineState",
    "GenerateRequest",
    "GenerationEvent",
    "GenerationFinished",
    "IndexState",
    "Memory",
    "MemoryClient",
    "MemorySettings",
    "Model",
    "ModelCatalogue",
    "ModelClient",
    "ModelEntry",
    "ModelFile",
    "ModelLoaded",
    "ModelRegistry",
    "ModelSettings",
    "Phase",
    "PromptEvaluated",
    "PromptProgress",
    "Sampling",
    "TextDelta",
    "WallReport",
    "catalogue_path",
    "check_loads",
    "default_weights",
    "front_not_dumpable",
]
