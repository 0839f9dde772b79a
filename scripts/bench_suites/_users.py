"""Simulated users with a hidden taste, against the real model and a real vault each.

A user rates, chooses and edits; the product learns; then held-out questions are asked and
the user's own check says which answers please. After 0 acts it is the same model without
personalisation. Half of the tastes were judged by these checks when the wordings of style
instructions were chosen; the other half ("fresh") was not, nor was any question here.
"""

from __future__ import annotations

import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.personal.choosing import choose
from assistant.personal.feedback import read_act
from assistant.personal.placement import Beside, beside
from assistant.personal.preferences import read_preference
from assistant.personal.profile import Profile, build_profile, instructions
from assistant.personal.proposals import propose
from assistant.personal.recall import Recall
from assistant.personal.vectors import SmallIndex
from assistant.vault.facade import Vault
from assistant.vault.records import Feedback, PreferenceState, Turn, TurnOutcome, TurnStatus
from scripts.bench_suites._chat_model import ChatModel
from scripts.bench_suites._evaluation import figure, mean
from scripts.bench_suites._tastes import FRESH, HELD_OUT, TASTES, TRAINING, Taste
from tests.vault_world import create, noon

Row = dict[str, Any]
MAX_TOKENS = 100
STAGES = (0, 5, 10, 20)
USERS = 48
A_PIECE = 3
QUESTIONS = 3
_ALL = [taste for pair in zip(FRESH, TASTES, strict=True) for taste in pair]


class NotReady:
    """Wishes about style need no vectors."""

    def embed(self, _texts: Sequence[str]) -> None:
        return None


def recall_over(vault: Vault) -> Recall:
    """The shipped recall over a vault, by words alone."""
    return Recall(
        search=vault.search,
        embedder=NotReady(),
        preferences=vault.preferences,
        feedback=vault.feedback,
        turns=vault.turns,
        preference_index=SmallIndex(),
        turn_index=SmallIndex(),
        now=noon,
    )


class User:
    """One simulated user with a vault of their own; ``number`` varies seeds and questions."""

    def __init__(self, number: int, model: ChatModel, vault: Vault) -> None:
        self.number, self._model, self._vault = number, model, vault
        self.taste: Taste = _ALL[number % len(_ALL)]
        self._chat = vault.conversations.start("Bench").id
        self._recall = recall_over(vault)
        rng = random.Random(number)
        self._asked = rng.sample(TRAINING, len(TRAINING))
        self.held_out = rng.sample(HELD_OUT, QUESTIONS)

    def act(self, number: int) -> None:
        """Ask, look at two answers, then choose, rate or edit; answer the proposal."""
        question = self._asked[number % len(self._asked)]
        placed, _, _ = self._placed(question)
        seed = 1000 * (self.number + 1) + number
        answers = self._model.answers(placed.around(question), 2, seed, MAX_TOKENS)
        turn = self._turn(question, answers[0])
        kind, value = self._judge(answers)
        (given,) = read_act(kind, value, answers=answers)
        act = self._vault.feedback.add(turn.id, given.kind, given.value, given.reasons)
        self._offered(act, turn)

    def _judge(self, answers: Sequence[str]) -> tuple[str, str]:
        first, second = map(self.taste.holds, answers)
        if first != second:
            return "choice", "0" if first else "1"
        return ("up", "") if first else ("edit", self.taste.mend(answers[0]).strip() or "Yes.")

    def _offered(self, act: Feedback, turn: Turn) -> None:
        earlier = [pair for pair in self._acts() if pair[0].id != act.id]
        found = propose(act, turn, earlier=earlier, known=self._vault.preferences.list())
        if found is None:
            return
        agrees = re.search(self.taste.agrees, found.text, re.IGNORECASE) is not None
        state = PreferenceState.ACTIVE if agrees else PreferenceState.REJECTED
        self._vault.preferences.add(
            found.text, source=found.source, provenance=found.provenance, state=state
        )

    def satisfied(self) -> Row:
        """Which held-out answers please: the first one, and the one chosen among three."""
        first, chosen, beside_tokens = [], [], []
        before = list(self._model.written)
        for number, question in enumerate(self.held_out):
            placed, profile, wishes = self._placed(question)
            seed = 17 * self.number + number
            answers = self._model.answers(placed.around(question), 3, seed, MAX_TOKENS)
            best = choose(answers, profile, wishes).index
            first.append(float(self.taste.holds(answers[0])))
            chosen.append(float(self.taste.holds(answers[best])))
            beside_tokens.append(self._model.count(placed.text))
        spent = [now - then for now, then in zip(self._model.written, before, strict=True)]
        return {
            "first": mean(first), "chosen": mean(chosen),
            "tokens_first": round(spent[0] / QUESTIONS),
            "tokens_three": round(sum(spent) / QUESTIONS),
            "tokens_beside": round(mean(beside_tokens)),
        }  # fmt: skip

    def _placed(self, question: str) -> tuple[Beside, Profile, list[str]]:
        profile = build_profile(self._acts())
        found = self._recall.find(question, conversation=self._chat, spare_facts=True)
        # Rated answers to other questions are no examples; only wishes act here.
        kept = [item for item in found.items if item.style]
        wishes = [item.text for item in kept]
        covered = {w.style for text in wishes for w in read_preference(text).wishes}
        return beside(kept, instructions(profile, covered)), profile, wishes

    def _acts(self) -> list[tuple[Feedback, Turn]]:
        acts = self._vault.feedback.list()
        turns = self._vault.turns.many({act.turn_id for act in acts})
        return [(act, turns[act.turn_id]) for act in acts]

    def _turn(self, question: str, answer: str) -> Turn:
        turn = self._vault.turns.begin(self._chat, question)
        self._vault.turns.append_answer(turn.id, answer)
        self._vault.turns.finish(turn.id, TurnOutcome(TurnStatus.COMPLETE))
        return self._vault.turns.get(turn.id)


def adherence(piece: int | None, stages: Sequence[int] = STAGES) -> Iterator[Row]:
    """One row a user and stage, then the pooled figures; ``piece`` from 1 takes three users."""
    numbers: Iterable[int] = range(USERS)
    if piece is not None:
        numbers = range((piece - 1) * A_PIECE, min(USERS, piece * A_PIECE))
    model = ChatModel()
    rows = []
    try:
        for number in numbers:
            for row in _one_user(number, model, stages):
                rows.append(row)
                yield row
    finally:
        model.stop()
    yield from pooled(rows)


def _one_user(number: int, model: ChatModel, stages: Sequence[int]) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        vault, _ = create(Path(folder) / "home")
        user, acts = User(number, model, vault), 0
        for stage in stages:
            for each in range(acts, stage):
                user.act(each)
            acts = stage
            yield {
                "figure": f"user {number} ({user.taste.name}) after {stage} acts",
                "user": number, "taste": user.taste.name, "fresh": user.taste in FRESH,
                "stage": stage, **user.satisfied(),
            }  # fmt: skip
        vault.close()


def pooled(rows: Sequence[Row]) -> Iterator[Row]:
    """Shares over users, each user counting once; intervals by bootstrap over users."""
    users: dict[int, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        users[row["user"]][row["stage"]] = row
    for stage in sorted({row["stage"] for row in rows}):
        at = [stages[stage] for _, stages in sorted(users.items()) if stage in stages]
        aims = {"chosen": ">= 0.75", "first": ">= 0.60"} if stage == 10 else {}
        for key, words in (("chosen", "choosing among three"), ("first", "one answer")):
            for name, kept in (
                ("", at),
                (", fresh checks", [row for row in at if row["fresh"]]),
                (", checks the wordings saw", [row for row in at if not row["fresh"]]),
            ):
                if not kept:
                    continue
                spent = "tokens_three" if key == "chosen" else "tokens_first"
                yield figure(
                    f"adherence after {stage} acts, {words}{name}", [r[key] for r in kept],
                    target=aims.get(key, ""), tokens=round(mean(r[spent] for r in kept)),
                    tokens_beside=round(mean(r["tokens_beside"] for r in kept)),
                )  # fmt: skip
            if stage:
                gains = [row[key] - users[row["user"]][0][key] for row in at]
                yield figure(f"gain over no personalisation, {stage} acts, {words}", gains)
