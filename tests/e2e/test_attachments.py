"""Asking about a file: the real program, the real model, a real terminal, a PDF of two pages."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import PASSPHRASE, Cli
from tests.e2e.terminal import Terminal
from tests.pdf_files import pdf

pytestmark = [pytest.mark.model]

HOUSE = pdf(
    [
        "House rules of the mill.\nThe boiler is serviced in May by Mr Orlov.",
        "The spare key is under the blue pot.\nThe cat is called Pepper.",
    ]
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The PDF on disk."""
    path = tmp_path / "house.pdf"
    path.write_bytes(HOUSE)
    return path


def test_a_file_is_asked_about_recalled_accounted_for_and_erased(cli: Cli, house: Path) -> None:
    ask = ("ask", "Where is the spare key?", "--seed", "1", "--max-tokens", "24", "--json")
    first = cli.run(*ask, "--attach", house).json
    (file,) = first["attachments"]
    assert (file["name"], file["size"], file["placed"]) == ("house.pdf", len(HOUSE), "whole")
    assert first["sources"] == [{"name": "house.pdf", "places": [], "kind": "pdf"}]
    assert first["prompt_tokens"] > file["tokens"] > 0

    later = ("ask", "Who services the boiler?", "--conversation", "last", "--max-tokens", "8")
    again = cli.run(*later, "--json").json
    places = [item["place"] for item in again["used"] if item["kind"] == "chunk"]
    assert "[house.pdf p. 1]" in places
    assert "> The boiler is serviced in May" in cli.run("why", "--json").json["prompt"]
    (hit,) = cli.run("history", "search", "Orlov", "--json").lines
    assert hit["file"] == "house.pdf"

    cli.run("erase", "attachment", file["id"], "--yes", "--json")
    assert cli.run("history", "search", "Orlov", "--json").lines == []
    account = cli.run("why", first["turn"], "--json").json
    assert {item["text"] for item in account["used"] if item["kind"] == "chunk"} == {"[erased]"}
    assert "blue pot" not in account["prompt"]


@pytest.mark.terminal
@pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux")
def test_a_file_is_attached_by_its_path_in_a_real_terminal(
    cli: Cli, terminal: Terminal, house: Path
) -> None:
    terminal.start()
    terminal.until("Passphrase")
    terminal.type(PASSPHRASE)
    terminal.keys("Enter")
    terminal.until("Ask anything")
    terminal.keys("C-o")
    terminal.until("Attach a file")
    terminal.type(f"{house.parent}/hou")
    terminal.until("house.pdf")
    terminal.keys("Enter")
    terminal.until("▤ house.pdf")
    terminal.type("Where is the spare key?")
    terminal.keys("Enter")
    terminal.until("Sources: house.pdf", seconds=120)
    screen = terminal.until("tok/s")
    assert "alt+x removes" not in screen
    terminal.keys("F4")
    terminal.until("Read of attached files")
    terminal.keys("C-q")
    terminal.until("left with 0")
    (turn,) = cli.run("history", "show", "--json").lines
    assert turn["attached"] == ["house.pdf"]
