"""Models: what fits this machine, whose licence, which digest, which is in use."""

from __future__ import annotations

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from assistant.holder.interface import Done, UseModel
from assistant.holder.overview_wire import ModelItem, ModelsQuery
from assistant.inert import inert_line
from assistant.tui.keys import bindings
from assistant.tui.requests import Requests
from assistant.tui.screens.lists import ListScreen
from assistant.tui.text import foreign_line, join, managed_by

_FITS = {"yes": "fits", "tight": "tight", "no": "too large", "unknown": ""}


class ModelsScreen(ListScreen[None, ModelItem]):
    """Enter loads a model to be sure of it, then uses it; the previous one stays if it fails."""

    BINDINGS = bindings("list", "open")
    HEADING = "Models"

    def __init__(self, requests: Requests) -> None:
        super().__init__()
        self._requests = requests
        self._trying = False

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
            _FITS[item.fits], "embeds" if item.kind == "embedding" else "",
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

    def _say(self, text: str) -> None:
        if self.is_mounted:
            self.query_one("#trying", Static).update(text)

    def action_back(self) -> None:
        """Back to the chat."""
        self.dismiss(None)


def _how(item: ModelItem) -> str:
    if item.kind != "chat":
        return "it finds memories and cannot chat"
    if item.managed is not None:
        return "not allowed here"
    if not item.present:
        return f"its file is not here: assistant models pull {item.id}"
    return "enter uses it"


def in_bytes(number: int) -> str:
    """A size as people say it: 98 MB, 4.1 GB."""
    if number < 1_000_000_000:
        return f"{number / 1_000_000:.0f} MB"
    return f"{number / 1_000_000_000:.1f} GB"
