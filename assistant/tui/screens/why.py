"""What shaped one answer: memories with scores, profile, rules, model, the exact prompt."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from assistant.conversation.events import KeptOut, Ruling, UsedItem
from assistant.holder.attachments_text import file_words
from assistant.holder.interface import Why, WhyQuery
from assistant.inert import inert_line
from assistant.personal.considered import STOOD_BACK
from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.standing import stands
from assistant.tui.text import foreign, foreign_line, join
from assistant.tui.widgets.hints import KeyHints

MAX_PROMPT_SHOWN = 50_000


class WhyScreen(Screen[bool]):
    """Nothing is left out: what was not used is said to be not used."""

    BINDINGS = bindings("list", "plainly", "back")

    def __init__(self, requests: Requests, turn: str) -> None:
        super().__init__()
        self._requests, self._turn = requests, turn

    def compose(self) -> ComposeResult:
        yield Static(Content.styled("Why this answer", "bold"), classes="heading")
        with VerticalScroll(id="why"):
            yield Static("Looking it up…", id="account", markup=False)
        yield KeyHints()

    def on_mount(self) -> None:
        """Look it up."""
        self.query_one("#why").focus()
        self.run_worker(self._load())

    async def _load(self) -> None:
        why = await self._requests.one(WhyQuery(self._turn), Why)
        if not stands(self, "#account"):
            return  # closed while it was looked up
        shown = Content("There is no account of this answer.") if why is None else account(why)
        self.query_one("#account", Static).update(shown)

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(False)

    def action_plainly(self) -> None:
        """Back to the chat, to have it answered again without anything remembered."""
        self.dismiss(True)


def account(why: Why) -> Content:
    """The whole account as text."""
    personal = "on" if why.personalised else "off for this answer"
    model = f"{inert_line(why.model, 60)}  sha256 {inert_line(why.model_sha256, 64)[:16]}…"
    rules = [_rule(ruling) for ruling in why.rules] or [Content("None applied to this turn.")]
    return Content("\n").join([
        _head("Question"), foreign_line(why.question, 500), Content(""),
        _head("Memories used"), *_memories(why.used), *_kept_out(why.kept_out), Content(""),
        *_files(why),
        _head("Style profile"), *_profile(why.profile), Content(""),
        _head(f"Rules ({why.rules_in_force} in force)"), *rules, Content(""),
        _head("How it was made"), Content(f"model {model}"),
        Content(f"seed {why.seed} · personalisation {personal} · {inert_line(why.status, 20)}"),
        Content(""), _head("The exact prompt"), foreign(why.prompt[:MAX_PROMPT_SHOWN]),
    ])  # fmt: skip


def _head(text: str) -> Content:
    return Content.styled(text, "$accent bold")


def _files(why: Why) -> list[Content]:
    """The parts of attached files that were read, each with its place; nothing for none."""
    parts = [
        join(Content.styled(f"{item.score:5.2f}  ", "$muted"),
             foreign_line(f"{item.place or 'part'}: {' '.join(item.text.split())}", 300))
        for item in why.used
        if item.kind == "chunk"
    ]  # fmt: skip
    told = [foreign_line(line, 300) for line in file_words(why.files)]
    return [_head("Read of attached files"), *parts, *told, Content("")] if parts or told else []


def _memories(used: tuple[UsedItem, ...]) -> list[Content]:
    used = tuple(item for item in used if item.kind != "chunk")
    if not used:
        return [Content("None: nothing was relevant enough.")]
    return [
        join(Content.styled(f"{item.score:5.2f}  {inert_line(item.kind, 10):<11}", "$muted"),
             foreign_line(item.text, 300))
        for item in used
    ]  # fmt: skip


def _kept_out(kept_out: tuple[KeptOut, ...]) -> list[Content]:
    """Wishes that applied and stood back from the prompt, each with its reason."""
    return [
        join(Content.styled(f"{'kept out':<18}", "$muted"), foreign_line(each.item.text, 300),
             Content.styled(f" ({STOOD_BACK.get(each.reason, 'a rule')})", "$muted"))
        for each in kept_out
    ]  # fmt: skip


def _profile(profile: tuple[tuple[str, str], ...]) -> list[Content]:
    if not profile:
        return [Content("Not used.")]
    return [join(f"{inert_line(name, 20):<21}", foreign_line(v, 60)) for name, v in profile]


def _rule(ruling: Ruling) -> Content:
    return join(
        Content.styled(f"{inert_line(ruling.effect, 8):<8}", "$muted"),
        foreign_line(f"{ruling.tier} · {ruling.issuer} · {ruling.rule}", 120), "\n        ",
        foreign_line(ruling.reason or ruling.title, 300),
    )  # fmt: skip
