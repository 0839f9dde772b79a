"""Quit? Asked when Ctrl+C is pressed with nothing to stop; pressed again, it quits."""

from __future__ import annotations

from assistant.tui.screens.dialogs import YesNo

_SAVED = "Everything is saved. The vault locks when you leave."
_KEY = (
    "The recovery key is not shown again: write it down first. Later only the vault's own screen "
    "can make another, with the passphrase."
)


class QuitDialog(YesNo):
    """Leaving locks the vault; everything said is already saved."""

    def __init__(self, *, key_shown: bool = False) -> None:
        super().__init__("Quit?", _KEY if key_shown else _SAVED)

    def action_yes(self) -> None:
        """Leave."""
        self.app.exit(0)
