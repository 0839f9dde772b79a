"""A list to choose from."""

from __future__ import annotations

from textual.events import Resize
from textual.message import Message
from textual.widgets import OptionList


class Options(OptionList):
    """Textual's list, of which the page keys end the app when it has no room to show a line."""

    class Widened(Message):
        """The list got its first width, or another one: lines cut to fit are to be cut anew.

        The screen's own size says nothing of it: it is known before the list has been laid out.
        """

    _width = 0

    def on_resize(self, event: Resize) -> None:
        """Tell of another width; a height that changed cuts no line."""
        if event.size.width != self._width:
            self._width = event.size.width
            self.post_message(self.Widened())

    def action_page_up(self) -> None:
        """One page up, where there is a page."""
        if self.scrollable_content_region:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        """One page down, where there is a page."""
        if self.scrollable_content_region:
            super().action_page_down()  # type: ignore[no-untyped-call]
