"""What was typed and not sent: kept in the vault, never of an incognito conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import UsageError

if TYPE_CHECKING:
    from assistant.vault import Vault

MAX_CHARACTERS = 2 * 1024 * 1024
_NEW = "draft.new"
"""Where the draft of a conversation lies that has no turn yet, and so no row of its own."""


def draft_of(vault: Vault, conversation: str) -> str:
    """The draft, or the empty text. ``conversation`` "" is the one not yet begun."""
    if not conversation:
        return vault.settings.get(_NEW) or ""
    return vault.drafts.get(conversation)


def keep_draft(vault: Vault, conversation: str, text: str) -> None:
    """Keep a draft; the empty text drops it. Raises UsageError for one of over 2 Mi characters."""
    if len(text) > MAX_CHARACTERS:
        raise UsageError("A draft of more than two million characters is not kept.")
    if conversation:
        vault.drafts.put(conversation, text)
    elif text:
        vault.settings.put(_NEW, text)
    else:
        vault.settings.delete(_NEW)
