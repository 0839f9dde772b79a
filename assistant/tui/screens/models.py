"""Models: what fits this machine, whose licence, which digest; use, fetch, check, forget."""

from __future__ import annotations

from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from assistant.holder.interface import Cancellation, Done, UseModel
from assistant.holder.models_wire import (
    ModelProgress,
    ModelRequest,
    PullModel,
    RemoveModel,
    VerifyModel,
)
from assistant.holder.overview_wire import ModelItem, ModelsQuery
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.dialogs import YesNo
from assistant.tui.screens.lists import ListScreen
from assistant.tui.standing import stands
from assistant.tui.text import bar, foreign_line, join, managed_by

_FITS = {"yes": "fits", "tight": "tight", "no": "too large", "unknown": ""}


class ModelsScreen(ListScreen[None, ModelItem]):
    """Enter loads a model to be sure of it, then uses it; the previous one stays if it fails.

    While one is fetched or hashed a bar says how far it is; leaving asks whether to stop.
    """

    BINDINGS = bindings("list", "open", "pull", "verify", "delete")
    ENTER = "use"
    HEADING = "Models"
    KEYS_WAIT_FOR: ClassVar = frozenset({"list"})  # an act may take minutes

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests
        self._trying = False
        self._stop: Cancellation | None = None

    def compose_above(self) -> ComposeResult:
        yield Static("", id="trying", markup=False)

    def on_mount(self) -> None:
        """Show them."""
        self._load()

    @work(exclusive=True, group="list")
    async def _load(self) -> None:
        self.fill(await self._requests.all(ModelsQuery(), ModelItem) or [])

    def line(self, item: ModelItem) -> Content:
        mark = Content.styled("● " if item.in_use else "  ", "$accent")
        name = f"{inert_line(item.name, 28):<29}"
        said = [
            _FITS[item.fits], {"embedding": "embeds", "guard": "guards"}.get(item.kind, ""),
            "" if item.present else "not here", "added by you" if item.added else "",
        ]  # fmt: skip
        size = Content.styled(f"{in_bytes(item.size):>8}  ", "$muted")
        managed = Content("")
        if item.managed is not None:
            managed = join("  managed by ", foreign_line(item.managed.issuer, 18))
        return join(mark, name, size, " · ".join(word for word in said if word), managed)

    def about(self, item: ModelItem) -> Content:
        memory = f"needs {in_bytes(item.memory)} of memory"
        if item.machine:
            memory += f"; this machine has {in_bytes(item.machine)}"
        use = "in use" if item.in_use else _how(item)
        lines = [
            join(foreign_line(item.name, 80, "bold"), "  ", foreign_line(item.id, 64, "$muted")),
            Content(f"{memory} · {use}"),
            join("licence ", foreign_line(item.licence or "not stated", 60)),
            join(Content.styled("sha256 ", "$muted"), foreign_line(item.sha256 or "several files")),
        ]
        if item.runs:
            lines.append(join(Content.styled("runs with ", "$muted"), item.runs))
        if item.managed is not None:
            lines.append(join(managed_by(item.managed), "\nAppeal: ",
                              foreign_line(item.managed.appeal)))  # fmt: skip
        return Content("\n").join(lines)

    def action_open(self) -> None:
        """Use it."""
        item = self.selected
        if item is None or item.in_use or self._trying:
            return
        if item.kind != "chat" or not item.present or item.managed is not None:
            self.app.notify(f"{_how(item).capitalize()}.", markup=False)
            return
        self._use(item)

    @work(group="act")
    async def _use(self, item: ModelItem) -> None:
        self._trying = True
        self._say(f"Checking and loading {inert_line(item.name, 50)}…")
        before = next((one.name for one in self.items if one.in_use), "")
        done = await self._requests.one(UseModel(item.id), Done)
        self._trying = False
        if done:
            self._say(f"{inert_line(item.name, 50)} is in use.")
        else:
            self._say(f"That did not work; {inert_line(before, 50) or 'no model'} stays in use.")
        self._load()

    # -- files -----------------------------------------------------------------------------

    @work(group="act")
    async def action_pull(self) -> None:
        """Fetch a catalogue model, after saying that this uses the network."""
        item = self.selected
        if item is None or self._trying:
            return
        if item.present or item.added or item.managed is not None:
            why = "It is here already" if item.present else _how(item).capitalize()
            self.app.notify(f"{why}.", markup=False)
            return
        body = join(
            foreign_line(item.name, 60), f", {in_bytes(item.size)}, licence ",
            foreign_line(item.licence or "not stated", 40),
            ".\n\nThis uses the network, as few things here do. The file counts only once its "
            "digest is the catalogue's.",
        )  # fmt: skip
        if await self.app.push_screen_wait(YesNo("Fetch this model?", body)):
            await self._follow(PullModel(item.id), "Fetching", item)

    @work(group="act")
    async def action_verify(self) -> None:
        """Hash its file again."""
        item = self.selected
        if item is not None and item.present and not self._trying:
            await self._follow(VerifyModel(item.id), "Checking", item)

    def action_delete(self) -> None:
        """Forget a model that was added, after a question."""
        item = self.selected
        if item is None or self._trying:
            return
        if item.added:
            self._forget(item)
        else:
            self.app.notify("It belongs to the catalogue and stays in it.", markup=False)

    @work(group="act")
    async def _forget(self, item: ModelItem) -> None:
        body = join(foreign_line(item.name, 60), "\n\nIts file stays where it is.")
        if await self.app.push_screen_wait(YesNo("Forget this model?", body)):
            done = await self._requests.one(RemoveModel(item.id), Done)
            self._say(done.what if done else "")
            self._load()

    async def _follow(self, request: ModelRequest, doing: str, item: ModelItem) -> None:
        self._trying, self._stop = True, Cancellation()
        name = inert_line(item.name, 30)
        self._say(f"{doing} {name}…")
        done = await self._requests.watched(
            request, Done, ModelProgress,
            lambda step: self._say(progress_line(step, name)), self._stop,
        )  # fmt: skip
        stopped, self._trying, self._stop = self._stop.cancelled, False, None
        self._say(f"{name}: {done.what}" if done else "Stopped." if stopped else "")
        if stands(self, "#list"):
            self._load()

    def on_unmount(self) -> None:
        """Locked, or left: nothing goes on unseen."""
        if self._stop is not None:
            self._stop.cancel()

    def _say(self, text: str) -> None:
        if stands(self, "#trying"):
            self.query_one("#trying", Static).update(text)

    @work(group="leave")
    async def action_back(self) -> None:
        """Back to the chat; from a running fetch, after a question."""
        if self._stop is not None:
            body = "What has arrived so far is thrown away."
            if await self.app.push_screen_wait(YesNo("Stop it?", body)) and self._stop is not None:
                self._stop.cancel()
            return
        self.dismiss(None)


def progress_line(step: ModelProgress, name: str) -> str:
    """What is done, how fast, and how long it will still take, once that can be told."""
    doing = "Fetching" if step.stage == "fetching" else "Checking"
    if not step.total:
        return f"{doing} {name}…"
    share = min(1.0, step.done / step.total)
    line = f"{doing} {name}\n{bar(step.done, step.total, 16)} {share:.0%}"
    line += f" · {in_bytes(step.done)} of {in_bytes(step.total)}"
    if step.done and step.seconds >= 0.5:
        speed = step.done / step.seconds
        left = (step.total - step.done) / speed
        line += f" · {speed / 1e6:.1f} MB/s · {_duration(left)} left"
    return line


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _how(item: ModelItem) -> str:
    if item.kind == "guard":
        return f"it judges by policy's rules: assistant models use {item.id}"
    if item.kind != "chat":
        return "it finds memories and cannot chat"
    if item.managed is not None:
        return "not allowed here"
    if not item.present:
        return "not here: g fetches it"
    return "enter uses it"


def in_bytes(number: int) -> str:
    """A size as people say it: 98 MB, 4.1 GB."""
    if number < 1_000_000_000:
        return f"{number / 1_000_000:.0f} MB"
    return f"{number / 1_000_000_000:.1f} GB"
