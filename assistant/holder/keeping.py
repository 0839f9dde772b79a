"""Keeping and giving away: passphrase, backup, export, import, erasure."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.conversation.ledger import log_rulings
from assistant.conversation.rulings import ruling_of
from assistant.errors import NoSuchItem, PolicyRefusal, UsageError, VaultError, VaultExists
from assistant.holder import interface as ask
from assistant.holder.bounds import require_export
from assistant.holder.incoming import Incoming
from assistant.holder.interface import AnyReply, Done, RecoveryKey
from assistant.holder.learning import Learning
from assistant.holder.leaving import Leaving
from assistant.holder.vault_wire import ImportProgress, NewRecoveryKey, VaultQuery, VaultState
from assistant.personal.preferences import MAX_PREFERENCE_CHARS
from assistant.personal.special import stated
from assistant.policy import Effect, Origin, Segment, Where
from assistant.vault.passphrases import passphrase_bytes
from assistant.vault.records import ItemKind, PreferenceState

if TYPE_CHECKING:
    from assistant.policy import EffectivePolicy, Gate
    from assistant.vault import KdfParameters, Vault
    from assistant.vault.transfer import ExportDocument

KeepingRequest = (
    ask.ChangePassphrase | ask.UseKeychain | ask.BackUp | ask.Export | ask.Import
    | ask.EraseItem | NewRecoveryKey | VaultQuery
)  # fmt: skip


class Keeping:
    """Answers the requests that concern the vault as a whole."""

    def __init__(
        self,
        vault: Vault,
        gate: Gate,
        policy: EffectivePolicy,
        learning: Learning,
        new_kdf: Callable[[], KdfParameters],
    ) -> None:
        self._vault, self._gate, self._policy = vault, gate, policy
        self._learning, self._new_kdf = learning, new_kdf

    def handle(self, request: Any) -> Iterator[AnyReply]:
        """Answer one request; see ``interface``."""
        match request:
            case ask.ChangePassphrase():
                yield self._passwd(request)
            case NewRecoveryKey():
                self._vault.access.check_passphrase(passphrase_bytes(request.current))
                yield RecoveryKey(self._vault.access.change_recovery_key())
            case VaultQuery():
                yield self._state()
            case ask.UseKeychain():
                yield self._use_keychain(request)
            case ask.BackUp():
                _require_place(Path(request.path))
                size = self._vault.back_up(Path(request.path), overwrite=request.overwrite)
                yield Done(f"Backed up and verified: {size:,} bytes.")
            case ask.Export():
                yield self._export(request)
            case ask.Import():
                yield from self._import(request)
            case ask.EraseItem():
                yield self._erase(request)

    def _passwd(self, request: ask.ChangePassphrase) -> AnyReply:
        self._vault.access.check_passphrase(passphrase_bytes(request.current))
        given = passphrase_bytes(request.passphrase)
        if not given:
            raise UsageError("An empty passphrase protects nothing.", hint="Choose a longer one.")
        if request.rekey:
            return RecoveryKey(self._vault.access.rekey(given, kdf=self._new_kdf()))
        self._vault.access.change_passphrase(given, kdf=self._new_kdf())
        return Done("The passphrase was changed.")

    def _state(self) -> VaultState:
        return VaultState(
            self._vault.access.ways_in,
            tuple(str(path) for path in self._vault.erase.backups()),
            len(self._vault.conversations.list(limit=-1)),
            len(self._vault.preferences.list()),
        )

    def _use_keychain(self, request: ask.UseKeychain) -> Done:
        self._vault.access.check_passphrase(passphrase_bytes(request.current))
        if not request.on:
            return self._without_keychain()
        from assistant.vault.keychain import SystemKeychain

        self._vault.access.add_keychain(SystemKeychain())
        return Done("The keychain of this computer opens the vault too.")

    def _without_keychain(self) -> Done:
        """Also where the keychain is locked, refuses or is on another machine."""
        from assistant.vault.keychain import SystemKeychain

        access, rest = self._vault.access, ""
        was_open = "keychain" in access.ways_in
        try:
            access.remove_keychain(SystemKeychain())
        except VaultError:
            if "keychain" in access.ways_in:
                access.remove_keychain(None)
            if was_open:
                rest = " The keychain could not be reached; what it still holds opens nothing."
        return Done(f"Only the passphrase and the recovery key open the vault now.{rest}")

    # -- export and import -----------------------------------------------------------------

    def _export(self, request: ask.Export) -> Done:
        from assistant.vault.markdown import to_markdown
        from assistant.vault.transfer import ExportScope, to_json

        require_export(self._policy, request.format)
        scope = ExportScope(request.conversations, request.preferences)
        leaving = Leaving(self._vault, self._gate, frozenset(request.confirmed))
        whole = self._vault.export(scope)
        permitted = leaving.document(whole)
        document = permitted.document
        if request.format == "json":
            content = to_json(document)
        else:
            content = "".join(to_markdown(document)).encode()
        _write(Path(request.path), content, overwrite=request.overwrite)
        told = f"Exported in the clear: {_count(len(document.conversations), 'conversation')}."
        if kept := len(whole.preferences) - len(document.preferences):
            told += f" Policy kept {_count(kept, 'preference')} back."
        return Done(f"{told} {permitted.told()}".rstrip())

    def _import(self, request: ask.Import) -> Iterator[AnyReply]:
        conversations = turns = preferences = passed_over = refused = 0
        before = self._learning.consents.refused
        incoming = Incoming(self._vault, self._gate)
        for document in read_import(Path(request.path)):
            kept, stopped = self._permitted(document, incoming, consent=request.consent)
            counts = self._vault.import_document(kept)
            for preference in kept.preferences:
                self._learning.consents.give(preference.id, stated(preference.text))
            conversations += counts.conversations
            turns += counts.turns
            preferences += counts.preferences
            passed_over += counts.passed_over
            refused += stopped
            if request.watched:
                yield ImportProgress(conversations, turns, preferences)
        self._learning.refill()
        were = "was" if passed_over == 1 else "were"
        told = (
            f"Imported {_count(conversations, 'conversation')} with {_count(turns, 'turn')} and "
            f"{_count(preferences, 'preference')}; {passed_over} {were} there already."
        )
        if refused:
            told += f" Policy refused {_count(refused, 'preference')}."
        if incoming.refused:
            told += f" Policy kept {_count(incoming.refused, 'answer')} out."
        if missing := self._learning.consents.refused - before:
            told += f" Waiting for your consent: {missing}; repeat it with --consent."
        yield Done(told)

    def _permitted(
        self, document: ExportDocument, incoming: Incoming, *, consent: bool
    ) -> tuple[ExportDocument, int]:
        """Every imported preference passes gate and consent as a typed one would.

        One that could not have been typed, empty or too long, is left out.
        """
        import msgspec

        kept = []
        refused = 0
        for preference in document.preferences:
            if not 0 < len(preference.text.strip()) <= MAX_PREFERENCE_CHARS:
                continue
            segment = Segment(preference.text, Origin.PREFERENCE)
            decision = self._gate.check([segment], Where.PREFERENCE)
            if not self._remembered(preference.text):
                refused += 1
            elif stated(preference.text) and not consent:
                self._learning.consents.count_refused()
            elif decision.effect < Effect.CONFIRM:
                kept.append(preference)
            else:
                refused += 1
                log_rulings(self._vault, [ruling_of(decision, Where.PREFERENCE)])
        talks = tuple(map(incoming.conversation, document.conversations))
        permitted = msgspec.structs.replace(document, conversations=talks, preferences=tuple(kept))
        return permitted, refused

    def _remembered(self, text: str) -> bool:
        try:
            self._learning.consents.require_allowed(text)
        except PolicyRefusal:
            return False
        return True

    # -- erasing ---------------------------------------------------------------------------

    def forget_older(self, days: int) -> None:
        """Erase conversations last used more than so many days ago."""
        before = self._learning.now() - timedelta(days=days)
        kept = self._vault.conversations.list(limit=-1)
        if any(conversation.updated < before for conversation in kept):
            self._learning.forget(self._vault.erase.older_than(before))

    def forget_items(self, feedback_days: int, proposal_days: int) -> None:
        """Erase feedback, and proposals nobody answered, older than so many days."""
        now = self._learning.now()
        before = now - timedelta(days=feedback_days)
        self._learning.forget_picks_before(before)
        old = [
            (ItemKind.FEEDBACK, act.id)
            for act in self._vault.feedback.list(with_undone=True)
            if act.created < before
        ]
        before = now - timedelta(days=proposal_days)
        old += [
            (ItemKind.PREFERENCE, preference.id)
            for preference in self._vault.preferences.list(state=PreferenceState.PROPOSED)
            if preference.created < before
        ]
        for kind, identity in old:
            with contextlib.suppress(NoSuchItem):  # gone with what it was learned from
                self._learning.forget(self._vault.erase.item(kind, identity))

    def _erase(self, request: ask.EraseItem) -> Done:
        from assistant.vault.erase import erase_backups

        erase = self._vault.erase
        if request.kind == "feedback" and self._learning.forget_pick(request.id):
            return Done("Erased 1 item.")
        match request.kind:
            case "turn" | "feedback" | "preference" | "attachment":
                erased = erase.item(ItemKind(request.kind), request.id)
            case "conversation":
                self._vault.conversations.get(request.id)
                erased = erase.conversation(request.id)
            case "learned":
                erased = (
                    erase.learned_from(request.id) if request.id else erase.everything_learned()
                )
            case "older":
                if not (request.id.isascii() and request.id.isdigit()):
                    raise UsageError("Older than how many days?")
                days = timedelta(days=min(int(request.id), 365_000))
                erased = erase.older_than(self._learning.now() - days)
        self._learning.forget(erased)
        backups = erase.backups()
        note = ""
        if backups and request.backups:
            erase_backups(backups)
            note = f" Removed {_count(len(backups), 'backup')}."
        elif backups:
            note = (
                f" It may stand in {_count(len(backups), 'backup')} still: repeat with --backups."
            )
        return Done(f"Erased {_count(len(erased.items), 'item')}.{note}")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def read_import(path: Path) -> Iterator[ExportDocument]:
    """Read a file of ours (JSON, Markdown) or ChatGPT's conversations.json, by its content.

    ChatGPT's is read one conversation at a time: such files reach gigabytes.
    """
    from assistant.vault.chatgpt import ChatGptImport
    from assistant.vault.markdown import from_markdown
    from assistant.vault.transfer import ExportDocument, from_json

    try:
        with path.open("rb") as file:
            start = file.read(256).lstrip(b"\xef\xbb\xbf \t\r\n")
            file.seek(0)
            if start.startswith(b"["):
                for conversation in ChatGptImport(file).conversations():
                    yield ExportDocument((conversation,))
                return
            yield from_json(file) if start.startswith(b"{") else from_markdown(file)
    except FileNotFoundError as error:
        raise NoSuchItem("There is no file at that path.", hint="Check the path.") from error
    except OSError as error:
        raise UsageError("The file cannot be read.", hint="Check the path.") from error


def _require_place(path: Path) -> None:
    """Raise UsageError where no file can be made, before a fault is looked for in the vault."""
    try:
        place = os.access(path.parent, os.W_OK) and path.parent.is_dir() and not path.is_dir()
    except OSError:
        place = False
    if not place:
        raise UsageError("No file can be made at that path.", hint="Check the path.")


def _write(path: Path, content: bytes, *, overwrite: bool) -> None:
    """A file of its own, whole or not at all, for this user's eyes only."""
    from assistant.vault.files import occupied, storage_error, write_private

    _require_place(path)
    try:
        if occupied(path) and not overwrite:
            raise VaultExists("There is already a file at that path.", hint="Confirm with --yes.")
        write_private(path, content)
    except OSError as error:
        raise storage_error(error) from error
