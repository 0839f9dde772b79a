"""Branches, folders, keeping an incognito chat, and copying past the gate, by keys."""

from __future__ import annotations

from itertools import count

import msgspec
from textual.content import Content

from assistant.holder.branches_wire import (
    KeepIncognito,
    MoveConversation,
    PinConversation,
    SwitchBranch,
    TreeItem,
)
from assistant.holder.interface import Ask, ConversationItem, CopyText
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.history import grouped
from assistant.tui.screens.lists import ListScreen, SearchScreen
from assistant.tui.screens.tree import MAX_DEPTH, TreeScreen, drawn
from tests.tui.driving import WIDE, Drive, opened, until
from tests.tui.scripted_front import STAMP, Script

HOSTILE = "\x1b]52;c;ZXZpbA==\x07[red]\u202etxt[/] a\nb"


def shown(drive: Drive) -> list[str]:
    return [view.question for view in drive.chat.transcript.turns]


async def forked(drive: Drive) -> None:
    """Three turns, then the second one in other words."""
    for text in ("bread", "with wheat", "how long"):
        await drive.ask(text)
    await drive.keys("escape", "up", "f")
    await drive.keys("ctrl+a", "ctrl+k")
    await drive.typed("with rye")
    await drive.keys("ctrl+s")
    await until(lambda: not drive.chat.running)
    await drive.quiet()


async def test_an_earlier_message_is_sent_in_other_words_and_the_old_branch_stays() -> None:
    async with opened() as drive:
        await forked(drive)
        assert shown(drive) == ["bread", "with rye"]
        assert "‹2/2› with rye" in drive.text
        ask = drive.front.application.asked(Ask)[-1]
        assert (ask.text, ask.again_of) == ("with rye", "t3")
        await drive.ask("and salt")
        assert shown(drive) == ["bread", "with rye", "and salt"]
        await drive.keys("alt+left")
        assert shown(drive) == ["bread", "with wheat", "how long"]
        assert "Branch 1 of 2" in drive.text
        await drive.keys("alt+right")
        assert shown(drive) == ["bread", "with rye", "and salt"]


async def test_the_prompts_history_follows_the_branch() -> None:
    async with opened() as drive:
        await forked(drive)
        await drive.keys("up")
        assert drive.chat.prompt.text == "with rye"
        await drive.keys("up")
        assert drive.chat.prompt.text == "bread"
        await drive.keys("down", "down")
        await drive.keys("alt+left")
        await drive.keys("up")
        assert drive.chat.prompt.text == "how long"


async def test_on_an_answer_the_arrows_go_between_branches_and_stay_there() -> None:
    async with opened() as drive:
        await forked(drive)
        await drive.keys("escape", "left")
        view = drive.chat.focused
        assert getattr(view, "question", "") == "with wheat"
        await drive.keys("right")
        assert getattr(drive.chat.focused, "question", "") == "with rye"


async def test_answering_an_earlier_question_again_begins_a_branch_there() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.ask("two")
        drive.front.script.default = "Another answer."
        await drive.keys("escape", "up", "r")
        await until(lambda: not drive.chat.running)
        assert shown(drive) == ["one"]
        assert "‹2/2› one" in drive.text
        assert "Another answer." in drive.text
        await drive.keys("left")
        assert shown(drive) == ["one", "two"]


async def test_the_answer_picked_of_two_is_a_branch_and_none_picked_leaves_all_as_it_was() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.ask("two")
        await drive.keys("escape", "up", "2")
        await until(lambda: "1 or 2 picks" in drive.text)
        await drive.keys("escape")
        assert shown(drive) == ["one", "two"]
        assert drive.front.application._tip("c2") == "t3"
        await drive.keys("escape")
        await drive.keys("up", "2")
        await until(lambda: "1 or 2 picks" in drive.text)
        await drive.keys("2")
        assert shown(drive) == ["one"]
        assert "‹3/3› one" in drive.text


async def test_where_there_is_one_branch_the_keys_say_so() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.keys("alt+left")
        assert "one branch here" in drive.text
        assert not drive.front.application.asked(SwitchBranch)


async def test_an_edited_message_that_is_not_sent_after_all_goes_back_into_the_prompt() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.ask("two")
        await drive.keys("escape", "up", "f")
        await drive.keys("ctrl+a", "ctrl+k")
        await drive.typed("what dose")
        await drive.press("ctrl+s")
        await until(lambda: "anyway?" in drive.text)
        await drive.keys("escape")
        await until(lambda: shown(drive) == ["one", "two"])
        assert drive.chat.prompt.text == "what dose"


async def test_an_edited_message_that_needs_a_yes_still_becomes_a_branch() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.keys("alt+g")
        await drive.keys("ctrl+a", "ctrl+k")
        await drive.typed("what dose")
        await drive.press("ctrl+s")
        await until(lambda: "anyway?" in drive.text)
        await drive.keys("ctrl+y")
        await until(lambda: not drive.chat.running)
        await drive.quiet()
        assert drive.front.application.asked(Ask)[-1].again_of == "t1"
        assert "‹2/2› what dose" in drive.text


async def test_an_edit_that_is_cancelled_changes_nothing() -> None:
    async with opened() as drive:
        await drive.ask("one")
        await drive.keys("alt+g", "escape")
        assert len(drive.front.application.asked(Ask)) == 1
        assert shown(drive) == ["one"]


async def test_erasing_the_turn_where_branches_part_shows_what_stands_there_now() -> None:
    async with opened() as drive:
        await forked(drive)
        await drive.ask("and salt")
        await drive.keys("escape", "up", "x")
        await drive.keys("y")
        assert shown(drive) == ["bread", "and salt"]
        assert "‹2/2› and salt" in drive.text


# -- the tree -------------------------------------------------------------------------------


async def test_the_tree_is_drawn_with_lines_and_opens_a_branch() -> None:
    async with opened() as drive:
        await forked(drive)
        await drive.keys("shift+f2")
        assert isinstance(drive.app.screen, TreeScreen)
        lines = [line.strip() for line in drive.text.splitlines()]
        assert [line[:14] for line in lines[2:6]] == [
            "● bread  Good ", "├─○ with wheat", "│ ○ how long  ", "└─● with rye  ",
        ]  # fmt: skip
        await drive.keys("up", "enter")
        assert isinstance(drive.app.screen, ChatScreen)
        assert shown(drive) == ["bread", "with wheat", "how long"]


async def test_the_tree_is_reached_from_the_history_too() -> None:
    async with opened() as drive:
        await forked(drive)
        await drive.keys("ctrl+n")
        await drive.keys("f2")
        await drive.keys("t")
        assert isinstance(drive.app.screen, TreeScreen)
        await drive.keys("up", "enter")
        assert isinstance(drive.app.screen, ChatScreen)
        assert shown(drive) == ["bread", "with wheat", "how long"]


async def test_a_hit_on_another_branch_opens_that_branch() -> None:
    async with opened() as drive:
        await forked(drive)
        await drive.keys("f2", "slash")
        await drive.typed("wheat")
        await drive.quiet()
        await drive.keys("enter", "enter")
        assert shown(drive) == ["bread", "with wheat", "how long"]


def item(identity: str, parent: str = "", question: str = "q") -> TreeItem:
    return TreeItem(identity, parent, question, "a", "complete", STAMP, read=True)


def test_a_long_conversation_goes_straight_down() -> None:
    items = [item(str(n), str(n - 1) if n else "") for n in range(5000)]
    assert {row.lines for row in drawn(items)} == {""}


async def test_wide_characters_keep_to_their_line_in_the_tree() -> None:
    async with opened(Script(default="🍨 " * 60)) as drive:
        await drive.ask("漢字" * 30)
        await drive.ask("two")
        await drive.keys("shift+f2")
        lines = [line for line in drive.text.splitlines() if "●" in line]
        assert len(lines) == 2
        place = drive.text.splitlines().index(lines[0])
        assert drive.text.splitlines()[place + 1] == lines[1]


def test_forks_within_forks_stay_on_the_screen() -> None:
    number = count()
    items, parent = [], ""
    for _ in range(200):
        fork = [item(str(next(number)), parent) for _ in range(2)]
        items += fork
        parent = fork[0].id
    rows = drawn(items)
    assert len(rows) == len(items)
    assert max(len(row.lines) for row in rows) <= 2 * MAX_DEPTH


async def test_hostile_titles_folders_and_questions_are_shown_inert() -> None:
    async with opened(size=WIDE) as drive:
        await drive.ask("one")
        application = drive.front.application
        (old,) = application.conversations.values()
        application.conversations[old.id] = msgspec.structs.replace(
            old, title=HOSTILE, folder=HOSTILE
        )
        for identity, turn in application.turns.items():
            application.turns[identity] = msgspec.structs.replace(
                turn, question=HOSTILE, answer=HOSTILE
            )
        await drive.keys("f2", "f")
        assert "[red]" in drive.text
        for _ in range(2):
            assert not {"\x1b", "\x07", "\u202e"} & set(drive.text)
            await drive.keys("t")
        assert isinstance(drive.app.screen, TreeScreen)


# -- the history ----------------------------------------------------------------------------


async def test_conversations_are_pinned_and_put_into_folders_by_keys() -> None:
    async with opened() as drive:
        for text in ("bread", "planets", "removal van"):
            await drive.ask(text)
            await drive.keys("ctrl+n")
        await drive.keys("f2")
        assert "Pinned" not in drive.text
        await drive.keys("m")
        await drive.typed("house")
        await drive.keys("enter")
        assert drive.front.application.asked(MoveConversation)[-1].folder == "house"
        await drive.keys("down", "p")
        assert drive.front.application.asked(PinConversation)[-1].pinned
        lines = [line.strip() for line in drive.text.splitlines() if line.strip()]
        order = [line for line in lines if line in {"Pinned", "house", "In no folder"}]
        assert order == ["Pinned", "house", "In no folder"]
        await drive.keys("f")
        assert "removal van" in drive.text
        assert "planets" not in drive.text
        await drive.keys("f")
        assert "planets" in drive.text


def conversation(identity: str, *, pinned: bool = False, folder: str = "") -> ConversationItem:
    return ConversationItem(identity, identity, STAMP, STAMP, 1, pinned, folder)


def test_groups_stand_in_order_and_only_where_there_are_several() -> None:
    assert grouped([conversation("a"), conversation("b")]) == [conversation("a"), conversation("b")]
    lines = grouped([
        conversation("p", pinned=True, folder="zoo"), conversation("z", folder="zoo"),
        conversation("n"), conversation("a", folder="Ark"),
    ])  # fmt: skip
    names = [line.title for line in lines]
    assert names == ["Pinned", "p", "Ark", "a", "zoo", "z", "In no folder", "n"]


async def test_a_pinned_conversation_is_not_taken_for_the_latest_at_the_start() -> None:
    async with opened() as drive:
        await drive.ask("old")
        await drive.keys("ctrl+n")
        await drive.ask("new")
        await drive.keys("f2", "down", "p", "escape")
        await drive.keys("ctrl+l")
        await drive.unlock()
        assert shown(drive) == ["new"]


# -- incognito ------------------------------------------------------------------------------


async def test_an_incognito_chat_is_kept_from_here_on_after_a_question() -> None:
    async with opened() as drive:
        await drive.keys("alt+i")
        await drive.ask("a thing")
        assert "INCOGNITO" in drive.text
        await drive.typed("begun")
        await drive.keys("alt+w")
        assert "Until now nothing of it was written." in drive.words
        await drive.keys("n")
        assert not drive.front.application.asked(KeepIncognito)
        assert not drive.front.application.conversations
        await drive.keys("alt+w")
        await drive.keys("y")
        assert "INCOGNITO" not in drive.text
        assert shown(drive) == ["a thing"]
        assert drive.chat.prompt.text == "begun"
        await drive.keys("enter")
        assert not drive.front.application.asked(Ask)[-1].incognito


async def test_what_is_kept_already_or_empty_cannot_be_kept() -> None:
    async with opened() as drive:
        await drive.ask("a thing")
        await drive.keys("alt+w")
        assert "kept already" in drive.text
        await drive.keys("alt+i", "alt+w")
        assert "Nothing was said here yet" in drive.text
        assert not drive.front.application.asked(KeepIncognito)


# -- copying --------------------------------------------------------------------------------


async def test_policy_is_asked_before_anything_reaches_the_clipboard() -> None:
    script = Script(
        default="a private word\n\n```\nsecret()\n```\n\n[x](https://plain.example/x)\n"
    )
    async with opened(script) as drive:
        await drive.ask("hello")
        await drive.keys("alt+c")  # the whole answer holds the secret
        assert drive.app.clipboard == ""
        assert "Policy does not let this" in drive.words
        await drive.keys("alt+k")
        assert drive.app.clipboard == ""
        await drive.keys("alt+l")
        assert drive.app.clipboard == "https://plain.example/x"
        asked = [request.text for request in drive.front.application.asked(CopyText)]
        assert asked[1:] == ["secret()", "https://plain.example/x"]


async def test_what_policy_left_out_of_a_copy_is_said() -> None:
    async with opened(Script(default="a private word")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+c")
        assert drive.app.clipboard == "a [redacted] word"
        assert "Parts were left out." in drive.text


async def test_a_copy_that_a_rule_wants_a_yes_for_is_asked_about_with_the_reason() -> None:
    async with opened(Script(default="our clients")) as drive:
        await drive.ask("hello")
        await drive.keys("alt+c")
        await until(lambda: "Copy it anyway?" in drive.text)
        assert "Clients are asked" in drive.text
        assert "Appeal: appeals@example.org" in drive.text
        await drive.keys("escape")
        assert drive.app.clipboard == ""
        await drive.keys("alt+c")
        await until(lambda: "Copy it anyway?" in drive.text)
        await drive.keys("ctrl+y")
        await until(lambda: drive.app.clipboard == "our clients")
        assert drive.front.application.asked(CopyText)[-1].confirmed == ("clients",)


async def test_a_selection_asks_too() -> None:
    async with opened() as drive:
        await drive.typed("my secret")
        drive.chat.prompt.select_all()
        await drive.keys("ctrl+c")
        assert drive.app.clipboard == ""
        assert "Policy does not let this" in drive.words


class AtOnce(ListScreen[None, str]):
    """A list whose items are there before it has been laid out."""

    def on_mount(self) -> None:
        self.fill(["How long? " * 9])

    def line(self, item: str) -> Content:
        return Content(item[: self.options.scrollable_content_region.width])

    def about(self, item: str) -> Content:
        return Content("")


async def test_lines_that_came_before_the_list_had_a_width_are_cut_to_it_all_the_same() -> None:
    async with opened() as drive:
        await drive.app.push_screen(AtOnce())
        await drive.quiet()
        assert drive.text.count("How long?") > 5


async def test_a_second_key_on_its_way_to_a_closing_screen_closes_nothing_else() -> None:
    async with opened() as drive:
        await drive.ask("bread")
        chat = drive.app.screen
        await drive.keys("f2")
        listed = drive.app.screen
        assert isinstance(listed, SearchScreen)
        listed.action_back()
        listed.action_back()
        await drive.quiet()
        assert drive.app.screen is chat
        assert drive.app.fault is None
