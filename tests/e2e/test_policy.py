"""An organisation's policy from the author's desk to a refusal on the screen."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Cli
from tests.policy_documents import raw_document, rule

pytestmark = pytest.mark.model


def _document(folder: Path, version: int) -> Path:
    path = folder / f"policy-{version}.json"
    raw = raw_document(
        id="acme", issuer="Acme", tier="organisation", version=version,
        rules=[
            rule("no-mergers", "block", ["input"], terms=["project nightingale"]),
            rule("no-names", "block", ["output"], terms=["paris"]),
        ],
        tests=[
            {"text": "Tell me about Project Nightingale", "expect": "block"},
            {"text": "Tell me about nightingales", "expect": "none"},
        ],
    )  # fmt: skip
    path.write_text(json.dumps(raw))
    return path


@pytest.fixture
def site(cli: Cli, tmp_path: Path) -> Callable[[int], Path]:
    """Sign and publish version N with two of three keys; returns the folder."""
    plain = "--no-key-passphrase"
    for name in ("ann", "ben", "cyd", "publish"):
        cli.run("policy", "keygen", name, "--dir", tmp_path, plain)
    people = [tmp_path / f"{name}.pub" for name in ("ann", "ben", "cyd")]

    def make(version: int) -> Path:
        work, folder = tmp_path / "work", tmp_path / f"site-{version}"
        first = cli.run(
            "policy", "sign", work, "--document", _document(tmp_path, version),
            "--key", tmp_path / "ann.key", "--people", *people, "--threshold", "2",
            "--publishing", tmp_path / "publish.pub", plain, "--json",
        ) if version == 1 else cli.run(
            "policy", "sign", work, "--document", _document(tmp_path, version),
            "--key", tmp_path / "ann.key", plain, "--json",
        )  # fmt: skip
        assert first.json["missing"]
        cli.run("policy", "publish", work, folder, "--key", tmp_path / "publish.key", plain, code=2)
        second = cli.run("policy", "sign", work, "--key", tmp_path / "ben.key", plain, "--json")
        assert second.json["missing"] == []
        cli.run("policy", "publish", work, folder, "--key", tmp_path / "publish.key", plain)
        return folder

    return make


def test_a_signed_policy_is_enrolled_installed_enforced_and_explained(
    cli: Cli, site: Callable[[int], Path], tmp_path: Path
) -> None:
    first = site(1)
    fingerprint = cli.run("policy", "verify", first, "--json").json["authority"]
    cli.run("policy", "install", first, code=4)  # nobody pinned it yet
    cli.run("policy", "enrol", first / "1.root.json", code=2)  # no terminal, no fingerprint
    cli.run("policy", "enrol", first / "1.root.json", "--fingerprint", "0" * 64, code=4)
    cli.run("policy", "enrol", first / "1.root.json", "--fingerprint", fingerprint)
    # Pinned but without a bundle: never "no policy".
    cli.run("ask", "Hello", code=4)
    assert cli.run("policy", "status", "--json", code=4).json["problems"]
    cli.run("policy", "install", first)
    status = cli.run("policy", "status", "--json").json
    assert [a["tier"] for a in status["authorities"]] == ["national", "organisation"]
    assert status["authorities"][1]["managed_by"] == "enrolled"

    refused = cli.run("ask", "What is Project N1ght1ngale?", "--json", code=1).json
    assert (refused["status"], refused["rule"], refused["tier"], refused["issuer"]) == (
        "refused", "no-mergers", "organisation", "Acme",
    )  # fmt: skip
    assert refused["reason"] == "Because of no-mergers."
    answer = cli.run("ask", "What is the capital of France?", "--json", "--seed", "1", code=1).json
    assert answer["rule"] == "no-names"
    assert "paris" not in answer["answer"].lower()
    assert "paris" not in cli.run("history", "show", answer["conversation"], "--json").out.lower()
    log = cli.run("policy", "log", "--json").lines
    assert {entry["rule"] for entry in log} == {"no-mergers", "no-names"}

    asked = [{"text": "project nightingale"}, {"text": "In Paris", "where": "output"},
             {"text": "a harmless question", "where": "input"}]  # fmt: skip
    decided = cli.run("policy", "simulate", stdin="\n".join(map(json.dumps, asked))).lines
    assert [d["effect"] for d in decided] == ["block", "block", "none"]
    assert set(decided[0]) == {"effect", "rule", "tier", "issuer", "score", "view"}

    second = site(2)
    cli.run("policy", "install", second)
    cli.run("policy", "install", first, code=4)  # a rollback
    damaged = tmp_path / "damaged"
    shutil.copytree(second, damaged)
    for target in damaged.glob("targets/*"):
        target.write_bytes(target.read_bytes().replace(b"nightingale", b"NIGHTINGALE"))
    cli.run("policy", "install", damaged, code=4)
    now = cli.run("policy", "status", "--json").json["authorities"][1]
    assert now["version"] == 2
    cli.run("policy", "leave", "Acme", "--yes")
    assert cli.run("ask", "Project Nightingale?", "--json", "--max-tokens", "4").json["answer"]


def test_an_open_vault_is_locked_when_the_policy_in_force_changes(
    cli: Cli, site: Callable[[int], Path]
) -> None:
    first, second = site(1), site(2)
    fingerprint = cli.run("policy", "verify", first, "--json").json["authority"]

    def running() -> bool:
        return bool(cli.run("agent", "status", "--json").json["running"])

    cli.run("agent")
    told = cli.run("policy", "enrol", first / "1.root.json", "--fingerprint", fingerprint)
    assert "is locked now" in told.err
    assert not running()
    cli.run("ask", "Hello", code=4)
    cli.run("policy", "install", first)
    cli.run("agent")
    assert cli.run("ask", "What is Project Nightingale?", "--json", code=1).json["issuer"] == "Acme"
    assert "locked" not in cli.run("policy", "install", first).err, "it was in force already"
    assert running()
    assert "is locked now" in cli.run("policy", "install", second).err
    assert not running()
    cli.run("agent")
    cli.run("policy", "leave", "Acme", "--yes")
    assert not running()


def test_a_document_whose_own_tests_fail_cannot_be_signed(cli: Cli, tmp_path: Path) -> None:
    cli.run("policy", "keygen", "ann", "--dir", tmp_path, "--no-key-passphrase")
    path = _document(tmp_path, 1)
    raw = json.loads(path.read_text())
    raw["tests"][1]["expect"] = "block"
    path.write_text(json.dumps(raw))
    cli.run("policy", "test", path, code=1)
    cli.run(
        "policy", "sign", tmp_path / "work", "--document", path, "--key", tmp_path / "ann.key",
        "--people", tmp_path / "ann.pub", "--threshold", "1",
        "--publishing", tmp_path / "ann.pub", "--no-key-passphrase", code=1,
    )  # fmt: skip
    assert not (tmp_path / "work" / "targets.json").exists()


@pytest.mark.parametrize("kind", ["bank", "school", "hospital", "lab"])
def test_every_template_passes_its_own_tests(cli: Cli, tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"{kind}.json"
    cli.run("policy", "init", "--for", kind, path)
    assert cli.run("policy", "test", path, "--json").json["failed"] == 0
    cli.run("policy", "lint", path)
    cli.run("policy", "init", "--for", kind, path, code=2)
