"""The passphrase, once. The model is already loading meanwhile."""

from __future__ import annotations

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from assistant.errors import AssistantError, WrongPassphrase
from assistant.holder.interface import Application, Front, Situation
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.standing import stands
from assistant.tui.text import foreign, foreign_line, join
from assistant.tui.widgets.hints import KeyHints


class Opened(Message):
    """The vault is open."""

    def __init__(self, application: Application) -> None:
        super().__init__()
        self.application = application


class UnlockScreen(Screen[None]):
    """Posts ``Opened``. What goes wrong is said in a sentence, with what to do."""

    BINDINGS = bindings("door")
    ENTER = "unlock"

    def __init__(self, front: Front, situation: Situation, why: str = "") -> None:
        super().__init__()
        self._front, self._situation, self._why = front, situation, why
        self._opening, self._warmed = False, False

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(Content.styled("Assistant", "bold $accent"))
            yield Static(self._about(), classes="body", markup=False)
            yield Input(placeholder="Passphrase", password=True, id="passphrase")
            yield Static(foreign(self._why), id="said", markup=False)
        yield KeyHints()

    def _about(self) -> Content:
        situation = self._situation
        state = " is locked."
        if situation.vault == "held":
            state = (
                " is open in the agent, or in another terminal. `assistant lock` locks it there;"
                " then the passphrase opens it here."
            )
        alarms = [join("\n! ", foreign(alarm)).stylize("$error") for alarm in situation.alarms]
        return join("Your vault at ", foreign_line(situation.home, 200), state, *alarms)

    def on_input_changed(self, event: Input.Changed) -> None:
        """The first letter starts the children, if they are not running: after a lock."""
        if event.value and not self._warmed:
            self._warmed = True
            self.run_worker(asyncio.to_thread(self._front.warm_up))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Try it; one attempt at a time."""
        if event.value and not self._opening:
            self._opening = True
            self.say("Opening…")
            self.run_worker(self._unlock(event.value))

    def say(self, text: str, *, bad: bool = False) -> None:
        """One sentence under the passphrase."""
        if not stands(self, "#said"):
            return  # being closed
        said = self.query_one("#said", Static)
        said.update(text)
        said.set_class(bad, "-bad")

    @work(group="door")
    async def action_recover(self) -> None:
        """The passphrase is forgotten: the recovery key opens the vault."""
        from assistant.tui.screens.recover import RecoverScreen

        self._enter(await self.app.push_screen_wait(RecoverScreen(self._front)))

    @work(group="door")
    async def action_restore(self) -> None:
        """Put a backup in the place of this vault."""
        from assistant.tui.screens.recover import RestoreScreen

        self._enter(await self.app.push_screen_wait(RestoreScreen(self._front, there=True)))

    def _enter(self, opened: Application | None) -> None:
        if opened is not None:
            self.post_message(Opened(opened))

    async def _unlock(self, passphrase: str) -> None:
        entry = self.query_one("#passphrase", Input)
        try:
            application = await asyncio.to_thread(self._front.unlock, passphrase)
        except AssistantError as error:
            self._opening = False
            self.say(_kindly(error), bad=True)
            if entry.value == passphrase:  # else the next try is being typed
                entry.value = ""
            entry.focus()
        else:
            self.post_message(Opened(application))


def _kindly(error: AssistantError) -> str:
    if isinstance(error, WrongPassphrase):
        return "That is not the passphrase. Try again."
    return f"{error.message} {error.hint}"
