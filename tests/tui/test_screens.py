"""History, preferences, why, settings, help, palette, themes, keys."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from textual._xterm_parser import XTermParser
from textual.binding import Binding
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Input

from assistant.conversation.events import UsedItem
from assistant.errors import UsageError
from assistant.holder.interface import ChangeSetting, DeleteConversation, PreferenceItem
from assistant.tui import screens, themes
from assistant.tui.keys import KEYS, SCHEMA, load_keymap, schema
from assistant.tui.screens import history
from assistant.tui.screens.chat import ChatScreen
from tests.conftest import ROOT
from tests.tui.driving import NOW, WIDE, Drive, opened, until
from tests.tui.scripted_front import Script


def kept(drive: Drive, text: str, state: str = "active") -> PreferenceItem:
    return drive.front.application._prefer(text, state, "stated")


async def with_two_conversations(drive: Drive) -> None:
    await drive.ask("bread for beginners")
    await drive.keys("ctrl+n")
    await drive.ask("planets by size")


async def test_the_history_lists_with_previews_and_opens() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2")
        assert "bread for beginners" in drive.text
        assert "planets by size" in drive.text
        assert "Good bread needs" in drive.text  # the preview of the selected one
        await drive.keys("down", "enter")
        assert isinstance(drive.app.screen, ChatScreen)
        assert drive.chat.heading == "bread for beginners"


async def test_search_finds_what_was_said_and_shows_where() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2")
        await drive.keys("slash")
        await drive.typed("BREAD")
        await drive.quiet()
        assert "bread for beginners" in drive.text
        assert "planets" not in drive.text
        await drive.keys("enter", "enter")
        assert drive.chat.heading == "bread for beginners"


async def test_arrow_down_leads_from_the_search_line_to_what_was_found() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2", "slash")
        await drive.typed("nothing of the kind")
        await drive.quiet()
        await drive.keys("down")
        assert isinstance(drive.app.focused, Input)  # there is nowhere to go
        await drive.keys("ctrl+u")
        await drive.typed("bread")
        await drive.quiet()
        await drive.keys("down", "enter")
        assert drive.chat.heading == "bread for beginners"


async def test_what_was_found_is_pinned_moved_renamed_and_erased_from_its_own_line() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2", "slash")
        await drive.typed("bread")
        await drive.quiet()
        await drive.keys("down", "p")
        assert "bread for beginners is kept on top" in drive.words
        kept = drive.front.application.conversations
        (bread,) = [one for one in kept.values() if "bread" in one.title]
        assert bread.pinned
        await drive.keys("m")
        await drive.typed("Kitchen")
        await drive.keys("enter")
        assert drive.front.application.conversations[bread.id].folder == "Kitchen"
        await drive.keys("e")
        await drive.typed("!")
        await drive.keys("enter")
        assert drive.front.application.conversations[bread.id].title == "bread for beginners!"
        await drive.keys("d", "y")
        assert bread.id not in drive.front.application.conversations
        assert "Nothing found." in drive.text


async def test_a_title_is_found_though_nobody_said_it() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        kept = drive.front.application.conversations
        (bread,) = [one for one in kept.values() if "bread" in one.title]
        kept[bread.id] = msgspec.structs.replace(bread, title="Kitchen plans")
        await drive.keys("f2", "slash")
        await drive.typed("plans kitchen")
        await drive.quiet()
        await drive.keys("down", "enter")
        assert drive.chat.heading == "Kitchen plans"


async def test_the_history_lists_more_than_anybody_scrolls_and_says_where_it_ends() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        kept = drive.front.application.conversations
        one = next(iter(kept.values()))
        await drive.keys("f2")
        assert "finds the others" not in drive.text
        await drive.keys("escape")
        for number in range(history.SHOWN):
            kept[f"x{number}"] = msgspec.structs.replace(one, id=f"x{number}", title=f"x {number}")
        await drive.keys("f2")
        assert f"the latest {history.SHOWN:,}; / finds the others" in drive.text


async def test_a_sentence_typed_where_single_keys_act_erases_nothing() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2")
        await drive.keys("d")
        assert "Erase this conversation?" in drive.text
        await drive.keys("o", "space", "y")
        assert "Erase this conversation?" not in drive.text
        assert len(drive.front.application.conversations) == 2


async def test_a_conversation_is_renamed() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2")
        await drive.keys("e")
        await drive.typed("!")
        await drive.keys("enter")
        assert "planets by size!" in drive.text
        await drive.keys("escape")
        assert "planets by size!" in drive.text


async def test_erasing_a_conversation_asks_first_and_empties_the_chat() -> None:
    async with opened() as drive:
        await with_two_conversations(drive)
        await drive.keys("f2")
        await drive.keys("d")
        assert "Erase this conversation?" in drive.text
        await drive.keys("n")
        assert not drive.front.application.asked(DeleteConversation)
        await drive.keys("d")
        await drive.keys("y")
        assert drive.front.application.asked(DeleteConversation)
        await drive.keys("escape")
        assert "planets" not in drive.text


async def test_preferences_are_added_reworded_switched_off_and_erased() -> None:
    async with opened() as drive:
        await drive.keys("f3")
        assert "Nothing is remembered yet" in drive.text
        await drive.keys("a")
        await drive.typed("short")
        await drive.keys("enter")
        assert "● short" in drive.text
        await drive.keys("e")
        await drive.typed("er")
        await drive.keys("enter")
        assert "shorter" in drive.text
        await drive.keys("space")
        assert "○ shorter" in drive.text
        await drive.keys("d")
        await drive.keys("y")
        assert not drive.front.application.preferences


async def test_proposals_stand_first_and_are_kept_or_dropped() -> None:
    async with opened() as drive:
        kept(drive, "prose")
        kept(drive, "short lists", "proposed")
        kept(drive, "emoji", "proposed")
        await drive.keys("f3")
        assert drive.text.index("short lists") < drive.text.index("prose")
        await drive.keys("y")
        await drive.keys("n")
        states = {p.text: p.state for p in drive.front.application.preferences.values()}
        assert sorted(states.values()) == ["active", "active", "rejected"]


async def test_any_feedback_can_be_taken_back_later() -> None:
    async with opened() as drive:
        await drive.keys("f9")
        assert "None yet" in drive.text
        await drive.keys("escape")
        await drive.ask("hello")
        await drive.keys("alt+up")
        await drive.keys("f9")
        assert "▲ good" in drive.text
        await drive.keys("d")
        await drive.keys("y")
        assert not drive.front.application.feedback


async def test_the_style_profile_is_drawn_set_locked_and_released() -> None:
    async with opened() as drive:
        await drive.keys("f10")
        assert "short ─━━━●━━━──" in drive.text
        profile = drive.front.application.profile
        await drive.keys("right")
        assert (profile["length"].value, profile["length"].source) == (-0.5, "set")
        await drive.keys("space")
        assert profile["length"].source == "locked"
        await drive.keys("e")
        assert profile["length"].source == "neutral"


async def test_a_turn_is_erased_after_a_question() -> None:
    async with opened() as drive:
        await drive.ask("a thing to forget")
        await drive.keys("escape", "x")
        await drive.keys("y")
        assert not drive.front.application.turns
        assert not drive.chat.transcript.turns


async def test_what_a_tier_wants_said_is_said() -> None:
    moments = [NOW]
    async with opened(clock=lambda: moments[-1]) as drive:
        drive.front.application.status = msgspec.structs.replace(
            drive.front.application.status, disclosure=("You are talking to a machine.",),
            notice_minutes=30, notice_text="Half an hour: take a break.",
        )  # fmt: skip
        await drive.ask("one")
        assert "You are talking to a machine." in drive.text
        assert "take a break" not in drive.words
        moments.append(NOW + timedelta(minutes=31))
        await drive.ask("two")
        assert "take a break" in drive.words


async def test_why_shows_memories_rules_model_and_the_exact_prompt() -> None:
    used = (UsedItem("preference", "p1", "Use short lists.", 0.81),)
    async with opened(Script(used=used), size=WIDE) as drive:
        await drive.ask("hello")
        await drive.keys("f4")
        for part in ("0.81", "Use short lists.", "14 in force", "seed 7", "helpful", "b179"):
            assert part in drive.text


async def test_a_managed_setting_says_by_whom_and_why() -> None:
    async with opened() as drive:
        await drive.keys("f5")
        assert "managed by Example Bank" in drive.text
        await drive.keys("down")
        assert "rule retention: Conversations are kept for 30 days at most." in drive.words
        assert "you wished 365" in drive.text


async def test_settings_are_changed_by_kind() -> None:
    async with opened() as drive:
        await drive.keys("f5")
        await drive.keys("space")
        await drive.keys("down", "down", "enter")
        await drive.keys("down", "enter")
        changes = drive.front.application.asked(ChangeSetting)
        assert [(c.key, c.value) for c in changes] == [
            ("personalise", "off"), ("style", "free"),
        ]  # fmt: skip


async def test_help_names_every_key() -> None:
    async with opened(size=(120, 40)) as drive:
        await drive.keys("f1")
        shown = drive.app.screen.query_one("#help Static").render()
        for key in KEYS:
            assert key.id in str(shown)
        await drive.keys("escape")
        assert isinstance(drive.app.screen, ChatScreen)


async def test_the_palette_reaches_everything() -> None:
    async with opened() as drive:
        await drive.keys("ctrl+p")
        await drive.typed("incognito")

        await until(lambda: "Start a conversation that writes nothing" in drive.words)
        from assistant.tui.commands import Commands

        offered = {about for about, _, _ in Commands(drive.chat)._all()}
        reachable = {
            f"{key.label.capitalize()}: {key.about}" for key in KEYS if key.place in {"app", "chat"}
        }
        assert len(reachable - offered) == 3  # the palette itself, stop and interrupt
        await drive.keys("enter")
        await until(lambda: drive.chat.incognito)


@pytest.mark.parametrize("theme", themes.NAMES)
async def test_every_theme_shows_the_same_words(theme: str) -> None:
    async with opened(theme=theme) as drive:
        await drive.ask("which shares?")
        assert "Not answered: a rule forbids this" in drive.text
        assert drive.app.theme == theme


async def test_the_theme_key_goes_round() -> None:
    async with opened() as drive:
        for name in (*themes.NAMES[1:], themes.NAMES[0]):
            await drive.keys("f12")
            assert drive.app.theme == name


async def test_without_colour_no_colour_is_sent() -> None:
    async with opened(theme="no-colour") as drive:
        await drive.ask("hello")
        filters = drive.app.get_line_filters()
        background = drive.app.screen.styles.background
        for line in drive.lines:
            segments = list(line)
            for one in filters:
                segments = one.apply(segments, background)
            for segment in segments:
                style = segment.style
                if style is not None:
                    assert style.color is None or style.color.is_default
                    assert style.bgcolor is None or style.bgcolor.is_default


async def test_a_rebound_key_works_and_the_old_one_does_not() -> None:
    async with opened(keymap={"chat.new": "ctrl+t", "prompt.send": "ctrl+s"}) as drive:
        await drive.ask("hello")
        assert not drive.chat.transcript.turns
        assert drive.chat.prompt.text.startswith("hello")
        await drive.keys("ctrl+s")
        assert drive.chat.transcript.turns
        await drive.keys("ctrl+t")
        assert not drive.chat.transcript.turns


def test_a_key_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('[keys]\n"chat.new" = "ctrl+t"\n')
    assert load_keymap(file) == {"chat.new": "ctrl+t"}


@pytest.mark.parametrize(
    "text",
    [
        '[keys]\n"chat.nonsense" = "x"\n',
        '[keys]\n"chat.new" = "f2"\n',
        '[keys]\n"list.pin" = "f1"\n',  # help, everywhere
        '[keys]\n"answer.fork" = "alt+g"\n',  # works at the same moment in the chat
        '[keys]\n"chat.new" = 3\n',
        '[other]\nx = "y"\n',
        "not toml at all [",
        "#" * 70_000,
    ],
)
def test_a_wrong_key_file_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(UsageError):
        load_keymap(file)


def test_a_missing_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        load_keymap(tmp_path / "absent.toml")


def test_an_unknown_action_is_named_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text('[keys]\n"chat.histroy" = "ctrl+t"\n')
    with pytest.raises(UsageError, match=r"unknown action: chat\.histroy") as told:
        load_keymap(file)
    assert "Did you mean chat.history?" in told.value.hint
    assert "keys.schema.json" in told.value.hint


def test_the_schema_beside_the_code_is_of_this_code() -> None:
    assert json.loads(SCHEMA.read_text()) == schema()


def test_the_schema_names_every_action_with_its_default() -> None:
    actions = schema()["properties"]["keys"]["properties"]
    assert {name: action["default"] for name, action in actions.items()} == {
        key.id: key.keys for key in KEYS
    }


def test_no_key_is_bound_twice_in_one_place() -> None:
    for place in ("app", "chat", "prompt", "answer", "proposal"):
        keys = [one for key in KEYS if key.place == place for one in key.keys.split(",")]
        assert len(keys) == len(set(keys)), place


def test_no_screen_offers_one_key_for_two_actions() -> None:
    for module in pkgutil.iter_modules(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)
    offered = 0
    for screen in _subclasses(Screen):
        bound: dict[str, str] = {}
        for cls in reversed(screen.__mro__):
            for binding in vars(cls).get("BINDINGS", ()):
                if not isinstance(binding, Binding) or not binding.id:
                    continue
                for one in binding.key.split(","):
                    action = bound.setdefault(one.strip(), binding.action)
                    assert action == binding.action, (screen, one)
                    offered += 1
    assert offered > 100


def _subclasses(cls: type) -> list[type]:
    below: list[type] = cls.__subclasses__()
    return [one for child in below for one in (child, *_subclasses(child))]


def test_every_alt_key_reaches_us_as_itself() -> None:
    # Textual turns some of them into others: alt+b is ctrl+left, alt+2 is a trade mark.
    for key in KEYS:
        for one in key.keys.split(","):
            letter = one.removeprefix("alt+")
            if one.startswith("alt+") and len(letter) == 1:
                parser = XTermParser()
                events = [*parser.feed(f"\x1b{letter}"), *parser.feed("")]
                assert [event.key for event in events if isinstance(event, Key)] == [one]


SHIFTED = {
    **{f"f{n}": f"1;2{letter}" for n, letter in zip(range(1, 5), "PQRS", strict=True)},
    **{f"f{n}": f"{code};2~" for n, code in zip(range(5, 13), (15, 17, 18, 19, 20, 21, 23, 24),
                                                strict=True)},
}  # fmt: skip
"""What xterm, and all that do as it does, sends for a function key with shift."""


def test_every_shifted_function_key_is_read_as_itself_from_what_a_terminal_sends() -> None:
    bound = [one for key in KEYS for one in key.keys.split(",") if one.startswith("shift+f")]
    assert bound
    for one in bound:
        sent = f"\x1b[{SHIFTED[one.removeprefix('shift+')]}"
        events = [event for event in XTermParser().feed(sent) if isinstance(event, Key)]
        assert [one in (event.key, *event.aliases) for event in events] == [True], one


def test_keys_that_work_while_typing_are_never_plain_characters() -> None:
    for key in KEYS:
        if key.place in {"app", "chat", "prompt"}:
            for one in key.keys.split(","):
                assert "+" in one or len(one) > 1, key.id


async def test_copying_takes_the_raw_answer_code_and_addresses() -> None:
    answer = "**Bold**\n\n```py\na = 1\n```\n\n[x](https://one.example/?q=1)\n\n```\nb\n```\n"
    async with opened(Script(default=answer)) as drive:
        await drive.ask("hello")
        await drive.keys("alt+c")
        assert drive.app.clipboard == answer
        await drive.keys("alt+k")
        assert drive.app.clipboard == "a = 1"
        await drive.keys("alt+k")
        assert drive.app.clipboard == "b"
        await drive.keys("alt+l")
        assert drive.app.clipboard == "https://one.example/?q=1"


@pytest.mark.parametrize(
    ("said", "theme"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, "no-colour"),
        ({"COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "xterm-16color"}, "high-contrast"),
    ],
)
def test_what_the_environment_says_of_colours_chooses_the_theme(
    said: dict[str, str], theme: str
) -> None:
    code = (
        "from assistant.tui.app import AssistantApp\n"
        "from tests.tui.scripted_front import ScriptedFront\n"
        f"assert AssistantApp(ScriptedFront()).theme == {theme!r}"
    )
    colours = {"NO_COLOR", "COLORTERM", "TERM"}
    environment = {key: text for key, text in os.environ.items() if key not in colours} | said
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=ROOT)


def test_sixteen_colours_get_the_theme_that_loses_nothing_by_them() -> None:
    assert themes.fitting("", "truecolor", no_color=False) == "dark"
    assert themes.fitting("", "standard", no_color=False) == "high-contrast"
    assert themes.fitting("light", "standard", no_color=False) == "light"
    assert themes.fitting("light", "truecolor", no_color=True) == "no-colour"
