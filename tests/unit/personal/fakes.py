"""First-class stand-ins for the stores, the embedder and the index."""

from __future__ import annotations

import math
import zlib
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from assistant.personal.affinity import Nearness
from assistant.personal.domains import domains
from assistant.personal.protocols import DIMENSIONS, index_key
from assistant.personal.recall import Recall
from assistant.personal.vectors import SmallIndex
from assistant.personal.words import stems
from assistant.vault.records import (
    Feedback,
    FeedbackKind,
    Found,
    ItemKind,
    Preference,
    PreferenceSource,
    PreferenceState,
    Scope,
    Turn,
    TurnStatus,
)
from tests.recorded_vectors import RECORDED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def preference(text: str, identity: str = "", **changes: object) -> Preference:
    """An active preference stated at noon."""
    values: dict[str, object] = {
        "id": identity or f"p-{zlib.crc32(text.encode()):08x}",
        "text": text,
        "scope": Scope.ALWAYS,
        "scope_ref": "",
        "source": PreferenceSource.STATED,
        "provenance": None,
        "state": PreferenceState.ACTIVE,
        "domain": "",
        "created": NOON,
        "updated": NOON,
        **changes,
    }
    return Preference(**values)  # type: ignore[arg-type]


def turn(question: str, answer: str = "", identity: str = "", chat: str = "old") -> Turn:
    """A finished turn of an earlier chat."""
    return Turn(
        identity or f"t-{zlib.crc32(question.encode()):08x}",
        chat,
        None,
        0,
        question,
        answer,
        TurnStatus.COMPLETE,
        "model",
        "digest",
        0,
        "{}",
        NOON,
        1,
        personalised=True,
    )


def act(kind: FeedbackKind, on: Turn, value: str = "", identity: str = "") -> Feedback:
    """An act of feedback on a turn."""
    return Feedback(identity or f"f-{kind.value}-{on.id}", on.id, kind, value, (), NOON)


@dataclass
class WordEmbedder:
    """Recorded vectors where there are some; else hashed stems and domains, so that related
    texts are near and others are not."""

    ready: bool = True
    asked: int = 0

    def embed(self, texts: Sequence[str]) -> list[bytes] | None:
        self.asked += 1
        return [self.vector(text) for text in texts] if self.ready else None

    @staticmethod
    def vector(text: str) -> bytes:
        if text in RECORDED:
            return RECORDED[text]
        values = [0.0] * DIMENSIONS
        values[0] = 0.1
        for word in stems(text):
            values[1 + zlib.crc32(word.encode()) % (DIMENSIONS - 1)] += 1.0
        for domain in domains(text):
            values[1 + zlib.crc32(domain.encode()) % (DIMENSIONS - 1)] += 1.0
        length = math.sqrt(sum(v * v for v in values))
        return array("f", (v / length for v in values)).tobytes()


@dataclass
class Stores:
    """All stores Recall needs, in memory; search scores shared stems."""

    held: list[Preference] = field(default_factory=list)
    said: list[Feedback] = field(default_factory=list)
    past: list[Turn] = field(default_factory=list)
    embedder: WordEmbedder = field(default_factory=WordEmbedder)
    near: Mapping[str, Nearness] | None = None
    """What the index is told to say of each preference id, instead of measuring."""

    def recall(self, now: datetime = NOON + timedelta(hours=1)) -> Recall:
        preferences, turns = SmallIndex(), SmallIndex()
        for p in self.held:
            key = index_key(ItemKind.PREFERENCE, p.id)
            preferences.put(key, self.embedder.vector(p.text))
        for t in self.past:
            turns.put(index_key(ItemKind.TURN, t.id), self.embedder.vector(t.question))
        return Recall(
            search=SearchOver(self.held, self.past),
            embedder=self.embedder,
            preferences=PreferencesIn(self.held),
            feedback=FeedbackIn(self.said),
            turns=TurnsIn(self.past),
            preference_index=preferences if self.near is None else Told(self.near),
            turn_index=turns,
            now=lambda: now,
        )


@dataclass
class Told:
    """A preference index that says what it was told."""

    near: Mapping[str, Nearness]

    def nearness(self, _vector: bytes) -> dict[str, Nearness]:
        return {index_key(ItemKind.PREFERENCE, id_): near for id_, near in self.near.items()}


@dataclass
class SearchOver:
    held: list[Preference]
    past: list[Turn]

    def turns(self, text: str, limit: int) -> list[Found]:
        return _found(text, {t.id: f"{t.question} {t.answer}" for t in self.past}, limit)

    def preferences(self, text: str, limit: int) -> list[Found]:
        return _found(text, {p.id: p.text for p in self.held}, limit)


def _found(query: str, texts: Mapping[str, str], limit: int) -> list[Found]:
    wanted = set(stems(query))
    scores = {identity: len(wanted & set(stems(text))) for identity, text in texts.items()}
    hits = [Found(identity, float(score)) for identity, score in scores.items() if score]
    return sorted(hits, key=lambda hit: -hit.score)[:limit]


@dataclass
class PreferencesIn:
    held: list[Preference]

    def list(self, *, state: PreferenceState | None = None) -> list[Preference]:
        return [p for p in self.held if state in (None, p.state)]


@dataclass
class FeedbackIn:
    said: list[Feedback]

    def on_turns(self, turn_ids: Iterable[str]) -> dict[str, list[Feedback]]:
        wanted = set(turn_ids)
        given = {t: [f for f in self.said if f.turn_id == t] for t in wanted}
        return {t: acts for t, acts in given.items() if acts}


@dataclass
class TurnsIn:
    past: list[Turn]

    def many(self, turn_ids: Iterable[str]) -> dict[str, Turn]:
        wanted = set(turn_ids)
        return {t.id: t for t in self.past if t.id in wanted}
