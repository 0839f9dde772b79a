"""Strict JSON (RFC 8259 without its liberties), with the line of every complaint.

Python's parser reads duplicate keys, NaN, lone surrogates and 1e999 without a word; two
readers of one signed document must never disagree, so each of these is refused here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, Never

from assistant.errors import DocumentInvalid

MAX_DEPTH: Final = 32
_BOM: Final = b"\xef\xbb\xbf"
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')

Path = tuple[str | int, ...]


class _Repeated(Exception):
    """A key appears twice in one object."""


def read_strict_json(raw: bytes, *, limit: int) -> Any:
    """The value in ``raw``, at most ``limit`` bytes of UTF-8 without a byte-order mark.

    Refuses with :class:`DocumentInvalid`, naming the line: anything that is not exactly one
    JSON value, duplicate keys, NaN and infinities (also by overflow), lone surrogates and
    nesting deeper than :data:`MAX_DEPTH`.
    """
    text = _decode(raw, limit)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        raise DocumentInvalid(f"Not JSON: {error.msg}.", line=error.lineno) from error
    except _Repeated as error:
        raise DocumentInvalid(
            "A key appears twice in one object.", line=_repeated_line(text)
        ) from error
    except RecursionError as error:
        raise _too_deep(text) from error
    except ValueError as error:
        raise DocumentInvalid(
            "A number is not finite or has too many digits.", line=_number_line(text)
        ) from error
    if any(len(path) > MAX_DEPTH for path, _ in _walk_if_deep(text)):
        raise _too_deep(text)
    _refuse_surrogates(text, value)
    return value


def line_of(text: str, path: Path) -> int:
    """The line (from 1) of the value at ``path``, or of its nearest parent that exists."""
    found = 1
    best = -1
    for candidate, offset in _walk(text):
        shared = len(candidate)
        if shared > best and candidate == path[:shared]:
            best, found = shared, _line(text, offset)
    return found


def _decode(raw: bytes, limit: int) -> str:
    if len(raw) > limit:
        raise DocumentInvalid(f"The document is larger than {limit} bytes.", line=0)
    if raw.startswith(_BOM):
        raise DocumentInvalid("The document starts with a byte-order mark.", line=1)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DocumentInvalid("The document is not UTF-8.", line=line) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Repeated
    return found


def _refuse_constant(name: str) -> Never:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _refuse_surrogates(text: str, value: Any) -> None:
    # Only an escape can bring one in: the UTF-8 decoder has refused raw ones.
    if re.search(r"\\u[dD][89a-fA-F]", text) is None:
        return
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise DocumentInvalid(
            "A lone surrogate is not text.", line=_surrogate_line(text)
        ) from error


def _surrogate_line(text: str) -> int:
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"', text):
        word = _string(token.group())
        if any("\ud800" <= sign <= "\udfff" for sign in word):
            return _line(text, token.start())
    return 0


def _string(token: str) -> str:
    try:
        return str(json.loads(token, strict=False))
    except json.JSONDecodeError:
        return token


def _too_deep(text: str) -> DocumentInvalid:
    line = next((_line(text, at) for path, at in _walk(text) if len(path) > MAX_DEPTH), 0)
    return DocumentInvalid(f"Nested deeper than {MAX_DEPTH} levels.", line=line)


def _walk_if_deep(text: str) -> Iterator[tuple[Path, int]]:
    # A document of ours nests eight deep; the walk is slow, so it is taken only when the
    # count of opening brackets makes too much depth possible at all.
    opened = text.count("[") + text.count("{")
    return _walk(text) if opened > MAX_DEPTH and _brackets_nest(text) else iter(())


def _brackets_nest(text: str) -> bool:
    depth = 0
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', text):
        mark = token.group()
        depth += (mark in "[{") - (mark in "]}")
        if depth > MAX_DEPTH:
            return True
    return False


def _line(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def _repeated_line(text: str) -> int:
    seen: set[Path] = set()
    for path, offset in _walk(text):
        if path in seen:
            return _line(text, offset)
        seen.add(path)
    return 0


def _number_line(text: str) -> int:
    for token in _TOKEN.finditer(text):
        word = token.group()
        if word[0] in '"[]{}:,' or word in ("true", "false", "null"):
            continue
        try:
            if not math.isfinite(float(word)) or len(word) > 4000:
                return _line(text, token.start())
        except ValueError:
            return _line(text, token.start())
    return 0


def _walk(text: str) -> Iterator[tuple[Path, int]]:
    """Each value's path with its offset; for members of objects, the key's offset.

    Iterative and forgiving: it runs only to say where something already refused stands.
    """
    path: list[str | int] = []
    kinds: list[str] = []
    await_key = False
    if text.strip():
        yield (), len(text) - len(text.lstrip())
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark in ("{", "["):
            kinds.append(mark)
            path.append("" if mark == "{" else 0)
            await_key = mark == "{"
            if len(path) > MAX_DEPTH + 1:
                return
            if mark == "[":
                yield tuple(path), _next_start(text, token.end())
        elif mark in ("}", "]") and kinds:
            kinds.pop()
            path.pop()
            await_key = False
        elif mark == "," and kinds:
            await_key = kinds[-1] == "{"
            if kinds[-1] == "[":
                last = path[-1]
                path[-1] = last + 1 if isinstance(last, int) else 0
                yield tuple(path), _next_start(text, token.end())
        elif await_key and mark[0] == '"':
            path[-1] = _string(mark)
            await_key = False
            yield tuple(path), token.start()


def _next_start(text: str, offset: int) -> int:
    match = re.compile(r"\S").search(text, offset)
    return match.start() if match else offset
