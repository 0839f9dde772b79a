"""Settings: what you wish, what holds, and who bounds it."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.holder.interface import ChangeSetting, GetSettings, SettingItem
from assistant.inert import inert_line
from assistant.tui.closing import ModalScreen
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import OneLine
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import foreign, foreign_line, join, managed_by
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.options import Options


class ChoiceDialog(ModalScreen[str | None]):
    """Pick one of a few values."""

    BINDINGS = bindings("dialog", "cancel")
    ENTER = "choose"

    def __init__(self, item: SettingItem) -> None:
        super().__init__()
        self._item = item

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(foreign_line(self._item.key, 60, "bold"))
            yield Options(*(Option(foreign_line(c)) for c in self._item.choices), markup=False)
            yield KeyHints()

    def on_mount(self) -> None:
        """The value in force is under the cursor."""
        if self._item.value in self._item.choices:
            place = self._item.choices.index(self._item.value)
            self.query_one(OptionList).highlighted = place

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """This one."""
        self.dismiss(self._item.choices[event.option_index])

    def action_cancel(self) -> None:
        """Close, changing nothing."""
        self.dismiss(None)


class SettingsScreen(ListScreen[None, SettingItem]):
    """Every locked setting says who manages it, by which rule and why."""

    BINDINGS = bindings("list", "toggle", "vault")
    ENTER = "change"
    HEADING = "Settings"

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests

    def on_mount(self) -> None:
        """Show them."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        self.fill(await self._requests.all(GetSettings(), SettingItem) or [])

    def line(self, item: SettingItem) -> Content:
        name = f"{inert_line(item.key, 28).replace('_', ' ').replace('-', ' '):<29}"
        wish = ""
        if item.wish and item.wish != item.value:
            wish = f"  (you wished {inert_line(item.wish, 30)})"
        managed = Content("")
        if item.managed is not None:
            managed = join("  managed by ", foreign_line(item.managed.issuer, 30))
        return join(
            name, foreign_line(item.value or "not set", 30, "bold"),
            Content.styled(wish, "$muted"), managed,
        )  # fmt: skip

    def about(self, item: SettingItem) -> Content:
        about = foreign(item.about[:500])
        if item.managed is None:
            return about
        managed = join(managed_by(item.managed), "\nAppeal: ", foreign_line(item.managed.appeal))
        return join(about, "\n" if item.about else "", managed)

    def action_open(self) -> None:
        """Change it."""
        self._change()

    def action_switch(self) -> None:
        """Space changes it too."""
        self._change()

    async def action_vault(self) -> None:
        """The vault itself: passphrase, backups, erasing."""
        from assistant.tui.screens.vault import VaultScreen

        await self.app.push_screen(VaultScreen(self._requests))

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)

    @work(group="act")
    async def _change(self) -> None:
        if (item := self.selected) is None:
            return
        value = await self._ask(item)
        if value is not None and value != item.wish:
            await self._requests.all(ChangeSetting(item.key, value), SettingItem)
            self._load()

    async def _ask(self, item: SettingItem) -> str | None:
        if item.kind == "switch":
            return "off" if item.value in {"on", "true", "yes", "1"} else "on"
        if item.kind == "choice":
            return await self.app.push_screen_wait(ChoiceDialog(item))
        title = inert_line(item.key, 60)
        about = inert_line(item.about, 300)
        return await self.app.push_screen_wait(OneLine(title, item.wish or item.value, about=about))
