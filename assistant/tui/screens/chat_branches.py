"""Branches in the chat: answer again, send a message in other words, go between branches."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from textual import work

from assistant.holder.branches_wire import KeepIncognito, SwitchBranch
from assistant.holder.interface import Ask, ConversationItem, ShowConversation, TurnItem
from assistant.tui.requests import Requests
from assistant.tui.screens.chat_feedback import FeedbackScreen
from assistant.tui.screens.dialogs import LongText, YesNo
from assistant.tui.widgets.turn import TurnView


class BranchesScreen(FeedbackScreen):
    """The old branch always stays; a mark such as ‹2/3› says that there are others."""

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__(requests, clock)
        self._stepping = asyncio.Lock()  # a second step goes on from what the first one showed

    async def action_again(self) -> None:
        """Answer again; a failed turn is tried again."""
        if view := await self._idle_view():
            await self._run_again(view)

    async def action_viewpoints(self) -> None:
        """Answer the latest question again, with several viewpoints."""
        if view := await self._idle_view():
            await self._run_again(view, viewpoints=True)

    async def _idle_view(self) -> TurnView | None:
        if not await self.free():
            return None
        return self.focused if isinstance(self.focused, TurnView) else self.transcript.latest

    async def _run_again(
        self, view: TurnView, *, viewpoints: bool = False, impersonal: bool = False
    ) -> None:
        again_of, self.beginning = view.turn, True
        await self.transcript.cut_after(view)
        await view.begin_again()
        self.begin(view, again_of=again_of, viewpoints=viewpoints, impersonal=impersonal)

    @work(group="again")
    async def action_two(self) -> None:
        """Two answers to the same question, side by side: the one picked is a branch."""
        from assistant.tui.screens.compare import Compare

        view = await self.target()
        if view is None or not await self.free():
            return
        request = Ask(
            text=view.question, conversation=self.conversation, incognito=self.incognito,
            candidates=2, again_of=view.turn, pasted=view.pasted,
        )  # fmt: skip
        picked = await self.app.push_screen_wait(Compare(self.requests, request))
        if picked is None:
            # What was written meanwhile is on a branch of its own; this one is gone on with.
            await self._show_branch(SwitchBranch(view.turn))
            return
        await self.transcript.cut_after(view)
        view.turn = picked.turn
        view.branched()
        view.rate("")
        await view.put_answer(picked.answer)
        self.prompt.remember(self.transcript.questions)
        await self.give(view, "choice", str(picked.index))

    @work(group="again")
    async def action_fork(self) -> None:
        """Send a message in other words: it and what follows are a branch of their own."""
        view = await self.target()
        if view is None or not await self.free():
            return
        dialog = LongText(
            "Your message in other words", view.question,
            about="Sent on a branch of its own. This one stays; alt+left goes back to it.",
        )  # fmt: skip
        text = await self.app.push_screen_wait(dialog)
        if text is None or not text.strip() or self.running:
            return
        fresh = TurnView(text)
        fresh.place, fresh.places = view.place, view.places
        fresh.pasted = tuple(part for part in view.pasted if part in text)
        self.beginning = True
        await self.transcript.cut_after(view)
        await self.transcript.replace(view, fresh)
        self.prompt.remember(self.transcript.questions)
        self.prompt.focus()
        self.begin(fresh, again_of=view.turn)

    async def withdrawn(self, view: TurnView, again_of: str) -> None:
        """Not sent after all: the old branch is shown again, the words go into the prompt."""
        if not self.prompt.whole:
            self.prompt.fill(view.question)
        await self._show_branch(SwitchBranch(again_of))

    @work(group="branch")
    async def action_branch(self, step: int) -> None:
        """The branch before or after at the focused turn, or at the last that has several."""
        async with self._stepping:
            await self._step_branch(step)

    async def _step_branch(self, step: int) -> None:
        if not await self.free():
            return
        forked = [view for view in self.transcript.turns if view.places > 1]
        focused = self.focused if isinstance(self.focused, TurnView) else None
        view = focused or (forked[-1] if forked else None)
        if view is None or view.places < 2:
            self.waiting.say("There is one branch here. An edited message begins another.")
            return
        await self._show_branch(SwitchBranch(view.turn, step), focus=focused is not None)

    async def closed_up(self, erased: TurnView) -> None:
        """A turn was erased: what followed it now stands beside the branches it had."""
        self.prompt.remember(self.transcript.questions)
        left = self.transcript.latest
        if erased.places > 1 and left is not None:
            await self._show_branch(SwitchBranch(left.turn))

    async def _show_branch(self, request: SwitchBranch, *, focus: bool = False) -> None:
        items = await self.requests.all(request, TurnItem)
        if items is None or self.running or not self.standing:
            return
        await self.transcript.show(items)
        self.prompt.remember([item.question for item in items])
        place = self._place_of(request, items)
        view = await self.transcript.reveal(items[place].id) if items else None
        if focus and view is not None:
            self.set_focus(view)  # at once: the next key is for it
        elif view is not None and view.places > 1:
            self.waiting.say(f"Branch {view.place} of {view.places}.")

    @staticmethod
    def _place_of(request: SwitchBranch, items: list[TurnItem]) -> int:
        """Where the branch parts: the turn asked for, or the sibling put in its place."""
        named = [place for place, item in enumerate(items) if item.id == request.turn]
        forks = [place for place, item in enumerate(items) if item.places > 1]
        return (named or forks or [len(items) - 1])[-1]

    @work(group="screen")
    async def action_tree(self) -> None:
        """Every branch of this conversation; coming back with a turn shows its branch."""
        from assistant.tui.screens.tree import TreeScreen

        if not await self.free():
            return
        if not self.conversation:
            self.waiting.say("Nothing was said here yet.")
        else:
            screen = TreeScreen(self.requests, self.clock, self.conversation, self.heading)
            if turn := await self.app.push_screen_wait(screen):
                await self._show_branch(SwitchBranch(turn))

    # -- from incognito to kept ------------------------------------------------------------

    @work(group="screen")
    async def action_keep(self) -> None:
        """Keep an incognito conversation from here on, after a question."""
        if not self.incognito:
            self.waiting.say("This conversation is kept already.")
            return
        if not await self.free():
            return
        if not self.conversation:
            self.waiting.say("Nothing was said here yet.")
            return
        question = YesNo(
            "Keep this conversation from here on?",
            "Until now nothing of it was written. Yes writes what was said so far into your "
            "vault; from then on it is kept, and learned from, like any other.",
        )
        if not await self.app.push_screen_wait(question):
            return
        kept = await self.requests.one(KeepIncognito(self.conversation), ConversationItem)
        if kept is not None:
            await self.now_kept(kept)

    async def now_kept(self, kept: ConversationItem) -> None:
        """The conversation has another id now, as have its turns."""
        items = await self.requests.all(ShowConversation(kept.id), TurnItem)
        self.conversation, self.heading, self.incognito = kept.id, kept.title, False
        self.write_heading()
        if items is not None:
            await self.transcript.show(items)
        self.waiting.say("Kept. F2 finds it, and it can be erased there.")
