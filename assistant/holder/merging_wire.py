"""The request that makes one preference of several."""

from __future__ import annotations

from typing import Annotated

import msgspec

from assistant.holder.wire import Request


class MergePreferences(Request, frozen=True, tag="merge-preferences"):
    """Keep one, in new words where ``text`` is given; it takes over how often the others
    were used, and they are erased. Reply: ``PreferenceItem``; may raise as ``EditPreference``.
    """

    keep: str
    others: Annotated[tuple[str, ...], msgspec.Meta(max_length=50)]
    text: str = ""
    consent: bool = False


MergingRequest = MergePreferences
