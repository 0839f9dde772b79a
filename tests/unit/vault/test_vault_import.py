"""The front starts fast: the vault's imports stay light until they are needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("sqlcipher3", "cryptography", "keyring", "numpy", "pydantic", "asyncio")


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("assistant.vault", (*HEAVY, "msgspec", "assistant.vault.facade")),
        ("assistant.vault.records", (*HEAVY, "msgspec")),
        ("assistant.vault.facade", HEAVY),
    ],
)
def test_importing_loads_nothing_heavy(module: str, absent: tuple[str, ...]) -> None:
    code = f"import sys, {module}; print([m for m in {absent!r} if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert run.stdout.strip() == "[]"
