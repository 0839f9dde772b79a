"""The policy document: what an authority may say, and the only way to read it.

Everything is bounded and nothing is ignored: an unknown field, a value out of place or a
bound this program could not enforce refuses the whole document, with its line. There is
no field that names a relaxation, so a lower tier cannot express one. Authors write their
comments into the ``note`` fields; JSON has no comments and this format adds none.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from assistant.errors import DocumentInvalid
from assistant.policy.boundable import PROFILE_KEY, RANGE_KEYS, SET_KEYS, known_keys
from assistant.policy.document_fields import (
    MAX_TERMS,
    EffectLabel,
    ExpectedLabel,
    Fragment,
    Id,
    Language,
    Line,
    Moment,
    Note,
    OriginLabel,
    Part,
    Printable,
    Term,
    Text,
    TierLabel,
    VocabularyName,
)
from assistant.policy.document_match import Match
from assistant.policy.model import Origin, Tier, Where
from assistant.policy.strict_json import line_of, read_strict_json
from assistant.policy.vocabulary import with_vocabulary

FORMAT: Final = "bounds-policy/1"
MAX_BYTES: Final = 4 * 1024 * 1024


def _enforceable(key: str) -> str:
    if key in RANGE_KEYS or key in SET_KEYS or PROFILE_KEY.match(key):
        return key
    raise ValueError(f"no such setting to bound; known are {', '.join(known_keys())}")


class Rule(Part):
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


class Escalation(Part):
    """Raises the effect of a rule of another document. It cannot lower one."""

    id: Id
    rule: Id
    effect: EffectLabel
    reason: Text
    note: Note = ""


class Bound(Part):
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


class Requirement(Part):
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
    text: Annotated[str, Field(max_length=1000), Printable] = ""
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


class Test(Part):
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


class PolicyDocument(Part):
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
    vocabulary: Annotated[dict[VocabularyName, Fragment], Field(max_length=200)] = {}  # noqa: RUF012 (pydantic gives every document its own)
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


def _invalid(text: str, error: ValidationError) -> DocumentInvalid:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    path: tuple[Any, ...] = tuple(first["loc"])
    where = ".".join(str(step) for step in path) or "document"
    message = first["msg"].removeprefix("Value error, ")
    return DocumentInvalid(f"{where}: {message}.", line=line_of(text, path))
