"""The big counts this project promises, read from the tests' own marks.

``@pytest.mark.full(name=…, small=…, full=…, covers=("assistant/…",))`` is the promise;
tests/full.json holds what was run; README's table is rendered here from both.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Promise:
    """One test with a size: its name, the asked count, the code it speaks about."""

    name: str
    full: int
    covers: tuple[str, ...]
    test: str


def promised(root: Path) -> list[Promise]:
    """Every promise in the tests, by name. Marks must be literals; raises ValueError else."""
    found = [p for path in sorted((root / "tests").rglob("test_*.py")) for p in _in_file(path)]
    return sorted(found, key=lambda promise: promise.name)


def _in_file(path: Path) -> Iterator[Promise]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for mark in node.decorator_list:
            if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.full":
                values = {str(k.arg): ast.literal_eval(k.value) for k in mark.keywords}
                yield Promise(values["name"], values["full"], tuple(values["covers"]), node.name)


def covered_digest(root: Path, covers: Iterable[str]) -> str:
    """A digest of the covered code that comments, docstrings and layout do not change."""
    digest = hashlib.sha256()
    for place in covers:
        path = root / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(_meaning(file))
    return digest.hexdigest()[:16]


def _meaning(path: Path) -> bytes:
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        first = body[0] if isinstance(body, list) and body else None
        if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
            node.body = body[1:]  # type: ignore[attr-defined, index]
    return ast.dump(tree).encode()


def table(root: Path, results: Mapping[str, Mapping[str, Any]]) -> str:
    """The README's table of big counts, in Markdown."""
    lines = ["| test | cases | failures | date | commit |", "| --- | --- | --- | --- | --- |"]
    for promise in promised(root):
        run = results.get(promise.name)
        if run is None:
            lines.append(f"| {promise.name} | not run yet, asked: {promise.full:,} | | | |")
        else:
            lines.append(
                f"| {promise.name} | {run['count']:,} | {run['failures']} "
                f"| {run['date']} | {run['commit']} |"
            )
    return "\n".join(lines)
