"""What a person says about an answer: ratings, notes, edits, choices, proposals, undo."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Literal

from textual import work

from assistant.holder.interface import (
    Done,
    EditPreference,
    FeedbackGiven,
    FeedbackKind,
    GiveFeedback,
    PreferenceItem,
    SetPreferenceState,
    UndoFeedback,
)
from assistant.holder.phrasing_wire import AwaitProposal
from assistant.tui.requests import Requests
from assistant.tui.screens.chat_turns import TurnsScreen
from assistant.tui.screens.dialogs import LongText, OneLine
from assistant.tui.typeahead import KeysInOrder
from assistant.tui.widgets.proposal import ProposalLine
from assistant.tui.widgets.turn import TurnView

SECONDS_FOR_THE_RECORD = 1.0
"""The last word is shown a moment before the turn is recorded: a key in between is not lost."""


class FeedbackScreen(TurnsScreen):
    """Feedback on the answer that has the focus, or else on the latest."""

    def __init__(self, requests: Requests, clock: Callable[[], datetime]) -> None:
        super().__init__(requests, clock)
        self._giving = asyncio.Lock()  # an undo right behind an act takes back that one
        self._acts: list[tuple[str, TurnView, str, str, str]] = []
        self._noted: dict[TurnView, str] = {}

    @property
    def proposals(self) -> ProposalLine:
        """The line that offers preferences."""
        return self.query_one(ProposalLine)

    async def target(self) -> TurnView | None:
        """The finished turn an action is about: the focused one, or the latest."""
        view = self._aimed_at
        if view is not None and view.running:
            await self.over(SECONDS_FOR_THE_RECORD)
        return self._finished(view)

    async def awaited_target(self) -> TurnView | None:
        """The same for acts that need nobody at the keys: they wait for the answer's end."""
        view = self._aimed_at
        if view is not None and view.running:
            self.waiting.say("Noted. It is done when the answer is finished.", until_over=True)
            await self.over(None)
        return self._finished(view)

    @property
    def _pressed_at(self) -> float:
        assert isinstance(self.app, KeysInOrder)
        return self.app.pressed_at

    @property
    def _aimed_at(self) -> TurnView | None:
        return self.focused if isinstance(self.focused, TurnView) else self.transcript.latest

    def _finished(self, view: TurnView | None) -> TurnView | None:
        if not self.standing:
            return None
        if view is None or view.running or not view.turn:
            self.waiting.say("There is no finished answer yet.")
            return None
        return view

    @work(group="feedback")
    async def action_rate(self, rating: str) -> None:
        """Thumbs up or down."""
        view = self._aimed_at
        if view is not None and view.running:
            rating = await self._noted_rating(view, rating)
        view = self._finished(view) if rating else None
        if view is not None and await self.give(view, "up" if rating == "up" else "down"):
            view.rate(rating)

    async def _noted_rating(self, view: TurnView, rating: str) -> str:
        """What an answer is rated once it is finished; the key pressed last counts, once."""
        others = view in self._noted
        self._noted[view] = rating
        undo = "z" if self.focused is view else "alt+z"
        word = "good" if rating == "up" else "bad"
        said = f"Noted: {word}, once the answer is finished. {undo} takes it back."
        self.waiting.say(said, until_over=True)
        if others:
            return ""
        await self.over(None)
        return self._noted.pop(view, "")

    @work(group="feedback")
    async def action_score(self) -> None:
        """A score from 1 to 100."""
        view = await self.target()
        if view is None:
            return
        score = await self.app.push_screen_wait(OneLine("Score from 1 to 100", number=(1, 100)))
        if score and await self.give(view, "score", score):
            view.rate(score)

    @work(group="feedback")
    async def action_note(self) -> None:
        """Reasons and words."""
        from assistant.tui.screens.note import NoteDialog

        view = await self.target()
        said = await self.app.push_screen_wait(NoteDialog()) if view else None
        if view is not None and said is not None:
            note, reasons = said
            await self.give(view, "note", note=note, reasons=reasons)

    @work(group="feedback")
    async def action_edit(self) -> None:
        """Edit the answer: what is left is the answer this person prefers."""
        view = await self.target()
        if view is None:
            return
        dialog = LongText("Edit the answer to how you want it", view.answer)
        edited = await self.app.push_screen_wait(dialog)
        if edited is None or edited == view.answer:
            return
        if await self.give(view, "edit", edited):
            await view.put_answer(edited, edited=True)

    @work(group="feedback")
    async def action_undo(self) -> None:
        """Take the latest feedback back, and whatever was learned from it.

        What was only noted, for an answer not finished, comes first.
        """
        if self._noted:
            self._noted.popitem()
            self.waiting.say("Taken back. Nothing is noted.")
            return
        async with self._giving:
            await self._undo()

    async def _undo(self) -> None:
        act, view, turn, answer, rating = self._acts[-1] if self._acts else ("", None, "", "", "")
        done = await self.requests.one(UndoFeedback(act), Done)
        if done is None or not self.standing:
            return
        self.proposals.withdraw()
        self.waiting.say("Taken back, with what was learned from it.")
        if view is not None:
            self._acts.pop()
            if view.turn != turn:
                return  # answered again since: what is shown is another turn
            view.rate(rating)
            if view.answer != answer:
                await view.put_answer(answer)

    # -- proposals -------------------------------------------------------------------------

    @work(group="feedback")
    async def action_keep_proposal(self) -> None:
        """Yes: it is a preference from now on."""
        await self._answer_proposal(self.proposals.proposal, "active")

    @work(group="feedback")
    async def action_drop_proposal(self) -> None:
        """No: it is not offered again."""
        await self._answer_proposal(self.proposals.proposal, "rejected")

    @work(group="feedback")
    async def action_reword_proposal(self) -> None:
        """Keep it in the person's own words."""
        proposal = self.proposals.proposal
        if proposal is None:
            self.waiting.say("Nothing is proposed right now.")
            return
        text = await self.app.push_screen_wait(OneLine("In your words", proposal.text))
        if not text:
            return
        if await self.requests.one(EditPreference(proposal.id, text), PreferenceItem):
            await self._answer_proposal(proposal, "active")

    def on_proposal_line_typed(self, message: ProposalLine.Typed) -> None:
        """Typing goes on where typing belongs."""
        self.prompt.focus()
        self.prompt.insert(message.character)

    async def _answer_proposal(
        self, proposal: PreferenceItem | None, state: Literal["active", "rejected"]
    ) -> None:
        if proposal is None:
            self.waiting.say("Nothing is proposed right now.")
            return
        self.proposals.take(proposal)
        if self.proposals.has_focus and self.proposals.proposal is None:
            self.prompt.focus()
        said = "Kept. F3 shows what is remembered." if state == "active" else "Dropped."
        request = SetPreferenceState(proposal.id, state)
        if await self.requests.one(request, PreferenceItem) and self.standing:
            self.waiting.say(said)

    async def give(
        self,
        view: TurnView,
        kind: FeedbackKind,
        value: str = "",
        *,
        note: str = "",
        reasons: tuple[str, ...] = (),
    ) -> bool:
        """Give feedback on a turn, and offer what may be learned; False when it was not taken."""
        browsing, pressed_at = isinstance(self.focused, TurnView), self._pressed_at
        request = GiveFeedback(kind, view.turn, value, note, reasons)
        async with self._giving:
            given = await self.requests.one(request, FeedbackGiven)
            if given is None or not self.standing:
                return False
            self._acts.append((given.id, view, view.turn, view.answer, view.rating))
        self.waiting.say("Thank you. " + ("z" if browsing else "alt+z") + " takes it back.")
        if given.proposal is not None:
            self.proposals.offer(given.proposal)
            if browsing and pressed_at == self._pressed_at:  # else the next key is under way
                self.proposals.focus()
        elif given.pending:
            self._await_proposal(given.pending)
        return True

    @work(group="proposal")
    async def _await_proposal(self, feedback: str) -> None:
        """Offer what the model phrases, when it has; nothing else waits for it."""
        proposal = await self.requests.one(AwaitProposal(feedback), PreferenceItem)
        if proposal is not None and self.standing:
            self.proposals.offer(proposal, behind=True)
