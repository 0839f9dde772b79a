"""One line at the foot that offers to remember a preference, and waits as long as it takes."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from assistant.holder.interface import PreferenceItem
from assistant.tui.keys import bindings
from assistant.tui.text import foreign_line, join


class ProposalLine(Static, can_focus=True):
    """Hidden without a proposal. Focused, y, n and e answer it; anything else is typing."""

    BINDINGS = bindings("proposal")

    class Typed(Message):
        """A key that was meant for the prompt."""

        def __init__(self, character: str) -> None:
            super().__init__()
            self.character = character

    def __init__(self) -> None:
        super().__init__("", id="proposal", markup=False)
        self._waiting: list[PreferenceItem] = []
        self.display = False

    @property
    def proposal(self) -> PreferenceItem | None:
        """The one being offered, if any."""
        return self._waiting[-1] if self._waiting else None

    def offer(self, proposal: PreferenceItem, *, behind: bool = False) -> None:
        """Offer a preference; earlier ones wait behind it.

        With ``behind`` it waits behind them: one that nobody's key brought must not come
        under the y that was meant for another.
        """
        self._waiting = [item for item in self._waiting if item.id != proposal.id]
        self._waiting.insert(0 if behind else len(self._waiting), proposal)
        self._write()

    def take(self, proposal: PreferenceItem) -> None:
        """Take one away to act on it; the one behind it comes forward."""
        self._waiting = [item for item in self._waiting if item.id != proposal.id]
        self._write()

    def withdraw(self) -> None:
        """Forget all that was offered, as when the feedback behind it is taken back."""
        self._waiting.clear()
        self._write()

    def watch_has_focus(self, _: bool) -> None:
        """Single keys work with the focus, alt keys without: say which."""
        self._write()

    def on_key(self, event: events.Key) -> None:
        """Never block typing: what is not an answer goes into the prompt."""
        bound = any(active in {event.key, event.character} for active in ("y", "n", "e"))
        if event.is_printable and event.character and not bound:
            event.stop()
            self.post_message(self.Typed(event.character))

    def _write(self) -> None:
        proposal = self.proposal
        self.display = proposal is not None
        if proposal is None:
            return
        keys = "y / n / e" if self.has_focus else "alt+y / alt+n / alt+o"
        sentence = proposal.text.endswith((".", "!", "?"))
        question = join(
            "You seem to prefer: " if sentence else "You seem to prefer ",
            foreign_line(proposal.text, 300, "bold"),
            " Keep this? " if sentence else ". Keep this? ",
        )
        self.update(question.append(Content.styled(keys, "$accent bold")))
