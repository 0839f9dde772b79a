"""Which time to believe.

``trusted_now`` is the latest of the wall clock, the latest time believed before, and the
newest issue date of a policy already accepted. A clock set back therefore revives
nothing. A clock far beyond what this program can have been made for is not believed, so
that one slip to the year 2106 does not make every later policy look expired.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

BELIEVABLE_AHEAD = timedelta(days=3660)
"""Ten years: the lifetime of the packaged baseline, so of any program that carries it."""
BEHIND_TOLERATED = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TrustedTime:
    """The moment to judge by, in UTC, and what is wrong with the wall clock, or ""."""

    moment: datetime
    alarm: str


def trusted_now(
    wall: datetime, high_water: datetime | None, issued: Iterable[datetime]
) -> TrustedTime:
    """The latest believable moment; ``issued`` holds dates from verified policy only.

    Raises:
        ValueError: no date at all to go by (never so with a verified baseline).
    """
    dates = list(issued)
    known = max(dates if high_water is None else [*dates, high_water])
    if wall.tzinfo is None:
        return TrustedTime(known, "The clock cannot be read; nothing is extended.")
    wall = wall.astimezone(UTC)
    if wall > max(dates) + BELIEVABLE_AHEAD:
        return TrustedTime(known, "The clock is years ahead and not believed.")
    if wall < known - BEHIND_TOLERATED:
        return TrustedTime(known, "The clock is behind a time already seen; nothing is extended.")
    return TrustedTime(max(wall, known), "")
