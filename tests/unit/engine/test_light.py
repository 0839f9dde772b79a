"""The front stays light: what is heavy is imported by the children alone."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "numpy", "torch", "llama_cpp", "jinja2", "chromadb", "sentence_transformers",
    "tokenizers", "huggingface_hub", "asyncio",
)  # fmt: skip


def test_importing_the_engine_imports_nothing_heavy() -> None:
    program = (
        f"import sys, assistant.engine\nprint([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_both_clients_keep_the_promised_interfaces() -> None:
    from assistant.engine import Memory, MemoryClient, Model, ModelClient
    from tests.scripted_model import ScriptedMemory, ScriptedModel

    # Protocol properties are read by isinstance, so instances are what can be checked.
    for model in (ModelClient(), ScriptedModel()):
        assert isinstance(model, Model)
    for memory in (MemoryClient(), ScriptedMemory()):
        assert isinstance(memory, Memory)
