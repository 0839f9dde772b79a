"""Text for widgets: never markup, always inert where it is foreign."""

from __future__ import annotations

from datetime import datetime

from textual.content import Content

from assistant.conversation.events import Ruling
from assistant.inert import inert, inert_line


def foreign(text: str, style: str = "") -> Content:
    """Foreign text as content, on as many lines as it has."""
    return Content.styled(inert(text), style) if style else Content(inert(text))


def foreign_line(text: str, limit: int = 0, style: str = "") -> Content:
    """Foreign text as content on one line, cut at ``limit`` characters if given."""
    shown = inert_line(text, limit)
    return Content.styled(shown, style) if style else Content(shown)


def join(*parts: Content | str) -> Content:
    """Contents one after the other; plain strings are ours and are not parsed as markup."""
    return Content("").join([Content(p) if isinstance(p, str) else p for p in parts])


def managed_by(ruling: Ruling) -> Content:
    """Who manages something, by which rule and why, on one line."""
    return join(
        "managed by ", foreign_line(ruling.issuer, 60), ", rule ", foreign_line(ruling.rule, 40),
        ": ", foreign_line(ruling.reason or ruling.title, 200),
    )  # fmt: skip


def when(stamp: str, now: datetime) -> str:
    """An ISO time as a person says it: the time today, otherwise the date."""
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return inert_line(stamp, 20)
    if moment.tzinfo is not None and now.tzinfo is not None:
        moment = moment.astimezone(now.tzinfo)
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment:%Y-%m-%d}"


def day(stamp: str, now: datetime) -> str:
    """An ISO date as a person says it, short."""
    shown = when(stamp, now)
    return "today" if shown == "00:00" else shown


def bar(done: float, total: float, width: int = 10) -> str:
    """A bar of ``width`` cells; empty when the total is unknown."""
    if total <= 0:
        return ""
    full = round(width * min(1.0, max(0.0, done / total)))
    return "━" * full + "─" * (width - full)


def count(number: int) -> str:
    """A count, short: 950, 1.2k, 34k."""
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 10_000 else f"{number / 1000:.0f}k"
