"""How a rule of a policy document matches: by terms, a pattern, a meaning or a guard model."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from assistant.policy.document_fields import (
    MAX_TERMS,
    Digest,
    Example,
    Language,
    Line,
    Part,
    Pattern,
    Rate,
    ResourceName,
    Term,
)


class Head(Part):
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


class Adapter(Part):
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


class Meaning(Part):
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


class Guard(Part):
    """Matching by a guard model's categories, where the user has such a model."""

    model: Literal["qwen3guard", "llama-guard"]
    categories: Annotated[tuple[Line, ...], Field(min_length=1, max_length=60)]


class Match(Part):
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
