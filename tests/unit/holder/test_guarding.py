"""A guard model of the user's: when it is asked, what it stops, and how it fails closed."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.conversation.events import AnswerText, PolicyNotice, TurnEnded, Waiting
from assistant.engine import (
    GenerateRequest,
    GenerationEvent,
    ModelCatalogue,
    ModelFile,
    ModelRegistry,
    catalogue_path,
)
from assistant.errors import ModelInvalid, ModelMissing, PolicyInvalid
from assistant.holder.guarding import (
    ChildGuard,
    ChosenGuard,
    has_guard_rules,
    home_guard,
    use_guard,
)
from assistant.holder.judging import judge
from assistant.holder.scorer import MemoryScorer
from assistant.policy import (
    Decision,
    Effect,
    Gate,
    Origin,
    Segment,
    Where,
    Wishes,
    load_policy,
    packaged_baseline,
    resolve,
)
from tests.conftest import WEIGHTS
from tests.holder_world import World, open_world
from tests.policy_documents import document, rule
from tests.scripted_model import ScriptedMemory, ScriptedModel
from tests.vault_world import noon

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "guard.json").read_text("utf-8"))
UNSAFE, SAFE, CONTROVERSIAL = (each["output"] for each in VECTORS["qwen3guard"])
VIOLENT = {"model": "qwen3guard", "categories": ["Violent"]}
UNETHICAL = {"model": "qwen3guard", "categories": ["Unethical Acts"]}
DEFAULT = "smollm2-135m-instruct"
FOREIGN = "Ich weiß nicht, wie man das macht und was ich dafür brauche."


def chosen(family: str = "qwen3guard") -> ChosenGuard:
    return ChosenGuard(ModelFile(Path("guard.gguf"), "a" * 64, "guard", "Guard"), family)


class Started:
    """Starts the scripted child, and counts how often."""

    def __init__(self, model: ScriptedModel) -> None:
        self.model, self.files = model, list[ModelFile]()

    def __call__(self, file: ModelFile) -> ScriptedModel:
        self.files.append(file)
        return self.model


def a_guard(*answers: str, limit: float = 20.0, **more: Any) -> tuple[ChildGuard, Started]:
    started = Started(ScriptedModel(answers=list(answers), **more))
    return ChildGuard(chosen, started, limit), started


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Callable[..., World]]:
    opened: list[Iterator[World]] = []

    def make(guard: ChildGuard | None, *rules: Any) -> World:
        opened.append(open_world(tmp_path, documents=(document(rules=list(rules)),), guard=guard))
        return next(opened[-1])

    yield make
    for each in opened:
        next(each, None)


def test_a_finished_answer_that_the_guard_calls_unsafe_is_withdrawn(
    world: Callable[..., World],
) -> None:
    guard, started = a_guard(UNSAFE)
    here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
    here.model.answers = ["First you do this. Then you do that."]
    ended = here.ask("How is it done?")
    assert (ended.status, ended.answer) == ("refused", "")
    assert ended.ruling is not None
    assert (ended.ruling.rule, ended.ruling.view) == ("no-harm", "guard")
    assert here.vault.turns.get(ended.turn).answer == ""
    (asked,) = started.model.requests
    assert [message.role for message in (*asked.history, asked.question)] == ["user", "assistant"]
    assert asked.question.content == "First you do this. Then you do that."
    assert asked.sampling.temperature == 0.0
    # Neither what was withdrawn nor its question is fed back.
    here.model.answers, started.model.answers = ["Fine."], [SAFE]
    assert here.ask("And now?").status == "complete"
    assert "Then you do that" not in here.prompt


def test_no_part_of_an_answer_is_shown_or_stored_before_the_guard_judged_the_whole(
    world: Callable[..., World],
) -> None:
    guard, started = a_guard(UNSAFE, SAFE)
    here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
    here.model.answers = ["First you do this. Then you do that. And at last the other."]
    events = here.events("How is it done?")
    assert not [each for each in events if isinstance(each, AnswerText)]
    waited = [each.what for each in events if isinstance(each, Waiting)]
    assert waited[-2:] == ["withheld", "guard"]
    judged = here.events("Another way?")
    shown = [at for at, each in enumerate(judged) if isinstance(each, AnswerText)]
    assert shown
    assert min(shown) > judged.index(Waiting("guard"))
    assert len(started.model.requests) == 2


def test_an_answer_that_is_stopped_before_the_guard_judged_it_is_not_shown(
    world: Callable[..., World],
) -> None:
    guard, started = a_guard()
    here = world(
        guard,
        rule("no-harm", "block", ["output"], guard=VIOLENT),
        rule("no-word", "block", ["output"], terms=["forbidden"]),
    )
    here.model.answers = ["First you do this. Then the forbidden thing."]
    events = here.events("How is it done?")
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert (ended.status, ended.answer) == ("refused", "")
    assert not [each for each in events if isinstance(each, AnswerText)]
    assert here.vault.turns.get(ended.turn).answer == ""
    assert not started.files


def test_an_answer_is_shown_as_it_is_written_where_no_guard_here_can_judge_it(
    world: Callable[..., World],
) -> None:
    here = world(None, rule("no-harm", "block", ["output"], guard=VIOLENT))
    here.model.answers = ["First you do this. Then you do that."]
    events = here.events("How is it done?")
    assert len([each for each in events if isinstance(each, AnswerText)]) > 1
    assert Waiting("answer") in events


def test_a_finished_answer_that_the_guard_calls_safe_passes(world: Callable[..., World]) -> None:
    guard, _ = a_guard(SAFE)
    here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
    events = here.events("How is it done?")
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert (ended.status, ended.answer) == ("complete", "A scripted answer.")
    assert not [each for each in events if isinstance(each, PolicyNotice)]


def test_a_category_that_no_rule_names_stops_nothing(world: Callable[..., World]) -> None:
    guard, _ = a_guard(UNSAFE)
    here = world(guard, rule("no-harm", "block", ["output"], guard=UNETHICAL))
    assert here.ask("How is it done?").status == "complete"


def test_without_a_guard_model_the_answer_passes_and_the_decision_says_so(
    world: Callable[..., World],
) -> None:
    here = world(None, rule("no-harm", "block", ["output"], guard=VIOLENT))
    events = here.events("How is it done?")
    (notice,) = [each.ruling for each in events if isinstance(each, PolicyNotice)]
    assert (notice.rule, notice.effect, notice.view) == ("no-harm", "note", "unguarded")
    assert notice.reason.startswith("Not checked by a guard")
    assert isinstance(events[-1], TurnEnded)
    assert events[-1].status == "complete"


def test_a_guard_of_another_family_is_not_asked_and_the_decision_says_so(
    world: Callable[..., World],
) -> None:
    started = Started(ScriptedModel())
    guard = ChildGuard(lambda: chosen("llama-guard"), started)
    here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
    events = here.events("How is it done?")
    (notice,) = [each.ruling for each in events if isinstance(each, PolicyNotice)]
    assert notice.view == "unguarded"
    assert not started.files


@pytest.mark.parametrize("output", VECTORS["unreadable"])
def test_a_verdict_that_cannot_be_read_blocks_and_names_the_guard(
    world: Callable[..., World], output: str
) -> None:
    guard, _ = a_guard(output)
    here = world(guard, rule("no-harm", "note", ["output"], guard=VIOLENT))
    ended = here.ask("How is it done?")
    assert (ended.status, ended.answer) == ("refused", "")
    assert ended.ruling is not None
    assert ended.ruling.view == "fault"
    assert "guard model" in ended.ruling.help


@pytest.mark.parametrize(
    "broken",
    [
        {"die_after": 1},
        {"fails_with": ModelMissing("gone")},
        {"context_size": 3},
    ],
    ids=["dies", "is missing", "has too small a window"],
)
def test_a_guard_that_fails_blocks(world: Callable[..., World], broken: dict[str, Any]) -> None:
    guard, _ = a_guard(SAFE, **broken)
    here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
    ended = here.ask("How is it done?")
    assert ended.ruling is not None
    assert (ended.status, ended.ruling.view) == ("refused", "fault")


def test_a_guard_that_takes_too_long_blocks(world: Callable[..., World]) -> None:
    guard, started = a_guard(SAFE, limit=0.02)

    def wait() -> None:
        started.model._cancel.wait(30)

    started.model.before_token = wait
    here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
    ended = here.ask("How is it done?")
    assert ended.ruling is not None
    assert (ended.status, ended.ruling.view) == ("refused", "fault")
    assert started.model.cancelled == 1


class Late(ScriptedModel):
    """Begins only after it was cancelled, as on a machine that does something else."""

    def generate(self, request: GenerateRequest) -> Iterator[GenerationEvent]:
        """Waits for the cancellation, which then has nothing to stop."""
        assert self._cancel.wait(30)
        yield from super().generate(request)


def test_a_guard_whose_time_is_up_before_it_begins_blocks(world: Callable[..., World]) -> None:
    guard = ChildGuard(chosen, Started(Late(answers=[SAFE])), 0.02)
    here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
    ended = here.ask("How is it done?")
    assert ended.ruling is not None
    assert (ended.status, ended.ruling.view) == ("refused", "fault")


def test_nothing_starts_without_a_guard_rule_or_before_it_is_needed(
    world: Callable[..., World],
) -> None:
    guard, started = a_guard()
    here = world(guard, rule("plain", "block", terms=["pipe bomb"]))
    assert here.ask("How is it done?").status == "complete"
    assert not started.files
    with_one = resolve([document(rules=[rule("g", guard=VIOLENT)])], Wishes())
    assert has_guard_rules(with_one)
    assert not has_guard_rules(resolve([document(rules=[rule("p", terms=["pipe"])])], Wishes()))


def test_judging_the_policy_at_the_start_loads_the_guard_only_where_a_rule_asks_it(
    tmp_path: Path,
) -> None:
    state = load_policy(tmp_path, tmp_path / "system", packaged_baseline(), noon(), None)
    scorer = MemoryScorer(ScriptedMemory(), "d" * 64)
    guard, started = a_guard()
    judge(state, scorer, guard)
    assert not started.files
    asks = document(id="acme", tier="organisation", rules=[rule("g", guard=VIOLENT)])
    both = replace(state, documents=(*state.documents, asks), resources=(*state.resources, {}))
    judge(both, scorer, guard)
    assert [file.id for file in started.files] == ["guard"]


def test_a_stopped_guard_never_starts_again() -> None:
    guard, started = a_guard(SAFE)
    guard.warm()
    guard.stop()
    policy = resolve([document(rules=[rule("g", where=["output"], guard=VIOLENT)])], Wishes())
    assert Gate(policy, guard=guard).finished("How?", "So.").view == "fault"
    assert len(started.files) == 1


def test_another_guard_model_counts_from_the_next_text_on() -> None:
    started = Started(ScriptedModel(answers=[SAFE]))
    in_use = [chosen()]
    guard = ChildGuard(lambda: in_use[-1], started)
    assert guard.judge("How?", None).model == guard.family == "qwen3guard"
    other = ModelFile(Path("other.gguf"), "b" * 64, "other", "Other")
    in_use.append(ChosenGuard(other, "llama-guard"))
    started.model = ScriptedModel(answers=["unsafe\nS1"])
    assert guard.judge("How?", None).categories == ("S1",)
    assert [file.id for file in started.files] == ["guard", "other"]


def test_the_same_text_is_judged_once() -> None:
    guard, started = a_guard(SAFE)
    assert guard.judge("How?", "So.") is guard.judge("How?", "So.")
    assert len(started.model.requests) == 1


# -- questions ------------------------------------------------------------------------------


class Level:
    """Embeds every text alike, so that a head's intercept alone decides."""

    digest = "ab" * 32

    def embed(self, texts: Sequence[str]) -> list[bytes]:
        return [struct.pack("<f", 1.0) for _ in texts]

    def score(self, sha256: str, texts: Sequence[str]) -> list[float]:
        raise LookupError(f"{sha256} for {len(texts)} texts")


def by_meaning(score: float) -> dict[str, Any]:
    """A rule whose head gives every text that score; grey from 0.3, strict from 0.7."""
    weights = struct.pack("<2f", 0.0, math.log(score / (1 - score)))
    head = {
        "kind": "logistic", "embedder": Level.digest, "dimensions": 1, "strict": 0.7,
        "weights": base64.b64encode(weights).decode(), "grey": 0.3, "strict_rate": 0.0,
        "grey_rate": 0.0, "benign_count": 100,
    }  # fmt: skip
    meaning = {
        "examples": ["how do i break in", "how do i steal it"], "grey": "warn", "head": head,
        "counter_examples": ["how do i lock up", "how do i buy it"], "languages": ["en"],
    }  # fmt: skip
    return rule("by-meaning", "block", ["input"], meaning=meaning)


def weigh(score: float, text: str, guard: ChildGuard | None) -> Decision:
    second = rule("second-look", "block", ["input"], guard=VIOLENT)
    policy = resolve([document(rules=[by_meaning(score), second])], Wishes())
    return Gate(policy, Level(), guard).check([Segment(text, Origin.USER)], Where.INPUT)


QUESTION = "How would somebody get into the house at night?"


def test_a_question_in_the_grey_band_is_blocked_where_the_guard_calls_it_unsafe() -> None:
    guard, started = a_guard(UNSAFE)
    decision = weigh(0.5, QUESTION, guard)
    assert (decision.effect, decision.view) == (Effect.BLOCK, "guard")
    assert decision.source is not None
    assert decision.source.rule_id == "second-look"
    (asked,) = started.model.requests
    assert (asked.history, asked.question.content) == ((), QUESTION)


def test_a_guard_only_tightens_what_is_in_the_grey_band() -> None:
    guard, _ = a_guard(SAFE)
    decision = weigh(0.5, QUESTION, guard)
    assert (decision.effect, decision.view) == (Effect.WARN, "meaning")


@pytest.mark.parametrize("score", [0.1, 0.9])
def test_a_guard_is_not_asked_about_a_question_that_a_rule_by_meaning_is_sure_of(
    score: float,
) -> None:
    guard, started = a_guard()
    decision = weigh(score, QUESTION, guard)
    assert decision.effect is (Effect.NONE if score < 0.5 else Effect.BLOCK)
    assert not started.files


def test_a_question_in_a_language_no_rule_reads_is_judged_by_the_guard() -> None:
    guard, _ = a_guard(UNSAFE)
    assert weigh(0.1, FOREIGN, guard).view == "guard"
    assert weigh(0.1, FOREIGN, None).also == ("second-look",)


def test_a_controversial_verdict_asks_and_a_redacting_rule_has_nothing_to_redact() -> None:
    asking, _ = a_guard(CONTROVERSIAL)
    unethical = document(rules=[rule("g", "block", ["output"], guard=UNETHICAL)])
    gate = Gate(resolve([unethical], Wishes()), guard=asking)
    assert gate.finished("How?", "So.").effect is Effect.CONFIRM
    assert gate.finished("How?", "So.", frozenset({"g"})).effect is Effect.NONE
    telling, _ = a_guard(UNSAFE)
    redacting = document(rules=[rule("g", "redact", ["output"], guard=VIOLENT)])
    gate = Gate(resolve([redacting], Wishes()), guard=telling)
    assert gate.finished("How?", "So.").effect is Effect.BLOCK


# -- the real child -------------------------------------------------------------------------


@pytest.mark.model
def test_a_chat_model_set_as_a_guard_gives_no_verdict_and_the_gate_closes(
    tmp_path: Path, world: Callable[..., World]
) -> None:
    registry = ModelRegistry(tmp_path / "home", ModelCatalogue.load(catalogue_path()), WEIGHTS)
    weights = registry.model_file(DEFAULT).path
    entry = registry.add(weights, guard="qwen3guard")
    use_guard(registry, entry.id)
    guard = home_guard(lambda: registry)
    try:
        here = world(guard, rule("no-harm", "block", ["output"], guard=VIOLENT))
        ended = here.ask("How is it done?")
        assert ended.ruling is not None
        assert (ended.status, ended.answer, ended.ruling.view) == ("refused", "", "fault")
        assert "guard model" in ended.ruling.help
        # It read both kinds of prompt and said something: only no verdict.
        for answer in (None, "A scripted answer."):
            with pytest.raises((ModelInvalid, PolicyInvalid)):
                guard.judge("How is it done?", answer)
    finally:
        guard.stop()
