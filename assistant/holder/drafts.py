"""What was typed and not sent: kept in the vault, never of an incognito conversation."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.holder.overview_wire import Draft, GetDraft, KeepDraft
from assistant.holder.replies import Done

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


class Drafts:
    """Answers ``GetDraft`` and ``KeepDraft``.

    ``incognito`` tells which conversations are; ``known`` resolves an id or raises NoSuchItem.
    """

    def __init__(
        self, vault: Vault, incognito: Callable[[str], bool], known: Callable[[str], str]
    ) -> None:
        self._vault, self._incognito, self._known = vault, incognito, known

    def handle(self, request: GetDraft | KeepDraft) -> Draft | Done:
        """Answer one request."""
        conversation = request.conversation
        if isinstance(request, GetDraft):
            return Draft(draft_of(self._vault, conversation))
        if self._incognito(conversation):
            return Done("Nothing is kept of an incognito conversation.")
        if conversation:
            conversation = self._known(conversation)
        keep_draft(self._vault, conversation, request.text)
        return Done()
