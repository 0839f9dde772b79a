"""Requests and replies about the comparisons that may be made at the start.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from assistant.holder.wire import Reply, Request

_Names = Annotated[tuple[str, ...], msgspec.Meta(max_length=16)]


class NextComparison(Request, frozen=True, tag="next-comparison"):
    """Two example answers that differ in the style the profile is least sure about.

    ``passed`` names dimensions the person skipped. Reply: ``ComparisonItem``, or ``Done``
    when there is nothing left to ask.
    """

    passed: _Names = ()


class PickComparison(Request, frozen=True, tag="pick-comparison"):
    """Prefer the first or the second answer of a comparison. Reply: ``FeedbackGiven``.

    It counts as feedback: listed, and taken back with ``UndoFeedback``.
    """

    dimension: str
    pick: Literal[1, 2]


class ComparisonItem(Reply, frozen=True, tag="comparison"):
    """One comparison; ``left`` more may follow, this one counted."""

    dimension: str
    question: str
    first: str
    second: str
    left: int


ComparisonRequest = NextComparison | PickComparison
ComparisonReply = ComparisonItem
