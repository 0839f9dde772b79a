"""Export, import of the same, and a ChatGPT data export."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from assistant.errors import NoSuchItem, UsageError
from assistant.vault.chatgpt import ChatGptImport
from assistant.vault.facade import Vault
from assistant.vault.markdown import from_markdown, to_markdown
from assistant.vault.records import (
    FeedbackKind,
    ItemKind,
    ProfileValue,
    TurnStatus,
    UsedItem,
)
from assistant.vault.transfer import (
    ExportDocument,
    ExportScope,
    Imported,
    from_json,
    to_json,
)
from tests.vault_world import create, say


def filled(folder: Path) -> tuple[Vault, str]:
    vault, _ = create(folder)
    turn = say(
        vault, "Why?\n<!-- assistant:end -->", "Because.\r\n\\<!-- assistant:end -->\n",
        used=[UsedItem(ItemKind.PREFERENCE, "abc", 0.5)],
    )  # fmt: skip
    vault.feedback.add(turn.id, FeedbackKind.NOTE, "good --> bad", ("fluency", "two\nlines"))
    vault.preferences.add("Short --> answers")
    vault.profile.put(ProfileValue("length", 0.25, True))
    say(vault, "Another", "Talk")
    return vault, turn.conversation_id


def test_json_comes_back_the_same(tmp_path: Path) -> None:
    vault, _ = filled(tmp_path / "one")
    with vault:
        document = vault.export(ExportScope())
    assert from_json(io.BytesIO(to_json(document))) == document


def test_markdown_comes_back_the_same_whatever_the_text_looks_like(tmp_path: Path) -> None:
    vault, _ = filled(tmp_path / "one")
    with vault:
        document = vault.export(ExportScope())
    text = "".join(to_markdown(document))
    assert "**You**" in text
    assert from_markdown(io.BytesIO(text.encode())) == document


def test_an_import_adds_everything_once(tmp_path: Path) -> None:
    vault, _ = filled(tmp_path / "one")
    with vault:
        document = vault.export(ExportScope())
    other, _ = create(tmp_path / "two")
    with other:
        assert other.import_document(document) == Imported(2, 2, 1, 0)
        assert other.import_document(document) == Imported(0, 0, 0, 3)
        assert other.export(ExportScope()) == document
        assert len(other.search.history("another")) == 1
        other.verify()


def test_the_scope_chooses(tmp_path: Path) -> None:
    vault, chat = filled(tmp_path)
    with vault:
        only = vault.export(ExportScope(conversations=(chat,), preferences=False))
        assert [each.conversation.id for each in only.conversations] == [chat]
        assert (only.preferences, only.profile) == ((), ())
        assert vault.export(ExportScope(conversations=())).conversations == ()
        with pytest.raises(NoSuchItem):
            vault.export(ExportScope(conversations=("x",)))


def test_an_imported_turn_is_never_open_and_belongs_to_its_conversation(tmp_path: Path) -> None:
    vault, _ = create(tmp_path / "one")
    with vault:
        vault.turns.begin(vault.conversations.start().id, "unfinished")
        document = vault.export(ExportScope())
    other, _ = create(tmp_path / "two")
    with other:
        other.import_document(document)
        latest = other.turns.latest()
        assert latest is not None
        assert latest.status is TurnStatus.INTERRUPTED


@pytest.mark.parametrize(
    "change",
    [
        {"id": "\x1b[2J"},
        {"id": "../x"},
        {"id": ""},
        {"parent_id": "X" * 100},
        {"created": datetime(2026, 1, 1)},  # noqa: DTZ001 - what is refused
        {"seed": 1 << 70},
    ],
)
def test_ids_instants_and_numbers_of_another_form_are_refused(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    vault, _ = filled(tmp_path)
    with vault:
        document = vault.export(ExportScope())
        first = document.conversations[0]
        altered = replace(first.turns[0].turn, **{"id": "fedcba", **change})
        turn = msgspec.structs.replace(first.turns[0], turn=altered)
        named = replace(first.conversation, id="abcdef")
        changed = msgspec.structs.replace(first, conversation=named, turns=(turn,))
        before = vault.turns.count()
        with pytest.raises(UsageError):
            vault.import_document(ExportDocument(conversations=(changed,)))
        assert vault.turns.count() == before


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"format": "another", "version": 1}',
        b'{"version": 2}',
        b'{"surprise": 1}',
        b"[" * 100_000,
        b'{"preferences": [{"id": 1}]}',
    ],
)
def test_what_is_no_export_is_a_usage_error(data: bytes) -> None:
    with pytest.raises(UsageError):
        from_json(io.BytesIO(data))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Some notes",
        "<!-- assistant:export 2 -->",
        "<!-- assistant:export 1 -->\n<!-- assistant:end -->",
        "<!-- assistant:export 1 -->\n<!-- assistant:question -->\nx\n<!-- assistant:end -->",
        "<!-- assistant:export 1 -->\n<!-- assistant:preference {} -->\nx",
        "<!-- assistant:export 1 -->\n<!-- assistant:preference {} -->\nx\n<!-- assistant:end -->",
        "<!-- assistant:export 1 -->\n<!-- assistant:unknown 1 -->",
    ],
)
def test_what_is_no_markdown_export_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        from_markdown(io.BytesIO(text.encode()))


def test_too_large_a_file_is_not_read() -> None:
    with pytest.raises(UsageError):
        from_json(io.BytesIO(b" " * 100), limit=50)
    with pytest.raises(UsageError):
        from_markdown(io.BytesIO(b" " * 100), limit=50)
    with pytest.raises(UsageError):
        list(ChatGptImport(io.BytesIO(b"[" + b" " * 100), limit=50).conversations())


def node(name: str, parent: str | None, role: str, text: Any, **more: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": text if isinstance(text, list) else [text]}
    message = {"author": {"role": role}, "content": content, "create_time": 1_700_000_000.5, **more}
    return {"id": name, "parent": parent, "children": [], "message": message}


def conversation(nodes: list[dict[str, Any]], current: str | None, **more: Any) -> dict[str, Any]:
    mapping = {each["id"]: each for each in nodes}
    for each in nodes:
        if each["parent"] in mapping:
            mapping[each["parent"]]["children"].append(each["id"])
    return {
        "title": "Imported",
        "create_time": 1_700_000_000.0,
        "mapping": mapping,
        "current_node": current,
        "conversation_id": "c1",
        **more,
    }


def tree() -> dict[str, Any]:
    root: dict[str, Any] = {"id": "root", "parent": None, "children": [], "message": None}
    hidden = {"is_visually_hidden_from_conversation": True}
    return conversation(
        [
            root,
            node("s", "root", "system", "be kind"),
            node("h", "s", "user", "profile text", metadata=hidden),
            node("u1", "h", "user", ["Look at", {"content_type": "image"}, "this"]),
            node("old", "u1", "assistant", "first try"),
            node("a1", "u1", "assistant", "second try", metadata={"model_slug": "gpt-x"}),
            node("call", "a1", "assistant", "search()", recipient="browser"),
            node("tool", "call", "tool", "results"),
            node("a2", "tool", "assistant", "and more"),
            node("u2", "a2", "user", "Thanks \ud800"),
        ],
        "u2",
    )


def imported(*items: Any) -> list[Any]:
    return list(ChatGptImport(io.BytesIO(json.dumps(list(items)).encode())).conversations())


def test_a_chatgpt_tree_becomes_the_turns_that_were_in_view(tmp_path: Path) -> None:
    reader = ChatGptImport(io.BytesIO(json.dumps([tree()]).encode()))
    (found,) = reader.conversations()
    assert reader.branches_left_out == 1
    first, second = (each.turn for each in found.turns)
    assert first.question == "Look at\n[attachment]\nthis"
    assert first.answer == "second try\n\nand more"
    assert (first.model_id, second.answer, second.parent_id) == ("gpt-x", "", first.id)
    assert second.question == "Thanks \N{REPLACEMENT CHARACTER}"
    vault, _ = create(tmp_path)
    with vault:
        document = ExportDocument(conversations=(found,))
        assert vault.import_document(document) == Imported(1, 2, 0, 0)
        assert vault.import_document(document) == Imported(0, 0, 0, 1)
        assert vault.conversations.list()[0].title == "Imported"


def test_without_a_current_node_the_last_leaf_is_in_view() -> None:
    nodes = [node("u", None, "user", "q"), node("a", "u", "assistant", "a")]
    (found,) = imported(conversation(nodes, None))
    assert [(each.turn.question, each.turn.answer) for each in found.turns] == [("q", "a")]


def test_an_answer_without_a_question_is_kept() -> None:
    (found,) = imported(conversation([node("a", None, "assistant", "hello")], "a"))
    assert [(each.turn.question, each.turn.answer) for each in found.turns] == [("", "hello")]


def test_an_empty_export_holds_nothing() -> None:
    assert imported() == []


class SmallReads(io.BytesIO):
    """A file that gives few bytes at a time, to cross every boundary."""

    def read(self, count: int | None = -1) -> bytes:
        return super().read(7 if count is None or count < 0 else min(7, count))


def test_a_file_is_read_across_chunk_and_character_boundaries() -> None:
    nodes = [node("u", None, "user", "Zürich → \U0001f600 " * 20)]
    items = [conversation(nodes, "u", conversation_id=f"c{number}") for number in range(5)]
    text = json.dumps(items, ensure_ascii=False, indent=2)
    found = list(ChatGptImport(SmallReads(text.encode())).conversations())
    assert len({each.conversation.id for each in found}) == 5
    assert {each.turns[0].turn.question for each in found} == {"Zürich → \U0001f600 " * 20}


CIRCLE = conversation([node("a", "b", "user", "x"), node("b", "a", "user", "y")], "a")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[",
        "[1]",
        "[{}]",
        '[{"mapping": []}]',
        '[{"mapping": {"a": 1}, "current_node": "a"}]',
        "[{} {}]",
        '[{"mapping": {}},]',
        json.dumps([CIRCLE]),
        "[" * 50_000,
        '[{"mapping": {}, "create_time": NaN}]',
        '[{"mapping": {}, "x": ' + "9" * 5000 + "}]",
        "[\x00]",
    ],
)
def test_a_malformed_chatgpt_export_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        list(ChatGptImport(io.BytesIO(text.encode())).conversations())


@pytest.mark.parametrize("odd", [1e999, -5, "soon", True, None, 1e300])
def test_odd_times_and_types_are_passed_over(odd: Any) -> None:
    nodes = [node("u", None, "user", "q", metadata=odd, recipient=odd)]
    nodes[0]["message"]["create_time"] = odd
    nodes[0]["message"]["content"]["parts"].append(odd)
    text = json.dumps([conversation(nodes, "u", title=odd, create_time=odd)])
    text = text.replace("Infinity", "1e999")
    (found,) = ChatGptImport(io.BytesIO(text.encode())).conversations()
    assert found.turns[0].turn.question == ("q\nsoon" if odd == "soon" else "q")
