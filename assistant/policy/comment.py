"""One comment on a rule, as it is kept and as it is signed. Light: no TUF, no pydantic."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

MAX_TEXT: Final = 2_000

Kind = Literal["comment", "appeal"]
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_Short = Annotated[str, msgspec.Meta(max_length=200)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d$")]


class RuleComment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One comment. ``version`` is the policy's when it was written, 0 where unknown."""

    rule: _Short
    tier: Literal["national", "organisation"]
    issuer: _Short
    version: Annotated[int, msgspec.Meta(ge=0)]
    kind: Kind
    day: Day
    text: _Text
