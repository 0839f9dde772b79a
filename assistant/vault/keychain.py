"""The operating system's keychain as a further way in, never the only one."""

from __future__ import annotations

import base64
import binascii
from importlib import import_module
from typing import Any, Final, Protocol

from assistant.errors import VaultError
from assistant.vault.header import Header

_SERVICE: Final = "bounded-assistant vault"
# Backends that keep secrets encrypted by the user's login. Everything else, such as
# keyrings.alt's plain-text file, is refused by not being named here.
ALLOWED_BACKENDS: Final = frozenset(
    {
        ("keyring.backends.macOS", "Keyring"),
        ("keyring.backends.Windows", "WinVaultKeyring"),
        ("keyring.backends.SecretService", "Keyring"),
        ("keyring.backends.libsecret", "Keyring"),
        ("keyring.backends.kwallet", "DBusKeyring"),
    }
)

# Secretstorage's own words for it, where keyring lets them through.
_LOCKED: Final = frozenset({"LockedException", "PromptDismissedException"})
_OTHER_WAY: Final = "Use the passphrase."
_UNLOCK_IT: Final = "Unlock it, or use the passphrase."


class Keychain(Protocol):
    """Keeps small secrets by name."""

    def get(self, name: str) -> bytes | None:
        """The secret, or None."""

    def put(self, name: str, secret: bytes) -> None:
        """Keep or replace a secret."""

    def delete(self, name: str) -> None:
        """Drop it; one that is not there is no error."""


def keychain_name(header: Header) -> str:
    """The name of a vault's secret; another generation has another."""
    return f"{header.vault_id}.{header.generation}"


def remember_commit(keychain: Keychain, vault_id: str, number: int) -> None:
    """Keep the commit number outside the folder, where restoring files cannot reach."""
    keychain.put(f"{vault_id}.commit", number.to_bytes(8, "little"))


def lost_since_remembered(keychain: Keychain, vault_id: str, number: int) -> int:
    """How many commits the keychain has seen beyond ``number``."""
    seen = keychain.get(f"{vault_id}.commit")
    return 0 if seen is None else max(0, int.from_bytes(seen, "little") - number)


def refuse_plaintext(backend: object) -> None:
    """Raise VaultError unless the ``keyring`` backend is one of the allowed ones."""
    kind = type(backend)
    if (kind.__module__, kind.__qualname__) not in ALLOWED_BACKENDS:
        raise VaultError(
            "There is no keychain here that keeps secrets encrypted.",
            hint="Unlock with the passphrase; nothing was stored.",
        )


class SystemKeychain:
    """``keyring`` with one allowed backend; raises VaultError where there is none."""

    def __init__(self, backend: object | None = None) -> None:
        """Use the platform's keyring, or the backend given."""
        chained = _backends(backend)
        allowed = [
            each
            for each in chained
            if (type(each).__module__, type(each).__qualname__) in ALLOWED_BACKENDS
        ]
        self._backend: Any = allowed[0] if allowed else chained[0]
        refuse_plaintext(self._backend)

    def get(self, name: str) -> bytes | None:
        """The secret, or None where there is none or it was altered."""
        found = self._call("get_password", name)
        try:
            return None if found is None else base64.b64decode(str(found), validate=True)
        except binascii.Error:
            return None

    def put(self, name: str, secret: bytes) -> None:
        """Keep or replace a secret."""
        self._call("set_password", name, base64.b64encode(secret).decode())

    def delete(self, name: str) -> None:
        """Drop it; one that is not there is no error."""
        if self._call("get_password", name) is not None:
            self._call("delete_password", name)

    def _call(self, method: str, name: str, *values: str) -> object:
        """Raises VaultError for whatever a backend raises.

        ``keyring`` maps only part of what lies beneath it: the bus's, jeepney's, GLib's
        and Windows' own errors come through, and which classes exist depends on the
        platform, so they cannot be named here.
        """
        errors: Any = import_module("keyring.errors")
        try:
            return getattr(self._backend, method)(_SERVICE, name, *values)
        except Exception as error:
            if _is_locked(error, errors.KeyringLocked):
                raise VaultError("The keychain is locked.", hint=_UNLOCK_IT) from error
            if isinstance(error, errors.KeyringError):
                raise VaultError("The keychain refused.", hint=_OTHER_WAY) from error
            raise VaultError("The keychain does not answer.", hint=_OTHER_WAY) from error


def _backends(backend: object | None) -> list[object]:
    """The backends to choose from: the chainer's one by one, or the only one."""
    try:
        found = import_module("keyring").get_keyring() if backend is None else backend
        return list(getattr(found, "backends", ())) or [found]
    except Exception as error:
        # Asking whether the bus is there can fail like anything on the bus.
        raise VaultError("The keychain does not answer.", hint=_OTHER_WAY) from error


def _is_locked(error: Exception, told: type[Exception]) -> bool:
    """Whether the user's keychain is locked, or its prompt was waved away."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return isinstance(error, told) or not names.isdisjoint(_LOCKED)
