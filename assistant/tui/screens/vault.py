"""The vault: who can open it, backups, export and import, erasing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from assistant.holder.interface import (
    AnyRequest,
    BackUp,
    ChangePassphrase,
    Done,
    EraseItem,
    Export,
    Import,
    RecoveryKey,
    UseKeychain,
)
from assistant.holder.overview_wire import PolicyItem, PolicyQuery
from assistant.holder.vault_wire import ImportProgress, NewRecoveryKey, VaultQuery, VaultState
from assistant.tui.keys import bindings
from assistant.tui.leaving import leave
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import OneLine, YesNo
from assistant.tui.screens.lists import ListScreen
from assistant.tui.screens.secrets import PassphraseDialog, TypedWord
from assistant.tui.standing import stands
from assistant.tui.text import foreign, foreign_line, join, managed_by

_WAYS = {"passphrase": "your passphrase", "recovery": "the recovery key",
         "keychain": "this computer's keychain"}  # fmt: skip
_PLAIN = "It is not encrypted: anybody who gets the file can read it."
_GONE = "Gone for good, with everything learned from it. There is no undo."


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that can be done, and what follows from it."""

    name: str
    about: str
    run: Callable[[], Awaitable[None]]
    grave: bool = False
    bound: str = ""


class VaultScreen(ListScreen[None, Act]):
    """Enter does the selected thing; nothing here happens without a further step."""

    BINDINGS = bindings("list", "open")
    ENTER = "do it"
    HEADING = "Vault"
    KEYS_WAIT_FOR: ClassVar = frozenset({"list"})  # an act may take minutes

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests
        self._state: VaultState | None = None
        self._bounds: dict[str, PolicyItem] = {}
        self._doing = False

    def compose_above(self) -> ComposeResult:
        yield Static("", id="state", markup=False)
        yield Static("", id="trying", markup=False)

    def on_mount(self) -> None:
        """What can be done, and how things stand."""
        self.fill(self._acts())
        self._look()

    @work(exclusive=True, group="list")
    async def _look(self) -> None:
        self._state = await self._requests.one(VaultQuery(), VaultState)
        policy = await self._requests.all(PolicyQuery(), PolicyItem) or []
        self._bounds = {item.key: item for item in policy if item.kind == "bound"}
        if self._state is not None and stands(self, "#state"):
            self.query_one("#state", Static).update(_told(self._state))
            acts = self._acts()
            self.on_option_list_option_highlighted()
            if [act.name for act in acts] != [act.name for act in self.items]:
                self.fill(acts)

    def _acts(self) -> list[Act]:
        keychain = self._state is not None and "keychain" in self._state.ways_in
        return [
            Act("Change the passphrase", "Only the lock changes, at once. Old backups still open "
                "with the old passphrase.", self._change_passphrase),
            Act("New recovery key", "Shown once. The one you wrote down no longer opens this "
                "vault.", self._new_recovery_key),
            Act("Encrypt everything anew", "A new master key, a new passphrase, a new recovery "
                "key: for when somebody may have had the old ones.", self._rekey),
            Act("No longer use the keychain" if keychain else "Let the keychain open it too",
                "This computer's keychain opens the vault beside your passphrase, never instead "
                "of it.", lambda: self._keychain(on=not keychain)),
            Act("Back up", "One encrypted, verified file, restorable anywhere with your "
                "passphrase or recovery key.", self._back_up),
            Act("Export as JSON", f"Everything, to take along. {_PLAIN}",
                lambda: self._export("json"), bound="export"),
            Act("Export as Markdown", f"Everything, to read. {_PLAIN}",
                lambda: self._export("markdown"), bound="export"),
            Act("Import", "An export of this program, or ChatGPT's conversations.json. It adds "
                "what is not here yet.", self._import),
            Act("Erase what was learned", "All feedback, what was inferred from it, the learned "
                "style. Conversations and what you stated stay.", self._erase_learned, grave=True),
            Act("Erase old conversations", "Those last used more than so many days ago.",
                self._erase_old, grave=True),
            Act("Erase the whole vault", "Everything in it. Without its key file, nothing that "
                "was in it can be read again.", self._erase_all, grave=True),
        ]  # fmt: skip

    def line(self, item: Act) -> Content:
        return Content.styled(item.name, "$error") if item.grave else Content(item.name)

    def about(self, item: Act) -> Content:
        about = Content(item.about)
        if (held := self._bounds.get(item.bound)) is not None:
            shown = join(foreign_line(held.value, 60), ", ", managed_by(held.source))
            appeal = foreign_line(held.source.appeal, 80)
            about = join(about, "\n", shown, "\nAppeal: ", appeal)
        if self._state is not None and self._state.backups and item.grave:
            paths = [foreign_line(path, 70, "$muted") for path in self._state.backups[:3]]
            about = join(about, "\nBackups that may still hold it:\n", Content("\n").join(paths))
        return about

    def action_open(self) -> None:
        """Do the selected thing."""
        if (act := self.selected) is not None and not self._doing:
            self._do(act)

    @work(group="act")
    async def _do(self, act: Act) -> None:
        self._doing = True
        try:
            await act.run()
        finally:
            self._doing = False
        if stands(self, "#list", "#state") and not self._requests.closed:
            self._look()

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)

    # -- ways in ---------------------------------------------------------------------------

    async def _change_passphrase(self) -> None:
        if typed := await self._passphrases("Change the passphrase", "", new=True):
            await self._carry_out("Changing…", ChangePassphrase(*typed))

    async def _rekey(self) -> None:
        about = "Everything is written anew under another key. This may take a minute."
        if typed := await self._passphrases("Encrypt everything anew", about, new=True):
            await self._with_key(ChangePassphrase(*typed, rekey=True))

    async def _new_recovery_key(self) -> None:
        about = "The one you wrote down no longer opens this vault afterwards."
        if typed := await self._passphrases("New recovery key", about):
            await self._with_key(NewRecoveryKey(typed[0]))

    async def _keychain(self, *, on: bool) -> None:
        title = "Let the keychain open it too" if on else "No longer use the keychain"
        if typed := await self._passphrases(title, ""):
            await self._carry_out("Asking the keychain…", UseKeychain(typed[0], on))

    async def _passphrases(
        self, title: str, about: str, *, new: bool = False
    ) -> tuple[str, str] | None:
        from assistant.tui.doors import DoorsApp

        assert isinstance(self.app, DoorsApp)
        strength = self.app.front.strength if new else None
        return await self.app.push_screen_wait(PassphraseDialog(title, about, strength))

    async def _with_key(self, request: ChangePassphrase | NewRecoveryKey) -> None:
        from assistant.tui.doors import DoorsApp

        self._say("One moment…")
        made = await self._requests.one(request, RecoveryKey)
        if made is None:
            self._say("")
            return
        assert isinstance(self.app, DoorsApp)
        await self.app.show_recovery_key(made.recovery_key)
        self._say("The new recovery key is the one that counts now.")

    # -- files -----------------------------------------------------------------------------

    async def _back_up(self) -> None:
        path = await self._path("Back up to", "A file that is not there yet.", new=True)
        if path is not None:
            await self._carry_out("Backing up…", BackUp(str(path), overwrite=path.exists()))

    async def _export(self, form: Literal["json", "markdown"]) -> None:
        path = await self._path("Export to", _PLAIN, new=True)
        if path is not None:
            request = Export(str(path), form, overwrite=path.exists())
            self._say("Exporting…")
            done = await leave(self.app, self._requests, request, Done)
            self._say(done.what if done is not None else "Nothing was exported.")

    async def _import(self) -> None:
        path = await self._path("Import from", "Nothing that is here is overwritten.")
        if path is None:
            return
        question = YesNo(
            "Keep preferences about special categories, too?",
            "Health, faith, politics and the like. Without a yes they are left out.",
        )
        consent = await self.app.push_screen_wait(question)
        request = Import(str(path), consent, watched=True)
        self._say("Importing…")
        done = await self._requests.watched(request, Done, ImportProgress, self._imported)
        self._say(done.what if done is not None else "Nothing more was imported.")

    def _imported(self, so_far: ImportProgress) -> None:
        self._say(
            f"Importing… conversations {so_far.conversations:,} · turns {so_far.turns:,} · "
            f"preferences {so_far.preferences:,}"
        )

    async def _path(self, title: str, about: str, *, new: bool = False) -> Path | None:
        typed = await self.app.push_screen_wait(OneLine(title, about=f"{about} ~ is your home."))
        if not typed:
            return None
        try:
            path = Path(typed).expanduser().absolute()
            there = path.exists()
        except (RuntimeError, OSError, ValueError):
            self._say("That is no path.")
            return None
        if new and there:
            body = join(foreign_line(str(path), 200), "\n\nIt is there already.")
            return path if await self.app.push_screen_wait(YesNo("Overwrite it?", body)) else None
        return path

    # -- erasing ---------------------------------------------------------------------------

    async def _erase_learned(self) -> None:
        await self._erase("Erase what was learned?", EraseItem("learned"))

    async def _erase_old(self) -> None:
        dialog = OneLine("Last used more than so many days ago", number=(1, 36500))
        if days := await self.app.push_screen_wait(dialog):
            title = f"Erase conversations not used for {days} days?"
            await self._erase(title, EraseItem("older", days))

    async def _erase(self, title: str, request: EraseItem) -> None:
        state = await self._known_state()
        if state is None or not await self.app.push_screen_wait(TypedWord(title, _GONE, "erase")):
            return
        backups = False
        if state.backups:
            body = "The backups this vault wrote may still hold it."
            backups = await self.app.push_screen_wait(YesNo("Remove the backups, too?", body))
        await self._carry_out("Erasing…", EraseItem(request.kind, request.id, backups))

    async def _known_state(self) -> VaultState | None:
        """How the vault stands; awaited, so that no backup is passed over in silence."""
        if self._state is None:
            self._say("Looking for backups…")
            self._state = await self._requests.one(VaultQuery(), VaultState)
            self._say("" if self._state else "Backups cannot be looked for. Nothing was erased.")
        return self._state

    async def _erase_all(self) -> None:
        from assistant.tui.doors import DoorsApp

        body = "Conversations, preferences, feedback, settings: everything. Backups stay."
        dialog = TypedWord("Erase the whole vault?", f"{body} {_GONE}", "erase everything")
        if await self.app.push_screen_wait(dialog):
            assert isinstance(self.app, DoorsApp)
            self.app.erase_vault()

    # -- what is said ----------------------------------------------------------------------

    async def _carry_out(self, meanwhile: str, request: AnyRequest) -> None:
        self._say(meanwhile)
        done = await self._requests.one(request, Done)
        self._say(done.what if done is not None else "")

    def _say(self, text: str) -> None:
        if stands(self, "#trying"):
            self.query_one("#trying", Static).update(foreign(text))


def _told(state: VaultState) -> Content:
    ways = ", ".join(_WAYS.get(way, way) for way in state.ways_in)
    kept = (
        _counted(state.conversations, "conversation"),
        _counted(state.preferences, "preference"),
        _counted(len(state.backups), "backup") + " known",
    )
    return Content(f"Opened by {ways}.\n{', '.join(kept)}.")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
