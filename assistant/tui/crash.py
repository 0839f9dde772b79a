"""When something of ours breaks: no traceback on screen, and a report without anyone's text."""

from __future__ import annotations

import os
import platform
import traceback
from pathlib import Path

from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from assistant import __version__
from assistant.inert import inert_line
from assistant.tui import themes
from assistant.tui.keys import bindings
from assistant.tui.widgets.hints import KeyHints

MAX_FRAMES = 60


def redacted_report(fault: BaseException) -> str:
    """What broke and where: exception types, our file names, lines and function names.

    Holds no message, no local variable, no argument and no path outside the code, since
    any of those may carry what the person wrote.
    """
    import textual

    versions = f"assistant {__version__}, textual {textual.__version__}"
    machine = f"python {platform.python_version()}, {platform.system()} {platform.machine()}"
    lines = [f"{versions}, {machine}"]
    seen: BaseException | None = fault
    while seen is not None and len(lines) < MAX_FRAMES:
        lines.append(f"{type(seen).__module__}.{type(seen).__qualname__}")
        frames = traceback.extract_tb(seen.__traceback__)[-MAX_FRAMES:]
        lines += [f"  {_in_code(one.filename)}:{one.lineno} {one.name}" for one in frames]
        seen = seen.__cause__ or seen.__context__
    return "\n".join(lines[: MAX_FRAMES + 1]) + "\n"


def _in_code(filename: str) -> str:
    # Folders above the code may carry the person's name.
    parts = Path(filename).parts
    roots = [place for place, part in enumerate(parts) if part in {"site-packages", "assistant"}]
    return "/".join(parts[roots[-1] :]) if roots else Path(filename).name


def save_report(report: str, folder: Path) -> Path:
    """Write the report beside the others, readable by its owner alone.

    Raises OSError when the folder cannot be written.
    """
    for number in range(1, 1000):
        path = folder / f"crash-report-{number}.txt"
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "w") as file:
            file.write(report)
        return path
    raise FileExistsError(folder)


class CrashApp(App[int]):
    """A second, very small app that says what happened after the first one could not go on."""

    CSS_PATH = Path(__file__).with_name("app.tcss")
    BINDINGS = [*bindings("dialog", "report"), *bindings("app", "quit")]  # noqa: RUF012
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, fault: BaseException, folder: Path) -> None:
        super().__init__()
        self._report, self._folder = redacted_report(fault), folder
        for one in themes.THEMES:
            self.register_theme(one)
        self.theme = "no-colour" if self.no_color else "dark"

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static(Content.styled("Something in this program broke", "bold $error"))
            yield Static(
                "It is our fault, not yours. Your vault is locked and everything up to the last "
                "sentence is saved; starting again goes on from there.",
                classes="body",
            )
            yield Static(
                "s saves a report for us: the kind of error and the lines of our code it passed, "
                "nothing you wrote. ctrl+q leaves.",
                classes="body",
            )
            yield Static("", id="said", markup=False)
        yield KeyHints()

    def action_report(self) -> None:
        """Save it and say where."""
        said = self.query_one("#said", Static)
        try:
            path = save_report(self._report, self._folder)
        except OSError:
            said.update("The report could not be written there.")
            return
        said.update(f"Saved: {inert_line(str(path))}")

    async def action_quit(self) -> None:
        """Leave."""
        self.exit(70)
