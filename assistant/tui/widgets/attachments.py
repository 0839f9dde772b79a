"""The files that wait for the next question, a line each, with a meter of the window."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from assistant.holder.attachments_text import share_words, size_words
from assistant.holder.attachments_wire import AttachmentItem
from assistant.tui.text import bar, count, foreign_line, join

MAX_LINES = 3
METER = 6


class AttachmentBar(Static):
    """Above the prompt; not there at all while no file waits."""

    def __init__(self) -> None:
        super().__init__("", id="files", markup=False)
        self.items: list[AttachmentItem] = []
        self.display = False

    @property
    def ids(self) -> tuple[str, ...]:
        """For the next question."""
        return tuple(item.id for item in self.items)

    def add(self, item: AttachmentItem) -> None:
        """One more waits."""
        self.items = [*self.items, item]
        self._draw()

    def drop(self, ids: tuple[str, ...]) -> None:
        """These wait no longer."""
        self.items = [item for item in self.items if item.id not in ids]
        self._draw()

    def on_resize(self) -> None:
        """What does not fit is left out from the right."""
        self._draw()

    def _draw(self) -> None:
        self.display = bool(self.items)
        shown = [self._line(item) for item in self.items[-MAX_LINES:]]
        if len(self.items) > MAX_LINES:
            shown[0] = Content(f"… and {len(self.items) - MAX_LINES + 1} more")
        if shown:
            shown[-1] = shown[-1].append(Content.styled("  alt+x removes", "$muted"))
        self.update(Content("\n").join(shown))

    def _line(self, item: AttachmentItem) -> Content:
        wide = self.screen.size.width > 100
        about = "" if item.counted else "about "
        parts = [size_words(item.size), f"{about}{count(item.tokens)} tokens"]
        if item.share:
            share = share_words(item) if wide else share_words(item).partition(" of ")[0]
            parts.append(f"{bar(item.share, 1.0, METER)} {share}")
            parts.append("whole" if item.whole else "in parts")
        if item.note and wide:
            parts.append(item.note)
        name = foreign_line(item.name, 40 if wide else 18, "bold")
        return join("▤ ", name, Content.styled(f"  {' · '.join(parts)}", "$muted"))
