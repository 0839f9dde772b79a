"""The house is as drawn: its contracts hold and each would notice a violation."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LINT = Path(sys.executable).with_name("lint-imports")

VIOLATIONS = {
    "tui imports cli": ("assistant/tui/trespass.py", "from assistant.cli import main"),
    "cli imports tui": ("assistant/cli/trespass.py", "import assistant.tui.app"),
    "vault imports conversation": ("assistant/vault/trespass.py", "import assistant.conversation"),
    "policy imports vault": ("assistant/policy/trespass.py", "import assistant.vault"),
    "policy imports engine": ("assistant/policy/trespass.py", "import assistant.engine"),
    "personal imports engine": ("assistant/personal/trespass.py", "import assistant.engine"),
    "engine imports personal": ("assistant/engine/trespass.py", "import assistant.personal"),
}


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache"], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path in (ROOT / "assistant").rglob("*.py"):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


@pytest.mark.parametrize("name", sorted(VIOLATIONS))
def test_a_deliberate_violation_breaks_a_contract(copy: Path, name: str) -> None:
    place, line = VIOLATIONS[name]
    path = copy / place
    path.write_text(f'"""A trespass."""\n\n{line}\n')
    try:
        ran = _lint(copy)
        assert ran.returncode != 0
        assert "BROKEN" in ran.stdout
    finally:
        path.unlink()


def test_the_top_level_is_as_listed() -> None:
    allowed = {
        "pyproject.toml", "README.md", "assistant", "models", "tests", "scripts",
        "LICENSE", "CHANGELOG.md", "SECURITY.md", ".gitignore", ".ci",
    }  # fmt: skip
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {name.split("/")[0] for name in listed} == allowed


def test_importing_the_front_brings_nothing_heavy() -> None:
    heavy = "numpy torch chromadb llama_cpp sentence_transformers transformers sqlcipher3 textual"
    code = (
        "import sys, assistant.__main__, assistant.app, assistant.holder.interface;"
        f"print([m for m in {heavy.split()!r} if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_error_has_an_exit_code_a_hint_and_a_place_in_the_drawn_tree() -> None:
    from assistant import errors

    drawn = errors.__doc__ or ""
    promised = {0, 1, 2, 3, 4, 5, 70, 130}
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, errors.AssistantError):
            assert kind.exit_code in promised
            assert kind.default_hint
            assert f" {kind.__name__} " in drawn or kind is errors.AssistantError
            line = next(row for row in drawn.splitlines() if f"{kind.__name__} " in row)
            assert line.split(f"{kind.__name__} ")[1].split()[0] == str(kind.exit_code), line


def test_no_module_is_named_for_what_it_is_not_sure_about() -> None:
    shunned = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    for path in (ROOT / "assistant").rglob("*.py"):
        assert path.stem not in shunned
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                assert not node.name.endswith(("Manager", "Helper", "Utils")), path


def test_the_readme_is_what_the_parser_and_the_results_say() -> None:
    ran = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference"), "--check"], cwd=ROOT, check=False
    )
    assert ran.returncode == 0, "run scripts/reference"


def test_every_ignored_lint_rule_has_its_reason_beside_it() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    settings = tomllib.loads(text)
    for code in settings["tool"]["ruff"]["lint"]["ignore"]:
        line = next(row for row in text.splitlines() if row.strip().startswith(f'"{code}"'))
        assert "#" in line, code
