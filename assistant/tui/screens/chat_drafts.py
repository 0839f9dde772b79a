"""What was typed and not sent, by conversation; the vault's copy follows shortly after."""

from __future__ import annotations

import asyncio

from assistant.holder.interface import Done
from assistant.holder.overview_wire import Draft, GetDraft, KeepDraft
from assistant.tui.requests import Requests

SECONDS_BEFORE_KEEPING = 0.5
_INCOGNITO = "incognito "


def key_of(conversation: str, *, incognito: bool) -> str:
    """Drafts of an incognito conversation are told apart: they are never written."""
    return f"{_INCOGNITO}{conversation}" if incognito else conversation


class Drafts:
    """Held here while the app runs, and in the vault across restarts."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._held: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._keeping = asyncio.Lock()

    def hold(self, key: str, text: str) -> None:
        """Another conversation is about to be shown."""
        self._held[key] = text

    async def take(self, key: str) -> str:
        """The draft of the conversation now shown; the empty text where there is none."""
        held = self._held.pop(key, None)
        if held is not None or key.startswith(_INCOGNITO):
            return held or ""
        found = await self._requests.one(GetDraft(key), Draft)
        text = found.text if found is not None else ""
        self._kept[key] = text
        return text

    async def keep(self, key: str, text: str) -> None:
        """Bring the vault's copy up to date; ``text`` is what stands in the prompt now."""
        async with self._keeping:
            wanted = {**self._held, key: text}
            for one in wanted.keys() | self._kept.keys():
                draft = wanted.get(one, "")
                if one.startswith(_INCOGNITO) or draft == self._kept.get(one, ""):
                    continue
                if self._requests.closed:
                    return
                self._kept[one] = draft
                await self._requests.one(KeepDraft(one, draft), Done)

    def forget(self, conversations: set[str]) -> None:
        """These were erased, their drafts with them."""
        for one in conversations:
            self._held.pop(one, None)
            self._kept.pop(one, None)
