"""The prompt's prefix between starts: kept sealed, taken over, never a reason to fail."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.engine import ChatMessage, GenerateRequest, ModelClient, ModelFile, Sampling
from assistant.engine.model_messages import PromptEvaluated, TextDelta
from assistant.holder.prefix import LONG, PrefixKeeper, is_kept, made_from
from assistant.vault.erase import erase_vault
from assistant.vault.facade import Vault
from tests.unit.engine.turns import words
from tests.vault_world import CHEAP, CHEAP_FLOOR, PASSPHRASE, create, noon, reopen

VECTOR = Path(__file__).parents[2] / "vectors" / "vault" / "sealed_prefix.hex"
DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
LINES = (f"Lending needs a warning. {words(240)}",)
ORIGIN = made_from(DIGEST, "settings", LINES)


class CountingModel:
    """A model that says what it was asked to do."""

    def __init__(self, tokens: int = LONG, *, fits: bool = True) -> None:
        self.tokens, self.fits = tokens, fits
        self.taken: list[bytes] = []
        self.saved = 0

    def begin_with(self, read: Callable[[], bytes | None]) -> int:
        data = read()
        if not data:
            return 0
        self.taken.append(data)
        return self.tokens if self.fits else 0

    def count_messages(self, messages: object) -> list[int]:
        return [self.tokens, 1]

    def save_prefix(self, history: object) -> bytes:
        self.saved += 1
        return b"state %d" % self.saved


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "vault"


@pytest.fixture
def vault(folder: Path) -> Iterator[Vault]:
    with create(folder)[0] as made:
        yield made


def keep(vault: Vault, model: CountingModel, origin: bytes = ORIGIN) -> None:
    PrefixKeeper(vault.prefix, model, origin, LINES).start().join()


def kept_file(folder: Path) -> Path:
    (found,) = folder.glob("*.prefix")
    return found


def test_a_long_prefix_is_kept_once_and_taken_over_at_every_later_start(
    vault: Vault, folder: Path
) -> None:
    first, second = CountingModel(), CountingModel()
    keep(vault, first)
    assert is_kept(folder, ORIGIN)
    keep(vault, second)
    assert (first.taken, first.saved) == ([], 1)
    assert (second.taken, second.saved) == ([b"state 1"], 0)
    assert b"state 1" not in kept_file(folder).read_bytes()


def test_a_short_prefix_is_not_kept(vault: Vault, folder: Path) -> None:
    keep(vault, CountingModel(LONG - 1))
    assert not is_kept(folder, ORIGIN)
    assert not list(folder.glob("*.prefix"))


def test_a_state_of_another_policy_model_or_setting_is_replaced(vault: Vault, folder: Path) -> None:
    others = {
        made_from(DIGEST, "settings", ("Another line.",)),
        made_from("another", "settings", LINES),
        made_from(DIGEST, "other settings", LINES),
    }
    assert len(others | {ORIGIN}) == 4
    keep(vault, CountingModel())
    for other in others:
        model = CountingModel()
        keep(vault, model, other)
        assert (model.taken, model.saved) == ([], 1)
        assert is_kept(folder, other)


def test_a_state_that_the_engine_does_not_take_is_replaced(vault: Vault) -> None:
    keep(vault, CountingModel())
    other_build = CountingModel(fits=False)
    keep(vault, other_build)
    assert (len(other_build.taken), other_build.saved) == (1, 1)


@pytest.mark.parametrize("place", [3, 20, 45, 55, -1])
def test_damage_costs_the_state_and_nothing_else(vault: Vault, folder: Path, place: int) -> None:
    keep(vault, CountingModel())
    data = bytearray(kept_file(folder).read_bytes())
    data[place] ^= 1
    kept_file(folder).write_bytes(data)
    model = CountingModel()
    keep(vault, model)
    assert (model.taken, model.saved) == ([], 1)
    assert vault.prefix.read(ORIGIN) == b"state 1"


def test_the_format_is_the_one_of_the_vector(tmp_path: Path) -> None:
    counter = itertools.count(1)
    made, _ = Vault.create(
        tmp_path / "fixed", PASSPHRASE, kdf=CHEAP, floor=CHEAP_FLOOR, now=noon,
        random=lambda size: bytes([next(counter) % 256]) * size,
    )  # fmt: skip
    with made:
        made.prefix.write(bytes(range(32)), b"key and value")
        # The nonce is the first random value drawn after creation, which may change.
        data = kept_file(tmp_path / "fixed").read_bytes()
        sealed = bytes.fromhex(VECTOR.read_text())
        assert data[:40] == sealed[:40]
        kept_file(tmp_path / "fixed").write_bytes(sealed)
        assert made.prefix.read(bytes(range(32))) == b"key and value"


def test_a_locked_vault_seals_nothing(vault: Vault, folder: Path) -> None:
    vault.close()
    keep(vault, CountingModel())
    assert not list(folder.glob("*.prefix*"))


def test_it_goes_with_a_new_master_key_and_with_the_vault(vault: Vault, folder: Path) -> None:
    keep(vault, CountingModel())
    vault.access.rekey(PASSPHRASE, kdf=CHEAP)
    assert not list(folder.glob("*.prefix"))
    keep(vault, CountingModel())
    vault.close()
    with reopen(folder) as again:
        assert again.prefix.read(ORIGIN) == b"state 1"
    erase_vault(folder)
    assert not list(folder.glob("*.prefix"))


def test_a_backup_holds_none_of_it(vault: Vault, folder: Path, tmp_path: Path) -> None:
    without = vault.back_up(tmp_path / "one")
    vault.prefix.write(ORIGIN, bytes(1_000_000))
    assert vault.back_up(tmp_path / "two") < without + 500_000


def test_the_real_model_answers_the_same_with_a_kept_prefix_and_reads_none_of_it(
    vault: Vault, chat_model_path: Path
) -> None:
    answers = []
    for reused_least in (0, LONG):
        model = ModelClient()
        model.start(ModelFile(chat_model_path, DIGEST))
        try:
            keeper = PrefixKeeper(vault.prefix, model, ORIGIN, LINES)
            if reused_least:
                assert keeper.keep()
            answer, reused = greedy(model, keeper)
            answers.append(answer)
            assert reused >= reused_least
            if not reused_least:
                assert reused == 0
                assert keeper.keep()
                # The turn just taken is still there behind the prefix that was saved.
                assert greedy(model, keeper)[1] >= LONG
        finally:
            model.stop()
    assert answers[0] == answers[1]


def greedy(model: ModelClient, keeper: PrefixKeeper) -> tuple[str, int]:
    """Answer text and how much of the prompt was there already."""
    request = GenerateRequest(
        keeper.prefix, ChatMessage("user", "What does lending need?"), max_tokens=24,
        sampling=Sampling(temperature=0.0), exact=True,
    )  # fmt: skip
    text, reused = "", -1
    for event in model.generate(request):
        if isinstance(event, TextDelta):
            text += event.text
        elif isinstance(event, PromptEvaluated):
            reused = event.reused_tokens
    return text, reused
