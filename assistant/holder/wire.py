"""The two bases of everything that crosses the application interface."""

from __future__ import annotations

import msgspec


class Request(msgspec.Struct, frozen=True, tag_field="request"):
    """Base of the tagged union of everything a face can ask for."""


class Reply(msgspec.Struct, frozen=True, tag_field="reply"):
    """Base of the tagged union of replies that are not turn events."""
