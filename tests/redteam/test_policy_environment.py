"""Hostile surroundings: optimised Python, every suggestive variable, and what the code reads.

No setting, variable or bundle content decides whether to verify (design.md section 5), so
the same refusals must come in a process whose environment tries everything.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import assistant.policy
from tests.publisher import Publisher, write_folder
from tests.redteam.test_bundle_attacks import make_world

POLICY = Path(assistant.policy.__file__).parent
ROOT = POLICY.parent.parent

PROGRAM = """
import sys
from pathlib import Path
from assistant.errors import AssistantError
from assistant.policy.install import install
from assistant.policy.loader import load_policy
from assistant.policy.storage import Disk
from tests.publisher import NOW, places
home, bundle = Path(sys.argv[1]), Path(sys.argv[2])
where = places(home)
try:
    install(where, bundle, NOW, Disk())
    print("accepted")
except AssistantError as error:
    print("refused", error.exit_code)
state = load_policy(where.home, where.system, where.baseline, NOW, None)
print("in force", state.authorities[-1].version, state.authorities[-1].managed_by)
"""

HOSTILE = {
    "PYTHONOPTIMIZE": "2",
    "TUF_SKIP_VERIFY": "1",
    "ASSISTANT_SKIP_VERIFY": "1",
    "ASSISTANT_POLICY_DISABLE": "1",
    "ASSISTANT_POLICY_ROOT": "/tmp/evil",
    "ASSISTANT_SYSTEM_POLICY": "/nonexistent",
    "XDG_CONFIG_DIRS": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "ProgramData": "C:/evil",
    "CRYPTO_SIGNER_PATH_PREFIX": "/tmp/evil",
    "SSL_CERT_FILE": "/nonexistent",
    "REQUESTS_CA_BUNDLE": "/nonexistent",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "PYTHONHASHSEED": "0",
    "LC_ALL": "C",
    "LANG": "tr_TR.UTF-8",
    "TZ": "Pacific/Kiritimati",
    "SOURCE_DATE_EPOCH": "0",
    "FAKETIME": "-10y",
}


def _run(home: Path, bundle: Path, **variables: str) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(home), str(bundle)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.split("\n")[:2]


@pytest.mark.parametrize("kind", ["unsigned", "older", "honest"])
def test_a_hostile_environment_changes_no_verdict(kind: str, tmp_path: Path) -> None:
    world = make_world(tmp_path)
    if kind == "older":
        bundle = tmp_path / "old"
    else:
        world.publisher.update(3)
        if kind == "unsigned":
            world.publisher.signers["targets"] = world.publisher.people[:1]
        bundle = write_folder(tmp_path / "next", world.publisher.bundle())
    verdict = ["accepted", "in force 3 enrolled"]
    if kind != "honest":
        verdict = ["refused 4", "in force 2 enrolled"]
    assert _run(world.where.home, bundle, **HOSTILE) == verdict


def test_a_temporary_folder_that_does_not_exist_changes_no_verdict(tmp_path: Path) -> None:
    world = make_world(tmp_path)
    (tmp_path / "hollow").mkdir()
    verdict = _run(world.where.home, tmp_path / "old", TMPDIR=str(tmp_path / "hollow"))
    assert verdict == ["refused 4", "in force 2 enrolled"]


BUNDLE_MODULES = [
    "admission",
    "attest",
    "authorities",
    "authoring",
    "baseline",
    "bundle",
    "client",
    "clock",
    "floors",
    "install",
    "keys",
    "loader",
    "publishing",
    "roots",
    "shelf",
    "signing",
    "sources",
    "storage",
    "sync",
    "tuf_edge",
]


def _names(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("module", BUNDLE_MODULES)
def test_nothing_that_verifies_reads_the_environment(module: str) -> None:
    """Only sync asks for a proxy, through ``urllib.request``; nobody asks for anything else."""
    names = _names(ast.parse((POLICY / f"{module}.py").read_text()))
    assert not names & {"environ", "environb", "getenv", "expanduser", "expandvars"}
    assert ("getproxies" in names) == (module == "sync")


@pytest.mark.parametrize("module", BUNDLE_MODULES)
def test_no_check_is_an_assert_statement(module: str) -> None:
    """Asserts vanish under PYTHONOPTIMIZE."""
    tree = ast.parse((POLICY / f"{module}.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)]


def test_the_reference_time_governs_every_expiry_check_of_python_tuf() -> None:
    """The contract behind ``client._ClockedUpdater`` with the python-tuf installed here."""
    from tuf.ngclient._internal import trusted_metadata_set

    source = Path(trusted_metadata_set.__file__).read_text()
    checks = [line for line in source.split("\n") if "is_expired(" in line]
    assert len(checks) == 4
    assert all("is_expired(self.reference_time)" in line for line in checks)


def test_a_publisher_with_a_one_of_one_threshold_is_as_strict(tmp_path: Path) -> None:
    world = make_world(tmp_path, Publisher(threshold=1))
    world.publisher.update(3)
    world.publisher.signers["targets"] = []
    bundle = write_folder(tmp_path / "next", world.publisher.bundle())
    assert _run(world.where.home, bundle) == ["refused 4", "in force 2 enrolled"]
