"""Wycheproof's vectors through the very functions the vault uses or builds on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from assistant.errors import WrongPassphrase
from assistant.vault import keys

VECTORS = Path(__file__).resolve().parents[4] / "shared" / "eval" / "wycheproof"


def cases(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    path = VECTORS / f"{name}_test.json"
    if not path.is_file():
        pytest.skip(f"{path} is not on this machine")
    for group in json.loads(path.read_text())["testGroups"]:
        for test in group["tests"]:
            yield group, test


def test_aes_gcm_unwraps_every_valid_vector_and_no_invalid_one() -> None:
    seen = {"valid": 0, "invalid": 0}
    for group, test in cases("aes_gcm"):
        if group["ivSize"] != 96 or group["tagSize"] != 128 or group["keySize"] != 256:
            continue  # the vault has one size of each
        key, nonce, bound = (bytes.fromhex(test[name]) for name in ("key", "iv", "aad"))
        plain = bytes.fromhex(test["msg"])
        sealed = bytes.fromhex(test["ct"] + test["tag"])
        if test["result"] == "valid":
            assert bytes(keys.unwrap(key, sealed, nonce, bound)) == plain, test["tcId"]
            assert keys.wrap(key, plain, nonce, bound) == sealed, test["tcId"]
        else:
            with pytest.raises(WrongPassphrase):
                keys.unwrap(key, sealed, nonce, bound)
        seen[test["result"]] += 1
    assert min(seen.values()) > 20


def test_hmac_sha256_agrees_with_every_vector() -> None:
    seen = {"valid": 0, "invalid": 0}
    for group, test in cases("hmac_sha256"):
        key, message, tag = (bytes.fromhex(test[name]) for name in ("key", "msg", "tag"))
        found = keys.mac(key, message)[: group["tagSize"] // 8]
        assert keys.same(found, tag) == (test["result"] == "valid"), test["tcId"]
        seen[test["result"]] += 1
    assert min(seen.values()) > 20


def test_hkdf_sha256_agrees_with_every_vector() -> None:
    seen = {"valid": 0, "invalid": 0}
    for _, test in cases("hkdf_sha256"):
        ikm, salt, info = (bytes.fromhex(test[name]) for name in ("ikm", "salt", "info"))
        seen[test["result"]] += 1
        if test["result"] == "invalid":
            with pytest.raises(ValueError, match="derive"):
                HKDF(SHA256(), test["size"], salt, info).derive(ikm)
            continue
        found = HKDF(SHA256(), test["size"], salt, info).derive(ikm)
        assert found == bytes.fromhex(test["okm"]), test["tcId"]
    assert min(seen.values()) > 0
