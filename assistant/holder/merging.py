"""Merging preferences: one stays, in its own words or new ones; the others leave no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.holder.replies import PreferenceItem
from assistant.holder.requests import EditPreference, ListPreferences
from assistant.vault.records import ItemKind

if TYPE_CHECKING:
    from assistant.holder.learning import Learning
    from assistant.holder.merging_wire import MergePreferences
    from assistant.vault import Vault


def merge(vault: Vault, learning: Learning, request: MergePreferences) -> PreferenceItem:
    """Carry it out. Raises UsageError, NoSuchItem, and what an edit raises for new words."""
    others = [identity for identity in dict.fromkeys(request.others) if identity != request.keep]
    if not others:
        raise UsageError("Merging needs two preferences.", hint="Name the one to keep first.")
    vault.preferences.get(request.keep)
    used = sum(vault.preferences.get(identity).uses for identity in others)
    if request.text:
        list(learning.handle(EditPreference(request.keep, request.text, request.consent)))
    vault.preferences.add_uses(request.keep, used)
    learning.forget(vault.erase.items(ItemKind.PREFERENCE, others))
    kept = learning.handle(ListPreferences("all"))
    return next(i for i in kept if isinstance(i, PreferenceItem) and i.id == request.keep)
