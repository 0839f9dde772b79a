"""The vault screen and the locked door: passphrases, keys, files, erasing, recovering."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from assistant.errors import VaultBusy
from assistant.holder.interface import (
    BackUp,
    ChangePassphrase,
    EraseItem,
    Export,
    Import,
    UseKeychain,
)
from assistant.holder.overview_wire import PolicyItem
from assistant.holder.vault_wire import NewRecoveryKey, VaultQuery
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.unlock import UnlockScreen
from assistant.tui.screens.vault import VaultScreen
from assistant.tui.screens.welcome import WelcomeScreen
from tests.tui.driving import Drive, opened, until
from tests.tui.scripted_front import BANK_RULE, PASSPHRASE, RECOVERY_KEY, ScriptedFront

(PASSWD, RECOVERY, REKEY, KEYCHAIN, BACKUP, JSON, MARKDOWN, IMPORT, LEARNED, OLD, ALL) = range(11)


async def choose(drive: Drive, act: int) -> None:
    """Open the vault screen and press Enter on one of its lines."""
    await drive.keys("shift+f5")
    assert isinstance(drive.app.screen, VaultScreen)
    drive.app.screen.options.highlighted = act
    await drive.keys("enter")


async def fill(drive: Drive, *texts: str) -> None:
    for text in texts:
        await drive.typed(text)
        await drive.keys("enter")


async def test_the_vault_is_reached_from_the_settings_and_tells_how_it_stands() -> None:
    async with opened() as drive:
        await drive.keys("f5")
        await drive.keys("v")
        assert isinstance(drive.app.screen, VaultScreen)
        assert "Opened by your passphrase, the recovery key." in drive.text
        assert "41 conversations, 7 preferences, 1 backup known." in drive.words


async def test_the_passphrase_is_changed_with_a_strength_meter() -> None:
    async with opened() as drive:
        await choose(drive, PASSWD)
        await fill(drive, PASSPHRASE)
        await drive.typed("four words are much better")
        await drive.quiet()
        assert "━━━━━ strong" in drive.text
        await drive.keys("enter")
        await fill(drive, "something else")
        assert "The new ones are not the same." in drive.text
        await fill(drive, "four words are much better")
        await until(lambda: "The passphrase was changed." in drive.text)
        (request,) = drive.front.application.asked(ChangePassphrase)
        assert (request.current, request.passphrase, request.rekey) == (
            PASSPHRASE, "four words are much better", False,
        )  # fmt: skip


async def test_a_wrong_passphrase_changes_nothing_and_is_said() -> None:
    async with opened() as drive:
        await choose(drive, PASSWD)
        await fill(drive, "wrong", "new words", "new words")
        assert "The passphrase is wrong." in drive.words
        assert isinstance(drive.app.screen, VaultScreen)


async def test_a_new_recovery_key_is_shown_once_and_typed_back() -> None:
    async with opened() as drive:
        await choose(drive, RECOVERY)
        await fill(drive, PASSPHRASE)
        await until(lambda: "Write it down on paper now" in drive.words)
        await fill(drive, "EFGH")
        assert isinstance(drive.app.screen, VaultScreen)
        assert "the one that counts now" in drive.words
        assert drive.front.application.asked(NewRecoveryKey)
        assert RECOVERY_KEY[:4] not in drive.text


async def test_encrypting_anew_asks_for_all_and_shows_the_key() -> None:
    async with opened() as drive:
        await choose(drive, REKEY)
        await fill(drive, PASSPHRASE, "new words", "new words")
        await until(lambda: drive.app.screen.query("#group"))
        await fill(drive, "EFGH")
        assert drive.front.application.asked(ChangePassphrase)[0].rekey


async def test_the_keychain_is_switched_on_and_off() -> None:
    async with opened() as drive:
        await choose(drive, KEYCHAIN)
        await fill(drive, PASSPHRASE)
        assert drive.front.application.asked(UseKeychain)[0].on
        application = drive.front.application
        application.vault = msgspec.structs.replace(
            application.vault, ways_in=("passphrase", "recovery", "keychain")
        )
        await drive.keys("escape")
        await choose(drive, KEYCHAIN)
        assert "No longer use the keychain" in drive.text
        await fill(drive, PASSPHRASE)
        assert not drive.front.application.asked(UseKeychain)[1].on


async def test_a_backup_goes_to_a_path_and_overwrites_only_after_a_yes(tmp_path: Path) -> None:
    async with opened() as drive:
        await choose(drive, BACKUP)
        await fill(drive, str(tmp_path / "copy"))
        assert "Backed up and verified: 81,920 bytes." in drive.words
        (tmp_path / "copy").touch()
        await drive.keys("enter")
        await fill(drive, str(tmp_path / "copy"))
        assert "Overwrite it?" in drive.text
        await drive.keys("n")
        assert [r.overwrite for r in drive.front.application.asked(BackUp)] == [False]
        await drive.keys("enter")
        await fill(drive, str(tmp_path / "copy"))
        await drive.keys("y")
        assert drive.front.application.asked(BackUp)[-1].overwrite


async def test_an_export_that_a_rule_wants_a_yes_for_goes_on_after_it(tmp_path: Path) -> None:
    async with opened() as drive:
        await choose(drive, MARKDOWN)
        await fill(drive, str(tmp_path / "clients.md"))
        await until(lambda: "Export it anyway?" in drive.text)
        assert "Clients are asked" in drive.text
        await drive.keys("escape")
        await until(lambda: "Nothing was exported." in drive.words)
        await drive.keys("enter")
        await fill(drive, str(tmp_path / "clients.md"))
        await until(lambda: "Export it anyway?" in drive.text)
        await drive.keys("ctrl+y")
        await until(lambda: "Exported in the clear: 2 conversations." in drive.words)
        asked = [request.confirmed for request in drive.front.application.asked(Export)]
        assert asked == [(), (), ("clients",)]


async def test_an_export_says_that_anybody_can_read_it(tmp_path: Path) -> None:
    async with opened() as drive:
        await choose(drive, MARKDOWN)
        assert "anybody who gets the file can read it" in drive.words
        await fill(drive, str(tmp_path / "out.md"))
        (request,) = drive.front.application.asked(Export)
        assert (request.path, request.format) == (str(tmp_path / "out.md"), "markdown")
        assert "2 conversations" in drive.text


async def test_what_a_tier_says_about_exports_is_told_before_one_is_made() -> None:
    async with opened() as drive:
        closed = msgspec.structs.replace(BANK_RULE, effect="bound", rule="no-exports")
        drive.front.application.policy.append(PolicyItem("export", "bound", "one of: none", closed))
        await drive.keys("shift+f5")
        await drive.keys(*["down"] * JSON)
        assert "managed by Example Bank, rule no-exports" in drive.words
        assert "compliance@bank.example" in drive.text


async def test_an_import_tells_how_far_it_is_and_what_came_of_it(tmp_path: Path) -> None:
    async with opened() as drive:
        gate = drive.front.application.import_gate = threading.Event()
        await choose(drive, IMPORT)
        await drive.typed(str(tmp_path))
        await drive.press("enter")
        await until(lambda: "special categories" in drive.text)
        await drive.press("n")
        await until(lambda: "conversations 1 · turns 4 · preferences 0" in drive.words)
        gate.set()
        await drive.quiet()
        assert "Imported 2 conversations with 9 turns" in drive.words
        (request,) = drive.front.application.asked(Import)
        assert (request.consent, request.watched) == (False, True)


async def test_erasing_wants_the_word_typed_and_asks_about_backups() -> None:
    async with opened() as drive:
        await choose(drive, LEARNED)
        await fill(drive, "yes")
        assert "That is not “erase”" in drive.text
        assert not drive.front.application.asked(EraseItem)
        await fill(drive, "erase")
        await until(lambda: "Remove the backups, too?" in drive.text)
        await drive.keys("y")
        (request,) = drive.front.application.asked(EraseItem)
        assert (request.kind, request.id, request.backups) == ("learned", "", True)


async def test_erasing_before_the_backups_are_known_waits_for_them() -> None:
    async with opened() as drive:
        gate = drive.front.application.gates[VaultQuery] = threading.Event()
        await drive.press("shift+f5")
        screen = drive.app.screen
        assert isinstance(screen, VaultScreen)
        screen.options.highlighted = LEARNED
        screen.action_open()  # as its key does, which would wait for the list first
        await until(lambda: len(drive.front.application.asked(VaultQuery)) == 2)
        assert "Looking for backups" in drive.words
        gate.set()
        await drive.quiet()
        await fill(drive, "erase")
        await until(lambda: "Remove the backups, too?" in drive.text)
        await drive.keys("y")
        assert [one.backups for one in drive.front.application.asked(EraseItem)] == [True]


async def test_old_conversations_are_erased_by_days() -> None:
    async with opened() as drive:
        await choose(drive, OLD)
        await fill(drive, "90", "erase")
        await drive.keys("n")
        (request,) = drive.front.application.asked(EraseItem)
        assert (request.kind, request.id, request.backups) == ("older", "90", False)


async def test_the_whole_vault_is_erased_and_the_first_evening_begins_again() -> None:
    async with opened() as drive:
        await drive.ask("a thing")
        await choose(drive, ALL)
        await fill(drive, "erase")
        assert "erase_vault" not in drive.front.calls
        await drive.typed("erase everything")
        await drive.press("enter")
        await until(lambda: isinstance(drive.app.screen, WelcomeScreen))
        assert "erase_vault" in drive.front.calls
        assert drive.front.calls.index("lock") < drive.front.calls.index("erase_vault")
        assert "a thing" not in drive.text


# -- at the door ----------------------------------------------------------------------------


async def at_the_door(drive: Drive) -> None:
    await until(lambda: drive.app.screen.query("#passphrase"))
    await drive.quiet()


async def test_a_forgotten_passphrase_is_replaced_with_the_recovery_key() -> None:
    async with opened(unlock=False) as drive:
        await at_the_door(drive)
        assert "forgotten it?" in drive.text
        await drive.keys("f2")
        await fill(drive, "ABCD-WRONG", "new words", "new words")
        assert "That does not open it." in drive.words
        await drive.keys("shift+tab", "shift+tab", "ctrl+a", "ctrl+k")
        await drive.typed(RECOVERY_KEY)
        await drive.press("enter")
        await until(lambda: isinstance(drive.app.screen, ChatScreen))
        await drive.quiet()
        assert drive.front.passphrase == "new words"


async def test_two_different_new_passphrases_are_not_taken() -> None:
    async with opened(unlock=False) as drive:
        await at_the_door(drive)
        await drive.keys("f2")
        await fill(drive, RECOVERY_KEY, "new words", "newer words")
        assert "The two are not the same." in drive.text
        assert "recover" not in drive.front.calls
        await drive.keys("escape")
        assert isinstance(drive.app.screen, UnlockScreen)


async def test_a_backup_replaces_the_vault_only_after_the_word() -> None:
    async with opened(unlock=False) as drive:
        await at_the_door(drive)
        await drive.keys("f3")
        await fill(drive, "/media/stick/vault.backup")
        await drive.typed(PASSPHRASE)
        await drive.press("enter")
        await until(lambda: "Replace it?" in drive.text)
        await drive.press("escape")
        await until(lambda: "Nothing was changed." in drive.text)
        await drive.press("enter")
        await until(lambda: "Replace it?" in drive.text)
        await drive.typed("replace")
        await drive.press("enter")
        await until(lambda: isinstance(drive.app.screen, ChatScreen))
        await drive.quiet()
        assert "restore /media/stick/vault.backup" in drive.front.calls


async def test_on_a_new_machine_a_backup_is_restored_by_its_recovery_key() -> None:
    front = ScriptedFront(vault="missing")
    async with opened(front=front, unlock=False) as drive:
        await until(lambda: drive.app.screen.query("#again"))
        await drive.keys("f3")
        await fill(drive, "/media/stick/vault.backup", RECOVERY_KEY)
        await until(lambda: "Restored." in drive.text)
        assert front.vault == "locked"


async def test_what_goes_wrong_at_the_door_is_said_in_a_sentence() -> None:
    async with opened(unlock=False) as drive:
        await at_the_door(drive)
        drive.front.unlock_error = VaultBusy("Another assistant is using the vault.")
        await drive.keys("f2")
        await fill(drive, RECOVERY_KEY, "new words", "new words")
        assert "Another assistant is using the vault." in drive.words
