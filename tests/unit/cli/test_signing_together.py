"""Several people sign one directory: each sees what it is, what is missing and what comes next."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.cli.main import main
from assistant.policy.templates import template

PLAIN = "--no-key-passphrase"


def test_who_signs_is_told_the_version_what_is_missing_and_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    work = str(tmp_path / "work")

    def policy(*words: str) -> list[str]:
        capsys.readouterr()
        assert main(["--home", str(tmp_path / "home"), "policy", *words], lambda _: 1) == 0
        return capsys.readouterr().out.splitlines()

    def key(name: str, end: str = "key") -> str:
        return str(tmp_path / f"{name}.{end}")

    for name in ("ann", "ben", "cyd", "web"):
        policy("keygen", name, "--dir", str(tmp_path), PLAIN)
    document = tmp_path / "lab.json"
    document.write_bytes(template("lab"))
    begun = policy(
        "sign", work, "--document", str(document), "--key", key("ann"), PLAIN,
        "--people", key("ann", "pub"), key("ben", "pub"), "--threshold", "2",
        "--publishing", key("web", "pub"),
    )  # fmt: skip
    assert "document     version 1" in begun
    assert begun[-1] == f"Next, with another key: assistant policy sign {work} --key KEY"
    assert policy("sign", work, "--key", key("ben"), PLAIN)[-1].startswith("Complete.")
    rotated = policy(
        "sign", work, "--rotate", "--key", key("ann"), PLAIN,
        "--people", key("ann", "pub"), key("cyd", "pub"), "--threshold", "2",
        "--publishing", key("web", "pub"),
    )  # fmt: skip
    missing = [line for line in rotated if "still needs" in line]
    assert missing[0].startswith("root 2 still needs 1 more")
    assert [line.endswith("of those who held the keys before") for line in missing[:2]] == [
        False, True,
    ]  # fmt: skip
