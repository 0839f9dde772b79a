"""The chat screen: moving about, copying, and the doors to the other screens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual import events, work
from textual.timer import Timer

from assistant.holder.branches_wire import SwitchBranch
from assistant.holder.interface import (
    ConversationItem,
    Done,
    EraseItem,
    ListConversations,
    ShowConversation,
    TurnItem,
)
from assistant.tui.requests import Requests
from assistant.tui.screens.chat_copying import CopyingScreen
from assistant.tui.screens.chat_drafts import SECONDS_BEFORE_KEEPING, Drafts, key_of
from assistant.tui.screens.dialogs import YesNo
from assistant.tui.text import foreign_line, join
from assistant.tui.widgets.prompt import Prompt
from assistant.tui.widgets.status import StatusBar
from assistant.tui.widgets.turn import TurnView


class ChatScreen(CopyingScreen):
    """Everything the chat can do; the parts it inherits run turns and take feedback."""

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__(requests, clock)
        self._drafts = Drafts(requests)
        self._until_kept: Timer | None = None
        self._wanted = 0  # counts the conversations asked for: the latest is shown

    def on_mount(self) -> None:
        """Go on where one left off."""
        if not self.requests.closed:
            self.run_worker(self._resume(), group="load")

    async def _resume(self) -> None:
        wanted = self._wanted
        if await self._resume_draft(wanted):
            return
        latest = await self.requests.one(
            ListConversations(limit=1, pinned_first=False), ConversationItem
        )
        if not self._still(wanted) or self.transcript.turns:
            return
        if latest is not None:
            # What was typed meanwhile goes along: one goes on where one left off.
            await self._show(latest.id, latest.title)
        else:
            await self.transcript.show(())

    async def _resume_draft(self, wanted: int) -> bool:
        """A message begun in a new conversation comes first."""
        draft = await self._drafts.take("")
        if not draft or not self._still(wanted) or self.transcript.turns:
            return False
        await self.transcript.show(())
        self._fill_in(draft)
        return True

    def _still(self, wanted: int) -> bool:
        """Whether what was looked up is still what is to be shown."""
        return self.standing and not self.running and wanted == self._wanted

    async def show_conversation(self, conversation: str, title: str, *, turn: str = "") -> None:
        """Show a stored conversation, where asked the branch through a turn, and go on with it.

        What is typed from now on belongs to it, also while it is looked up.
        """
        if not self.standing:
            return
        typed = self.prompt.whole
        self._keep_draft()
        shown = await self._show(conversation, title, turn=turn)
        if not shown and self.standing and not self.prompt.whole:
            self.prompt.fill(typed)

    async def _show(self, conversation: str, title: str, *, turn: str = "") -> bool:
        self._wanted += 1
        wanted = self._wanted
        request = SwitchBranch(turn) if turn else ShowConversation(conversation)
        items = await self.requests.all(request, TurnItem)
        impersonal = await self.goes_impersonal(conversation)
        if items is None or not self._still(wanted):
            return False
        self.conversation, self.heading, self.incognito = conversation, title, False
        self.impersonal_chat = impersonal
        self.write_heading()
        self._show_impersonal()
        await self.transcript.show(items)
        self.prompt.remember([item.question for item in items])
        await self._take_up_draft()
        if turn:
            await self.transcript.reveal(turn)
        return True

    # -- conversations ---------------------------------------------------------------------

    async def action_new_chat(self) -> None:
        """An empty conversation; the old one stays in the history."""
        await self._start(incognito=False)

    async def action_incognito(self) -> None:
        """An empty conversation of which nothing is written."""
        await self._start(incognito=True)

    async def _start(self, *, incognito: bool) -> None:
        if not await self.free():
            return
        self._wanted += 1
        self._keep_draft()
        self.conversation, self.heading, self.incognito = "", "New conversation", incognito
        self.write_heading()
        self.impersonal_chat = False
        self.set_impersonal(False)
        await self.transcript.show(())
        self.query_one(StatusBar).begin_anew()
        self.prompt.remember([])
        self.proposals.withdraw()
        self.waiting.clear()
        await self._take_up_draft()
        self.prompt.focus()

    @property
    def _draft_key(self) -> str:
        return key_of(self.conversation, incognito=self.incognito)

    def _keep_draft(self) -> None:
        self._drafts.hold(self._draft_key, self.prompt.whole)
        self.prompt.fill("")

    async def _take_up_draft(self) -> None:
        draft = await self._drafts.take(self._draft_key)
        if draft and self.standing:
            self._fill_in(draft)

    def _fill_in(self, draft: str) -> None:
        """A draft; what was typed while it was looked up stands below it."""
        typed = self.prompt.whole
        self.prompt.fill(f"{draft}\n{typed}" if typed else draft)

    def on_paste(self, event: events.Paste) -> None:
        """A paste belongs into the prompt, wherever the focus is."""
        event.stop()
        self.prompt.focus()
        self.prompt.post_message(events.Paste(event.text))

    def on_text_area_changed(self) -> None:
        """What is typed is kept when the keys have rested for a moment."""
        if self._until_kept is not None:
            self._until_kept.stop()
        self._until_kept = self.set_timer(SECONDS_BEFORE_KEEPING, self.keep_drafts)

    async def keep_drafts(self) -> None:
        """Bring the vault's copy of what is typed up to date now."""
        if self.standing:
            await self._drafts.keep(self._draft_key, self.prompt.whole)

    def action_impersonal(self) -> None:
        """Off for the next message, then for the whole conversation, then on again."""
        if self.impersonal_chat:
            self.personalise_chat(on=True)
        elif self.impersonal_next:
            self.set_impersonal(False)
            self.personalise_chat(on=False)
        else:
            self.set_impersonal(True)

    # -- stopping and moving ---------------------------------------------------------------

    def action_stop(self) -> None:
        """Stop the answer; when idle, go between prompt and answers."""
        if self.stop():
            self.waiting.say("Stopped.")
        elif self.too_late_to_stop:
            self.waiting.say("The answer was finished already.")
        elif self.focused is self.prompt and self.transcript.latest is not None:
            self.set_focus(self.transcript.latest)
        else:
            self.set_focus(self.prompt)

    def action_prompt(self) -> None:
        """Back to typing."""
        self.set_focus(self.prompt)

    async def action_previous(self) -> None:
        """Scroll up within a tall turn; at its top, the turn before."""
        await self._step(-1)

    async def action_next(self) -> None:
        """Scroll down within a tall turn; at its bottom, the next turn, then the prompt."""
        await self._step(1)

    async def _step(self, direction: int) -> None:
        view = self.focused
        turns = self.transcript.turns
        if not isinstance(view, TurnView) or view not in turns:
            return
        region, window = view.region, self.transcript.region
        hidden = window.y - region.y if direction < 0 else region.bottom - window.bottom
        if hidden > 0:
            self.transcript.scroll_relative(y=direction * min(hidden, 4), animate=False)
            return
        place = turns.index(view) + direction
        if place == len(turns):
            self.prompt.focus()
        elif place < 0:
            await self.transcript.show_earlier()
        else:
            self.set_focus(turns[place])

    async def on_prompt_scrolled(self, message: Prompt.Scrolled) -> None:
        """Page through the conversation while the cursor stays in the prompt."""
        transcript = self.transcript
        if message.pages < 0 and transcript.scroll_y <= 0 and await transcript.show_earlier():
            return
        height = max(1, transcript.size.height - 2)
        transcript.scroll_relative(y=message.pages * height, animate=False)
        if message.pages > 0 and transcript.scroll_y >= transcript.max_scroll_y:
            transcript.anchor()

    def action_more(self) -> None:
        """A long question whole, or its beginning."""
        if isinstance(self.focused, TurnView):
            self.focused.toggle_question()

    @work(group="erase")
    async def action_erase(self) -> None:
        """Erase a turn, its traces and what was learned from it, after a question."""
        view = await self.target()
        if view is None:
            return
        gone = "\n\nThe answer to it and what was learned from it are gone for good, too."
        question = YesNo("Erase this turn?", join(foreign_line(view.question, 200), gone))
        if not await self.app.push_screen_wait(question):
            return
        if await self.requests.one(EraseItem("turn", view.turn), Done) and self.standing:
            await view.remove()
            self.prompt.focus()
            await self.closed_up(view)

    # -- other screens ---------------------------------------------------------------------

    @work(group="screen")
    async def action_history(self) -> None:
        """Earlier conversations; coming back with one opens it."""
        from assistant.tui.screens.history import HistoryScreen

        if not await self.free():
            return
        left = await self.app.push_screen_wait(HistoryScreen(self.requests, self.clock))
        if left.opened:
            await self.show_conversation(left.opened, left.title, turn=left.turn)
        elif self.conversation in left.erased:
            await self._start(incognito=False)
        elif self.conversation in left.renamed:
            self.heading = left.renamed[self.conversation]
            self.write_heading()
        self._drafts.forget(left.erased)

    async def action_preferences(self) -> None:
        """What is remembered about the person."""
        from assistant.tui.screens.preferences import PreferencesScreen

        await self.app.push_screen(PreferencesScreen(self.requests, self.clock))

    async def action_settings(self) -> None:
        """Settings, and who manages them."""
        from assistant.tui.screens.settings import SettingsScreen

        await self.app.push_screen(SettingsScreen(self.requests))

    async def action_acts(self) -> None:
        """Feedback given so far."""
        from assistant.tui.screens.acts import ActsScreen

        await self.app.push_screen(ActsScreen(self.requests, self.clock))

    async def action_profile(self) -> None:
        """The style profile."""
        from assistant.tui.screens.profile import ProfileScreen

        await self.app.push_screen(ProfileScreen(self.requests))

    @work(group="screen")
    async def action_compare(self) -> None:
        """Pick between prepared answers."""
        from assistant.tui.doors import DoorsApp

        assert isinstance(self.app, DoorsApp)
        picked = await self.app.compare_styles(self.requests)
        if picked is None:
            self.waiting.say("There is nothing left to compare.")
        elif picked:
            self.waiting.say("Your style is set so far. F10 shows it, F9 takes picks back.")

    async def action_policy(self) -> None:
        """Every rule in force."""
        from assistant.tui.screens.policy import PolicyScreen

        await self.app.push_screen(PolicyScreen(self.requests, self.clock))

    async def action_vault(self) -> None:
        """Who can open the vault, backups, export and import, erasing."""
        from assistant.tui.screens.vault import VaultScreen

        await self.app.push_screen(VaultScreen(self.requests))

    async def action_decisions(self) -> None:
        """What policy decided so far."""
        from assistant.tui.screens.decisions import DecisionsScreen

        await self.app.push_screen(DecisionsScreen(self.requests, self.clock))

    async def action_recall(self) -> None:
        """What would be recalled for a text."""
        from assistant.tui.screens.recall import RecallScreen

        await self.app.push_screen(RecallScreen(self.requests))

    @work(group="screen")
    async def action_models(self) -> None:
        """Models; another may be in use afterwards."""
        from assistant.tui.screens.models import ModelsScreen

        await self.app.push_screen_wait(ModelsScreen(self.requests))
        await self.look_at_status()

    async def action_card(self) -> None:
        """Who and what this is aligned to."""
        from assistant.tui.screens.card import CardScreen

        await self.app.push_screen(CardScreen(self.requests))

    async def action_risks(self) -> None:
        """Benefits and risks."""
        from assistant.tui.screens.risks import RisksScreen

        await self.app.push_screen(RisksScreen(self.requests))

    @work(group="screen")
    async def action_why(self) -> None:
        """What shaped the answer; from there it can be written again without any of it."""
        from assistant.tui.screens.why import WhyScreen

        view = await self.target()
        if view is None:
            return
        plainly = await self.app.push_screen_wait(WhyScreen(self.requests, view.turn))
        if plainly and not self.running:
            await self._run_again(view, impersonal=True)
