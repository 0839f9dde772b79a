"""What would be remembered, in lines, for the command and for the line mode."""

from __future__ import annotations

from assistant.cli.recall import told
from assistant.holder.interface import RecallHit


def hit(kind: str, score: float, reason: str = "", text: str = "Use metric units") -> RecallHit:
    return RecallHit(kind, "a1", text, score, 0.0, score, not reason, reason)


def test_what_is_kept_out_is_marked_and_says_why() -> None:
    first, why, second = told([hit("preference", 0.6, "repeats"), hit("preference", 0.57)])
    assert first == "× 0.60  preference a1: Use metric units"
    assert why.strip() == "kept out: it says the same as another one"
    assert second == "  0.57  preference a1: Use metric units"


def test_a_long_memory_is_one_line() -> None:
    (line,) = told([hit("feedback", 0.9, text="a line\n\n" * 60)])
    assert "\n" not in line
    assert line.endswith(" …")
