"""One gate for everything: a forbidden text is caught wherever it stands, whoever brings it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from assistant.errors import PolicyRefusal
from assistant.holder.attachments_wire import Attach
from assistant.holder.interface import (
    AddPreference,
    CopyText,
    DecisionQuery,
    EditPreference,
    Exchange,
    Export,
    ListPreferences,
    RenameConversation,
    ShowConversation,
)
from assistant.policy import Gate, Origin, Segment, Where, Wishes, resolve
from assistant.policy.stream import Step
from tests.holder_world import World, open_world
from tests.policy_documents import document, rule

TERM = "zorblax"
HARMLESS = "the quick brown fox jumps over the lazy dog and then sleeps "
CHECKED = [origin for origin in Origin if origin is not Origin.TRUSTED]
SETTINGS = [
    "{}", "{} first", "last {}", "in the {} middle", "({})", '"{}"', "a.{}.b", "- {}\n- b",
    "# {}\ntext", "| {} | b |", "```\n{}\n```", "> {}", "[{}](https://a.example)",
    "https://a.example/{}?q=1", '{{"key": "{}"}}', "<b>{}</b>", "x={};", "{}, and", "\t{}\r\n",
    "a\u2028{}\u2029b", "1. {}", "**{}**", "中{}文", "Ответ {} да",
]  # fmt: skip


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate(resolve([document(rules=[rule("term", terms=[TERM])])], Wishes()))


def _streamed(gate: Gate, pieces: Iterable[str]) -> tuple[str, bool]:
    """What an answer in these pieces shows, and whether the gate stopped it."""
    stream = gate.stream()
    steps: Iterator[Step] = map(stream.feed, pieces)
    shown = ""
    for step in itertools.chain(steps, (stream.finish() for _ in range(1))):
        shown += step.released
        if step.decision is not None and step.decision.stops:
            return shown, True
    return shown, False


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_term_is_caught_in_every_setting(gate: Gate, setting: str) -> None:
    for text in (setting.format(TERM), setting.format(TERM.upper()), setting.format("ᴢorblaх")):
        decision = gate.check([Segment(text, Origin.USER)], Where.INPUT)
        assert decision.stops, text
        shown, stopped = _streamed(gate, list(text))
        assert stopped
        assert TERM not in shown.casefold()


def test_a_term_is_caught_in_every_segment_of_every_origin(gate: Gate) -> None:
    for count, origin in itertools.product(range(1, 7), CHECKED):
        for place in range(count):
            segments = [Segment(HARMLESS, Origin.TRUSTED) for _ in range(count)]
            segments[place] = Segment(f"What is {TERM}?", origin)
            for where in Where:
                assert gate.check(segments, where).stops, (count, place, origin, where)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_an_answer_stops_at_the_term_after_fifty_thousand_harmless_words(
    gate: Gate, size: int
) -> None:
    before = HARMLESS * (4_400 if size > 1000 else 40)
    assert size < 1000 or len(before.split()) > 50_000
    text = f"{before}{TERM} and more."
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    shown, stopped = _streamed(gate, pieces)
    assert stopped
    assert before.startswith(shown)
    assert len(before) - len(shown) < size + 100


def test_every_way_into_the_vault_and_out_of_it_asks_the_gate(tmp_path: Path) -> None:
    forbidden = f"Tell me of {TERM}."
    documents = (document(rules=[rule("term", terms=[TERM])]),)
    for world in open_world(tmp_path / "home", documents=documents):
        assert world.ask(forbidden).status == "refused"
        kept = world.one(AddPreference("Keep answers short"))
        talk = world.ask("Where do herons sleep?").conversation
        for request in (
            AddPreference(forbidden), EditPreference(kept.id, forbidden), CopyText(forbidden),
            RenameConversation(talk, forbidden),
        ):  # fmt: skip
            with pytest.raises(PolicyRefusal, match="rule term"):
                world.all(request)
        assert [each.text for each in world.all(ListPreferences())] == ["Keep answers short"]
        _brought_by_others(world, forbidden)
        _leaving(world, tmp_path, forbidden)
        assert {entry.where for entry in world.all(DecisionQuery())} == {
            "input", "output", "preference", "export",
        }  # fmt: skip


def _brought_by_others(world: World, forbidden: str) -> None:
    """A file, a client's account of the past, and the model itself."""
    (file,) = world.all(Attach("a.txt", forbidden.encode()))
    world.ask("What does the file say?", attachments=(file.id,))
    assert TERM not in world.prompt
    world.ask("Go on.", earlier=(Exchange("Hello", forbidden), Exchange(forbidden, "Fine.")))
    assert TERM not in world.prompt
    world.model.answers = [forbidden]
    ended = world.ask("And now?")
    assert (ended.status, TERM in ended.answer) == ("refused", False)
    (stored,) = world.all(ShowConversation(ended.conversation))
    assert TERM not in stored.answer


def _leaving(world: World, folder: Path, forbidden: str) -> None:
    """What was stored before the rule existed may not leave either."""
    (talk,) = world.vault.conversations.list(limit=1)
    turn = world.vault.turns.list(talk.id)[-1]
    world.vault.turns.set_answer(turn.id, forbidden)
    with pytest.raises(PolicyRefusal, match=talk.id):
        world.one(Export(str(folder / "x.json"), "json", (talk.id,)))
    assert not (folder / "x.json").exists()
