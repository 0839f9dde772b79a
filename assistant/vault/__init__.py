"""The encrypted store: keys, records, search, backup, erasure.

Everything a person types, is answered, or is learned about them is in one SQLCipher
file under a random master key; see ``Vault``. Its modules are imported when first
asked for, so that ``import assistant.vault`` costs the start of the program nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from assistant.vault.facade import Vault, vault_exists
    from assistant.vault.keys import KdfFloor, KdfParameters, calibrate

__all__ = ["KdfFloor", "KdfParameters", "Vault", "calibrate", "vault_exists"]

_HOME: Final = {
    "KdfFloor": "keys",
    "KdfParameters": "keys",
    "Vault": "facade",
    "calibrate": "keys",
    "vault_exists": "facade",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
