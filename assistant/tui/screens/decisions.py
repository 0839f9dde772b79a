"""The log of policy decisions: which rule, whose, where, what it did; never any text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import work
from textual.content import Content

from assistant.holder.interface import DecisionItem, DecisionQuery
from assistant.inert import inert_line
from assistant.tui.requests import Requests
from assistant.tui.screens.lists import SearchScreen
from assistant.tui.screens.policy_text import TIERS, WIDE
from assistant.tui.standing import stands
from assistant.tui.text import bar, foreign_line, join, when

SHOWN = 500
_STYLES = {"block": "$error", "confirm": "$warning", "redact": "$warning", "warn": "$warning"}
_SEVERITY = ("note", "warn", "confirm", "redact", "block")


class DecisionsScreen(SearchScreen[None, DecisionItem]):
    """Newest first, at most the last five hundred; the chain of hashes was verified."""

    HEADING = "Decisions of policy"
    NOTHING = "Policy has not stepped in yet, or nothing matches."
    PLACEHOLDER = "/ finds a rule, tier, place or effect"

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._requests, self._clock = requests, clock
        self._kept: list[DecisionItem] = []

    def on_mount(self) -> None:
        """Show them."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        kept = await self._requests.all(DecisionQuery(SHOWN), DecisionItem) or []
        self._kept = kept[::-1]
        if stands(self, "#search"):
            self.looked_for()

    def looked_for(self) -> None:
        """Only those with every word."""
        words = self.search.value.casefold().split()
        self.fill([one for one in self._kept if all(word in _words(one) for word in words)])

    def line(self, item: DecisionItem) -> Content:
        stamp = Content.styled(f"{when(item.at, self._clock()):>10}  ", "$muted")
        effect = Content.styled(f"{inert_line(item.effect, 8):<9}", _STYLES.get(item.effect, ""))
        tier = TIERS.get(item.tier, inert_line(item.tier, 7))
        place = Content.styled(f"{tier:<8}{inert_line(item.where, 10):<11}", "$muted")
        wide = self.options.scrollable_content_region.width >= WIDE
        drawn = f"{bar(item.score or 0.0, 1.0, 8)} " if wide else ""
        score = "" if item.score is None else f"{drawn}{item.score:.2f}"
        return join(
            stamp, effect, place, f"{inert_line(item.rule, 25):<26}",
            Content.styled(score, "$accent"),
        )  # fmt: skip

    def about(self, item: DecisionItem) -> Content:
        seen = f"seen in the view {inert_line(item.view, 60)}" if item.view else "the plain text"
        score = "" if item.score is None else f" · score {item.score:.3f}"
        same = sum(one.rule == item.rule for one in self._kept)
        times = "once" if same == 1 else f"{same} times"
        strictness = _SEVERITY.index(item.effect) + 1 if item.effect in _SEVERITY else 0
        return join(
            foreign_line(item.rule, 80, "bold"), f"  decision {item.seq}, {item.at[:19]}\n",
            foreign_line(item.issuer, 60), f", {TIERS.get(item.tier, inert_line(item.tier, 12))}\n",
            f"strictness {bar(strictness, len(_SEVERITY), 5)} {inert_line(item.effect, 10)} · ",
            f"{seen}{score}\n",
            Content.styled(f"This rule stands {times} in the list.", "$muted"),
        )  # fmt: skip

    def cut_anew(self) -> None:
        self.looked_for()

    def leave(self) -> None:
        """Back."""
        self.dismiss(None)


def _words(item: DecisionItem) -> str:
    parts = (TIERS.get(item.tier, ""), item.tier, item.issuer, item.rule, item.where, item.effect)
    return " ".join(parts).casefold()
