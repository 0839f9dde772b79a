"""Requests that make one preference of several, or let one apply elsewhere."""

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


class ScopePreference(Request, frozen=True, tag="scope-preference"):
    """Change where one applies: always, project, topic (both say which) or chat ("" and
    "last": the latest conversation). Reply: ``PreferenceItem``.
    """

    id: str
    scope: str
    scope_ref: str = ""


MergingRequest = MergePreferences | ScopePreference
