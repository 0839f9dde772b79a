"""The fields of a policy document: the forms its values may take, and nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)

from assistant.policy.canonical import canonical
from assistant.policy.pattern_reader import parse_pattern

MAX_TERMS: Final = 10_000

_DATE: Final = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
EffectLabel = Literal["note", "warn", "confirm", "redact", "block"]
ExpectedLabel = Literal["none", "note", "warn", "confirm", "redact", "block"]
TierLabel = Literal["national", "organisation"]
OriginLabel = Literal["user", "pasted", "recalled", "preference", "model"]


def _printable(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are not text")
    return text


def _matchable(term: str) -> str:
    if not any(char.isalnum() for char in canonical(term)):
        raise ValueError("a term needs letters or digits that can be seen")
    return term


def _in_pattern_language(pattern: str) -> str:
    parse_pattern(pattern)
    return pattern


def _moment(value: object) -> object:
    if not isinstance(value, str) or not re.match(_DATE, value):
        raise ValueError("a moment is written like 2026-01-31T00:00:00Z")
    return datetime.fromisoformat(value)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


Printable = AfterValidator(_printable)
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Line = Annotated[str, Field(min_length=1, max_length=200), Printable]
Text = Annotated[str, Field(min_length=1, max_length=4000), Printable]
Example = Annotated[str, Field(min_length=1, max_length=2000)]
Note = Annotated[str, Field(max_length=4000), Printable]
Term = Annotated[str, Field(min_length=2, max_length=120), Printable, AfterValidator(_matchable)]
Pattern = Annotated[
    str, Field(min_length=2, max_length=4000), Printable, AfterValidator(_in_pattern_language)
]
VocabularyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Fragment = Annotated[str, Field(min_length=1, max_length=2000), Printable]
Language = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
ResourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,99}$")]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_utc),
    WithJsonSchema({"type": "string", "pattern": _DATE}),
]
Rate = Annotated[float, Field(ge=0, le=1)]


class Part(BaseModel):
    """A part of a document: what is unknown, of another type or changed later is refused."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)
