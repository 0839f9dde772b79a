"""Recall: which memories stand beside a question, and which do not.

Hybrid: BM25 from the vault's full-text index and cosines from the vector indexes. Then a
gate that may return nothing: memory that does not matter makes answers worse and more
flattering (PersistBench). Wishes about style apply to every answer in their scope;
topical preferences, rated answers and earlier turns must pass the gate. Everything
considered is kept with its scores, so that `recall` and `why` can show it.

While the embedder is not ready, full-text search alone answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass

from assistant.personal.affinity import Nearness
from assistant.personal.considered import NOTHING, Considered, Recollection
from assistant.personal.earlier import weigh_turns
from assistant.personal.placement import line_of
from assistant.personal.plain_facts import asks_for_a_fact
from assistant.personal.preferences import (
    Reading,
    contradict,
    live,
    narrowness,
    read_preference,
    stands_back_from_facts,
)
from assistant.personal.protocols import (
    Clock,
    Count,
    Embedder,
    FeedbackStore,
    Index,
    PreferenceIndex,
    PreferenceStore,
    SearchStore,
    TurnStore,
    index_key,
)
from assistant.personal.relevance import MARGIN, Asked, relevance, share, threshold
from assistant.personal.words import stems, without_names
from assistant.vault.records import Found, ItemKind, Preference, PreferenceState, Scope

SEARCHED = 50
"""How many hits are taken from each list before fusion."""

MAX_STYLE = 6
MAX_RATED = 1
MAX_EARLIER = 2
"""Per answer: wishes about style, rated answers, earlier turns. Small models lose the
question among more than this."""

ALIKE = 0.6
"""Share of common stems from which two memories say the same; the better one stays."""


@dataclass(frozen=True, slots=True)
class _Setting:
    asked: Asked
    conversation: str
    project: str
    vector: bytes | None
    spare: bool


@dataclass(frozen=True, slots=True)
class _Worded:
    """The preferences in force here, and the scores by words of preferences and turns."""

    held: dict[str, Preference]
    preferences: dict[str, float]
    turns: dict[str, float]


class Recall:
    """Finds what matters for a question. As thread-safe as the stores it is given."""

    def __init__(
        self,
        *,
        search: SearchStore,
        embedder: Embedder,
        preferences: PreferenceStore,
        feedback: FeedbackStore,
        turns: TurnStore,
        preference_index: PreferenceIndex,
        turn_index: Index,
        now: Clock,
    ) -> None:
        self._search = search
        self._embedder = embedder
        self._preferences = preferences
        self._feedback = feedback
        self._turns = turns
        self._preference_index = preference_index
        self._turn_index = turn_index
        self._now = now

    def find(
        self,
        question: str,
        *,
        conversation: str = "",
        project: str = "",
        budget_tokens: int = 160,
        count: Count | None = None,
        k: int = 5,
        names: tuple[str, ...] = (),
        spare_facts: bool = False,
    ) -> Recollection:
        """What stands beside ``question``, in at most ``budget_tokens`` of memory lines.

        ``k`` bounds the memories that had to pass the gate; wishes about style come
        besides, at most ``MAX_STYLE``. ``conversation`` is left out of the earlier turns
        (it is in the prompt already) and decides about chat-scoped preferences.
        ``names`` are dropped from the query, for words and vectors. Without ``count`` tokens are
        estimated from above. With ``spare_facts`` general wishes about style stay out of a
        question for one plain fact. Raises only what the stores raise.
        """
        if not question.strip():
            return NOTHING
        embedding = self._embedding(without_names(question, names) or question)
        spare = spare_facts and asks_for_a_fact(question)
        asked = Asked.of(question, names)
        worded = self._worded(asked, conversation, project)
        vectors = embedding.result()
        vector = vectors[0] if vectors else None
        setting = _Setting(asked, conversation, project, vector, spare)
        weighed = self._weigh_preferences(setting, worded) + self._weigh_earlier(setting, worded)
        chosen, considered, tokens = _choose(weighed, budget_tokens, count or estimate, k)
        return Recollection(chosen, considered, vector is not None, tokens)

    def _embedding(self, text: str) -> Future[list[bytes] | None]:
        """The vector of a text, worked out by another process while this one goes on.

        It takes as long as all that words alone can find: side by side a recall among 10,000
        turns is a fifth shorter.
        """
        future: Future[list[bytes] | None] = Future()

        def embed() -> None:
            try:
                future.set_result(self._embedder.embed([text]))
            except BaseException as error:  # noqa: BLE001 - raised where the vector is wanted
                future.set_exception(error)

        threading.Thread(target=embed, name="embedding", daemon=True).start()
        return future

    def _worded(self, asked: Asked, conversation: str, project: str) -> _Worded:
        """What can be found without the question's vector."""
        active, now = self._preferences.list(state=PreferenceState.ACTIVE), self._now()
        held = {p.id: p for p in active if live(p, now) and _in_scope(p, conversation, project)}
        preferences = self._search.preferences(asked.query, SEARCHED) if held else ()
        turns = self._search.turns(asked.query, SEARCHED)
        return _Worded(held, _scores(preferences), _scores(turns))

    def _weigh_preferences(self, setting: _Setting, worded: _Worded) -> list[Considered]:
        held, bm25 = worded.held, worded.preferences
        if not held:
            return []
        vector = setting.vector
        near = {} if vector is None else self._preference_index.nearness(vector)
        weighed = [
            _weigh(p, setting, bm25.get(p.id, 0.0), near.get(index_key(ItemKind.PREFERENCE, p.id)))
            for p in held.values()
        ]
        agreed = _without_contradicted(_without_distant(weighed), held)
        return _without_general(agreed, held) if setting.spare else agreed

    def _weigh_earlier(self, setting: _Setting, worded: _Worded) -> list[Considered]:
        bm25 = worded.turns
        dense: dict[str, float] = {}
        if setting.vector is not None:
            prefix = index_key(ItemKind.TURN, "")
            near = self._turn_index.query(setting.vector, SEARCHED)
            dense = {key.removeprefix(prefix): c for key, c in near if key.startswith(prefix)}
        turns = {
            identity: turn
            for identity, turn in self._turns.many({*bm25, *dense}).items()
            if turn.conversation_id != setting.conversation or not setting.conversation
        }
        given = self._feedback.on_turns(turns)
        acts = [act for on_one in given.values() for act in on_one if not act.undone]
        return weigh_turns(turns, acts, setting.asked, bm25, dense)


def _in_scope(preference: Preference, conversation: str, project: str) -> bool:
    if preference.scope is Scope.CHAT:
        return preference.scope_ref == conversation != ""
    if preference.scope is Scope.PROJECT:
        return preference.scope_ref == project != ""
    return True


def _scores(found: Iterable[Found]) -> dict[str, float]:
    return {one.item_id: one.score for one in found}


@dataclass(frozen=True, slots=True)
class _Weighed:
    item: Considered
    points: float
    dense: bool
    free: bool


def _weigh(
    preference: Preference, setting: _Setting, bm25: float, near: Nearness | None
) -> _Weighed:
    """Score one preference and let it through the gate, or past it."""
    reading = read_preference(preference.text)
    about = f"{preference.scope_ref} {preference.text}"
    text = about if preference.scope is Scope.TOPIC else preference.text
    points, dense = relevance(setting.asked, text, near), near is not None
    free = _passes_freely(preference, reading, setting.asked)
    passed = free if free is not None else points >= threshold(dense=dense)
    item = Considered(
        ItemKind.PREFERENCE,
        preference.id,
        preference.text,
        _shown(share(points, dense=dense), free),
        bm25,
        0.0 if near is None else near.cosine,
        passed,
        "" if passed else "unrelated",
        style=reading.is_style and free is True,
    )
    return _Weighed(item, points, dense, free is True)


def _shown(score: float, free: bool | None) -> float:
    """Where scope decides it shows in the score: at least one half for what applies."""
    return score if free is None else 0.5 * score + 0.5 * free


def _without_distant(weighed: list[_Weighed]) -> list[Considered]:
    """Of what passed the gate by its vector, what is far behind the best does not matter."""
    gated = [w.points for w in weighed if w.dense and w.item.passed and not w.free]
    floor = max(gated, default=0.0) - MARGIN
    return [
        w.item.dropped("unrelated")
        if w.dense and w.item.passed and not w.free and w.points < floor
        else w.item
        for w in weighed
    ]


def _passes_freely(preference: Preference, reading: Reading, asked: Asked) -> bool | None:
    """True or False where scope and condition decide; None where relevance must.

    A wish about style applies everywhere unless a condition ("about code") or a topic
    names a domain; then exactly where the question touches that domain.
    """
    if preference.scope is Scope.CHAT:
        return True
    topic = preference.scope_ref if preference.scope is Scope.TOPIC else reading.condition
    if topic:
        named = Asked.of(topic)
        if named.domains:
            met = bool(named.domains & asked.domains)
            return met if reading.is_style else (None if met else False)
        return True if set(named.stems) & set(asked.stems) else None
    return True if reading.is_style else None


def _without_contradicted(
    weighed: list[Considered], held: dict[str, Preference]
) -> list[Considered]:
    """Of two that contradict each other the narrower holds, of equals the later word."""
    passed = sorted(
        (item for item in weighed if item.passed),
        key=lambda item: (narrowness(held[item.id]), held[item.id].updated, item.id),
        reverse=True,
    )
    kept: list[str] = []
    back: dict[str, str] = {}
    for item in passed:
        rivals = [held[other] for other in kept if contradict(item.text, held[other].text)]
        if not rivals:
            kept.append(item.id)
            continue
        own = narrowness(held[item.id])
        narrower = any(narrowness(rival) > own for rival in rivals)
        back[item.id] = "narrower" if narrower else "contradicted"
    return [item.dropped(back[item.id]) if item.id in back else item for item in weighed]


def _without_general(weighed: list[Considered], held: dict[str, Preference]) -> list[Considered]:
    """What was said for this topic, project or chat stays, and what suits a fact."""
    return [
        item.dropped("fact") if item.passed and stands_back_from_facts(held[item.id]) else item
        for item in weighed
    ]


def _choose(
    weighed: list[Considered], budget: int, count: Count, k: int
) -> tuple[tuple[Considered, ...], tuple[Considered, ...], int]:
    """Apply limits per kind, drop repetitions, then fill the budget in order."""
    ranked = sorted(weighed, key=lambda i: (not i.passed, _order(i), -i.score, i.id))
    candidates = [item for item in ranked if item.passed]
    sizes = dict(zip(map(_key, candidates), _sizes(candidates, count), strict=True))
    chosen: list[Considered] = []
    settled: list[Considered] = []
    spent = 0
    for item in ranked:
        reason = item.reason or _objection(item, chosen, k)
        if not reason and spent + sizes[_key(item)] > budget:
            reason = "budget"
        if reason:
            settled.append(item.dropped(reason))
            continue
        spent += sizes[_key(item)]
        chosen.append(item)
        settled.append(item)
    best_first = sorted(settled, key=lambda i: (not i.passed, -i.score, i.kind, i.id))
    return tuple(chosen), tuple(best_first), spent


def _key(item: Considered) -> tuple[ItemKind, str]:
    return item.kind, item.id


def _order(item: Considered) -> int:
    """Wishes about style first, then preferences, rated answers, earlier turns."""
    if item.style:
        return 0
    return {ItemKind.PREFERENCE: 1, ItemKind.FEEDBACK: 2, ItemKind.TURN: 3}[item.kind]


def _objection(item: Considered, chosen: list[Considered], k: int) -> str:
    limits = {0: MAX_STYLE, 1: k, 2: MAX_RATED, 3: MAX_EARLIER}
    order = _order(item)
    if sum(_order(other) == order for other in chosen) >= limits[order]:
        return "enough"
    if order > 0 and sum(_order(other) > 0 for other in chosen) >= k:
        return "enough"
    return "repeats" if any(_repeats(item, other) for other in chosen) else ""


def _repeats(item: Considered, other: Considered) -> bool:
    left, right = set(stems(item.text)), set(stems(other.text))
    if not left or not right:
        return item.text.strip().lower() == other.text.strip().lower()
    return len(left & right) / len(left | right) >= ALIKE


def _sizes(items: list[Considered], count: Count) -> list[int]:
    return [size + 1 for size in count([line_of(item) for item in items])] if items else []


def estimate(texts: list[str]) -> list[int]:
    """Tokens estimated from above, for when the model is not there to count."""
    return [len(text.encode()) // 3 + 2 for text in texts]


def used(recollection: Recollection) -> tuple[tuple[ItemKind, str, float], ...]:
    """What a turn records: ids and scores, never text."""
    return tuple((item.kind, item.id, round(item.score, 4)) for item in recollection.items)


__all__ = ["NOTHING", "Considered", "Recall", "Recollection", "estimate", "used"]
