"""The policy document: what an authority may say, and the only way to read it.

Everything is bounded and nothing is ignored: an unknown field, a value out of place or a
bound this program could not enforce refuses the whole document, with its line. There is
no field that names a relaxation, so a lower tier cannot express one. Authors write their
comments into the ``note`` fields; JSON has no comments and this format adds none.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from assistant.errors import DocumentInvalid
from assistant.policy.canonical import canonical
from assistant.policy.model import Effect, Origin, Tier, Where
from assistant.policy.pattern_reader import parse_pattern
from assistant.policy.strict_json import line_of, read_strict_json
from assistant.policy.vocabulary import with_vocabulary

FORMAT: Final = "bounds-policy/1"
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_TERMS: Final = 10_000

# What this program can enforce. A document that bounds anything else is refused: an
# authority must never believe in a bound that nobody keeps.
RANGE_KEYS: Final = (
    "temperature",
    "max_tokens",
    "retention_days",
    "context_memories",
    "idle_minutes",
    "session_minutes",
    "compare_every",
)
SET_KEYS: Final = (
    "models",
    "memory_categories",
    "export",
    "persona",
    "personalisation",
    "learning",
    "recall",
    "late_notice",
    "reflection",
    "feelings_notice",
    "disclosure",
)
PROFILE_KEY: Final = re.compile(r"profile\.[a-z][a-z_]{0,30}\Z")

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


def _enforceable(key: str) -> str:
    if key in RANGE_KEYS or key in SET_KEYS or PROFILE_KEY.match(key):
        return key
    raise ValueError(f"no such setting to bound; known are {', '.join(known_keys())}")


def _moment(value: object) -> object:
    if not isinstance(value, str) or not re.match(_DATE, value):
        raise ValueError("a moment is written like 2026-01-31T00:00:00Z")
    return datetime.fromisoformat(value)


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


_Printable = AfterValidator(_printable)
Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Line = Annotated[str, Field(min_length=1, max_length=200), _Printable]
Text = Annotated[str, Field(min_length=1, max_length=4000), _Printable]
Example = Annotated[str, Field(min_length=1, max_length=2000)]
Note = Annotated[str, Field(max_length=4000), _Printable]
Term = Annotated[str, Field(min_length=2, max_length=120), _Printable, AfterValidator(_matchable)]
Pattern = Annotated[
    str, Field(min_length=2, max_length=4000), _Printable, AfterValidator(_in_pattern_language)
]
VocabularyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Fragment = Annotated[str, Field(min_length=1, max_length=2000), _Printable]
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


class _Part(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, frozen=True)


class Head(_Part):
    """A calibrated classifier over one embedding model, made by ``policy calibrate``.

    ``weights`` are base64 float32, little-endian: for ``logistic`` the coefficients and then
    the intercept; for ``rbf`` the support vectors row by row, their coefficients and the
    intercept. ``strict`` and ``grey`` are thresholds on the score (0 to 1); ``strict_rate``
    and ``grey_rate`` the shares of ``benign_count`` harmless texts above them when they were
    chosen; ``recall`` the share of held-out examples at or above ``grey``.
    """

    kind: Literal["logistic", "rbf"]
    embedder: Digest
    dimensions: Annotated[int, Field(ge=1, le=4096)]
    gamma: Annotated[float, Field(ge=0, le=1000)] = 0.0
    weights: Annotated[str, Field(max_length=3_000_000, pattern=r"^[A-Za-z0-9+/]*={0,2}$")]
    strict: Rate
    grey: Rate
    strict_rate: Rate
    grey_rate: Rate
    benign_count: Annotated[int, Field(ge=0, le=10_000_000)]
    recall: Rate | None = None


class Adapter(_Part):
    """A fine-tuned classifier that travels with the document as a resource of the bundle.

    ``resource`` is its file beside the document and ``sha256`` its digest; a bundle without
    exactly that file is refused. ``strict`` and ``grey`` are thresholds on the score (0 to 1),
    chosen so that ``strict_rate`` of ``everyday_count`` everyday texts and ``grey_rate`` of
    ``look_alike_count`` harmless look-alikes stood above them; none of these texts had trained
    it. ``learned_from`` names the sources it was trained on, with their licences.
    """

    resource: ResourceName
    sha256: Digest
    embedder: Digest
    strict: Rate
    grey: Rate
    strict_rate: Rate
    everyday_count: Annotated[int, Field(ge=0, le=10_000_000)]
    grey_rate: Rate
    look_alike_count: Annotated[int, Field(ge=0, le=10_000_000)]
    learned_from: Annotated[tuple[Line, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.grey > self.strict:
            raise ValueError("the grey threshold is above the strict one")
        return self


class Meaning(_Part):
    """Matching by meaning: through a head calibrated on the examples, or through an adapter.

    An adapter must score the first four examples at least ``strict`` and the first four
    counter-examples below ``grey`` before it is trusted.
    """

    examples: Annotated[tuple[Example, ...], Field(min_length=2, max_length=2000)]
    counter_examples: Annotated[tuple[Example, ...], Field(min_length=2, max_length=5000)]
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=20)] = ("en",)
    unscored: Literal["none", "note", "confirm", "block"] = "note"
    grey: Literal["note", "warn", "confirm"] = "note"
    head: Head | None = None
    adapter: Adapter | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.head is not None and self.adapter is not None:
            raise ValueError("a rule is judged by a head or by an adapter, not by both")
        return self


class Guard(_Part):
    """Matching by a guard model's categories, where the user has such a model."""

    model: Literal["qwen3guard", "llama-guard"]
    categories: Annotated[tuple[Line, ...], Field(min_length=1, max_length=60)]


class Match(_Part):
    """How a rule matches; any of the four is enough."""

    terms: Annotated[tuple[Term, ...], Field(max_length=MAX_TERMS)] = ()
    pattern: Annotated[tuple[Pattern, ...], Field(max_length=500)] = ()
    meaning: Meaning | None = None
    guard: Guard | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.terms or self.pattern or self.meaning or self.guard):
            raise ValueError("a rule needs terms, a pattern, a meaning or a guard category")
        return self


class Rule(_Part):
    """One rule: where it applies, how it matches, what then happens and why.

    ``origins`` narrows it to text of some origins: what was pasted (files, too) or recalled
    can be judged otherwise than what a person types.
    """

    id: Id
    title: Line
    reason: Text
    note: Note = ""
    where: Annotated[
        tuple[Literal["input", "output", "memory", "preference", "export"], ...],
        Field(min_length=1, max_length=5),
    ]
    origins: Annotated[tuple[OriginLabel, ...], Field(max_length=5)] = ()
    match: Match
    effect: EffectLabel
    help: Note = ""

    def applies_to(self, where: Where) -> bool:
        """Whether the rule is checked at that place."""
        return where.value in self.where

    def concerns(self, origin: Origin) -> bool:
        """Whether the rule judges text from there; ``origins`` empty means from anywhere."""
        return not self.origins or origin.value in self.origins


class Escalation(_Part):
    """Raises the effect of a rule of another document. It cannot lower one."""

    id: Id
    rule: Id
    effect: EffectLabel
    reason: Text
    note: Note = ""


class Bound(_Part):
    """Limits one setting: allowed values, or a range that includes its ends."""

    id: Id
    key: Annotated[str, Field(max_length=60), AfterValidator(_enforceable)]
    reason: Text
    note: Note = ""
    allowed: Annotated[tuple[Line, ...], Field(min_length=1, max_length=500)] | None = None
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _known_and_whole(self) -> Self:
        ranged = self.key not in SET_KEYS
        has_range = self.minimum is not None or self.maximum is not None
        if ranged and (self.allowed is not None or not has_range):
            raise ValueError("this setting takes a minimum, a maximum or both")
        if not ranged and (self.allowed is None or has_range):
            raise ValueError("this setting takes a list of allowed values")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError("the minimum is above the maximum")
        return self


class Requirement(_Part):
    """Obliges the program to something.

    ``instruct`` gives the model a line; ``added_text`` is appended to answers; ``disclosure``
    is shown at the start of a chat; ``session_notice`` after ``minutes``; ``viewpoints`` asks
    for several viewpoints; ``recovery_key`` demands that a recovery key was made. ``topics``
    narrows ``instruct``, ``added_text`` and ``viewpoints`` to turns that contain one of them.
    """

    id: Id
    kind: Literal[
        "instruct", "added_text", "disclosure", "session_notice", "viewpoints", "recovery_key"
    ]
    reason: Text
    note: Note = ""
    text: Annotated[str, Field(max_length=1000), _Printable] = ""
    topics: Annotated[tuple[Term, ...], Field(max_length=500)] = ()
    minutes: Annotated[int, Field(ge=1, le=1440)] | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind in ("instruct", "added_text", "disclosure") and not self.text:
            raise ValueError("this kind of requirement needs a text")
        if (self.minutes is not None) != (self.kind == "session_notice"):
            raise ValueError("minutes belong to session_notice, and it needs them")
        if self.topics and self.kind in ("disclosure", "session_notice", "recovery_key"):
            raise ValueError("this kind of requirement takes no topics")
        return self


class Test(_Part):
    """An example text with the decision its author expects from this document alone.

    Without ``origin`` it is the user's own, and at ``output`` the model's.
    """

    __test__: ClassVar[bool] = False

    text: Annotated[str, Field(min_length=1, max_length=8000)]
    where: Literal["input", "output", "memory", "preference", "export"] = "input"
    origin: OriginLabel | None = None
    expect: ExpectedLabel
    rule: Id | None = None
    note: Note = ""


class PolicyDocument(_Part):
    """A whole policy document, checked. Read it with :meth:`from_bytes` only.

    ``vocabulary`` names parts of patterns: ``<name>`` in a pattern stands for that part.
    Reading puts them in place, so rules hold whole patterns.
    """

    format: Literal["bounds-policy/1"]
    id: Id
    issuer: Line
    tier: TierLabel
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    issued: Moment
    effective: Moment
    expires: Moment
    contact: Line
    appeal: Line
    summary: Text
    consulted: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    languages: Annotated[tuple[Language, ...], Field(min_length=1, max_length=50)] = ("en",)
    note: Note = ""
    vocabulary: Annotated[dict[VocabularyName, Fragment], Field(max_length=200)] = {}
    rules: Annotated[tuple[Rule, ...], Field(max_length=2000)] = ()
    escalations: Annotated[tuple[Escalation, ...], Field(max_length=500)] = ()
    bounds: Annotated[tuple[Bound, ...], Field(max_length=200)] = ()
    requirements: Annotated[tuple[Requirement, ...], Field(max_length=200)] = ()
    tests: Annotated[tuple[Test, ...], Field(max_length=5000)] = ()

    @classmethod
    def from_bytes(cls, raw: bytes) -> PolicyDocument:
        """The document in ``raw`` (JSON, at most 4 MiB), or ``DocumentInvalid`` with its line."""
        value = with_vocabulary(read_strict_json(raw, limit=MAX_BYTES))
        try:
            # Written anew from the value that was checked, so that pydantic's own JSON
            # reader, which forgives more, never sees the author's bytes.
            return cls.model_validate_json(json.dumps(value))
        except ValidationError as error:
            raise _invalid(raw.decode("utf-8"), error) from error

    @property
    def authority_tier(self) -> Tier:
        """The tier as a value of :class:`Tier`."""
        return Tier(self.tier)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [part.id for part in self._named()]
        if len(names) != len(set(names)):
            repeated = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"the id {repeated} is used twice")
        if not self.issued <= self.effective < self.expires:
            raise ValueError("dates must run issued, effective, expires")
        if sum(len(rule.match.terms) for rule in self.rules) > MAX_TERMS:
            raise ValueError(f"more than {MAX_TERMS} terms in all")
        known = {rule.id for rule in self.rules}
        for test in self.tests:
            if test.rule is not None and test.rule not in known:
                raise ValueError(f"a test names the rule {test.rule}, which is not here")
        return self

    def _named(self) -> tuple[Rule | Escalation | Bound | Requirement, ...]:
        return (*self.rules, *self.escalations, *self.bounds, *self.requirements)


def known_keys() -> tuple[str, ...]:
    """The settings a bound may name; ``profile.*`` stands for every profile dimension."""
    return (*RANGE_KEYS, *SET_KEYS, "profile.*")


def effect_of(label: ExpectedLabel | EffectLabel) -> Effect:
    """The effect a document's label stands for."""
    return Effect.of(label)


def _invalid(text: str, error: ValidationError) -> DocumentInvalid:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path: tuple[Any, ...] = tuple(first["loc"])
    where = ".".join(str(step) for step in path) or "document"
    message = first["msg"].removeprefix("Value error, ")
    return DocumentInvalid(f"{where}: {message}.", line=line_of(text, path))
