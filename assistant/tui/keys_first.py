"""What is typed is drawn at once, whatever else waits to be drawn."""

from __future__ import annotations

from typing import TypeVar

from textual import events
from textual.screen import Screen
from textual.widgets import TextArea

R = TypeVar("R")


class KeysFirst(Screen[R]):
    """A screen on which somebody types while other things change.

    Textual draws at most 60 times a second: a key pressed just after a piece of an answer
    was drawn would wait for most of a frame, and then for the layout of the next piece.
    Here the field with the focus is drawn by itself as soon as its key was handled.
    """

    async def _on_idle(self, _event: events.Idle) -> None:
        """Runs before Textual's own, which leaves drawing to its timer."""
        field = self.focused
        ready = self.is_current and not self.app._batch_count and not self._repaint_required
        if ready and isinstance(field, TextArea) and field in self._dirty_widgets:
            waiting = self._dirty_widgets - {field}
            self._compositor.update_widgets({field})
            self._compositor_refresh()
            self._dirty_widgets |= waiting
