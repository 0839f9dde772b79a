"""Requests and replies about the vault itself: its ways in, its backups, a long import.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from assistant.holder.wire import Reply, Request


class VaultQuery(Request, frozen=True, tag="vault"):
    """Reply: ``VaultState``."""


class VaultState(Reply, frozen=True, tag="vault-state"):
    """What opens the vault (passphrase, recovery, keychain) and the backups it wrote.

    ``conversations`` and ``preferences`` count what is kept.
    """

    ways_in: tuple[str, ...]
    backups: tuple[str, ...]
    conversations: int
    preferences: int


class NewRecoveryKey(Request, frozen=True, tag="new-recovery-key"):
    """A recovery key in the place of the one there is, which opens the vault no longer.

    ``current`` must be the vault's passphrase. Reply: ``RecoveryKey``, shown once.
    """

    current: str


class ImportProgress(Reply, frozen=True, tag="import-progress"):
    """What an import has added so far; sent where ``Import.watched`` asks for it."""

    conversations: int
    turns: int
    preferences: int


VaultRequest = VaultQuery | NewRecoveryKey
VaultReply = VaultState | ImportProgress
