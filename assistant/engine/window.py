"""Which turns fit the model's window. Pure: counts in, a place to cut out."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.engine.model_messages import ChatMessage

SLACK = 0.25
"""When turns must go, this share of the window is freed at once, so that it is rare."""


def oldest_kept(
    roles: Sequence[str], counts: Sequence[int], *, fixed: int, size: int, wanted: int
) -> int | None:
    """Index of the first message behind the system text that is kept.

    ``counts`` are tokens by message, ``fixed`` the tokens of question and template end,
    ``wanted`` the room for the answer. Turns are dropped whole, from a user message on.
    None if system text and question alone do not fit.
    """
    head = next((i for i, role in enumerate(roles) if role != "system"), len(roles))
    base = sum(counts[:head]) + fixed
    if base + wanted > size:
        return None
    rest = sum(counts[head:])
    if base + rest + wanted <= size:
        return head
    target = max(base, int((size - wanted) * (1 - SLACK)))
    place = head
    while place < len(roles) and (base + rest > target or roles[place] != "user"):
        rest -= counts[place]
        place += 1
    return place


def kept(history: Sequence[ChatMessage], place: int) -> tuple[ChatMessage, ...]:
    """System text and everything from ``place`` on."""
    head = [m for m in history[:place] if m.role == "system"]
    return (*head, *history[place:])
