"""`models list` says of the model in use how it is run here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.cli.main import main


def test_the_model_in_use_says_how_it_is_run_and_no_other_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path), "models", "list", "--json"], lambda _: 1) == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (chat,) = [one for one in listed if one["in_use"] and one["kind"] == "chat"]
    assert "threads" in chat["runs"]
    assert "(not measured yet)" in chat["runs"]
    assert all(len(one["sha256"]) == 64 for one in listed), "every model has one digest"
    assert all(one["runs"] == "" for one in listed if one is not chat)
    assert main(["--home", str(tmp_path), "models", "list"], lambda _: 1) == 0
    assert capsys.readouterr().out.count("runs with ") == 1
