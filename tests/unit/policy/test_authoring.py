"""What an author of policy documents works with: lint, tests, diff, explain, simulate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from assistant.errors import NoSuchItem, PolicyTestsFailed, UsageError
from assistant.policy.canaries import failing_canaries
from assistant.policy.diff import diff
from assistant.policy.document import PolicyDocument
from assistant.policy.document_tests import require_passing, run_tests
from assistant.policy.effective import Wishes
from assistant.policy.everyday import everyday_texts, look_alikes
from assistant.policy.explain import explain
from assistant.policy.gate import Gate
from assistant.policy.lint import false_hits, lint
from assistant.policy.model import Effect
from assistant.policy.requirements import obligations
from assistant.policy.resolver import resolve
from assistant.policy.schema import SCHEMA_FILE, schema_text
from assistant.policy.simulate import simulate
from assistant.policy.templates import NAMES, template
from tests.policy_documents import document, raw_document, rule

BASELINE = Path(lint.__code__.co_filename).parent / "baseline_source" / "document.json"


def test_the_published_schema_is_the_document_model() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), "run scripts/policy_schema"


@pytest.mark.parametrize("name", NAMES)
def test_a_template_follows_the_schema_and_lint_has_nothing_to_say(name: str) -> None:
    raw = template(name)
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(json.loads(raw))
    assert lint(raw) == ()
    assert run_tests(PolicyDocument.from_bytes(raw)).uncovered == ()


def test_there_is_no_template_of_another_name() -> None:
    with pytest.raises(UsageError):
        template("../baseline_source/document")


def test_the_baseline_passes_its_own_tests_with_every_rule_covered_and_lint_is_quiet() -> None:
    raw = BASELINE.read_bytes()
    report = require_passing(PolicyDocument.from_bytes(raw))
    assert report.uncovered == ()
    assert lint(raw) == ()


def test_the_baseline_touches_no_everyday_text_and_no_look_alike() -> None:
    made = PolicyDocument.from_bytes(BASELINE.read_bytes())
    assert {hits.touched for hits in false_hits(made).values()} == {0}


def test_harmless_texts_are_many_and_different() -> None:
    assert len(set(everyday_texts(4000))) == 4000
    assert len(set(look_alikes(800))) == 800
    assert everyday_texts(5) == everyday_texts(5)


def test_examples_show_which_rule_caught_what_and_which_rules_nobody_tests() -> None:
    made = document(
        rules=[rule("a", terms=["zorblax"]), rule("b", terms=["other thing"])],
        tests=[
            {"text": "a zorblax", "expect": "block", "rule": "a"},
            {"text": "z-o-r-b-l-a-x", "expect": "block", "rule": "a"},
            {"text": "harmless", "expect": "none", "rule": "a"},
            {"text": "also harmless", "expect": "block", "rule": "a"},
        ],
    )
    report = run_tests(made)
    assert [result.number for result in report.failed] == [4]
    assert report.uncovered == ("a", "b")
    assert report.results[1].decision.view == "letters"
    with pytest.raises(PolicyTestsFailed, match="1 of 4"):
        require_passing(made)


def test_an_example_caught_by_another_rule_than_its_author_names_fails() -> None:
    made = document(
        rules=[rule("a", terms=["zorblax"]), rule("b", terms=["other thing"])],
        tests=[{"text": "a zorblax", "expect": "block", "rule": "b"}],
    )
    assert len(run_tests(made).failed) == 1


def test_lint_says_where_a_rule_by_a_guard_model_counts() -> None:
    guard = {"model": "qwen3guard", "categories": ["Violent"]}
    raw = json.dumps(
        raw_document(rules=[rule("g", "warn", terms=["pipe bomb"], guard=guard)])
    ).encode()
    (note,) = [note for note in lint(raw) if "guard model" in note.message]
    assert note.severity == "warning"
    assert "only where the person has one" in note.message


def test_lint_names_the_line_of_each_mistake() -> None:
    raw = json.dumps(
        raw_document(
            rules=[rule("a", terms=["zorblax", "ZORBLAX", "si", "evil"]), rule("b", terms=["tea"])],
            bounds=[{"id": "x", "key": "profile.mood", "maximum": 1, "reason": "why"}],
            tests=[{"text": "fine", "expect": "block", "rule": "a"}],
        ),
        indent=1,
    )
    notes = {note.message: (note.line, note.severity) for note in lint(raw.encode())}

    def line(mark: str) -> int:
        return raw[: raw.index(mark)].count("\n") + 1

    def found(part: str) -> tuple[int, str]:
        return next(value for message, value in notes.items() if part in message)

    assert found("there twice") == (line('"ZORBLAX"'), "warning")
    assert found("so short a term") == (line('"si"'), "warning")
    assert found("profile dimension") == (line('"profile.mood"'), "warning")
    assert found("example 1 expects") == (line('"text": "fine"') - 1, "error")
    assert found("b would touch") == (line('"id": "b"') - 1, "warning")


def test_a_rule_by_meaning_that_was_never_calibrated_is_an_error() -> None:
    meaning = {"examples": ["do evil", "be evil"], "counter_examples": ["do good", "be good"]}
    raw = json.dumps(raw_document(rules=[rule("m", meaning=meaning)])).encode()
    assert any(n.severity == "error" and "calibrate" in n.message for n in lint(raw))


def test_a_diff_says_what_becomes_looser_first() -> None:
    bound = {"id": "x", "key": "retention_days", "reason": "why"}
    old = document(
        rules=[rule("a", "block", terms=["aa", "bb"]), rule("gone", terms=["cc"])],
        bounds=[{**bound, "maximum": 30}],
    )
    new = document(
        version=2,
        rules=[rule("a", "warn", terms=["aa", "bb", "dd"]), rule("fresh", terms=["ee"])],
        bounds=[{**bound, "maximum": 7}],
    )
    changes = [(change.direction, change.key) for change in diff(old, new)]
    assert changes == [
        ("looser", "a"),
        ("looser", "gone"),
        ("stricter", "a"),
        ("stricter", "fresh"),
        ("stricter", "x"),
        ("changed", "version"),
    ]
    assert "from block to warn" in diff(old, new)[0].words
    assert diff(old, old) == ()


def test_an_explanation_names_the_winner_every_wish_and_what_was_clamped() -> None:
    bound = {"id": "t", "key": "temperature", "reason": "why"}
    law = document(issuer="State", bounds=[{**bound, "maximum": 1.5}])
    bank = document(
        issuer="Bank", tier="organisation", bounds=[{**bound, "maximum": 0.5}],
        rules=[rule("a", "note", terms=["aa"])],
    )  # fmt: skip
    wishes = Wishes(values={"temperature": 1.2, "top_p": 0.9}, effects={"a": Effect.WARN})
    policy = resolve([bank, law], wishes)
    (temperature,) = explain(policy, "temperature")
    assert temperature.value == "0.5 (at most 0.5)"
    assert temperature.wished == "1.2"
    assert [s.issuer for s in temperature.sources] == ["Bank"]
    assert [w.source.issuer for w in temperature.wishes] == ["State", "Bank"]
    (raised,) = explain(policy, "a")
    assert raised.value == "warn"
    assert raised.sources[0].issuer == "you"
    for free in ("max_tokens", "export", "profile.length"):
        (own,) = explain(policy, free)
        assert (own.kind, own.sources) == ("setting", ())
        assert "no tier bounds it" in own.value
    with pytest.raises(NoSuchItem):
        explain(policy, "nothing")


def _simulated(lines: list[str]) -> list[dict[str, Any]]:
    made = document(rules=[rule("a", terms=["zorblax"], where=["input"])])
    return list(simulate(Gate(resolve([made], Wishes())), lines))


def test_a_simulation_reads_lines_and_writes_decisions() -> None:
    lines = ['{"text": "my zorblax", "where": "input"}', "", '{"text": "hello"}',
             '{"text": "my zorblax", "where": "output"}']  # fmt: skip
    assert _simulated(lines) == [
        {"effect": "block", "rule": "a", "tier": "national", "issuer": "Test Authority",
         "score": None, "view": "plain"},
        {"effect": "none", "rule": None, "tier": None, "issuer": None, "score": None,
         "view": None},
        {"effect": "none", "rule": None, "tier": None, "issuer": None, "score": None,
         "view": None},
    ]  # fmt: skip


@pytest.mark.parametrize("line", ["no", "[]", '{"txt": 1}', '{"text": 1}',
                                  '{"text": "a", "where": "moon"}', "[" * 5000])  # fmt: skip
def test_a_simulation_refuses_a_line_of_another_shape_by_its_number(line: str) -> None:
    with pytest.raises(UsageError, match="Line 2"):
        _simulated(['{"text": "fine"}', line])


def test_the_canaries_sing_and_a_wrong_document_silences_them() -> None:
    assert failing_canaries([]) == ()
    wrong = document(rules=[rule("a", terms=["aa"])], tests=[{"text": "zz", "expect": "block"}])
    assert failing_canaries([wrong]) == ("test-policy test 1",)


def test_requirements_with_topics_are_due_only_where_the_topic_is_mentioned() -> None:
    made = document(
        requirements=[
            {"id": "a", "kind": "added_text", "reason": "r", "text": "Ask.", "topics": ["loan"]},
            {"id": "b", "kind": "instruct", "reason": "r", "text": "Be brief."},
            {"id": "c", "kind": "viewpoints", "reason": "r", "topics": ["election"]},
            {"id": "d", "kind": "disclosure", "reason": "r", "text": "A machine."},
            {"id": "e", "kind": "session_notice", "reason": "r", "minutes": 40},
            {"id": "f", "kind": "session_notice", "reason": "r", "minutes": 20, "text": "Rest?"},
        ]
    )  # fmt: skip
    policy = resolve([made], Wishes())
    assert policy.system_lines == ("Be brief.",)
    assert policy.disclosure == ("A machine.",)
    assert policy.session_notice is not None
    assert (policy.session_notice.minutes, policy.session_notice.text) == (20, "Rest?")
    assert obligations(policy, "about my LOAN").added_text == ("Ask.",)
    assert obligations(policy, "loaned books").added_text == ()
    assert "several viewpoints" in obligations(policy, "the election").lines[0]


def test_a_rule_may_judge_only_what_was_pasted_and_its_examples_and_simulate_say_whose() -> None:
    narrow = {**rule("n", "warn", terms=["zorblax"]), "origins": ["pasted"]}
    made = document(
        rules=[narrow],
        tests=[
            {"text": "a zorblax", "origin": "pasted", "expect": "warn", "rule": "n"},
            {"text": "a zorblax", "expect": "none", "rule": "n"},
        ],
    )
    assert require_passing(made).failed == ()
    gate = Gate(resolve([made], Wishes()))
    said: list[dict[str, str]] = [
        {"origin": "pasted"}, {"origin": "user"}, {}, {"where": "output", "origin": "model"},
    ]  # fmt: skip
    lines = [json.dumps({"text": "a zorblax", **more}) for more in said]
    assert [d["effect"] for d in simulate(gate, lines)] == ["warn", "none", "none", "none"]
    for origin in ("trusted", "nobody", 3):
        with pytest.raises(UsageError):
            list(simulate(gate, [json.dumps({"text": "x", "origin": origin})]))
    stream = gate.stream()
    assert stream.feed("a zorblax ").decision is None
    (change,) = diff(document(rules=[rule("n", "warn", terms=["zorblax"])]), made)
    assert (change.direction, change.words) == ("looser", "of texts from: 4 fewer.")
