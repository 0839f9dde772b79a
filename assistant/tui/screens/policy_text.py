"""Policy in words: one line for the list, a few for the pane below it, a page in full."""

from __future__ import annotations

from textual.content import Content

from assistant.holder.overview_wire import AuthorityItem, PolicyItem, PolicyWish
from assistant.inert import inert_line
from assistant.tui.text import foreign, foreign_line, join

TIERS = {"national": "tier 1", "organisation": "tier 2", "user": "tier 3"}
WIDE = 100
CUT = 300
MANAGED = {
    "package": "this program",
    "system": "this computer's administrator",
    "enrolled": "you (enrolled in this home)",
}


def words_of(item: AuthorityItem | PolicyItem) -> str:
    """What the search line looks through, in lower case."""
    if isinstance(item, AuthorityItem):
        parts = [TIERS.get(item.tier, ""), item.issuer, item.summary, item.freshness]
    else:
        by = item.source
        parts = [TIERS.get(by.tier, ""), by.issuer, by.title, by.reason, by.rule,
                 item.key, item.kind, item.value, *item.where]  # fmt: skip
    return " ".join(parts).casefold()


def line_of(item: AuthorityItem | PolicyItem, width: int) -> Content:
    """One line of ``width`` cells: what it does, what it is, whose it is."""
    if isinstance(item, AuthorityItem):
        mark = "! " if item.alarm else ""
        kind = Content.styled(f"{TIERS.get(item.tier, item.tier):<9}", "$accent")
        name = foreign_line(f"{mark}{item.issuer} v{item.version}", 40, "bold")
        return join(kind, name, Content.styled(f"  {_until(item)}", "$muted"))
    short = "require" if item.kind == "requirement" else item.kind
    kind = Content.styled(f"{(item.value if item.kind == 'rule' else short):<9}", "$muted")
    key = f"{inert_line(item.key, 23):<24}"
    said = item.source.title if item.kind == "rule" else item.value
    tier = f"{TIERS.get(item.source.tier, ''):<8}"
    if width >= WIDE:
        tier = f"{tier}{inert_line(item.source.issuer, 22):<24}"
    room = max(10, width - 9 - 24 - len(tier))
    return join(kind, key, Content.styled(tier, "$muted"), foreign_line(said, room))


def about_authority(item: AuthorityItem) -> Content:
    """Who it is, how new, who put it here."""
    lines = [
        join(foreign_line(item.issuer, 60, "bold"), f", {TIERS.get(item.tier, '')}, "
             f"version {item.version}"),
        Content(origin(item)),
        foreign_line(item.summary, 300),
        join(Content.styled("appeal   ", "$muted"), foreign_line(item.appeal, 120)),
    ]  # fmt: skip
    if item.alarm:
        lines.insert(0, foreign_line(f"! {item.alarm}", 200, "bold $error"))
    return Content("\n").join(lines)


def about_item(item: PolicyItem) -> Content:
    """Effect, place, source, reason, appeal, version and what was overridden."""
    source = item.source
    places = f" · {', '.join(item.where)}" if item.where else ""
    lines = [
        join(foreign_line(source.title or item.key, 100, "bold"), f"  ({item.kind})"),
        join(foreign_line(item.value, 160), Content.styled(places, "$muted")),
        _said("why", source.reason),
        _said("by", f"{source.issuer}, {TIERS.get(source.tier, '')}, rule {source.rule}"),
        _said("appeal", source.appeal),
    ]
    if item.by is not None:
        lines.append(_said("policy", origin(item.by)))
    lines += [_said("clamped", one) for one in item.clamped]
    overridden = [wish for wish in item.wishes if not wish.decided]
    if overridden:
        lines.append(_said("overrode", "; ".join(wish_in_words(wish) for wish in overridden)))
    return Content("\n").join(lines)


def page_of(item: AuthorityItem | PolicyItem) -> Content:
    """Everything there is to say, nothing cut short."""
    if isinstance(item, AuthorityItem):
        return _authority_page(item)
    lines = [about_item(item), Content("")]
    if item.wishes:
        lines.append(Content.styled("What each tier asked for", "$accent bold"))
        for wish in item.wishes:
            kept = "in force" if wish.decided else "overridden"
            lines.append(join(foreign_line(wish_in_words(wish), 300), f"  ({kept})"))
        lines.append(Content(""))
    if len(item.source.reason) > CUT:
        lines += [Content.styled("Reason in full", "$accent bold"), foreign(item.source.reason)]
        lines.append(Content(""))
    if item.by is not None:
        lines.append(_authority_page(item.by))
    return Content("\n").join(lines)


def _authority_page(item: AuthorityItem) -> Content:
    lines = [
        Content.styled(f"The authority ({TIERS.get(item.tier, '')})", "$accent bold"),
        foreign_line(item.issuer, 100),
        Content(origin(item)),
        _said("fresh", f"until {item.fresh_until[:10]}"),
        _said("id", item.authority),
        _said("contact", item.contact),
        _said("appeal", item.appeal),
        _said("asked", ", ".join(item.consulted) or "nobody is named"),
        Content(""),
        foreign(item.summary),
    ]
    if item.alarm:
        lines.insert(0, foreign_line(f"! {item.alarm}", 300, "bold $error"))
    return Content("\n").join(lines)


def wish_in_words(wish: PolicyWish) -> str:
    """Who asked for what."""
    return f"{TIERS.get(wish.tier, wish.tier)} {wish.issuer}: {wish.value} ({wish.rule})"


def origin(item: AuthorityItem) -> str:
    """Version, dates and who put it here, on one line."""
    came = f" · last import {item.last_import[:16].replace('T', ' ')}" if item.last_import else ""
    managed = MANAGED.get(item.managed_by, inert_line(item.managed_by, 20))
    return f"v{item.version}, {_until(item)}{came} · managed by {managed}"


def _until(item: AuthorityItem) -> str:
    said = {"stale": ", not refreshed lately", "expired": ", out of date but still in force"}
    return f"until {item.expires[:10]}{said.get(item.freshness, '')}"


def _said(name: str, text: str) -> Content:
    return join(Content.styled(f"{name:<9}", "$muted"), foreign_line(text, CUT))
