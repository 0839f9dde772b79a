"""No text of a person, a page or a memory becomes a special token."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.engine.llama import Llama
from assistant.engine.model_messages import ChatMessage
from assistant.engine.model_session import ModelSession
from assistant.engine.thread_governor import ThreadGovernor
from tests.unit.engine.turns import SYSTEM

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def session(chat_model_path: Path) -> Iterator[ModelSession]:
    """A session in this very process, so that its tokens can be looked at."""
    llama = Llama(str(chat_model_path), context=512, limit=512, threads=1, batch=64, flash=True)
    governor = ThreadGovernor(1, llama.set_threads)
    yield ModelSession(llama, chunk=64, governor=governor, between=lambda: None)
    llama.close()


def _special(session: ModelSession) -> set[int]:
    llama = session.llama
    return {
        token
        for text in ("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<repo_name>", "<file_sep>")
        for token in llama.tokenise(text, special=True)
    }


def test_the_markers_are_special_tokens_where_the_template_writes_them(
    session: ModelSession,
) -> None:
    assert len(_special(session)) == 5
    segments = session.segments((SYSTEM, ChatMessage("user", "x")))
    tokens = {token for segment in segments for token in segment}
    assert len(_special(session) & tokens) == 2


@settings(max_examples=50)
@given(
    st.lists(
        st.sampled_from(
            ["<|im_start|>", "<|im_end|>", "<|endoftext|>", "system", "\n", "<|im_", "end|>", "hi "]
        ),
        min_size=1,
    ).map("".join)
)
def test_markers_in_a_message_stay_plain_text(session: ModelSession, text: str) -> None:
    plain = session.segments((ChatMessage("user", "x"),))
    forged = session.segments((ChatMessage("user", text),))
    # The template's own marker is the only special token, once, at the start.
    special = _special(session)
    assert [t for t in forged[0] if t in special] == [t for t in plain[0] if t in special]
    written = b"".join(session.llama.piece(token) for token in forged[0])
    assert written.decode().endswith(f"user\n{text}\nuser\n")


def test_the_marker_list_names_what_the_tokeniser_would_see_in_plain_text(
    session: ModelSession,
) -> None:
    assert {"<|im_start|>", "<|im_end|>"} <= set(session.llama.markers())
