"""Parsers of what anybody may have written, and the vault against a plain model."""

from __future__ import annotations

import contextlib
import io
import shutil
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
)

from assistant.errors import UsageError, VaultDamaged, VaultTooNew, WrongPassphrase
from assistant.vault import header, keys
from assistant.vault.chatgpt import ChatGptImport
from assistant.vault.facade import Vault
from assistant.vault.markdown import from_markdown, to_markdown
from assistant.vault.records import (
    Conversation,
    ItemKind,
    Preference,
    PreferenceSource,
    PreferenceState,
    Scope,
    Turn,
    TurnStatus,
    from_microseconds,
    to_microseconds,
)
from assistant.vault.transfer import (
    ExportDocument,
    ExportedConversation,
    ExportedTurn,
    from_json,
    to_json,
)
from tests.generators import STORED_TEXT, TEXT_LIKE_MARKS
from tests.vault_world import CHEAP, NOON, PASSPHRASE, create, reopen, say


@given(st.binary(max_size=64), st.integers(0, header.HEADER_BYTES), st.binary(max_size=64))
def test_no_bytes_make_the_key_file_reader_crash(start: bytes, fill: int, end: bytes) -> None:
    with contextlib.suppress(VaultDamaged, VaultTooNew):
        header.decode(start + bytes(fill) + end)


@given(st.text(max_size=80))
def test_no_text_makes_the_recovery_key_reader_crash(text: str) -> None:
    with contextlib.suppress(WrongPassphrase):
        keys.parse_recovery_key(text)


@given(st.binary(min_size=20, max_size=20))
def test_every_recovery_key_reads_back(secret: bytes) -> None:
    assert keys.parse_recovery_key(keys.new_recovery_key(lambda _: secret)) == secret


@given(st.datetimes().map(lambda found: found.replace(tzinfo=NOON.tzinfo)))
def test_every_instant_reads_back(instant: object) -> None:
    assert from_microseconds(to_microseconds(instant)) == instant  # type: ignore[arg-type]


@given(st.binary(max_size=200))
def test_no_bytes_make_an_importer_crash(data: bytes) -> None:
    for read in (
        lambda: from_json(io.BytesIO(data)),
        lambda: from_markdown(io.BytesIO(data)),
        lambda: list(ChatGptImport(io.BytesIO(data)).conversations()),
    ):
        with contextlib.suppress(UsageError):
            read()


CHATGPT_NAMES = (
    *("mapping", "current_node", "message", "parent", "children", "author", "role"),
    *("content", "parts", "content_type", "title", "create_time", "metadata"),
)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("a"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [*CHATGPT_NAMES, "a"],
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_no_json_makes_the_chatgpt_reader_crash(value: object) -> None:
    import json

    for document in ([value], value, [{"mapping": {"a": value}, "current_node": "a"}]):
        with contextlib.suppress(UsageError):
            data = json.dumps(document).encode()
            list(ChatGptImport(io.BytesIO(data)).conversations())


@given(TEXT_LIKE_MARKS, TEXT_LIKE_MARKS, TEXT_LIKE_MARKS, STORED_TEXT)
def test_every_text_survives_markdown_and_json(
    question: str, answer: str, preference: str, title: str
) -> None:
    turn = Turn(
        "t", "c", None, 0, question, answer, TurnStatus.COMPLETE, "", "", 0, "{}", NOON, 1, True
    )
    document = ExportDocument(
        (ExportedConversation(Conversation("c", title, NOON, NOON), (ExportedTurn(turn),)),),
        (
            Preference(
                "p",
                preference,
                Scope.ALWAYS,
                title,
                PreferenceSource.STATED,
                None,
                PreferenceState.ACTIVE,
                "",
                NOON,
                NOON,
            ),
        ),
    )
    text = "".join(to_markdown(document))
    assert from_markdown(io.BytesIO(text.encode())) == document
    assert from_json(io.BytesIO(to_json(document))) == document


class VaultAgainstAModel(RuleBasedStateMachine):
    """Whatever order things are done in, the vault holds what a dictionary holds."""

    preferences = Bundle("preferences")
    turns = Bundle("turns")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.vault: Vault = create(self.folder / "vault")[0]
        self.passphrase = PASSPHRASE
        self.texts: dict[str, str] = {}
        self.answers: dict[str, str] = {}
        self.copies = 0

    def teardown(self) -> None:
        self.vault.close()
        shutil.rmtree(self.folder)

    @rule(target=preferences, text=STORED_TEXT)
    def add_preference(self, text: str) -> str:
        identity = self.vault.preferences.add(text).id
        self.texts[identity] = text
        return identity

    @rule(identity=preferences, text=STORED_TEXT)
    def reword(self, identity: str, text: str) -> None:
        if identity in self.texts:
            self.vault.preferences.reword(identity, text)
            self.texts[identity] = text

    @rule(target=turns, question=STORED_TEXT, answer=STORED_TEXT)
    def say(self, question: str, answer: str) -> str:
        identity = say(self.vault, question, answer).id
        self.answers[identity] = answer
        return identity

    @rule(identity=preferences)
    def erase_preference(self, identity: str) -> None:
        if self.texts.pop(identity, None) is not None:
            self.vault.erase.item(ItemKind.PREFERENCE, identity)

    @rule(identity=turns)
    def erase_turn(self, identity: str) -> None:
        if self.answers.pop(identity, None) is not None:
            self.vault.erase.item(ItemKind.TURN, identity)

    @rule(passphrase=st.binary(min_size=1, max_size=20), rekey=st.booleans())
    def change_passphrase(self, passphrase: bytes, rekey: bool) -> None:
        if rekey:
            self.vault.access.rekey(passphrase, kdf=CHEAP)
        else:
            self.vault.access.change_passphrase(passphrase, kdf=CHEAP)
        self.passphrase = passphrase

    @rule()
    def reopen(self) -> None:
        self.vault.close()
        self.vault = reopen(self.folder / "vault", self.passphrase)

    @invariant()
    def holds_the_same(self) -> None:
        found = {each.id: each.text for each in self.vault.preferences.list()}
        assert found == self.texts
        assert {each.id: each.answer for each in self.vault.turns.all()} == self.answers
        assert self.vault.notices == ()


VaultAgainstAModel.TestCase.settings = settings(
    max_examples=8,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TestVaultAgainstAModel = VaultAgainstAModel.TestCase
