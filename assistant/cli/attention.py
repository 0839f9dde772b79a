"""What tiers want said and what is wrong with them: on stderr, for stdout is the answer's."""

from __future__ import annotations

from assistant.cli.output import complain
from assistant.errors import HolderError, VaultError
from assistant.holder.interface import Application, StatusLine, StatusQuery


def call_attention(application: Application) -> None:
    """Alarms of policy, and policies that ran out or soon will, a line each.

    Said once by each command that answers; silent where all is well. A vault that was
    locked meanwhile has nothing to say, and the answer already given stays a success.
    """
    try:
        found = [line for line in application.handle(StatusQuery()) if isinstance(line, StatusLine)]
    except (HolderError, VaultError):
        return
    for line in found:
        for text in (*line.alarms, *line.policy_dates):
            complain(f"Attention: {text}")


def disclosed(application: Application) -> tuple[str, ...]:
    """What is to be said at the start of a conversation: the tiers' words, or the user's wish.

    Raises what asking would raise: where it cannot be read, nothing is answered.
    """
    lines = [line for line in application.handle(StatusQuery()) if isinstance(line, StatusLine)]
    return tuple(text for line in lines for text in line.disclosure)
