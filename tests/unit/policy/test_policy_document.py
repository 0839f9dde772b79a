"""Reading policy documents: strict, bounded, with a line for every complaint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assistant.errors import DocumentInvalid
from assistant.policy.document import MAX_BYTES, PolicyDocument
from tests.policy_documents import document, raw_document, rule


def _text(**changes: Any) -> str:
    return json.dumps(raw_document(rules=[rule(terms=["zorblax"])], **changes), indent=1)


def _refused(raw: bytes) -> DocumentInvalid:
    with pytest.raises(DocumentInvalid) as caught:
        PolicyDocument.from_bytes(raw)
    return caught.value


def test_a_whole_document_is_read() -> None:
    read = PolicyDocument.from_bytes(_text().encode())
    assert read.rules[0].match.terms == ("zorblax",)
    assert read.expires.tzinfo is not None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"effect": "block"', '"effect": "allow"', id="no effect that relaxes"),
        pytest.param('"effect": "block"', '"effect": "block", "relaxes": 1', id="unknown field"),
        pytest.param('"effect": "block"', '"effect": 5', id="number for a word"),
        pytest.param('"version": 1', '"version": 1.0', id="fraction for a number"),
        pytest.param('"version": 1', '"version": "1"', id="word for a number"),
        pytest.param('"version": 1', '"version": true', id="truth for a number"),
        pytest.param('"version": 1', '"version": NaN', id="NaN"),
        pytest.param('"version": 1', '"version": -Infinity', id="infinity"),
        pytest.param('"version": 1', '"version": 1e999', id="infinity by overflow"),
        pytest.param('"version": 1', '"version": ' + "9" * 6000, id="six thousand digits"),
        pytest.param('"version": 1', '"version": 1, "version": 2', id="duplicate key"),
        pytest.param('"zorblax"', '"zor\\ud800blax"', id="lone surrogate"),
        pytest.param('"zorblax"', '"zor\\u0000blax"', id="control character"),
        pytest.param('"zorblax"', '"\\u200b\\u200b"', id="term of nothing"),
        pytest.param('"tier": "national"', '"tier": "user"', id="tier of the user"),
        pytest.param("2030-01-01T00:00:00Z", "2030-01-01T00:00:00+02:00", id="zone"),
        pytest.param("2030-01-01T00:00:00Z", "2030-02-30T00:00:00Z", id="no such day"),
        pytest.param("2030-01-01T00:00:00Z", "2025-01-01T00:00:00Z", id="expires before issue"),
    ],
)
def test_what_breaks_the_format_is_refused_with_its_line(old: str, new: str) -> None:
    good = _text()
    assert old in good
    line = good[: good.index(old)].count("\n") + 1
    error = _refused(good.replace(old, new, 1).encode())
    assert error.line == (1 if "dates" in error.message else line)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        pytest.param(b"\xef\xbb\xbf{}", 1, id="BOM"),
        pytest.param(b"\xff\xfe{\x00}\x00", 1, id="UTF-16"),
        pytest.param(b"{\n\n\xff}", 3, id="not UTF-8"),
        pytest.param(b"", 1, id="empty"),
        pytest.param(b"{}\n{}", 2, id="two values"),
        pytest.param(b"null", 1, id="null"),
        pytest.param(b"[" * 100_000, 1, id="depth bomb of lists"),
        pytest.param(b'{"a":' * 100_000, 1, id="depth bomb of objects"),
        pytest.param(b"\n" + b"[" * 40 + b"]" * 40, 2, id="forty deep"),
        pytest.param(b" " * (MAX_BYTES + 1), 0, id="too large"),
    ],
)
def test_what_is_not_one_json_object_is_refused(raw: bytes, line: int) -> None:
    assert _refused(raw).line == line


def test_an_optimised_interpreter_would_refuse_the_same_because_no_check_is_an_assert() -> None:
    import ast
    from pathlib import Path

    import assistant.policy.document as module

    for name in (
        "document.py",
        "document_fields.py",
        "document_match.py",
        "boundable.py",
        "strict_json.py",
        "resolver.py",
        "pattern_syntax.py",
    ):
        tree = ast.parse((Path(module.__file__).parent / name).read_text())
        assert not any(isinstance(node, ast.Assert) for node in ast.walk(tree))


def test_a_bound_that_nobody_would_keep_is_refused() -> None:
    text = json.dumps(
        raw_document(bounds=[{"id": "b", "key": "telepathy", "maximum": 1, "reason": "x"}]),
        indent=1,
    )
    error = _refused(text.encode())
    assert "no such setting" in error.message
    assert error.line == text[: text.index("telepathy")].count("\n") + 1


def test_an_id_is_used_once() -> None:
    with pytest.raises(DocumentInvalid, match="used twice"):
        document(rules=[rule("a", terms=["xx"]), rule("a", terms=["yy"])])


def test_a_rule_that_matches_nothing_is_refused() -> None:
    with pytest.raises(DocumentInvalid, match="needs terms"):
        document(rules=[rule("a")])


def test_a_pattern_outside_the_language_is_refused_with_its_line() -> None:
    text = json.dumps(raw_document(rules=[rule(pattern=["ok", "(?=x)y"])]), indent=1)
    error = _refused(text.encode())
    assert "pattern" in error.message
    assert error.line == text[: text.index("(?=x)")].count("\n") + 1
