"""What screens with a list share: a title, the list, a line about the selected item, keys."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from assistant.tui.closing import Screen
from assistant.tui.keys import bindings
from assistant.tui.standing import stands
from assistant.tui.widgets.hints import KeyHints
from assistant.tui.widgets.options import Options

R = TypeVar("R")
I = TypeVar("I")  # noqa: E741


class ListScreen(Screen[R], Generic[R, I]):
    """A full-screen list. Subclasses say how an item is drawn and what the keys do."""

    BINDINGS = bindings("list", "back", "open")
    HEADING = ""
    NOTHING = "Nothing here yet."
    AUTO_FOCUS = "#list"  # before the first key: one that came early would be typed elsewhere
    KEYS_WAIT_FOR: ClassVar = frozenset({"list", "act"})
    """Work of this screen that a key waits for: it may change what is under the cursor."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[I] = []

    def compose(self) -> ComposeResult:
        yield Static(Content.styled(self.HEADING, "bold"), classes="heading")
        yield from self.compose_above()
        yield Options(id="list", markup=False)
        yield Static("", id="detail", markup=False)
        yield KeyHints()

    def compose_above(self) -> ComposeResult:
        """Widgets between the title and the list."""
        yield from ()

    @property
    def options(self) -> OptionList:
        """The list widget."""
        return self.query_one("#list", OptionList)

    @property
    def selected(self) -> I | None:
        """The item under the cursor."""
        place = self.options.highlighted
        return self.items[place] if place is not None and place < len(self.items) else None

    def line(self, item: I) -> Content:
        """One item as one line (or more) of the list."""
        raise NotImplementedError

    def about(self, item: I) -> Content:
        """What is said below the list about the item under the cursor."""
        raise NotImplementedError

    def heads(self, _item: I) -> bool:
        """Whether an item is the heading of a group, which cannot be selected."""
        return False

    def known_by(self, _item: I) -> object:
        """What tells an item from the others, where the cursor is to follow it; None: nowhere."""
        return None

    @property
    def enter_does(self) -> str:
        """Nothing in an empty list."""
        return self.ENTER if self.items else ""

    def fill(self, items: list[I]) -> None:
        """Show these items, the cursor on the item or else in the place where it was.

        Does nothing once the screen is closed.
        """
        if not stands(self, "#list", "#detail"):
            return
        place = self._place_in(items)
        self.items = items
        self.options.clear_options()
        self.options.add_options(
            [Option(self.line(item), disabled=self.heads(item)) for item in items]
        )
        self.refresh_bindings()
        lines = [number for number, item in enumerate(items) if not self.heads(item)]
        if lines:
            self.options.highlighted = next((n for n in lines if n >= place), lines[-1])
        else:
            self.query_one("#detail", Static).update(self.nothing)

    @property
    def nothing(self) -> str:
        """What is said where there is no item."""
        return self.NOTHING

    def _place_in(self, items: list[I]) -> int:
        before = None if self.selected is None else self.known_by(self.selected)
        same = (n for n, item in enumerate(items) if self.known_by(item) == before)
        there = None if before is None else next(same, None)
        return (self.options.highlighted or 0) if there is None else there

    def cut_anew(self) -> None:
        """More or less of each line fits now."""
        self.fill(list(self.items))

    def on_options_widened(self) -> None:
        """The list has its first width, or another one."""
        self.cut_anew()

    def on_option_list_option_highlighted(self) -> None:
        """Say more about the item under the cursor."""
        if not stands(self, "#list", "#detail"):
            return  # closed while something about the item was looked up
        item = self.selected
        if item is not None:
            self.query_one("#detail", Static).update(self.about(item))
            # What is said may take more lines than before, and the list then has fewer.
            self.call_after_refresh(self.options.scroll_to_highlight)

    def on_option_list_option_selected(self) -> None:
        """Enter, or a click."""
        self.action_open()

    def action_open(self) -> None:
        """What Enter does."""


class SearchScreen(ListScreen[R, I]):
    """A list with a line above it in which to search; ``looked_for`` is told of each change."""

    BINDINGS = bindings("list", "search", "found")
    PLACEHOLDER = ""

    def compose_above(self) -> ComposeResult:
        yield Input(placeholder=self.PLACEHOLDER, id="search")

    @property
    def search(self) -> Input:
        """The line in which to search."""
        return self.query_one("#search", Input)

    @property
    def enter_does(self) -> str:
        """From the search line it leads to what was found."""
        searching = stands(self, "#search") and self.search.has_focus
        return "to the list" if searching and self.items else super().enter_does

    def looked_for(self) -> None:
        """The search line changed."""
        raise NotImplementedError

    def leave(self) -> None:
        """Escape, with nothing to search for."""
        raise NotImplementedError

    def on_input_changed(self) -> None:
        """Search while typing; what is found is read from its top."""
        self.options.highlighted = None
        self.looked_for()

    def on_input_submitted(self) -> None:
        """Down into what was found."""
        self.set_focus(self.options)

    def action_search(self) -> None:
        """To the search line, at once: ``focus`` would leave the next keys to the list."""
        self.set_focus(self.search)

    def action_found(self) -> None:
        """Down from the search line, as Tab and Enter."""
        if self.items:
            self.set_focus(self.options)

    def action_back(self) -> None:
        """From the search line to the list, from the list, or where there is none, back."""
        if self.search.value or (self.search.has_focus and self.items):
            self.search.value = ""
            self.set_focus(self.options)
        else:
            self.leave()
