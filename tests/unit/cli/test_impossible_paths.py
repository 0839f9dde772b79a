"""A path that leads nowhere is the caller's mistake, told with its cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.cli.main import main

# "@" stands for an empty folder.
TOO_LONG = "@/" + "a" * 300
KEY = ("--key", "@/nokey", "--no-key-passphrase")


@pytest.mark.parametrize(
    ("words", "code", "cure"),
    [
        (("policy", "verify", TOO_LONG), 4, "Ask the issuer"),
        (("policy", "verify", "@/nothing.zip"), 2, "Check the path."),
        (("policy", "enrol", TOO_LONG, "--fingerprint", "0" * 64), 4, "Check the path."),
        (("policy", "enrol", "@/nothing", "--fingerprint", "0" * 64), 2, "Check the path."),
        (("policy", "sign", "@/work", *KEY), 2, "Check the path."),
        (("policy", "publish", "@/work", "@/site", *KEY), 2, "Check the path."),
        (("models", "add", TOO_LONG), 5, "models add FILE"),
    ],
)
def test_a_path_that_leads_nowhere_is_no_fault_of_the_program(
    words: tuple[str, ...],
    code: int,
    cure: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    placed = [word.replace("@", str(tmp_path)) for word in words]
    assert main(["--home", str(tmp_path / "home"), *placed], lambda _: 1) == code
    assert cure in capsys.readouterr().err


def test_work_that_nobody_began_says_how_to_begin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = ["--home", str(tmp_path / "home")]
    keygen = ["policy", "keygen", "ann", "--dir", str(tmp_path), "--no-key-passphrase"]
    assert main([*home, *keygen], lambda _: 1) == 0
    key = ["--key", str(tmp_path / "ann.key"), "--no-key-passphrase"]
    assert main([*home, "policy", "sign", str(tmp_path / "work"), *key], lambda _: 1) == 2
    assert "--people" in capsys.readouterr().err
