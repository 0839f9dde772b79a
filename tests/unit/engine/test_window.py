"""Which turns are left out when a conversation outgrows the window."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.model_messages import ChatMessage
from assistant.engine.window import kept, oldest_kept

turns = st.lists(st.tuples(st.integers(1, 200), st.integers(1, 200)), max_size=20)


@given(turns, st.integers(0, 300), st.integers(1, 300), st.integers(100, 2000))
def test_what_is_kept_fits_and_starts_with_a_question(
    pairs: list[tuple[int, int]], system: int, fixed: int, size: int
) -> None:
    roles = ["system"] + ["user", "assistant"] * len(pairs)
    counts = [system, *(count for pair in pairs for count in pair)]
    place = oldest_kept(roles, counts, fixed=fixed, size=size, wanted=50)
    if place is None:
        assert system + fixed + 50 > size
        return
    assert system + fixed + sum(counts[place:]) + 50 <= size
    assert place >= len(roles) or roles[place] == "user"


def test_everything_is_kept_while_it_fits() -> None:
    roles, counts = ["system", "user", "assistant"], [10, 20, 30]
    assert oldest_kept(roles, counts, fixed=20, size=200, wanted=100) == 1


def test_room_is_made_for_several_turns_at_once() -> None:
    roles = ["system"] + ["user", "assistant"] * 10
    counts = [10] + [50] * 20
    place = oldest_kept(roles, counts, fixed=20, size=1000, wanted=100)
    assert place is not None
    assert sum(counts[place:]) + 30 <= (1000 - 100) * 0.75


def test_system_text_stays_when_turns_go() -> None:
    history = [
        ChatMessage("system", "s"),
        ChatMessage("user", "a"),
        ChatMessage("assistant", "b"),
        ChatMessage("user", "c"),
    ]
    assert [m.content for m in kept(history, 3)] == ["s", "c"]
