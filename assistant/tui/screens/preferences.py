"""What is remembered about how the person likes answers, and what is only proposed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

import msgspec
from textual import work
from textual.content import Content

from assistant.errors import ConsentNeeded
from assistant.holder.interface import (
    AddPreference,
    AnyRequest,
    DeletePreference,
    EditPreference,
    ListPreferences,
    PreferenceItem,
    SetPreferenceState,
)
from assistant.holder.merging_wire import MergePreferences, ScopePreference
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import OneLine, Uncalled, YesNo
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import foreign, foreign_line, join, when

_BESIDE = 4  # cells of a line that are not its text
_MARKS = {"proposed": "?", "active": "●", "disabled": "○", "rejected": "×"}
_WORDS = {"proposed": "proposed: y keeps it, n drops it", "disabled": "switched off"}


class PreferencesScreen(ListScreen[None, PreferenceItem]):
    """Proposals first, then preferences; every one can be read, changed and erased."""

    BINDINGS = bindings(
        "list", "add", "edit", "toggle", "yes", "no", "merge", "scope", "delete", "recall"
    )
    HEADING = "Preferences"
    NOTHING = "Nothing is remembered yet. a adds a preference in your own words."

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._requests, self._clock = requests, clock

    def on_mount(self) -> None:
        """Show them."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        proposed = await self._requests.all(ListPreferences("proposed"), PreferenceItem)
        kept = await self._requests.all(ListPreferences(), PreferenceItem)
        self.fill([*(proposed or []), *(kept or [])])

    def known_by(self, item: PreferenceItem) -> object:
        # A proposal that was answered goes elsewhere; the cursor goes on to the next one.
        return (item.id, item.state == "proposed")

    def line(self, item: PreferenceItem) -> Content:
        scope = "" if item.scope == "always" else f"  {inert_line(item.scope, 12)}"
        if item.scope in {"topic", "project"}:
            scope += f" {inert_line(item.scope_ref, 20)}"
        style = "$muted" if item.state == "disabled" else ""
        mark = Content.styled(f"{_MARKS.get(item.state, ' ')} ", "$accent")
        return join(mark, foreign_line(item.text, 200, style), Content.styled(scope, "$muted"))

    def about(self, item: PreferenceItem) -> Content:
        uses = f"used {item.uses} {'time' if item.uses == 1 else 'times'}"
        facts = [
            _WORDS.get(item.state, ""), inert_line(item.source, 40),
            when(item.created, self._clock()), uses,
            f"until {when(item.expires, self._clock())}" if item.expires else "",
            f"contradicts {len(item.conflicts)} other" if item.conflicts else "",
            f"says the same as {len(item.same_as)} other: m merges" if item.same_as else "",
        ]  # fmt: skip
        about = Content.styled(" · ".join(fact for fact in facts if fact), "$muted")
        if len(item.text) > self.options.size.width - _BESIDE:
            about = join(foreign_line(item.text, 300), "\n", about)
        return join(about, "\n", foreign(item.provenance[:500])) if item.provenance else about

    def action_open(self) -> None:
        """Enter rewords."""
        self.action_edit()

    async def action_recall(self) -> None:
        """What of it would be recalled for a text."""
        from assistant.tui.screens.recall import RecallScreen

        await self.app.push_screen(RecallScreen(self._requests))

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)

    @work(group="act")
    async def action_add(self) -> None:
        """State a preference."""
        text = await self.app.push_screen_wait(
            OneLine("How do you like answers?", about="For example: Short lists, no introductions.")
        )
        if text:
            await self._do(AddPreference(text))

    @work(group="act")
    async def action_edit(self) -> None:
        """Reword it."""
        if item := self.selected:
            text = await self.app.push_screen_wait(OneLine("In your words", item.text))
            if text and text != item.text:
                await self._do(EditPreference(item.id, text))

    @work(group="act")
    async def action_switch(self) -> None:
        """Switch it off or on again."""
        if (item := self.selected) and item.state in {"active", "disabled"}:
            state: Literal["active", "disabled"]
            state = "disabled" if item.state == "active" else "active"
            await self._do(SetPreferenceState(item.id, state))

    @work(group="act")
    async def action_accept(self) -> None:
        """Keep a proposal."""
        if (item := self.selected) and item.state == "proposed":
            await self._do(SetPreferenceState(item.id, "active"))

    @work(group="act")
    async def action_reject(self) -> None:
        """Drop a proposal."""
        if (item := self.selected) and item.state == "proposed":
            await self._do(SetPreferenceState(item.id, "rejected"))

    @work(group="act")
    async def action_scope(self) -> None:
        """Say where it applies."""
        if (item := self.selected) is None:
            return
        about = "always, chat (the latest conversation), topic WHAT or project FOLDER"
        now = f"{item.scope} {item.scope_ref}" if item.scope in {"topic", "project"} else item.scope
        given = await self.app.push_screen_wait(OneLine("Where it applies", now, about=about))
        if given:
            scope, _, which = given.strip().partition(" ")
            await self._do(ScopePreference(item.id, scope.lower(), which))

    def action_merge(self) -> None:
        """Keep this one; those that say the same go, after a question."""
        if (item := self.selected) is None:
            return
        others = [other for other in self.items if other.id in item.same_as]
        if others:
            self._merge(item, others)
        else:
            self.notify("None of the others says the same.", markup=False)

    @work(group="act")
    async def _merge(self, item: PreferenceItem, others: list[PreferenceItem]) -> None:
        lines = [foreign_line(other.text, 200) for other in others]
        body = join(
            foreign_line(item.text, 200, "bold"), "\n\nErased:\n", Content("\n").join(lines)
        )
        if await self.app.push_screen_wait(YesNo("Keep this one of them?", body)):
            await self._do(MergePreferences(item.id, tuple(other.id for other in others)))

    def action_delete(self) -> None:
        """Erase it and its traces."""
        if (item := self.selected) is not None:
            self._delete(item)

    @work(group="act")
    async def _delete(self, item: PreferenceItem) -> None:
        body = join(foreign_line(item.text, 200), "\n\nIt and its traces are gone for good.")
        if await self.app.push_screen_wait(YesNo("Erase this preference?", body)):
            await self._do(DeletePreference(item.id))

    async def _do(self, request: AnyRequest) -> None:
        try:
            await self._requests.all(request, msgspec.Struct, passing=ConsentNeeded)
        except ConsentNeeded as error:
            body = join(foreign(error.message), "\n\nYou can erase it here at any time.")
            if await self.app.push_screen_wait(Uncalled("Keep it, with your consent?", body)):
                agreed = msgspec.structs.replace(request, consent=True)
                await self._requests.all(agreed, msgspec.Struct)
        self._load()
