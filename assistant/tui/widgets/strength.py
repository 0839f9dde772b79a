"""A passphrase's strength, drawn while it is typed."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from assistant.holder.interface import Strength
from assistant.inert import inert_line


class StrengthMeter(Static):
    """Five steps, a word and what would help: never colour alone."""

    def __init__(self) -> None:
        super().__init__("", id="strength", markup=False)

    def show(self, strength: Strength | None) -> None:
        """Draw an estimate, or nothing while nothing is typed."""
        if strength is None:
            self.update("")
            return
        style = "$error" if strength.score < 2 else "$warning" if strength.score < 3 else "$accent"
        steps = "━" * (strength.score + 1) + "─" * (4 - strength.score)
        text = f" {inert_line(strength.word)}"
        advice = f" · {inert_line(strength.advice)}" if strength.advice else ""
        shown = Content.styled(steps, style).append(text)
        self.update(shown.append(Content.styled(advice, "$muted")))
