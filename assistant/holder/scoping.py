"""Where a preference applies: read from what a person gave, and changed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.errors import UsageError
from assistant.holder.meant import conversation_meant
from assistant.vault.records import Scope

if TYPE_CHECKING:
    from assistant.vault import Vault


def scoped(vault: Vault, scope: str, ref: str) -> tuple[Scope, str]:
    """Scope and what it names. "chat" alone, or "last", is the latest conversation.

    Raises UsageError for no scope or one that does not say which, NoSuchItem for a
    conversation that is not there.
    """
    try:
        known = Scope(scope)
    except ValueError as error:
        raise UsageError("A scope is always, project, topic or chat.") from error
    which = " ".join(ref.split())
    if known is Scope.ALWAYS:
        return known, ""
    if known is Scope.CHAT:
        return known, conversation_meant(vault, which or "last")
    if not which:
        raise UsageError("This scope needs to say which.", hint="Give --for WHAT.")
    return known, which
