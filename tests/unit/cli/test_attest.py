"""`policy attest`: one home states what binds it, an officer elsewhere checks the statement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.cli.main import main


def _run(home: Path, *words: str) -> int:
    return main(["--home", str(home), "policy", "attest", *words], lambda _: 1)


def test_a_statement_is_checked_on_another_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, file = tmp_path / "home", tmp_path / "statement.json"
    assert _run(home) == 0
    file.write_text(capsys.readouterr().out)
    assert _run(tmp_path / "office", "--check", str(file), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["statement"] == json.loads(file.read_text())["statement"]
    assert _run(tmp_path / "office", "--check", str(file), "--home-key", told["home_key"]) == 0
    shown = capsys.readouterr().out
    assert "Packaged baseline, tier 1, version" in shown
    assert "Every canary was judged rightly." in shown
    assert not (tmp_path / "office").exists()


def test_an_altered_statement_or_one_of_another_home_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "statement.json"
    assert _run(tmp_path / "home") == 0
    file.write_text(capsys.readouterr().out)
    assert _run(tmp_path / "home", "--check", str(file), "--home-key", "0" * 64) == 4
    file.write_text(file.read_text().replace('"failed": []', '"failed": ["x"]'))
    assert _run(tmp_path / "home", "--check", str(file)) == 4
    assert _run(tmp_path / "home", "--check", str(tmp_path / "none")) == 2
    assert _run(tmp_path / "home", "--home-key", "0" * 64) == 2
