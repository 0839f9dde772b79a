"""At most three optional questions: how long, how formal, lists or prose."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.options import Options

# Each answer is a preference in plain words, or "" for no preference.
QUESTIONS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "How long should answers be?",
        (
            ("Short: the answer and little else", "Keep answers short: the answer, little else."),
            ("Thorough: with background and reasons", "Give thorough answers with background."),
            ("No preference", ""),
        ),
    ),
    (
        "How formal?",
        (
            ("Plain and relaxed", "Write in a plain, relaxed tone."),
            ("Formal and precise", "Write in a formal, precise tone."),
            ("No preference", ""),
        ),
    ),
    (
        "Lists or prose?",
        (
            ("Lists where they fit", "Use bullet lists where they fit."),
            ("Prose", "Write in prose rather than lists."),
            ("No preference", ""),
        ),
    ),
)


class QuestionsScreen(Screen[tuple[str, ...]]):
    """Dismissed with the preferences stated; Escape skips what is left."""

    BINDINGS = bindings("dialog", "pass")
    ENTER = "choose"

    def __init__(self) -> None:
        super().__init__()
        self._stated: list[str] = []
        self._place = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="card"):
            yield Static("", id="count", markup=False)
            yield Static("", id="question", markup=False)
            yield Options(id="answers", markup=False)
            yield Static(
                "Each answer becomes a preference that you can read, change and erase later. "
                "Escape skips.",
                classes="body",
            )
        yield KeyHints()

    def on_mount(self) -> None:
        """The first question."""
        self._pose()

    def _pose(self) -> None:
        question, answers = QUESTIONS[self._place]
        self.query_one("#count", Static).update(f"{self._place + 1} of {len(QUESTIONS)}")
        self.query_one("#question", Static).update(Content.styled(question, "bold $accent"))
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(Content(shown)) for shown, _ in answers])
        options.highlighted = 0
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Keep the answer, and go on."""
        preference = QUESTIONS[self._place][1][event.option_index][1]
        if preference:
            self._stated.append(preference)
        self._place += 1
        if self._place == len(QUESTIONS):
            self.dismiss(tuple(self._stated))
        else:
            self._pose()

    def action_cancel(self) -> None:
        """Enough questions."""
        self.dismiss(tuple(self._stated))
