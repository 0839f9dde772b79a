"""Fixed vectors: what this program wrote once it must read for ever, to the byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from assistant.policy.admission import read_document
from assistant.policy.attest import read_attestation
from assistant.policy.bundle import verify_bundle
from assistant.policy.floors import Floors, refuse_below
from assistant.policy.keys import encode_public, load_public
from assistant.policy.sources import ZipSource, pack

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "policy"


def expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((VECTORS / "expected.json").read_text())
    return found


def test_the_bundle_of_format_1_verifies_to_the_same_facts() -> None:
    raw, want = (VECTORS / "bundle.zip").read_bytes(), expected()
    bundle = verify_bundle(ZipSource(raw), want["authority"])
    assert (bundle.tier, bundle.issuer) == (want["tier"], want["issuer"])
    for name, facts in bundle.roles.items():
        assert want["roles"][name] == {
            "version": facts.version,
            "digest": facts.digest,
            "expires": facts.expires.isoformat(),
            "epoch": facts.epoch,
        }
    assert read_document(bundle).version == want["document_version"]
    assert sorted(bundle.resources) == want["resources"]
    assert sorted(bundle.files) == want["names"]
    assert pack(bundle.files) == raw


def test_the_floors_of_format_1_read_and_write_the_same_bytes() -> None:
    raw = (VECTORS / "floors.json").read_bytes()
    floors = Floors.from_bytes(raw)
    assert floors.to_bytes() == raw
    bundle = verify_bundle(
        ZipSource((VECTORS / "bundle.zip").read_bytes()), expected()["authority"]
    )
    refuse_below(bundle, 2, floors)
    assert floors.of(bundle.authority).roles["document"].version == 2
    assert floors.enrolled[bundle.authority].issuer == "Example Bank"


def test_the_attestation_of_format_1_is_still_verified() -> None:
    raw = (VECTORS / "attestation.json").read_bytes()
    _, statement = read_attestation(raw, expected()["attestation_keyid"])
    assert statement["canaries"] == {"failed": []}


def test_a_public_key_file_reads_and_writes_the_same_bytes() -> None:
    key = load_public(VECTORS / "alice.pub")
    assert key.keyid == expected()["alice"]
    assert encode_public(key) == (VECTORS / "alice.pub").read_bytes()
