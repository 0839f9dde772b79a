"""One table of every figure, and whether its target is met; two runs side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

Row = dict[str, Any]

_TARGET = re.compile(r"(≤|≥|<=|>=)?\s*(-?\d+(?:\.\d+)?)\s*(s|ms|MB|%)?$")
_HEADINGS = ("suite", "figure", "ours", "rival", "ratio", "target", "met")


def met(row: Row) -> bool | None:
    """Whether a row meets its target; None where it states none that is a number.

    A target with a unit is about the value; one without is about the ratio where the row
    has a rival, and about the value where it has none.
    """
    stated = _TARGET.match(str(row.get("target", "")))
    if stated is None or not isinstance(row.get("value"), int | float):
        return None
    relation, number, unit = stated.groups()
    about = row["value"] if unit or "ratio" not in row else row["ratio"]
    if relation in {"≥", ">="}:
        return bool(about >= float(number))
    return bool(about <= float(number) or (relation is None and round(about, 1) == float(number)))


def table(rows: Iterable[Row]) -> Iterator[str]:
    """The lines of the table, columns as wide as they need to be."""
    cells = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(_HEADINGS))]
    for line in cells:
        yield "  ".join(
            cell.ljust(width) for cell, width in zip(line, widths, strict=True)
        ).rstrip()


def compared(before: Iterable[Row], after: Iterable[Row]) -> Iterator[str]:
    """Figure by figure: the value, and the ratio to the rival, of two runs."""
    old, new = ({_key(row): row for row in rows} for rows in (before, after))
    for key in sorted(old.keys() & new.keys()):
        told = "  ".join(
            f"{what} {_short(old[key][what])} → {_short(new[key][what])}"
            + (f" ({new[key][what] / old[key][what]:.2f}×)" if old[key][what] else "")
            for what in ("value", "ratio")
            if isinstance(old[key].get(what), int | float)
            and isinstance(new[key].get(what), int | float)
        )
        yield f"{_name(key)}  {told}"
    for key in sorted(old.keys() ^ new.keys()):
        yield f"{_name(key)}  only in the {'first' if key in old else 'second'}"


def figure(row: Row) -> str:
    """What a row is about."""
    return str(row.get("figure", row.get("name", "")))


def _key(row: Row) -> tuple[str, str, str]:
    return str(row["suite"]), figure(row), str(row.get("rival_name", ""))


def _name(key: tuple[str, str, str]) -> str:
    suite, about, rival = key
    return f"{suite:<9} {about:<44} {'beside ' + rival if rival else ''}".rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    unit = str(row.get("unit", ""))
    ours = f"{_short(row['value'])} {unit}".strip() if "value" in row else str(row.get("note", ""))
    rival = f"{_short(row['rival'])} {row.get('rival_name', '')}" if "rival" in row else ""
    told = {True: "yes", False: "NO", None: ""}[met(row)]
    return (
        str(row["suite"]), figure(row), ours, rival.strip(), _short(row.get("ratio", "")),
        str(row.get("target", "")), told,
    )  # fmt: skip


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
