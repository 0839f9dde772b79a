"""What a person typed, imported and taught is readable in no file, at no moment."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Progress
from tests.e2e.conftest import Cli

pytestmark = pytest.mark.model

ALLOWED = (
    "vault/header", "vault/lock", "vault/attempts", "vault/vault-*", "policy/*", "models.json",
    "holder.sock",
)  # fmt: skip


def _words(seed: int, count: int) -> list[str]:
    dice = random.Random(seed)
    return ["".join(dice.choices("bcdfghjklmnpqrstvwxz", k=20)) for _ in range(count)]


def _codings(word: str) -> Iterator[bytes]:
    yield word.encode()
    yield word.encode("utf-16-le")
    yield word.encode("utf-16-be")
    for shift in range(3):
        yield base64.b64encode(b"x" * shift + word.encode())[4:-4]


def _scan(folders: list[Path], words: list[str], spare: set[Path]) -> None:
    needles = [coding for word in words for coding in _codings(word)]
    for folder in folders:
        for path in folder.rglob("*"):
            if path in spare or not path.is_file():
                continue
            content = path.read_bytes()
            for needle in needles:
                assert needle not in content, path


def _chatgpt(words: list[str]) -> list[dict[str, Any]]:
    def node(name: str, parent: str | None, children: list[str], role: str, said: str) -> Any:
        content = {"content_type": "text", "parts": [said]}
        message = {"id": name, "author": {"role": role}, "create_time": 1.7e9, "content": content}
        return {"id": name, "parent": parent, "children": children, "message": message}

    return [
        {
            "title": f"imported {word}", "create_time": 1.7e9, "current_node": "b",
            "mapping": {
                "a": node("a", None, ["b"], "user", f"asked {word}"),
                "b": node("b", "a", [], "assistant", f"told {word}"),
            },
        }
        for word in words
    ]  # fmt: skip


@pytest.mark.full(
    name="canaries",
    small=12,
    full=200,
    covers=("assistant/holder/holder.py", "assistant/holder/idle.py"),
)
def test_no_canary_is_readable_while_running_after_exit_after_a_kill_or_after_locking(
    cli: Cli, tmp_path: Path, size: int, seed: int, progress: Progress
) -> None:
    words = _words(seed, size)
    quarter = max(1, size // 4)
    typed, noted, imported, asked = (
        words[:quarter], words[quarter : 2 * quarter],
        words[2 * quarter : 3 * quarter], words[3 * quarter :],
    )  # fmt: skip
    roots = [tmp_path / name for name in ("user", "tmp", "cwd")]
    for root in roots:
        root.mkdir()
    (roots[2] / ".env").write_text("")
    export = tmp_path / "given" / "conversations.json"
    export.parent.mkdir()
    export.write_text(json.dumps(_chatgpt(imported)))
    environment = {**os.environ, "HOME": str(roots[0]), "TMPDIR": str(roots[1])}
    more: dict[str, Any] = {"env": environment, "cwd": roots[2]}
    folders = [cli.home, *roots]

    def begin() -> subprocess.Popen[str]:
        return cli.start("chat", "--plain", **more)

    def say(process: subprocess.Popen[str], lines: list[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in [*lines, "/status"]:
            process.stdin.write(line + "\n")
        process.stdin.flush()
        while not process.stdout.readline().startswith("Personalisation is"):
            pass

    holder = begin()
    say(holder, [f"Tell me of {word}" for word in asked[: max(2, size // 40)]])
    say(holder, [f"/prefer I collect {word}" for word in typed])
    say(holder, [f"/note remember {word}" for word in noted])
    cli.run("import", export)  # through the open holder
    _scan(folders, words, set())
    holder.kill()
    holder.wait()
    holder.communicate()
    _scan(folders, words, set())
    again = begin()
    say(again, [f"/search {typed[0]}"])
    cli.run("lock")
    _scan(folders, words, set())
    again.communicate()
    _scan(folders, words, set())
    last = begin()
    say(last, ["/preferences"])
    last.send_signal(signal.SIGTERM)
    last.communicate()
    _scan(folders, words, set())
    found = cli.run("history", "search", imported[0], "--json").lines
    assert found, "the canaries were never stored, so their absence proves nothing"
    for path in cli.home.rglob("*"):
        if path.is_file():
            name = path.relative_to(cli.home)
            assert any(name.match(pattern) for pattern in ALLOWED), name
    progress.mark(size)
