"""Files never take more of the window than they are given, whatever they hold."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.conversation.attachments.decoding import DocumentKind
from assistant.conversation.attachments.document import open_document
from assistant.conversation.attachments.placing import SHARE, Placing, budget
from assistant.conversation.question import TurnKey
from assistant.policy import Gate, Wishes, resolve
from tests.generators import PROSE
from tests.policy_documents import document, rule
from tests.property.test_attachment_placing import no_pdf
from tests.scripted_model import ScriptedModel
from tests.unit.holder.shelves import quiet_shelf

GATE = Gate(resolve([document(rules=[rule("no-otters", "block", terms=["otter"])])], Wishes()))


@given(
    texts=st.lists(PROSE, min_size=1, max_size=3),
    question=PROSE,
    room=st.integers(0, 900),
    new=st.sets(st.integers(0, 2)),
)
@settings(max_examples=60, deadline=None)
def test_the_budget_holds_and_nothing_stopped_is_placed(
    texts: list[str], question: str, room: int, new: set[int]
) -> None:
    shelf, model = quiet_shelf(), ScriptedModel()
    documents = [
        open_document(f"{n}.txt", f"Words {text}".encode(), no_pdf) for n, text in enumerate(texts)
    ]
    assert all(each.kind is not DocumentKind.PDF for each in documents)
    ids = shelf.keep(TurnKey("t", "c"), documents)
    placing = Placing(shelf, GATE, model.count, room, frozenset())
    chosen = frozenset(ids[n] for n in new if n < len(ids))
    placed = placing.place(question, "", shelf.files("c"), chosen)
    if placed.text:
        assert model.count([placed.text])[0] <= room
    assert "otter" not in placed.text
    assert {item.id for item in placed.used} <= {
        part.id for file in shelf.files("c") for part in file.parts
    }
    assert sum(file.parts for file in placed.files) == len(placed.used)
    assert [file.placed != "none" for file in placed.files].count(True) == len(placed.sources)


@given(st.integers(1, 200_000), st.integers(0, 200_000), st.integers(0, 50_000))
def test_files_get_a_share_and_never_what_the_rest_needs(
    window: int, fixed: int, answer: int
) -> None:
    room = budget(window, fixed, answer)
    assert 0 <= room <= window * SHARE
    assert room == 0 or room + fixed + answer <= window
