"""Fixed bytes: a change here would open no vault that exists."""

from __future__ import annotations

import json
from pathlib import Path

from tests.vectors.vault.make_keys import values

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "vault" / "keys.json"


def test_every_derived_key_and_small_format_is_as_it_was() -> None:
    assert values() == json.loads(VECTORS.read_text())
