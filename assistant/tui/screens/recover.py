"""At the locked door: a forgotten passphrase, and a backup to put back."""

from __future__ import annotations

import asyncio
from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from assistant.errors import AssistantError, WrongPassphrase
from assistant.holder.interface import Application, Front
from assistant.inert import inert
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.screens.recovery import groups_of
from assistant.tui.screens.secrets import TypedWord
from assistant.tui.standing import stands
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.strength import StrengthMeter

_GROUPS = 8
"""A recovery key has nine groups; so many of four tell one from a passphrase."""


class _DoorScreen(Screen[Application | None]):
    """A card with lines to fill in; Enter goes on to the next empty one, then does it.

    Dismissed with the open vault, or None when the person went back.
    """

    BINDINGS = bindings("dialog", "cancel")
    ENTER = "go on"
    HEADING = ""
    ABOUT = ""

    def __init__(self, front: Front) -> None:
        super().__init__()
        self._front = front
        self._doing = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False), Vertical(classes="card"):
            yield Static(Content.styled(self.HEADING, "bold $accent"))
            yield Static(self.ABOUT, classes="body", markup=False)
            yield from self.lines()
            yield Static("", id="said", markup=False)
        yield KeyHints()

    def lines(self) -> ComposeResult:
        """The lines to fill in."""
        raise NotImplementedError

    async def carry_out(self, values: list[str]) -> Application | None:
        """Do it with what was typed; None after saying what is missing."""
        raise NotImplementedError

    def on_input_submitted(self) -> None:
        """To the next empty line; once all are filled, do it."""
        lines = list(self.query(Input))
        for line in lines:
            if not line.value.strip():
                line.focus()
                return
        if not self._doing:
            self._doing = True
            self.run_worker(self._try([line.value for line in lines]))

    async def _try(self, values: list[str]) -> None:
        self.say("One moment…")
        try:
            opened = await self.carry_out(values)
        except WrongPassphrase:
            self.say(
                "That does not open it. Look for a slip of the keys, then try again.", bad=True
            )
        except AssistantError as error:
            self.say(f"{error.message} {error.hint}", bad=True)
        else:
            if opened is not None:
                self.dismiss(opened)
        finally:
            self._doing = False

    def say(self, text: str, *, bad: bool = False) -> None:
        """One sentence under the lines."""
        if not stands(self, "#said"):
            return  # opened meanwhile, or being closed
        said = self.query_one("#said", Static)
        said.update(inert(text))
        said.set_class(bad, "-bad")

    def action_cancel(self) -> None:
        """Back to the door."""
        if not self._doing:
            self.dismiss(None)


class RecoverScreen(_DoorScreen):
    """Recovery key in, another passphrase set, vault open."""

    HEADING = "Forgotten passphrase"
    ABOUT = (
        "The recovery key you wrote down opens the vault, and you choose another passphrase. The "
        "key stays as it is. Without either, nobody can open it."
    )

    def lines(self) -> ComposeResult:
        yield Input(placeholder="Recovery key: ABCD-EFGH-…", id="recovery")
        yield Input(placeholder="A new passphrase", password=True, id="fresh")
        yield StrengthMeter()
        yield Input(placeholder="The same again", password=True, id="again")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Draw the strength while it is typed."""
        if event.input.id == "fresh":
            strength = self._front.strength(event.value) if event.value else None
            self.query_one(StrengthMeter).show(strength)

    async def carry_out(self, values: list[str]) -> Application | None:
        key, fresh, again = values
        if fresh != again:
            self.say("The two are not the same.", bad=True)
            self.query_one("#again", Input).value = ""
            self.query_one("#again", Input).focus()
            return None
        await asyncio.to_thread(self._front.recover, key.strip(), fresh)
        return await asyncio.to_thread(self._front.unlock, fresh)


class RestoreScreen(_DoorScreen):
    """A backup's vault put in the place of what is here; ``there`` says there is one."""

    HEADING = "Restore a backup"
    ABOUT = (
        "One file that a vault wrote, with the passphrase it had then, or its recovery key. The "
        "vault that is here stays until the backup is complete and verified."
    )

    def __init__(self, front: Front, *, there: bool) -> None:
        super().__init__(front)
        self._there = there

    def lines(self) -> ComposeResult:
        yield Input(placeholder="The backup's path; ~ is your home", id="path")
        yield Input(placeholder="Its passphrase or recovery key", password=True, id="secret")

    async def carry_out(self, values: list[str]) -> Application | None:
        typed, secret = values
        try:
            path = Path(typed.strip()).expanduser()
        except RuntimeError:
            path = Path(typed.strip())  # a home of nobody
        if self._there and not await self._replace():
            self.say("Nothing was changed.")
            return None
        by_key = len(groups_of(secret)) >= _GROUPS
        await asyncio.to_thread(
            lambda: self._front.restore(path, secret, recovery=by_key, overwrite=self._there)
        )
        if by_key:
            self.say("Restored. Go back and open it with its passphrase; f2 there if forgotten.")
            return None
        return await asyncio.to_thread(self._front.unlock, secret)

    async def _replace(self) -> bool:
        body = "The vault that is here now is replaced, with everything in it."
        return await self.app.push_screen_wait(TypedWord("Replace it?", body, "replace"))
