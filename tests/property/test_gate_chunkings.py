"""However a text is cut, the stream shows nothing of what the whole text is stopped for."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.policy.blobs import Base64, Hexadecimal
from assistant.policy.canonical import PlainFold, canonical
from assistant.policy.decoders import Decoder
from assistant.policy.effective import Wishes
from assistant.policy.escapes import Escapes
from assistant.policy.gate import Gate
from assistant.policy.model import Decision, Effect, Origin, Segment, Where
from assistant.policy.resolver import resolve
from scripts.bench_suites._disguises import DISGUISES
from tests.conftest import Progress
from tests.policy_documents import document, rule

TERMS = ["zorblax", "pipe bomb", "make a kraltine", "bom", "über-waffe", "b2-x"]
PATTERNS = [r"\bhow (to|do i) brew .{0,12}\bvex(en|ing)?\b", r"\d{4}-\d{4}", r"qu[ao]x+"]
_WORDS = (
    "a an the zorb zorbla laxative how to do i brew make pipe bombs bomber mob pip kraltines "
    "quick 4 0 1 + %41 &amp; & % b i o m x-ray 0x 62 dec fade Zm9v YW50 qua qo vex 1234 - ! \n"
)
WORDS = _WORDS.split(" ")


def _gate(effect: str = "block") -> Gate:
    made = document(rules=[rule("t", effect, terms=TERMS), rule("p", effect, pattern=PATTERNS)])
    return Gate(resolve([made], Wishes()))


def _whole(gate: Gate, text: str) -> Decision:
    return gate.check([Segment(text, Origin.MODEL)], Where.OUTPUT)


def _streamed(gate: Gate, text: str, rng: random.Random, largest: int) -> tuple[str, bool]:
    stream = gate.stream()
    shown, at = "", 0
    while at < len(text):
        cut = at + rng.randint(1, largest)
        step = stream.feed(text[at:cut])
        shown, at = shown + step.released, cut
        if step.decision is not None and step.decision.stops:
            return shown, True
    step = stream.finish()
    return shown + step.released, step.decision is not None and step.decision.stops


def _text(rng: random.Random) -> str:
    parts = [rng.choice(WORDS) for _ in range(rng.randint(0, 12))]
    if rng.random() < 0.7:
        listed = rng.choice([*TERMS, "how to brew a vexing", "1234-5678", "quaxx"])
        for _ in range(rng.choice((0, 1, 1, 2))):
            listed = DISGUISES[rng.choice(list(DISGUISES))](listed)
        parts.insert(rng.randint(0, len(parts)), listed)
    return rng.choice((" ", " ", "", ".")).join(parts)


@pytest.mark.full(
    name="gate-chunkings",
    small=150,
    full=10_000,
    covers=(
        "assistant/policy/stream.py",
        "assistant/policy/channels.py",
        "assistant/policy/matcher.py",
        "assistant/policy/view_match.py",
        "assistant/policy/disguise_match.py",
        "assistant/policy/search.py",
        "assistant/policy/beginnings.py",
        "assistant/policy/pattern_reader.py",
        "assistant/policy/pattern_syntax.py",
        "assistant/policy/canonical.py",
        "assistant/policy/views.py",
        "assistant/policy/blobs.py",
        "assistant/policy/escapes.py",
    ),
)
def test_no_chunking_shows_what_the_whole_text_is_stopped_for(
    size: int, seed: int, progress: Progress
) -> None:
    gate = _gate()
    for case in range(size):
        if progress.done(case):
            continue
        rng = random.Random(seed * 1_000_003 + case)
        text = _text(rng)
        stops = _whole(gate, text).stops
        for largest in (1, 7, 60):
            shown, stopped = _streamed(gate, text, rng, largest)
            assert stopped == stops, f"stream and whole text differ: {text!r}"
            assert text.startswith(shown)
            assert stopped or shown == text, f"harmless text is missing: {text!r}"
            assert not _whole(gate, shown).stops, f"shown although listed: {text!r}"
        progress.mark(case)


def test_ordinary_prose_goes_out_word_by_word() -> None:
    stream = _gate().stream()
    prose = "The quick brown fox jumps over the lazy dog, and well-known words follow it. " * 30
    held = [stream.feed(char).held for char in prose]
    assert max(held) <= 12
    assert sum(held) / len(held) < 4


def test_redacted_text_is_replaced_whole_however_it_is_cut() -> None:
    gate = _gate("redact")
    text = "see the z\u200borblax and b.o.m b, or 1234-5678 and Ym9t ok"
    for largest in (1, 3, 100):
        rng = random.Random(largest)
        shown, _ = _streamed(gate, text, rng, largest)
        assert shown == gate.redact(text, Where.OUTPUT)
        assert "rblax" not in shown
        assert "5678" not in shown
        assert shown.startswith("see the [redacted] and [redacted]")


def test_a_stream_that_must_hold_back_too_much_stops_the_turn() -> None:
    stream = _gate().stream()
    stream.feed("pipe ")
    step = stream.feed("\u200b" * 5000)
    assert step.released == ""
    assert step.decision is not None
    assert step.decision.view == "held"
    assert step.decision.stops


def test_a_confirm_rule_holds_the_answer_until_the_user_says_yes() -> None:
    stream = _gate("confirm").stream()
    step = stream.feed("take the zorblax today ")
    assert step.released == "take the "
    assert step.decision is not None
    assert step.decision.effect is Effect.CONFIRM
    assert stream.feed("and more ").released == ""
    stream.allow("t")
    assert stream.feed("words ").released == "zorblax today and more words "


def test_the_screen_never_ends_in_a_term_that_the_held_text_would_undo() -> None:
    made = document(rules=[rule("t", "block", terms=["pip bom", "suicide bombing"])])
    gate = Gate(resolve([made], Wishes()))
    stream = gate.stream()
    shown = ""
    for char in "a pip boms suit ":
        shown += stream.feed(char).released
        assert not _whole(gate, shown).stops, shown
    assert shown == "a pip boms suit "


def test_a_note_lets_the_text_pass_and_says_so_once() -> None:
    stream = _gate("note").stream()
    steps = [stream.feed(char) for char in "a zorblax and so on, quietly. "]
    assert [s.decision.effect for s in steps if s.decision] == [Effect.NOTE]
    assert "".join(s.released for s in steps).startswith("a zorblax and so on, quietly")


FRAGMENTS = st.lists(
    st.sampled_from(
        ["Ym9tYg==", "626f", "0x62 0x6f", "\\x62\\x6F", "\\0x62", "62 6f:6d", "%C3%A9%41", "&lt;",
         "&#65", "&#x41;", "0LHQvg==", "aG93IHRv\r\n", "how+to", "and the", "é", "-_", "=", "x"]
    )
    | st.text(alphabet="abcdef0123xX\\ %&;+#zé\n\r-_/= ", max_size=4),
    max_size=9,
).map("".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(FRAGMENTS, st.randoms(use_true_random=False))
@pytest.mark.parametrize("made", [Escapes, Hexadecimal, "+/-_", ""])
def test_a_decoder_reads_the_same_whole_and_in_pieces(
    made: type[Escapes | Hexadecimal] | str, text: str, rng: random.Random
) -> None:
    decoder: Decoder = Base64(made) if isinstance(made, str) else made()
    whole = (Base64(made) if isinstance(made, str) else made).decode(text)
    pieces: list[str] = []
    at = 0
    while at < len(text):
        cut = min(at + rng.randint(1, 4), len(text))
        read, spans = decoder.feed(text[at:cut], [(n, n + 1) for n in range(at, cut)])
        assert len(read) == len(spans)
        pieces.append(read)
        at = cut
    pieces.append(decoder.finish()[0])
    if whole or made not in (Escapes, Hexadecimal):
        assert _lines(whole) == _lines("".join(pieces))


def _lines(text: str) -> list[str]:
    return [line for part in text.split("\n") if (line := canonical(part).strip())]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.integers(1, 5))
def test_folding_in_pieces_gives_the_plain_view(text: str, size: int) -> None:
    fold = PlainFold()
    pieces = [
        fold.feed(text[at : at + size], [(n, n + 1) for n in range(at, min(at + size, len(text)))])
        for at in range(0, len(text), size)
    ]
    assert "".join(piece for piece, _ in pieces) == canonical(text)
