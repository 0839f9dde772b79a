"""The first evening: what this is, where it is kept, and a passphrase."""

from __future__ import annotations

import asyncio

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from assistant.errors import AssistantError
from assistant.holder.interface import Application, Front, Situation
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.standing import stands
from assistant.tui.text import foreign_line, join
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.strength import StrengthMeter


class Created(Message):
    """The vault exists and is open; the recovery key is shown once and kept nowhere."""

    def __init__(self, application: Application, recovery_key: str) -> None:
        super().__init__()
        self.application, self.recovery_key = application, recovery_key


class WelcomeScreen(Screen[None]):
    """Posts ``Created``, or ``Opened`` where a backup was restored."""

    BINDINGS = bindings("door", "restore")
    ENTER = "go on"

    def __init__(self, front: Front, situation: Situation) -> None:
        super().__init__()
        self._front, self._situation = front, situation
        self._making = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False), Vertical(classes="card"):
            yield Static(Content.styled("Assistant", "bold $accent"))
            yield Static(self._about(), classes="body", markup=False)
            yield Input(placeholder="Choose a passphrase", password=True, id="passphrase")
            yield StrengthMeter()
            yield Input(placeholder="The same again", password=True, id="again")
            yield Static("", id="said", markup=False)
        yield KeyHints()

    def _about(self) -> Content:
        return join(
            "A personal assistant that runs on this machine only and learns how you like to be "
            "answered. Everything it knows is kept, encrypted, in ",
            foreign_line(self._situation.home, 200, "bold"),
            ".",
        )

    def on_input_changed(self, event: Input.Changed) -> None:
        """Draw the strength while it is typed."""
        if event.input.id == "passphrase":
            strength = self._front.strength(event.value) if event.value else None
            self.query_one(StrengthMeter).show(strength)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to the second line, then makes the vault."""
        first = self.query_one("#passphrase", Input)
        again = self.query_one("#again", Input)
        if event.input is first:
            again.focus()
        elif not first.value:
            first.focus()
        elif again.value != first.value:
            self.say("The two are not the same.", bad=True)
            again.value = ""
        elif not self._making:
            self._making = True
            self.say("Making your vault…")
            self.run_worker(self._create(first.value))

    def say(self, text: str, *, bad: bool = False) -> None:
        """One sentence under the passphrases."""
        if not stands(self, "#said"):
            return  # being closed
        said = self.query_one("#said", Static)
        said.update(text)
        said.set_class(bad, "-bad")

    @work(group="door")
    async def action_restore(self) -> None:
        """There is a backup of a vault: it takes this place."""
        from assistant.tui.screens.recover import RestoreScreen
        from assistant.tui.screens.unlock import Opened

        opened = await self.app.push_screen_wait(RestoreScreen(self._front, there=False))
        if opened is not None:
            self.post_message(Opened(opened))

    async def _create(self, passphrase: str) -> None:
        try:
            application, key = await asyncio.to_thread(self._front.create_vault, passphrase)
        except AssistantError as error:
            self._making = False
            self.say(f"{error.message} {error.hint}", bad=True)
        else:
            self.post_message(Created(application, key))
