"""Quit? Asked when Ctrl+C is pressed with nothing to stop; pressed again, it quits."""

from __future__ import annotations

from assistant.tui.screens.dialogs import YesNo


class QuitDialog(YesNo):
    """Leaving locks the vault; everything said is already saved."""

    def __init__(self) -> None:
        super().__init__("Quit?", "Everything is saved. The vault locks when you leave.")

    def action_yes(self) -> None:
        """Leave."""
        self.app.exit(0)
