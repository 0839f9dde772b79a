"""What a person means by an id, by none, or by "last"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import NoSuchItem

if TYPE_CHECKING:
    from assistant.vault import Vault
    from assistant.vault.records import Turn


def turn_meant(vault: Vault, given: str) -> Turn:
    """The turn with that id; "" is the latest. Raises NoSuchItem."""
    if given:
        return vault.turns.get(given)
    latest = vault.turns.latest()
    if latest is None:
        raise NoSuchItem("There is no answer yet.", hint="Ask something first.")
    return latest


def conversation_meant(vault: Vault, given: str) -> str:
    """The id of that conversation, or of the "last" one. Raises NoSuchItem."""
    if given != "last":
        return vault.conversations.get(given).id
    latest = vault.conversations.latest()
    if latest is None:
        raise NoSuchItem("There is no conversation yet.", hint="Ask something first.")
    return latest.id
