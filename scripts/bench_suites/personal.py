"""Learning from feedback: adherence of simulated users, held-out choices of real ones, time.

Simulated users run against the real model and a real vault, beside the same model without
personalisation in the same run (0 acts). Held-out choices use the code that ships, with
only the prior's mean replaced by the population's, fitted on other users.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from assistant.conversation.prompt import SYSTEM_TEXT
from assistant.engine import (
    CandidateFinished,
    ChatMessage,
    GenerateRequest,
    ModelCatalogue,
    ModelClient,
    ModelFile,
    TextDelta,
    catalogue_path,
    default_weights,
)
from assistant.personal.choosing import choose
from assistant.personal.dimensions import DIMENSIONS, measure
from assistant.personal.feedback import read_act
from assistant.personal.learning import PRIOR, learn
from assistant.personal.logistic import Evidence, Prior, fit, log_probability
from assistant.personal.placement import Beside, beside
from assistant.personal.preferences import read_preference
from assistant.personal.profile import Profile, build_profile, instructions
from assistant.personal.proposals import propose
from assistant.personal.recall import Recall
from assistant.personal.vectors import SmallIndex
from assistant.vault.facade import Vault
from assistant.vault.records import (
    Feedback,
    PreferenceState,
    Turn,
    TurnOutcome,
    TurnStatus,
)
from scripts.bench_suites._evaluation import figure, lines, mean, percentile, present
from scripts.bench_suites._tastes import FACTS, HELD_OUT, TASTES, TRAINING, Taste
from tests.unit.personal.fakes import turn as past_turn
from tests.vault_world import create, noon

Row = dict[str, Any]
MAX_TOKENS = 120
STAGES = (0, 5, 10, 20)
CHOICES = (1, 2, 5, 10, 20, 50)


def run(size: str) -> Iterable[Row]:
    """All rows; ``size`` "quick" takes three tastes, ten acts and a tenth of the users."""
    quick = size == "quick"
    yield from act_time()
    for suite, needs in (
        (held_out_choices, ("ukpconvarg1/arguments.jsonl", "ukpconvarg1/votes.csv")),
        (agreeing_annotators, ("pandalm/testset.jsonl",)),
    ):
        missing = present(*needs)
        if missing is not None:
            yield {**missing, "figure": f"{suite.__name__}: evaluation data absent"}
        else:
            yield from suite(10 if quick else 1)
    model = _Model()
    try:
        tastes = [TASTES[0], TASTES[4], TASTES[7]] if quick else list(TASTES)
        yield from simulated(model, tastes, (0, 10) if quick else STAGES, 3 if quick else 8)
        yield from factual(model, FACTS[:4] if quick else FACTS)
    finally:
        model.stop()


# -- simulated users -------------------------------------------------------------------------


class _Model:
    """The default chat model in its child; counts the tokens it writes."""

    def __init__(self) -> None:
        entry = ModelCatalogue.load(catalogue_path()).default("chat")
        file = entry.file[0]
        self._client = ModelClient()
        self._client.start(ModelFile(default_weights() / file.path, file.sha256))
        self._client.wait_ready(120.0)
        self.tokens = 0

    def answers(self, message: str, candidates: int, seed: int) -> list[str]:
        history = (ChatMessage("system", SYSTEM_TEXT),)
        texts = [""] * candidates
        request = GenerateRequest(
            history,
            ChatMessage("user", message),
            candidates=candidates,
            seed=seed,
            max_tokens=MAX_TOKENS,
        )
        for event in self._client.generate(request):
            if isinstance(event, TextDelta):
                texts[event.candidate] += event.text
            elif isinstance(event, CandidateFinished):
                self.tokens += event.tokens
        return texts

    def stop(self) -> None:
        self._client.stop()


class _NotReady:
    """Wishes about style need no vectors."""

    def embed(self, _texts: Sequence[str]) -> None:
        return None


class _User:
    """One simulated user with a vault of their own."""

    def __init__(self, taste: Taste, model: _Model, vault: Vault) -> None:
        self._taste, self._model, self._vault = taste, model, vault
        self._chat = vault.conversations.start("Bench").id
        self._recall = Recall(
            search=vault.search,
            embedder=_NotReady(),
            preferences=vault.preferences,
            feedback=vault.feedback,
            turns=vault.turns,
            preference_index=SmallIndex(),
            turn_index=SmallIndex(),
            now=noon,
        )

    def act(self, number: int) -> None:
        """Ask, look at two answers, then choose, rate or edit; answer the proposal."""
        question = TRAINING[number % len(TRAINING)]
        placed, _, _ = self._placed(question)
        answers = self._model.answers(placed.around(question), 2, 1000 + number)
        turn = self._turn(question, answers[0])
        kind, value = self._judge(answers)
        (given,) = read_act(kind, value, answers=answers)
        act = self._vault.feedback.add(turn.id, given.kind, given.value, given.reasons)
        self._offered(act, turn)

    def _judge(self, answers: Sequence[str]) -> tuple[str, str]:
        first, second = map(self._taste.holds, answers)
        if first != second:
            return "choice", "0" if first else "1"
        return ("up", "") if first else ("edit", self._taste.mend(answers[0]).strip() or "Yes.")

    def _offered(self, act: Feedback, turn: Turn) -> None:
        earlier = [pair for pair in self._acts() if pair[0].id != act.id]
        known = self._vault.preferences.list()
        found = propose(act, turn, earlier=earlier, known=known)
        if found is None:
            return
        agrees = re.search(self._taste.agrees, found.text, re.IGNORECASE) is not None
        state = PreferenceState.ACTIVE if agrees else PreferenceState.REJECTED
        self._vault.preferences.add(
            found.text, source=found.source, provenance=found.provenance, state=state
        )

    def satisfied(self, questions: Sequence[str]) -> tuple[list[float], list[float]]:
        """Which held-out answers please: the first one, and the one chosen among three."""
        first, chosen = [], []
        for number, question in enumerate(questions):
            placed, profile, wishes = self._placed(question)
            answers = self._model.answers(placed.around(question), 3, number)
            best = choose(answers, profile, wishes).index
            first.append(float(self._taste.holds(answers[0])))
            chosen.append(float(self._taste.holds(answers[best])))
        return first, chosen

    def _placed(self, question: str) -> tuple[Beside, Profile, list[str]]:
        profile = build_profile(self._acts())
        found = self._recall.find(question, conversation=self._chat)
        wishes = [item.text for item in found.items if item.style]
        covered = {w.style for text in wishes for w in read_preference(text).wishes}
        # Rated answers to other questions are no examples; only wishes act here.
        kept = [item for item in found.items if item.style]
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


def simulated(
    model: _Model, tastes: Sequence[Taste], stages: Sequence[int], questions: int
) -> Iterator[Row]:
    """Adherence after so many acts, with and without choosing among three."""
    all_first: dict[int, list[float]] = defaultdict(list)
    all_chosen: dict[int, list[float]] = defaultdict(list)
    for taste in tastes:
        with tempfile.TemporaryDirectory() as folder:
            vault, _ = create(Path(folder) / "home")
            user, acts = _User(taste, model, vault), 0
            for stage in stages:
                for number in range(acts, stage):
                    user.act(number)
                acts = stage
                before = model.tokens
                first, chosen = user.satisfied(HELD_OUT[:questions])
                all_first[stage] += first
                all_chosen[stage] += chosen
                yield {
                    "figure": f"{taste.name}: adherence after {stage} acts",
                    "value": round(mean(chosen), 3),
                    "unit": "share",
                    "without_choosing": round(mean(first), 3),
                    "tokens_per_answer": round((model.tokens - before) / len(first)),
                }
            vault.close()
    for stage in stages:
        aims = (">= 0.75", ">= 0.60") if stage == 10 else ("", "")
        yield figure(f"adherence after {stage} acts, choosing among three", all_chosen[stage],
                     target=aims[0])  # fmt: skip
        yield figure(f"adherence after {stage} acts, one answer", all_first[stage], target=aims[1])


def factual(model: _Model, facts: Sequence[tuple[str, str]]) -> Iterator[Row]:
    """Plain questions with and without a learned wish beside them."""
    for name, placed in (
        ("without personalisation", Beside()),
        ("with personalisation", Beside("About me: I am vegetarian.", "Keep answers short.")),
    ):
        right = [
            float(
                re.search(wanted, model.answers(placed.around(q), 1, 5)[0], re.IGNORECASE)
                is not None
            )
            for q, wanted in facts
        ]
        yield figure(f"factual questions answered, {name}", right)


def _has(wanted: str, answer: str) -> bool:
    return re.search(wanted, answer, re.IGNORECASE) is not None


# -- real users ------------------------------------------------------------------------------


def held_out_choices(every: int) -> Iterator[Row]:
    """Learn on a user's first k choices, predict the rest, against the population's prior."""
    texts = {a["arg_id"]: a["text"] for a in lines("ukpconvarg1/arguments.jsonl")}
    votes: dict[str, list[Evidence]] = defaultdict(list)
    for vote in lines("ukpconvarg1/votes.csv"):
        better, worse = (vote["a1"], vote["a2"])[:: 1 if vote["choice"] == "a1" else -1]
        if vote["choice"] in ("a1", "a2") and better in texts and worse in texts:
            votes[vote["user"]].append(_difference(texts[better], texts[worse]))
    users = sorted(user for user, given in votes.items() if len(given) >= 60)
    others = [e for user, given in sorted(votes.items()) if len(given) < 60 for e in given]
    prior = _population(others[:8000])
    yield from _compared("ukpconvarg1", {u: votes[u] for u in users[::every]}, prior, CHOICES)


def agreeing_annotators(every: int) -> Iterator[Row]:
    """PandaLM's annotators agree: personalising must not hurt."""
    votes: dict[str, list[Evidence]] = defaultdict(list)
    for row in lines("pandalm/testset.jsonl")[::every]:
        for number in (1, 2, 3):
            choice = row[f"annotator{number}"]
            pair = (row["response1"], row["response2"])[:: 1 if choice == 1 else -1]
            if choice in (1, 2) and all(isinstance(text, str) for text in pair):
                votes[f"annotator{number}"].append(_difference(*pair))
    rest = [e for given in votes.values() for e in given[len(given) // 2 :]]
    kept = {user: given[: len(given) // 2] for user, given in votes.items()}
    sizes = (5, 20) if every > 1 else (5, 20, 50)
    yield from _compared("pandalm", kept, _population(rest), sizes)


def _difference(better: str, worse: str) -> Evidence:
    return Evidence(tuple(a - b for a, b in zip(measure(better), measure(worse), strict=True)))


def _population(evidence: Sequence[Evidence]) -> Prior:
    flat = Prior(tuple(0.0 for _ in DIMENSIONS), tuple(1.0 for _ in DIMENSIONS))
    return replace(PRIOR, mean=fit(evidence, flat).mean)


def _compared(
    name: str, votes: dict[str, list[Evidence]], prior: Prior, sizes: Sequence[int]
) -> Iterator[Row]:
    for k in sizes:
        accuracy, log_loss, used = [], [], []
        for user, given in votes.items():
            shuffled = list(given)
            random.Random(user).shuffle(shuffled)
            learned = learn(shuffled[:k], prior)
            rest = [e for e in shuffled[k : k + 300] if any(e.x)]
            ours = [log_probability(learned.weights, e) for e in rest]
            theirs = [log_probability(prior.mean, e) for e in rest]
            accuracy.append(100 * (_right(ours) - _right(theirs)))
            log_loss.append(mean(theirs) - mean(ours))
            used.append(float(bool(learned.used)))
        yield figure(f"{name}: accuracy over the prior, k={k}", accuracy, "points",
                     target="low >= -1", used=round(mean(used), 2))  # fmt: skip
        aim = "<= 0" if k < 20 else "< 0"
        yield figure(f"{name}: log loss over the prior, k={k}", log_loss, "nats", target=aim)


def _right(log_probabilities: Sequence[float]) -> float:
    return mean(float(p > -0.6931471805599453) for p in log_probabilities)


# -- time ------------------------------------------------------------------------------------


def act_time() -> Iterator[Row]:
    """What an act of feedback costs: checked and read at once; the profile when next needed."""
    rng = random.Random(2)
    acts = []
    for number in range(100):
        words = [rng.choice(("soap", "therefore", "perhaps", "good", "- one", "why?")) for _ in
                 range(rng.randint(20, 120))]  # fmt: skip
        asked = past_turn(f"Question {number}?", " ".join(words) + ".")
        (given,) = read_act("edit", " ".join(words[: len(words) // 2]) + ".")
        acts.append((Feedback(f"f{number}", asked.id, given.kind, given.value, (), noon()), asked))
    taken, built = [], []
    for number, (act, asked) in enumerate(acts):
        start = time.perf_counter()
        read_act("edit", act.value)
        propose(act, asked, earlier=acts[:number])
        taken.append(1000 * (time.perf_counter() - start))
    for number in (10, 50, 100):
        start = time.perf_counter()
        build_profile(acts[:number])
        value = round(1000 * (time.perf_counter() - start), 2)
        built.append(
            {"figure": f"profile built anew from {number} acts", "value": value, "unit": "ms"}
        )
    yield {"figure": "an act of feedback, p95", "value": round(percentile(taken, 0.95), 2),
           "unit": "ms", "target": "<= 10"}  # fmt: skip
    yield from built
