"""What would be recalled for a text: every memory weighed, with its scores as bars."""

from __future__ import annotations

import asyncio

from textual import work
from textual.content import Content

from assistant.holder.interface import RecallHit, RecallQuery
from assistant.inert import inert_line
from assistant.tui.requests import Requests
from assistant.tui.screens.lists import SearchScreen
from assistant.tui.text import bar, foreign, foreign_line, join

SHOWN = 20
SECONDS_OF_REST = 0.3
"""The keys rest so long before anything is asked: recall embeds the text each time."""
_KINDS = {"preference": "pref", "feedback": "rated", "turn": "said", "chunk": "file"}


class RecallScreen(SearchScreen[None, RecallHit]):
    """Typed into the search line; nothing of it is stored."""

    HEADING = "What would be recalled"
    NOTHING = "Type what you might ask: here stands what would be remembered for it."
    PLACEHOLDER = "a question, as you would ask it"
    AUTO_FOCUS = "#search"

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests

    def on_mount(self) -> None:
        """Nothing was typed yet."""
        self.fill([])

    def looked_for(self) -> None:
        """Ask once the keys rest."""
        self._load(self.search.value.strip())

    @work(exclusive=True, group="list")
    async def _load(self, query: str) -> None:
        await asyncio.sleep(SECONDS_OF_REST if query else 0)
        hits = await self._requests.all(RecallQuery(query, SHOWN), RecallHit) if query else []
        self.fill(hits or [])

    def line(self, item: RecallHit) -> Content:
        mark = Content.styled("● ", "$accent") if item.passed else Content.styled("○ ", "$muted")
        score = f"{bar(item.score, 1.0, 8)} {item.score:4.2f}  "
        kind = f"{_KINDS.get(item.kind, inert_line(item.kind, 5)):<6}"
        room = max(20, self.options.scrollable_content_region.width - 27)
        style = "" if item.passed else "$muted"
        shown = foreign_line(item.text, room, style).truncate(room, ellipsis=True)
        return join(mark, Content.styled(score, style), Content.styled(kind, "$muted"), shown)

    def about(self, item: RecallHit) -> Content:
        # BM25 has no upper end: it is drawn against the best of this list.
        best = max((hit.bm25 for hit in self.items), default=0.0)
        passed = "it would be used" if item.passed else "held back: not relevant enough"
        return join(
            foreign(item.text[:300]), "\n\n",
            _scored("words", item.bm25, best), "  ", _scored("meaning", item.dense, 1.0), "  ",
            _scored("together", item.score, 1.0), "\n",
            Content.styled(f"{passed} · ", "$muted"), foreign_line(item.id, 40, "$muted"),
        )  # fmt: skip

    def leave(self) -> None:
        """Back."""
        self.dismiss(None)


def _scored(name: str, value: float, most: float) -> Content:
    return join(f"{name} ", Content.styled(bar(value, most or 1.0, 8), "$accent"), f" {value:.2f}")
