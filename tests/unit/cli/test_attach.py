"""Files on the command line, through the socket of whoever holds the vault."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.cli.main import main
from assistant.conversation.attachments.reading import MAX_FILE_BYTES
from assistant.errors import AttachmentRefused
from assistant.holder.attachments_wire import Attach, AttachmentItem
from assistant.holder.interface import SearchHistory
from assistant.holder.socket import RemoteApplication
from tests.holder_world import World
from tests.pdf_files import pdf

TWO_PAGES = pdf(["The boiler is serviced in May.", "The spare key is under the blue pot."])


def run(world: World, *words: str) -> int:
    return main(["--home", str(world.folder), *words], lambda _: 1)


def test_a_file_is_asked_about_and_its_sources_are_told(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "house.pdf").write_bytes(TWO_PAGES)
    (tmp_path / "todo.md").write_text("# To do\n\n- paint the fence\n")
    words = ["--attach", str(tmp_path / "house.pdf"), "--attach", str(tmp_path / "todo.md")]
    assert run(world, "ask", "What is to do?", *words) == 0
    out, err = capsys.readouterr()
    assert out == "A scripted answer.\n\nSources: house.pdf; todo.md\n"
    assert "house.pdf: PDF, " in err
    assert "read whole" in err
    assert "[house.pdf p. 2]\n> The spare key" in world.prompt


def test_json_says_what_became_of_each_file(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "house.pdf").write_bytes(TWO_PAGES)
    asked = ["ask", "Where is the key?", "--attach", str(tmp_path / "house.pdf"), "--json"]
    assert run(world, *asked, "--beside") == 0
    told = json.loads(capsys.readouterr().out)
    (file,) = told["attachments"]
    assert file["name"] == "house.pdf"
    assert file["size"] == len(TWO_PAGES)
    assert file["tokens"] > 10
    assert file["placed"] == "whole"
    assert told["sources"] == [{"name": "house.pdf", "places": [], "kind": "pdf"}]
    assert [item["place"] for item in told["used"]] == ["[house.pdf p. 1]", "[house.pdf p. 2]"]
    assert "beside" in told
    assert world.prompt.count("blue pot") == 1


def test_what_cannot_be_attached_is_wrong_usage_before_anything_is_asked(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(world, "ask", "What?", "--attach", str(tmp_path)) == 2
    assert "folder" in capsys.readouterr().err
    assert world.model.requests == []


def test_the_account_and_the_history_name_files_and_places(
    world: World, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "house.pdf").write_bytes(TWO_PAGES)
    run(world, "ask", "Where is the key?", "--attach", str(tmp_path / "house.pdf"))
    capsys.readouterr()
    assert run(world, "why") == 0
    out = capsys.readouterr().out
    assert "Read of attached files:" in out
    assert "[house.pdf p. 2]: The spare key" in out
    assert "none was relevant" in out
    assert run(world, "history", "show") == 0
    out = capsys.readouterr().out
    assert "> [attached: house.pdf]" in out
    assert "Sources: house.pdf" in out
    assert run(world, "history", "files", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert run(world, "history", "files") == 0
    assert capsys.readouterr().out.startswith(f"{listed['id']}  house.pdf: PDF, ")
    assert run(world, "history", "search", "boiler") == 0
    assert "house.pdf: The «boiler» is" in capsys.readouterr().out
    assert run(world, "erase", "attachment", listed["id"], "--yes") == 0
    assert run(world, "history", "search", "boiler") == 0
    assert "house.pdf" not in capsys.readouterr().out


def test_the_line_mode_attaches_lists_takes_back_and_asks(world: World, tmp_path: Path) -> None:
    (tmp_path / "a b.txt").write_text("The spare key is under the blue pot.")
    (tmp_path / "other.txt").write_text("Nothing of interest.")
    lines = [
        "/attachments", f"/attach '{tmp_path}/a b.txt'", f"/attach {tmp_path}/other.txt",
        "/detach other.txt", "/attach /nowhere", "/attachments", "Where is the key?",
        "/attachments", "Where is the spare key?", "/detach",
    ]  # fmt: skip
    command = [sys.executable, "-m", "assistant", "--home", str(tmp_path), "chat", "--plain"]
    ran = subprocess.run(
        command, input="\n".join(lines), capture_output=True, text=True, check=True, timeout=60
    )
    out, err = ran.stdout, ran.stderr
    assert out.startswith("No files are attached.\na b.txt: text, 36 B, 8 tokens")
    assert "waits: a b.txt" in out
    assert out.count("Sources: a b.txt") == 2
    assert "Nothing of interest" not in world.prompt
    assert "There is no file at that path." in err
    assert "No file waits." in err


def test_the_largest_file_goes_through_the_socket_and_a_larger_one_is_refused(
    world: World, tmp_path: Path
) -> None:
    remote = RemoteApplication(tmp_path)
    (item,) = remote.handle(Attach("big.txt", b"words " * (MAX_FILE_BYTES // 6)))
    assert isinstance(item, AttachmentItem)
    assert "Only its first 2,000,000" in item.note
    with pytest.raises(AttachmentRefused, match="20 MB"):
        list(remote.handle(Attach("big.txt", bytes(MAX_FILE_BYTES + 1))))
    assert world.all(SearchHistory("words")) == []
