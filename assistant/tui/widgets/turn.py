"""One question and its answer, with what policy said and what it cost."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from assistant.conversation.attachments.citing import sources_line
from assistant.conversation.events import (
    AttachedFile,
    Ruling,
    Source,
    TurnEnded,
    TurnFailed,
    UsedItem,
)
from assistant.holder.attachments_text import file_words
from assistant.holder.interface import TurnItem
from assistant.inert import inert, inert_line
from assistant.tui.keys import bindings
from assistant.tui.widgets.answer import AnswerView
from assistant.tui.widgets.growing import Growing
from assistant.tui.widgets.ruling import RulingPanel

SHOWN_LINES, SHOWN_CHARACTERS = 10, 1000
MORE_LINES, MORE_CHARACTERS = 400, 20_000

_STATUS = {
    "cancelled": "stopped",
    "refused": "",
    "interrupted": "interrupted: the answer ends where it was saved",
    "confirm": "not sent: it needs your yes",
}
_RATINGS = {"up": "▲ good", "down": "▼ bad", "": ""}


class TurnView(Vertical, Growing, can_focus=True):
    """A turn of the conversation; takes single keys while it has the focus."""

    BINDINGS = bindings("answer")

    def __init__(self, question: str, *, turn: str = "", answer: str = "") -> None:
        super().__init__()
        self.turn, self.question, self.answer = turn, question, answer
        self.status, self.rating = "", ""
        self.ruling: Ruling | None = None
        self.failure: TurnFailed | None = None
        self.used = 0
        self.attached: tuple[str, ...] = ()
        self.pasted: tuple[str, ...] = ()
        self.sources: tuple[Source, ...] = ()
        self.read: tuple[AttachedFile, ...] = ()
        self.place = self.places = 1
        self.running = False
        self._tokens_per_s: float | None = None
        self._edited = False
        self._whole_question = False
        self.answer_view = AnswerView(answer)
        self._foot_line = Static("", classes="foot", markup=False)

    @classmethod
    def restored(cls, item: TurnItem) -> TurnView:
        """The view of a stored turn."""
        view = cls(item.question, turn=item.id, answer=item.answer)
        view.status, view.rating, view.ruling = item.status, item.rating, item.ruling
        view._tokens_per_s = item.tokens_per_s
        view.place, view.places = item.place, item.places
        view.attached, view.sources = item.attached, item.sources
        return view

    def compose(self) -> ComposeResult:
        yield Static(self._question_text(), classes="question", markup=False)
        yield self.answer_view
        if self.ruling is not None:
            yield RulingPanel(self.ruling, brief=self.ruling.effect not in {"block", "confirm"})
        self._foot_line.update(self._foot())
        yield self._foot_line

    async def append(self, text: str) -> None:
        """More of the answer."""
        self.answer += text
        await self.answer_view.write(text)

    async def end(self, ended: TurnEnded) -> None:
        """The turn is over: show exactly what was recorded."""
        self.turn, self.status, self.answer = ended.turn, ended.status, ended.answer
        self.used, self._tokens_per_s = memories_in(ended.used), ended.tokens_per_s
        self.sources, self.read = ended.sources, ended.attachments
        await self.answer_view.finish(ended.answer)
        if ended.ruling is not None and ended.status in {"refused", "confirm"}:
            await self.rule(ended.ruling)
        self.refresh_foot()

    async def fail(self, failed: TurnFailed) -> None:
        """The turn met a fault: what was shown stays, and it can be tried again."""
        self.failure, self.status = failed, "interrupted"
        await self.answer_view.finish(self.answer)
        self.refresh_foot()

    async def rule(self, ruling: Ruling, *, brief: bool = False) -> None:
        """Show a decision of policy under the answer, once for each rule."""
        self.ruling = ruling
        await self.mount(RulingPanel(ruling, brief=brief), before=self._foot_line)

    async def begin_again(self) -> None:
        """Empty the answer for another attempt at the same question."""
        self.answer, self.status, self.failure, self.ruling = "", "", None, None
        self.rating, self.used, self._tokens_per_s, self._edited = "", 0, None, False
        self.sources, self.read = (), ()
        await self.query(RulingPanel).remove()
        await self.answer_view.show("")
        self.refresh_foot()

    async def put_answer(self, text: str, *, edited: bool = False) -> None:
        """Show another answer: the edited one, or the one picked of two."""
        self.answer, self._edited = text, edited
        await self.answer_view.show(text)
        self.refresh_foot()

    def rate(self, rating: str) -> None:
        """Show a rating, or none for ""."""
        self.rating = rating
        self.refresh_foot()

    def branched(self) -> None:
        """It takes the place of another turn, which stays on a branch of its own."""
        self.places += 1
        self.place = self.places
        self.query_one(".question", Static).update(self._question_text())

    def toggle_question(self) -> None:
        """Show a long question whole, or its beginning."""
        self._whole_question = not self._whole_question
        self.query_one(".question", Static).update(self._question_text())

    def refresh_foot(self) -> None:
        """Write the line under the answer anew."""
        self._foot_line.update(self._foot())
        self._foot_line.set_class(self.failure is not None, "-failed")

    def _question_text(self) -> Content:
        lines, characters = (
            (MORE_LINES, MORE_CHARACTERS)
            if self._whole_question
            else (SHOWN_LINES, SHOWN_CHARACTERS)
        )
        head = "\n".join(self.question[: characters + 1].split("\n")[:lines])[:characters]
        shown = Content(inert(head))
        if self.places > 1:
            mark = Content.styled(f"‹{self.place}/{self.places}› ", "$accent")
            shown = mark.append(shown)
        if len(head) < len(self.question):
            more = f"\n… {len(self.question):,} characters in all"
            more += "" if self._whole_question else " · m on this turn shows more"
            shown = shown.append(Content.styled(more, "dim"))
        if self.attached:
            names = ", ".join(inert_line(name, 60) for name in self.attached)
            shown = shown.append(Content.styled(f"\n▤ {names}", "dim"))
        return shown

    def _foot(self) -> Content:
        if self.failure is not None:
            offer = " · alt+r tries again" if self.failure.again else ""
            hint = f" {self.failure.hint}" if self.failure.hint else ""
            return Content(inert(f"{self.failure.message}{hint}{offer}"))
        rating = f"scored {self.rating}" if self.rating.isdigit() else _RATINGS.get(self.rating, "")
        parts = [
            _STATUS.get(self.status, ""),
            rating,
            "your wording" if self._edited else "",
            f"{self.used} {'memory' if self.used == 1 else 'memories'} used"
            if self.used and self.answer
            else "",
        ]
        lines = [" · ".join(part for part in parts if part), sources_line(self.sources)]
        lines += file_words(self.read)
        return Content("\n".join(inert_line(line, 400) for line in lines if line))


def memories_in(used: Sequence[UsedItem]) -> int:
    """How many memories shaped an answer; parts of attached files are told as sources."""
    return sum(item.kind != "chunk" for item in used)
