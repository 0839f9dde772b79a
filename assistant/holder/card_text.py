"""The alignment card as text for a terminal and as Markdown for a file.

Both are pure. What they quote (model names, rules, preferences) is foreign text: the
terminal's is raw, for the face to make inert; the Markdown escapes its own marks.
"""

from __future__ import annotations

from collections.abc import Iterable

from assistant.holder.card import Card, PolicyLine, Slider, Taught, TierPart

_WIDTH = 21
_TIERS = {"national": "Tier 1, national", "organisation": "Tier 2, organisation"}
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#~!&"})


def draw(slider: Slider, width: int = _WIDTH) -> str:
    """The slider drawn: its error bar as a line, its value as a dot (○ where it is idle)."""
    cells = ["·"] * width
    for at in range(_cell(slider.low, width), _cell(slider.high, width) + 1):
        cells[at] = "─"
    cells[_cell(slider.value, width)] = "●" if slider.acts else "○"
    return "".join(cells)


def _cell(value: float, width: int) -> int:
    return round((max(-1.0, min(1.0, value)) + 1.0) / 2.0 * (width - 1))


def bar(uses: int, most: int, width: int = 8) -> str:
    """How often something was used, against the most used one."""
    filled = 0 if not uses else max(1, round(uses / most * width))
    return "▮" * filled + "▯" * (width - filled)


def as_text(card: Card) -> str:
    """The card for a terminal."""
    return "\n".join(_lines(card))


def _lines(card: Card) -> Iterable[str]:
    model = card.model
    yield "WHO IS THIS ALIGNED TO?"
    yield ""
    yield f"Base model  {model.id}"
    yield f"  sha256    {model.sha256}"
    yield f"  origin    {model.origin or 'not stated'}"
    yield f"  licence   {model.licence or 'not stated'}"
    for tier in card.tiers:
        yield ""
        yield from _tier_lines(tier)
    yield ""
    yield from _taught_lines(card)
    yield ""
    yield "How to change it"
    for what, how in card.change:
        yield f"  {what}: {how}"


def _tier_lines(tier: TierPart) -> Iterable[str]:
    version = f", version {tier.version}" if tier.version else ""
    yield f"{_TIERS.get(tier.tier, tier.tier)}: {tier.issuer}{version}"
    if tier.summary:
        yield f"  {tier.summary}"
    yield "  consulted: " + ("; ".join(tier.consulted) or "nobody is named")
    for heading, lines in _sections(tier):
        if lines:
            yield f"  {heading}"
            yield from (f"    {_said(line)}" for line in lines)
    yield f"  appeal: {tier.appeal or 'no address is given'}"


def _sections(tier: TierPart) -> tuple[tuple[str, tuple[PolicyLine, ...]], ...]:
    return (("forbids", tier.forbids), ("limits", tier.limits), ("requires", tier.requires))


def _said(line: PolicyLine) -> str:
    effect = f"{line.effect}: " if line.effect else ""
    raised = f" (raised by {line.raised_by})" if line.raised_by else ""
    return f"{effect}{line.says}{raised} [{line.id}]"


def _taught_lines(card: Card) -> Iterable[str]:
    counts = card.counts
    yield "Tier 3: you"
    yield (
        f"  {counts.active} preferences act: {counts.stated} stated, "
        f"{counts.inferred_and_accepted} inferred and accepted, {counts.imported} imported"
    )
    yield (
        f"  {counts.waiting} wait for your yes, {counts.rejected} rejected, "
        f"{counts.disabled} disabled, {counts.expired} expired"
    )
    acts = ", ".join(f"{count} {kind}" for kind, count in counts.feedback) or "none"
    yield f"  acts of feedback: {acts}; {counts.taken_back} taken back"
    most = max((one.uses for one in card.top), default=0)
    yield from _named("most used", (f"{bar(t.uses, most)} {_line(t)}" for t in card.top))
    yield from _named("inferred and accepted", map(_line, card.inferred_and_accepted))
    yield from _named("never used", map(_line, card.never_used))
    yield "  style profile (● shapes answers, ○ does not)"
    for s in card.profile:
        by = f", bounded by {s.bounded_by}" if s.bounded_by else ""
        drawn = f"{s.low_end:>15} {draw(s)} {s.high_end}"
        yield f"    {s.dimension:<13} {drawn}  {s.words}, {s.source}{by}"
    said = (f"{', '.join(c.categories)} ({c.preference}, {c.since[:10]})" for c in card.consents)
    yield from _named("special categories you agreed to keep", said)


def _named(heading: str, lines: Iterable[str]) -> Iterable[str]:
    made = list(lines)
    yield f"  {heading}" + ("" if made else ": none")
    yield from (f"    {line}" for line in made)


def _line(taught: Taught) -> str:
    return f"{taught.text} [{taught.id}; {taught.source}, {taught.scope}, used {taught.uses}×]"


# -- Markdown ------------------------------------------------------------------------------


def as_markdown(card: Card) -> str:
    """The card for a file; ends with a newline."""
    return "\n".join(_markdown(card)) + "\n"


def _markdown(card: Card) -> Iterable[str]:
    model = card.model
    yield "# Who is this aligned to?"
    yield ""
    yield f"Made from live state at {card.made}."
    yield ""
    yield "## Base model"
    yield ""
    yield f"- {_escaped(model.id)}, sha256 `{_escaped(model.sha256)}`"
    yield f"- origin: {_escaped(model.origin) or 'not stated'}"
    yield f"- licence: {_escaped(model.licence) or 'not stated'}"
    for tier in card.tiers:
        yield ""
        yield from _markdown_tier(tier)
    yield ""
    yield "## Tier 3: you"
    yield ""
    for line in _taught_lines(card):
        if line.startswith("    "):
            yield f"  - {_escaped(line.strip())}"
        elif line.startswith("  "):
            yield f"- {_escaped(line.strip())}"
    yield ""
    yield "## How to change it"
    yield ""
    yield from (f"- {what}: {_escaped(how)}" for what, how in card.change)


def _markdown_tier(tier: TierPart) -> Iterable[str]:
    version = f", version {tier.version}" if tier.version else ""
    yield f"## {_TIERS.get(tier.tier, tier.tier)}: {_escaped(tier.issuer)}{version}"
    yield ""
    if tier.summary:
        yield _escaped(tier.summary)
        yield ""
    yield "- consulted: " + (_escaped("; ".join(tier.consulted)) or "nobody is named")
    for heading, lines in _sections(tier):
        yield f"- {heading}" + ("" if lines else ": nothing")
        yield from (f"  - {_escaped(_said(line))}: {_escaped(line.reason)}" for line in lines)
    yield f"- appeal: {_escaped(tier.appeal) or 'no address is given'}"


def _escaped(text: str) -> str:
    """One line whose characters mean nothing to Markdown."""
    return " ".join(text.split()).translate(_MARKS)
