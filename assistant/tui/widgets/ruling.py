"""A policy decision as a panel: who decided, by which rule, why, and whom to ask."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from assistant.conversation.events import Ruling
from assistant.tui.text import foreign, foreign_line, join

_HEADLINES = {
    "block": "Not answered: a rule forbids this",
    "redact": "Parts were removed",
    "confirm": "Your yes is needed",
    "warn": "A warning applies",
    "note": "A note applies",
}
_KINDS = {"national": "national law", "organisation": "your organisation", "user": "yourself"}


class RulingPanel(Static):
    """Names tier, issuer, rule, reason, appeal and help; ``brief`` for notes and warnings."""

    def __init__(self, ruling: Ruling, *, brief: bool = False) -> None:
        super().__init__(_brief(ruling) if brief else _full(ruling), markup=False)
        self.set_class(brief, "-brief")
        self.set_class(ruling.effect == "block", "-block")


def _brief(ruling: Ruling) -> Content:
    return join(
        foreign_line(ruling.effect.capitalize(), 20), " by ", foreign_line(ruling.issuer, 60),
        ", rule ", foreign_line(ruling.rule, 40), ": ",
        foreign_line(ruling.reason or ruling.title, 300),
    )  # fmt: skip


def _full(ruling: Ruling) -> Content:
    lines = [Content.styled(_HEADLINES.get(ruling.effect, "A rule applies"), "bold"), Content("")]
    lines += [_row(name, text) for name, text in _rows(ruling) if text]
    return Content("\n").join(lines)


def _rows(ruling: Ruling) -> list[tuple[str, str]]:
    rule = f"{ruling.rule} · {ruling.title}" if ruling.title else ruling.rule
    return [
        ("Tier", f"{ruling.tier} ({_KINDS.get(ruling.tier, ruling.tier)})"),
        ("Issuer", ruling.issuer),
        ("Rule", rule),
        ("Reason", ruling.reason),
        ("Where", "in the answer" if ruling.where == "output" else ""),
        ("Appeal", ruling.appeal),
        ("Help", ruling.help),
    ]


def _row(name: str, text: str) -> Content:
    return join(Content.styled(f"{name:<8}", "dim"), foreign(text[:2000]))
