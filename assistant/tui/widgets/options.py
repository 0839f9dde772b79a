"""A list to choose from."""

from __future__ import annotations

from textual.widgets import OptionList


class Options(OptionList):
    """Textual's list, of which the page keys end the app when it has no room to show a line."""

    def action_page_up(self) -> None:
        """One page up, where there is a page."""
        if self.scrollable_content_region:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """One page down, where there is a page."""
        if self.scrollable_content_region:
            super().action_page_down()  # type: ignore[no-untyped-call]
