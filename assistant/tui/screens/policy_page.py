"""One rule, bound, requirement or authority in full."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from assistant.holder.overview_wire import AuthorityItem, PolicyItem
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.screens.policy_text import page_of
from assistant.tui.text import foreign_line
from assistant.tui.widgets.hints import KeyHints


class PolicyPage(Screen[None]):
    """Scrolls; Escape goes back to the list."""

    BINDINGS = bindings("list", "back")

    def __init__(self, item: AuthorityItem | PolicyItem) -> None:
        super().__init__()
        self._item = item

    def compose(self) -> ComposeResult:
        item = self._item
        title = item.issuer if isinstance(item, AuthorityItem) else item.key
        yield Static(foreign_line(title, 70, "bold"), classes="heading")
        with VerticalScroll(id="why"):
            yield Static(page_of(item), markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Arrow keys scroll."""
        self.query_one("#why").focus()

    def action_back(self) -> None:
        """Back to the list."""
        self.dismiss(None)
