"""Conversations answered without anything learned, for as long as the person wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from assistant.holder.impersonal_wire import ChatPersonal, ChatPersonalisation
from assistant.vault.erase import IMPERSONAL_PREFIX

if TYPE_CHECKING:
    from assistant.holder.history import History
    from assistant.vault import Vault


class Impersonal:
    """Which conversations are to be answered so. Of incognito ones nothing is written."""

    def __init__(self, vault: Vault, history: History, incognito: Callable[[str], bool]) -> None:
        self._settings, self._history = vault.settings, history
        self._incognito = incognito
        self._unwritten: set[str] = set()

    def off(self, conversation: str) -> bool:
        """Whether personalisation is off in the conversation with that id ("": a new one)."""
        if not conversation:
            return False
        key = IMPERSONAL_PREFIX + conversation
        return conversation in self._unwritten or self._settings.get(key) is not None

    def handle(self, request: ChatPersonalisation) -> ChatPersonal:
        """Answer the request; see ``impersonal_wire``."""
        if self._incognito(request.conversation):
            identity = request.conversation
            if request.on is not None:
                (self._unwritten.discard if request.on else self._unwritten.add)(identity)
        else:
            identity = self._history.conversation_id(request.conversation)
            if request.on is not None:
                self._write(identity, on=request.on)
        return ChatPersonal(identity, not self.off(identity))

    def _write(self, conversation: str, *, on: bool) -> None:
        if on:
            self._settings.delete(IMPERSONAL_PREFIX + conversation)
        else:
            self._settings.put(IMPERSONAL_PREFIX + conversation, "off")
