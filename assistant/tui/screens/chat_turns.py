"""The chat's layout, and how a turn runs on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from assistant.conversation.events import (
    AnswerText,
    PolicyNotice,
    Recalled,
    Ruling,
    TurnBegan,
    TurnEnded,
    TurnFailed,
    Waiting,
)
from assistant.errors import AssistantError
from assistant.holder.impersonal_wire import ChatPersonal, ChatPersonalisation
from assistant.holder.interface import Ask, Done, StatusLine, StatusQuery
from assistant.holder.overview_wire import AcknowledgeNotices
from assistant.tui.feed import Item, TurnFeed, merged
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.chat_files import FilesScreen
from assistant.tui.screens.dialogs import Uncalled
from assistant.tui.text import foreign, foreign_line, join
from assistant.tui.typeahead import KeysInOrder, stamp
from assistant.tui.widgets.attachments import AttachmentBar
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.prompt import Prompt
from assistant.tui.widgets.proposal import ProposalLine
from assistant.tui.widgets.ruling import RulingPanel
from assistant.tui.widgets.status import StatusBar
from assistant.tui.widgets.transcript import Transcript
from assistant.tui.widgets.turn import TurnView, memories_in
from assistant.tui.widgets.waiting import WaitingLine

SECONDS_FOR_A_STOPPED_TURN = 2.0
"""How long a key waits for a turn that was stopped to be put down in the vault."""
SECONDS_BETWEEN_LOOKS_WHILE_LOADING = 0.5
SECONDS_BETWEEN_LOOKS = 60.0


class TurnsScreen(FilesScreen):
    """Sends questions and shows what comes back."""

    BINDINGS = bindings("chat")
    AUTO_FOCUS = "#prompt"

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.requests = requests
        self.clock = clock
        self.conversation = ""
        self.heading = "New conversation"
        self.incognito = False
        self.impersonal_next = False
        self.impersonal_chat = False
        self._feed: TurnFeed | None = None
        self.beginning = False
        self._ended_at = 0.0
        self._over = asyncio.Event()
        self._over.set()
        self._told = False
        self._since = clock()

    def compose(self) -> ComposeResult:
        with Horizontal(id="heading"):
            yield Static("", id="title", markup=False)
            yield Static("", id="badge", markup=False)
        yield Static("", id="disclosure", markup=False)
        yield Transcript()
        yield Static("", id="notices", markup=False)
        with Vertical(id="foot"):
            yield WaitingLine(self.clock)
            yield ProposalLine()
            yield AttachmentBar()
            yield Prompt()
            yield StatusBar(self.clock)
            yield KeyHints()

    @property
    def transcript(self) -> Transcript:
        """The conversation shown."""
        return self.query_one(Transcript)

    @property
    def prompt(self) -> Prompt:
        """Where one types."""
        return self.query_one(Prompt)

    @property
    def running(self) -> bool:
        """Whether a turn is running, or is about to: its place is being made on the screen."""
        return self._feed is not None or self.beginning

    async def free(self) -> bool:
        """Whether no answer is being written; says so where one is.

        A turn that was stopped is waited for: a key right behind Escape is not lost.
        """
        if self._feed is not None and self._feed.cancellation.cancelled:
            await self.over(SECONDS_FOR_A_STOPPED_TURN)
        if self.running:
            self.waiting.say("An answer is being written. Escape stops it.", until_over=True)
        return not self.running

    async def over(self, seconds: float | None) -> None:
        """Wait until the running turn is recorded, at most so long; None waits for its end."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)

    def on_mount(self) -> None:
        """The cursor is in the prompt while the model is still warming."""
        if self.requests.closed:
            return  # locked again before this was even mounted
        self.write_heading()
        self.run_worker(self._watch_status(), group="status")

    def on_unmount(self) -> None:
        """Whatever still runs has nobody to show it to."""
        self.stop()

    def write_heading(self) -> None:
        """Title at the left; what is out of the ordinary at the right."""
        self.query_one("#title", Static).update(foreign_line(self.heading, 60))
        badge = "INCOGNITO: nothing is written" if self.incognito else ""
        self.query_one("#badge", Static).update(badge)
        self.set_class(self.incognito, "-incognito")

    async def look_at_status(self) -> StatusLine | None:
        """Ask what holds now and show it."""
        line = await self.requests.one(StatusQuery(), StatusLine)
        if line is not None and self.standing:
            self.query_one(StatusBar).show(line)
            self._say_what_is_owed(line)
            self._tell(line.notices)
        return line

    def _tell(self, notices: tuple[str, ...]) -> None:
        """What the vault has to say stays in sight until the next message is sent."""
        self._told = bool(notices)
        shown = self.query_one("#notices", Static)
        shown.update(Content("\n").join([foreign_line(notice, 300) for notice in notices]))
        shown.display = self._told

    async def _acknowledge(self) -> None:
        self._tell(())
        await self.requests.one(AcknowledgeNotices(), Done)

    def _say_what_is_owed(self, line: StatusLine) -> None:
        disclosure = self.query_one("#disclosure", Static)
        disclosure.update(foreign(" ".join(line.disclosure)))
        disclosure.display = bool(line.disclosure)
        minutes = (self.clock() - self._since).total_seconds() / 60
        if line.notice_minutes and minutes >= line.notice_minutes:
            self._since = self.clock()  # said again after as long again
            self.app.notify(foreign(line.notice_text).plain, markup=False, timeout=30)

    async def _watch_status(self) -> None:
        while True:
            settled = True
            if not self.running:
                line = await self.look_at_status()
                settled = line is None or line.model_state in {"ready", "stopped"}
            await asyncio.sleep(
                SECONDS_BETWEEN_LOOKS if settled else SECONDS_BETWEEN_LOOKS_WHILE_LOADING
            )

    # -- sending ---------------------------------------------------------------------------

    async def on_prompt_sent(self, message: Prompt.Sent) -> None:
        """A question: show it and begin the turn."""
        if self.reading:
            self.waiting.say(f"{self.reading} is still being read. Send it then.")
            return
        if not await self.free():
            return
        self.beginning = True
        self.prompt.sent(message.text)
        if self._told:
            await self._acknowledge()
        view = TurnView(message.text)
        view.attached = tuple(item.name for item in self.files.items)
        view.pasted = message.pasted
        await self.transcript.add(view)
        self.begin(view, attachments=self.files.ids)

    def begin(
        self,
        view: TurnView,
        *,
        again_of: str = "",
        confirmed: tuple[str, ...] = (),
        viewpoints: bool = False,
        impersonal: bool = False,
        attachments: tuple[str, ...] = (),
    ) -> None:
        """Run a turn for a question already shown; what of it was pasted is said each time."""
        request = Ask(
            text=view.question, conversation=self.conversation, incognito=self.incognito,
            personalise=not (impersonal or self.impersonal_next or self.impersonal_chat),
            again_of=again_of, confirmed=confirmed,
            viewpoints=viewpoints, keeps_time=True, attachments=attachments,
            pasted=view.pasted,
        )  # fmt: skip
        self.set_impersonal(False)
        self._feed, self.beginning = self.requests.turn(request), False
        view.running = True
        self.refresh_bindings()
        self._over.clear()
        self.run_worker(self._follow(self._feed, view), group="turn")

    def words_for(self, key: str) -> str:
        """What Escape does now; other keys always do the same."""
        if key != "chat.stop":
            return ""
        if self.running:
            return "stop"
        return "answers" if self.focused is self.prompt else "type"

    def set_impersonal(self, off: bool) -> None:
        """Whether the next message goes without anything remembered."""
        self.impersonal_next = off
        self._show_impersonal()

    def _show_impersonal(self) -> None:
        if not self.standing:
            return
        span = "this conversation" if self.impersonal_chat else "the next message"
        off = self.impersonal_chat or self.impersonal_next
        self.query_one(StatusBar).impersonal(span if off else "")

    def personalise_chat(self, *, on: bool) -> None:
        """Whether this conversation goes with what was learned; kept where it is kept."""
        self.impersonal_chat = not on
        self._show_impersonal()
        if self.conversation:
            self.run_worker(self._keep_personalisation(), group="personalisation")

    async def _keep_personalisation(self) -> None:
        wish = ChatPersonalisation(self.conversation, on=not self.impersonal_chat)
        await self.requests.one(wish, ChatPersonal)

    async def goes_impersonal(self, conversation: str) -> bool:
        """Whether a stored conversation goes without what was learned."""
        found = await self.requests.one(ChatPersonalisation(conversation), ChatPersonal)
        return found is not None and not found.on

    def stop(self) -> bool:
        """Stop the running turn; False when there is none. Quiet from this moment on."""
        if self._feed is None:
            return False
        self._feed.stop()
        return True

    @property
    def too_late_to_stop(self) -> bool:
        """Whether the key acted on was pressed while the answer, over by now, was written."""
        assert isinstance(self.app, KeysInOrder)
        return self.app.pressed_at < self._ended_at

    async def _follow(self, feed: TurnFeed, view: TurnView) -> None:
        confirm: Ruling | None = None
        try:
            async for batch in feed.batches():
                for item in merged(batch):
                    if self.requests.closed:
                        return
                    await self._take(feed, view, item)
                    if isinstance(item, TurnEnded) and item.status == "confirm":
                        confirm = item.ruling
        finally:
            self.requests.finished(feed)
            self._feed, view.running = None, False
            self._ended_at = stamp()
            self._over.set()
        if not self.standing:
            return
        self.waiting.over()
        self.refresh_bindings()
        if confirm is not None:
            await self._ask_to_confirm(feed, view, confirm)
        await self.look_at_status()

    async def _take(self, feed: TurnFeed, view: TurnView, item: Item) -> None:
        match item:
            case TurnBegan(turn=turn, conversation=conversation):
                begun = not self.conversation
                view.turn, self.conversation = turn, conversation
                if begun and self.impersonal_chat:
                    self.personalise_chat(on=False)
                self.files.drop(feed.request.attachments)
                if feed.request.again_of:
                    view.branched()
                self._name_conversation(view.question)
            case Waiting() if not feed.cancellation.cancelled:
                self.waiting.wait_for(item)
            case AnswerText(text=text, candidate=0) if not feed.cancellation.cancelled:
                await view.append(text)
            case Recalled(used=used):
                view.used = memories_in(used)
            case PolicyNotice(ruling=ruling):
                await view.rule(ruling, brief=True)
            case TurnEnded():
                await view.end(item)
                for panel in view.query(RulingPanel).filter(".-block"):
                    self.transcript.show_from(panel)  # its first line says what happened
                if item.suggestion:
                    self.app.notify(foreign(item.suggestion).plain, markup=False, timeout=20)
                self.query_one(StatusBar).speed(
                    item.tokens_per_s, item.context_used, item.context_size
                )
            case TurnFailed():
                await view.fail(item)
            case AssistantError():
                self.files.drop(feed.request.attachments)
                await view.fail(_as_failure(view.turn, item))

    def _name_conversation(self, question: str) -> None:
        if self.heading == "New conversation":
            self.heading = question.strip().split("\n")[0][:60]
            self.write_heading()

    async def _ask_to_confirm(self, feed: TurnFeed, view: TurnView, ruling: Ruling) -> None:
        body = join(
            foreign(ruling.reason or ruling.title), "\n\n", foreign_line(ruling.issuer, 60),
            ", rule ", foreign_line(ruling.rule, 40), "\nAppeal: ", foreign_line(ruling.appeal),
        )  # fmt: skip
        if await self.app.push_screen_wait(Uncalled("Send this question anyway?", body)):
            self.beginning = True
            await view.begin_again()
            confirmed = (*feed.request.confirmed, ruling.rule)
            self.begin(
                view, again_of=feed.request.again_of, confirmed=confirmed,
                viewpoints=feed.request.viewpoints, attachments=feed.request.attachments,
                impersonal=not feed.request.personalise,
            )  # fmt: skip
        elif feed.request.again_of:
            await self.withdrawn(view, feed.request.again_of)

    async def withdrawn(self, view: TurnView, again_of: str) -> None:
        """A turn that was to take the place of another was not sent after all."""


def _as_failure(turn: str, error: AssistantError) -> TurnFailed:
    return TurnFailed(turn, error.message, error.hint, error.exit_code, again=True)
