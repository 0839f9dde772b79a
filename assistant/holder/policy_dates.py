"""What to say of a policy that ran out or soon will. It goes on restricting either way."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.policy import AuthorityState

SOON = timedelta(days=14)
"""How long before its end a policy is spoken of: time enough to ask its issuer and be sent one."""
_END = re.compile(r" (ran|runs) out on (\d{4}-\d\d-\d\d);")
_NEWER = {
    "package": "Update this program for a newer one.",
    "system": "Your administrator can install a newer one.",
    "enrolled": "Sync or install a newer one.",
}


def policy_dates(authorities: Iterable[AuthorityState], now: datetime) -> tuple[str, ...]:
    """A sentence for each authority whose policy is past its date, or so within ``SOON``.

    ``now`` is UTC. What counted as expired at the trusted time when it was loaded stays so,
    whatever the clock says since. A bundle that was only not refreshed lately is not spoken
    of: with no network that is every day.
    """
    said = ((one, _ending(one, now)) for one in authorities)
    return tuple(
        f"The policy of {one.issuer} {ending} {_NEWER[one.managed_by.value]}"
        for one, ending in said
        if ending
    )


def most_pressing(told: Iterable[str]) -> tuple[bool, str] | None:
    """Whether the policy that ends first is over already, and the day; None where none does.

    ``told`` are sentences of ``policy_dates``: for where there is no room for them.
    """
    ends = [found[-1] for one in told if (found := _END.findall(one))]
    return min(((word == "ran", day) for word, day in ends), key=lambda end: end[1], default=None)


def _ending(one: AuthorityState, now: datetime) -> str:
    day = f"{one.expires:%Y-%m-%d}"
    if one.freshness.value == "expired" or one.expires <= now:
        return f"ran out on {day}; it goes on restricting."
    if one.expires - now <= SOON:
        return f"runs out on {day}; it goes on restricting then."
    return ""
