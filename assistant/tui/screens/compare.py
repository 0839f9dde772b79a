"""Two answers side by side, written at once; the person picks one or neither."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.conversation.events import AnswerText, TurnBegan, TurnEnded, TurnFailed, Waiting
from assistant.errors import AssistantError
from assistant.holder.interface import Ask
from assistant.inert import inert_line
from assistant.tui.closing import ModalScreen
from assistant.tui.feed import Item, TurnFeed, merged
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.standing import stands
from assistant.tui.widgets.answer import AnswerView
from assistant.tui.widgets.hints import KeyHints


class Picked:
    """What came of a comparison: the turn, the index picked and that answer."""

    def __init__(self, turn: str, index: int, answer: str) -> None:
        self.turn, self.index, self.answer = turn, index, answer


class Compare(ModalScreen[Picked | None]):
    """Dismissed with what was picked, or None when stopped, refused or left."""

    BINDINGS = bindings("dialog", "first", "second", "cancel")

    def __init__(self, requests: Requests, request: Ask) -> None:
        super().__init__()
        self._requests = requests
        self._feed: TurnFeed = requests.turn(request)
        self._turn = ""
        self._answers = ["", ""]
        self._pair = (0, 1)
        self._ready = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog -wide", id="compare"):
            yield Static(Content.styled("Which answer do you prefer?", "bold"))
            with Horizontal():
                for index in (0, 1):
                    with VerticalScroll(can_focus=True):
                        yield Static(Content.styled(f"{index + 1}", "$accent bold"))
                        yield AnswerView(id=f"answer{index}")
            yield Static("Writing both…", id="progress", markup=False)
            yield KeyHints()

    def on_mount(self) -> None:
        """Both are written at once, as two sequences over one prompt."""
        self.run_worker(self._follow(), exclusive=True)

    def on_unmount(self) -> None:
        """Leaving stops whatever is still being written."""
        self._feed.stop()
        self._requests.finished(self._feed)

    def action_pick(self, index: int) -> None:
        """Prefer an answer, once both are whole."""
        if self._ready:
            self.dismiss(Picked(self._turn, self._pair[index], self._answers[index]))

    def action_cancel(self) -> None:
        """Neither."""
        self._feed.stop()
        self.dismiss(None)

    def check_action(self, action: str, _: tuple[object, ...]) -> bool | None:
        """Picking is offered when there is something to pick."""
        return self._ready if action == "pick" else True

    async def _follow(self) -> None:
        async for batch in self._feed.batches():
            for item in merged(batch):
                if self._requests.closed or not stands(self, "#progress", "#answer0", "#answer1"):
                    return
                await self._take(item)
        self._requests.finished(self._feed)

    async def _take(self, item: Item) -> None:
        progress = self.query_one("#progress", Static)
        match item:
            case TurnBegan(turn=turn):
                self._turn = turn
            case Waiting(what="prompt", done=done, total=total):
                progress.update(f"Reading the prompt {done}/{total}")
            case AnswerText(text=text, candidate=candidate) if candidate < 2:
                self._answers[candidate] += text
                await self.query_one(f"#answer{candidate}", AnswerView).write(text)
            case TurnEnded():
                await self._end(item)
            case TurnFailed(message=message) | AssistantError(message=message):
                progress.update(Content(inert_line(message) + " Escape goes back."))

    async def _end(self, ended: TurnEnded) -> None:
        progress = self.query_one("#progress", Static)
        if ended.status != "complete" or sum(map(bool, ended.candidates)) < 2:
            reason = ended.ruling.reason if ended.ruling else "There is only one answer."
            progress.update(Content(f"Nothing to choose: {inert_line(reason)} Escape goes back."))
            return
        self._turn, self._pair = ended.turn, ended.pair
        self._answers = [ended.candidates[index] for index in ended.pair]
        self._ready = True
        for index, answer in enumerate(self._answers):
            await self.query_one(f"#answer{index}", AnswerView).finish(answer)
        progress.update("1 or 2 picks; Escape leaves it as it was.")
        self.refresh_bindings()
