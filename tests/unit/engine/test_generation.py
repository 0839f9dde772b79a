"""Turns with the real model in its real child."""

from __future__ import annotations

import re
import statistics
import threading
import time
from typing import Any

import pytest

from assistant.engine import (
    ChatMessage,
    GenerateRequest,
    GenerationFinished,
    ModelClient,
    ModelFile,
    ModelSettings,
    Phase,
    PromptProgress,
)
from assistant.engine.window import kept, oldest_kept
from assistant.errors import EngineError, HistoryTooLong, ModelInvalid, PromptTooLong
from tests.unit.engine.turns import (
    SYSTEM,
    Answer,
    ask,
    assistant,
    collect,
    conversation,
    user,
    words,
)

pytestmark = pytest.mark.model


def test_a_turn_ends_with_its_exact_prompt_and_its_counts(model: ModelClient) -> None:
    answer = ask(model, "What is a river?", tokens=12)
    assert answer.end.prompt == (
        f"<|im_start|>system\n{SYSTEM.content}<|im_end|>\n"
        "<|im_start|>user\nWhat is a river?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert answer.text.strip()
    assert answer.delta_tokens == answer.end.generated_tokens <= 12
    assert answer.end.context_used == answer.end.prompt_tokens + answer.end.generated_tokens
    assert answer.end.context_size == 8192
    assert model.state.phase is Phase.READY


def test_a_seed_gives_the_same_answer_on_a_warm_and_a_cold_engine(
    model: ModelClient, model_file: ModelFile
) -> None:
    cold = ModelClient()
    for turns in (1, 3):
        history = conversation(turns)
        model.absorb_now(history)
        warm_answer = ask(
            model, "Tell me about the river.", history, tokens=40, seed=turns, exact=True
        )
        assert warm_answer.reused > 0
        cold.start(model_file)
        cold_answer = ask(
            cold, "Tell me about the river.", history, tokens=40, seed=turns, exact=True
        )
        cold.stop()
        assert cold_answer.reused == 0
        assert warm_answer.texts == cold_answer.texts


def test_another_seed_gives_another_answer(model: ModelClient) -> None:
    answers = {ask(model, "Tell me a story.", seed=seed).text for seed in range(4)}
    assert len(answers) > 1


def test_a_preference_beside_the_question_costs_no_history(model: ModelClient) -> None:
    history = conversation(2)
    model.absorb_now(history)
    before = ask(model, "What now?", history)
    after = ask(model, "Preference: be brief.\n\nWhat now?", history)
    assert before.reused == after.reused == before.end.prompt_tokens - _tokens_of_question(before)
    assert "Preference" not in ask(model, "What now?", history).end.prompt


def _tokens_of_question(answer: Answer) -> int:
    return answer.end.prompt_tokens - answer.reused


def test_an_absorbed_answer_is_not_evaluated_again(model: ModelClient) -> None:
    history = conversation(1)
    model.absorb_now(history)
    longer = (*history, user("And then?"), assistant("Then the river rose."))
    absorbed = model.absorb_now(longer)
    assert absorbed.complete
    answer = ask(model, "And after that?", longer)
    assert answer.reused == absorbed.tokens


def test_an_edited_turn_is_evaluated_again_and_the_old_text_is_gone(model: ModelClient) -> None:
    history = conversation(2)
    model.absorb_now(history)
    edited = (*history[:2], assistant("An edited answer."), *history[3:])
    answer = ask(model, "What now?", edited)
    prefix = model.count_messages(history[:3])[:2]
    assert answer.reused == sum(prefix)


def test_dropping_the_oldest_turns_shifts_the_cache_instead_of_reading_it_again(
    model: ModelClient,
) -> None:
    history = conversation(4)
    model.absorb_now(history)
    shorter = (history[0], *history[3:])
    answer = ask(model, "What now?", shorter, exact=False)
    counts = model.count_messages((*shorter, user("x")))[:-1]
    assert answer.reused == sum(counts)
    # An exact request does not trust shifted numbers.
    assert ask(model, "What now?", shorter, exact=True).reused == 0


def test_candidates_share_the_prompt_and_differ(model: ModelClient) -> None:
    answer = ask(model, "Tell me a story about a miller.", candidates=3, tokens=24, exact=True)
    assert set(answer.reasons) == {0, 1, 2}
    assert len(set(answer.texts.values())) > 1
    assert answer.delta_tokens == answer.end.generated_tokens
    again = ask(model, "Tell me a story about a miller.", candidates=3, tokens=24, exact=True)
    assert again.texts == answer.texts


def test_an_answer_stops_at_its_limit_and_says_so(model: ModelClient) -> None:
    answer = ask(model, "Tell me a long story about a miller and his river.", tokens=5)
    assert answer.reasons == {0: "length"}
    assert answer.end.generated_tokens == 5


def test_cancelling_inside_a_long_prompt_takes_milliseconds(model: ModelClient) -> None:
    waits = [_cancel_after(model, 0.15 * (place + 1)) for place in range(4)]
    assert statistics.median(waits) <= 0.050
    # What was evaluated before is usable, what was broken off is not there.
    assert (
        ask(model, "What is a river?", tokens=12, exact=True).text
        == ask(model, "What is a river?", tokens=12, exact=True).text
    )


def _cancel_after(model: ModelClient, seconds: float) -> float:
    """Seconds from ``cancel`` to the end of a generation with a 2,000-token prompt."""
    ended: list[float] = []
    answers: list[Answer] = []
    started = threading.Event()

    def run() -> None:
        request = GenerateRequest((SYSTEM,), user(words(2000, int(seconds * 1000))))
        events = model.generate(request)
        started.set()
        answers.append(collect(events))
        ended.append(time.perf_counter())

    thread = threading.Thread(target=run)
    thread.start()
    started.wait(10)
    time.sleep(seconds)
    asked = time.perf_counter()
    model.cancel()
    thread.join(30)
    assert answers[0].reasons == {0: "cancelled"}
    assert answers[0].end.generated_tokens == 0
    return ended[0] - asked


def test_cancelling_in_the_middle_of_an_answer_ends_it_as_cancelled(model: ModelClient) -> None:
    request = GenerateRequest((SYSTEM,), user("Tell me a very long story."), max_tokens=1500)
    answer = Answer()
    for event in model.generate(request):
        if isinstance(event, GenerationFinished):
            answer.finished = event
        if hasattr(event, "text"):
            model.cancel()
        answer.reasons |= collect([event]).reasons
    assert answer.reasons == {0: "cancelled"}
    assert answer.end.generated_tokens < 750


def test_walking_away_from_a_generation_stops_it(model: ModelClient) -> None:
    events = model.generate(
        GenerateRequest((SYSTEM,), user("Tell me a very long story."), max_tokens=2000)
    )
    for event in events:
        if hasattr(event, "text"):
            break
    events.close()  # type: ignore[attr-defined]
    began = time.perf_counter()
    ask(model, "Hi", tokens=2)
    assert time.perf_counter() - began < 5.0


def test_cancelling_with_nothing_running_does_nothing(model: ModelClient) -> None:
    model.cancel()
    assert ask(model, "Hello", tokens=4).reasons[0] in {"length", "stop"}


def test_cancelling_while_the_model_still_loads_ends_the_turn_as_cancelled(
    model_file: ModelFile,
) -> None:
    client = ModelClient()
    client.start(model_file)
    try:
        answers: list[Answer] = []
        request = GenerateRequest((SYSTEM,), user("Tell me a long story."), max_tokens=2000)
        thread = threading.Thread(target=lambda: answers.append(collect(client.generate(request))))
        thread.start()
        time.sleep(0.02)
        client.cancel()
        thread.join(60)
        assert answers[0].reasons == {0: "cancelled"}
        assert answers[0].end.generated_tokens == 0
    finally:
        client.stop()


def test_tokens_can_be_counted_during_a_generation(model: ModelClient) -> None:
    counted: list[list[int]] = []
    request = GenerateRequest((SYSTEM,), user("Tell me a long story."), max_tokens=60)
    for event in model.generate(request):
        if hasattr(event, "text") and not counted:
            counted.append(model.count(["one two three"]))
    assert counted == [[3]]


def test_long_prompts_tell_how_far_they_are(model: ModelClient) -> None:
    request = GenerateRequest((SYSTEM,), user(words(300, 5)), max_tokens=1)
    told = [e for e in model.generate(request) if isinstance(e, PromptProgress)]
    assert [e.done for e in told] == sorted({e.done for e in told})
    assert told[-1].done == told[-1].total
    assert told[0].done < told[0].total


def test_text_is_never_cut_inside_a_character(model: ModelClient) -> None:
    answer = ask(model, "Write only these: 😀 🎉 日本語 日本語 😀", tokens=40, temperature=0.0)
    assert "\ufffd" not in answer.text


def test_a_question_longer_than_the_window_is_refused_and_the_child_lives(
    model_file: ModelFile,
) -> None:
    client = ModelClient(ModelSettings(context=512))
    client.start(model_file)
    try:
        with pytest.raises(PromptTooLong):
            ask(client, words(900))
        with pytest.raises(HistoryTooLong):
            ask(client, "Hello", conversation(12))
        with pytest.raises(PromptTooLong):
            client.fit((SYSTEM,), user(words(900)), 64)
        history = client.fit(conversation(12), user("Hello"), 64)
        assert history[0] == SYSTEM
        assert 1 < len(history) < 25
        # Of a long conversation only the newest part is counted, with the same result.
        long = conversation(150)
        counts = client.count_messages((*long, user("Hello")))
        roles = [message.role for message in long]
        place = oldest_kept(roles, counts[:-1], fixed=counts[-1], size=512, wanted=64)
        assert place is not None
        assert client.fit(long, user("Hello"), 64) == kept(long, place)
        assert ask(client, "Hello", history, tokens=8).text
        window = ask(client, words(420), tokens=400, temperature=0.9)
        assert window.reasons[0] in {"window", "stop"}
        assert window.end.context_used <= 512
    finally:
        client.stop()


def test_a_saved_prefix_starts_another_child_warm_and_changes_no_answer(
    model: ModelClient, model_file: ModelFile
) -> None:
    history = (SYSTEM, user(words(120)), assistant("Indeed."))
    saved = model.save_prefix(history)
    expected = ask(model, "What now?", history, tokens=30, exact=True)
    other = ModelClient()
    other.start(model_file)
    try:
        counts = model.count_messages((*history, user("x")))[:-1]
        assert other.load_prefix(saved) == sum(counts)
        answer = ask(other, "What now?", history, tokens=30, exact=True)
        assert answer.reused == sum(counts)
        assert answer.texts == expected.texts
    finally:
        other.stop()


@pytest.mark.parametrize("damage", ["empty", "noise", "cut", "another model"])
def test_a_damaged_prefix_is_not_used(model: ModelClient, damage: str) -> None:
    saved = model.save_prefix((SYSTEM,))
    data = {
        "empty": b"",
        "noise": b"\x00" * 1000,
        "cut": saved[: len(saved) // 2],
        "another model": saved.replace(b"b179c952", b"c179c952", 1),
    }[damage]
    assert model.load_prefix(data) == 0
    assert ask(model, "Hello", tokens=4).reused >= 0


def test_the_build_decodes(model: ModelClient) -> None:
    probed = model.probe_decode(4)
    assert probed.tokens == 4
    assert probed.seconds > 0


def test_an_altered_model_file_is_refused_at_load(model_file: ModelFile) -> None:
    client = ModelClient()
    client.start(ModelFile(model_file.path, "0" * 64))
    with pytest.raises(ModelInvalid):
        client.wait_ready(30)
    assert client.state.phase is Phase.FAILED
    client.stop()


def test_messages_of_every_role_are_counted_with_their_template(model: ModelClient) -> None:
    chat = (*conversation(1), ChatMessage("user", "x"))
    counts = model.count_messages(chat)
    answer = ask(model, "x", chat[:-1], tokens=1)
    assert sum(counts) == answer.end.prompt_tokens


def constrained(model: ModelClient, grammar: str, **more: Any) -> Answer:
    request = GenerateRequest(
        (SYSTEM,), user("How should answers be?"), max_tokens=24, grammar=grammar, **more
    )
    return collect(model.generate(request))


def test_an_answer_under_a_grammar_matches_it_whatever_the_seed(model: ModelClient) -> None:
    grammar = 'root ::= ("Prefer " | "Avoid ") ("short" | "long") " answers."'
    for seed in range(4):
        answer = constrained(model, grammar, seed=seed, candidates=2)
        for text in answer.texts.values():
            assert re.fullmatch(r"(Prefer|Avoid) (short|long) answers\.", text)


def test_a_grammar_that_cannot_be_read_fails_its_request_and_no_other(model: ModelClient) -> None:
    with pytest.raises(EngineError):
        constrained(model, "root ::= (((")
    assert constrained(model, 'root ::= "Yes."').text == "Yes."
    assert ask(model, "What is a river?", tokens=4).text.strip()
