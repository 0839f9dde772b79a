"""Policy and models on the screen; alarms and notices lead somewhere."""

from __future__ import annotations

import threading

import msgspec
import pytest

from assistant.holder.controls import AddComment
from assistant.holder.interface import UseModel
from assistant.holder.models_wire import ModelProgress, PullModel, RemoveModel
from assistant.holder.overview_wire import AcknowledgeNotices, AuthorityItem, PolicyItem
from assistant.tui.screens.chat import ChatScreen
from assistant.tui.screens.models import progress_line
from assistant.tui.screens.policy import PolicyScreen
from tests.tui.driving import SMALL, WIDE, Drive, opened, until
from tests.tui.scripted_front import BANK_RULE

ALARM = "The bundle of Example Bank is damaged."


def alarmed(drive: Drive) -> None:
    application = drive.front.application
    application.status = msgspec.structs.replace(application.status, alarms=(ALARM,))
    application.policy = [
        msgspec.structs.replace(one, alarm=ALARM)
        if isinstance(one, AuthorityItem) and one.issuer == "Example Bank" else one
        for one in application.policy
    ]  # fmt: skip


async def test_every_authority_rule_bound_and_requirement_has_a_line() -> None:
    async with opened() as drive:
        await drive.keys("f6")
        for part in (
            "Baseline v3", "Example Bank v4", "no-investment-advice", "medical-dosage",
            "retention_days", "both-sides", "at most 30",
        ):  # fmt: skip
            assert part in drive.text


async def test_a_rule_says_effect_issuer_reason_appeal_version_import_and_manager() -> None:
    async with opened() as drive:
        await drive.keys("f6")
        await drive.keys("down", "down", "down")
        for part in (
            "No personal investment advice", "block · input, output", "Example Bank, tier 2",
            "needs a licensed adviser", "compliance@bank.example", "v4, until 2027-01-01",
            "last import 2026-01-20 08:15", "managed by this computer's administrator",
            "overrode tier 2 Example Bank: warn",
        ):  # fmt: skip
            assert part in drive.words


async def test_a_bound_says_what_you_asked_for_and_did_not_get() -> None:
    async with opened(size=WIDE) as drive:
        await drive.keys("f6")
        await drive.keys("down", "down", "down", "down")
        assert "you asked for 365, 30 holds" in drive.words
        assert "overrode tier 1 Baseline: at most 365" in drive.words


async def test_policy_is_searched_while_typing_and_escape_shows_all_again() -> None:
    async with opened() as drive:
        await drive.keys("f6", "slash")
        await drive.typed("adviser BANK")
        await drive.quiet()
        assert "no-investment-advice" in drive.text
        assert "medical-dosage" not in drive.text
        await drive.keys("escape")
        assert "medical-dosage" in drive.text
        await drive.keys("escape")
        assert isinstance(drive.app.screen, ChatScreen)


async def test_enter_shows_a_rule_in_full_with_who_was_consulted() -> None:
    async with opened(size=WIDE) as drive:
        await drive.keys("f6")
        await drive.keys("down", "down", "down", "enter")
        for part in ("What each tier asked for", "(overridden)", "Works council", "241d241d"):
            assert part in drive.text
        await drive.keys("escape")
        assert isinstance(drive.app.screen, PolicyScreen)


async def test_a_rule_is_commented_on_by_its_own_id() -> None:
    async with opened() as drive:
        await drive.keys("f6", "c")
        assert isinstance(drive.app.screen, PolicyScreen)  # an authority is no rule
        await drive.keys("down", "down", "down", "c")
        await drive.typed("too strict")
        await drive.keys("enter")
        assert "The comment is kept." in drive.words
        await drive.keys("down", "c")
        await drive.typed("too short")
        await drive.keys("enter")
        assert [(r.rule, r.text) for r in drive.front.application.asked(AddComment)] == [
            ("no-investment-advice", "too strict"), ("one-month", "too short"),
        ]  # fmt: skip


@pytest.mark.parametrize("size", [SMALL, WIDE])
async def test_however_long_a_title_is_every_part_has_one_line(size: tuple[int, int]) -> None:
    async with opened(size=size) as drive:
        application = drive.front.application
        source = msgspec.structs.replace(BANK_RULE, title="A very long title " * 9)
        application.policy = [
            PolicyItem(f"rule-{number:02}", "rule", "block", source) for number in range(60)
        ]
        await drive.keys("f6")
        shown = [line for line in drive.text.splitlines() if "A very long" in line]
        assert all(line.startswith("  block    rule-") for line in shown[:-1])
        assert len(shown) > 5


async def test_alarms_stand_on_top_of_policy_once_and_the_status_line_leads_there() -> None:
    async with opened(size=WIDE) as drive:
        alarmed(drive)
        await drive.ask("hello")
        assert f"! {ALARM} (f6)" in drive.words
        await drive.pilot.click("#status")
        await drive.quiet()
        assert isinstance(drive.app.screen, PolicyScreen)
        top = drive.text.split("tier 1")[0]
        assert top.count(ALARM) == 1


async def test_hostile_policy_text_is_inert() -> None:
    async with opened(size=WIDE) as drive:
        application = drive.front.application
        application.policy = [
            msgspec.structs.replace(one, issuer="[red]Bank\x1b[2J\u202e")
            if isinstance(one, AuthorityItem) else one
            for one in application.policy
        ]  # fmt: skip
        await drive.keys("f6")
        await drive.keys("enter")
        assert "[red]Bank" in drive.text
        assert "\x1b" not in drive.text
        assert "\u202e" not in drive.text


async def test_models_say_what_fits_whose_licence_and_which_digest() -> None:
    async with opened() as drive:
        await drive.keys("f7")
        for part in ("● SmolLM2-135M-Instruct", "too large", "not here", "embeds",
                     "managed by Example Bank", "licence Apache-2.0", "b179" * 16,
                     "needs 196 MB of memory; this machine has 8.0 GB", "in use"):  # fmt: skip
            assert part in drive.words
        assert "\x1b" not in drive.text
        await drive.keys("down", "down", "down", "down")
        assert "rule reviewed-models: Models are reviewed before use." in drive.words


async def test_enter_uses_a_model_and_the_previous_stays_if_that_fails() -> None:
    async with opened() as drive:
        await drive.keys("f7")
        await drive.keys("down", "down", "enter")
        assert "SmolLM2-135M-Instruct stays in use." in drive.words
        assert "● SmolLM2-135M-Instruct" in drive.text
        await drive.keys("down", "enter")
        assert "Qwen-0.5B is in use." in drive.words
        assert "● Qwen-0.5B" in drive.text
        assert [r.id for r in drive.front.application.asked(UseModel)] == ["broken", "qwen"]


async def test_a_model_that_is_absent_forbidden_or_no_chat_model_says_so_and_is_not_tried() -> None:
    async with opened() as drive:
        await drive.keys("f7")
        await drive.keys("down", "enter")
        assert "not here: g fetches it" in drive.words
        await drive.keys("down", "down", "down", "enter")
        assert "Not allowed here." in drive.words
        await drive.keys("down", "enter")
        assert "cannot chat" in drive.words
        assert not drive.front.application.asked(UseModel)


async def test_a_vault_notice_stays_until_the_next_message_and_is_then_acknowledged() -> None:
    async with opened() as drive:
        application = drive.front.application
        application.status = msgspec.structs.replace(
            application.status, notices=("The last two changes are missing.",)
        )
        await drive.ask("one")
        assert "The last two changes are missing." in drive.words
        assert not application.asked(AcknowledgeNotices)
        await drive.ask("two")
        assert "are missing" not in drive.words
        await drive.ask("three")
        assert len(application.asked(AcknowledgeNotices)) == 1


async def at_an_absent_model(drive: Drive) -> None:
    await drive.keys("f7")
    await drive.keys("down")


async def test_fetching_says_that_it_uses_the_network_and_shows_how_far_it_is() -> None:
    async with opened(size=WIDE) as drive:
        gate = drive.front.application.model_gate = threading.Event()
        await at_an_absent_model(drive)
        await drive.keys("g")
        assert "This uses the network" in drive.words
        await drive.press("y")
        await until(lambda: "45%" in drive.text)
        assert "Fetching SmolLM2-1.7B-Instruct ━━━━━━━───" in drive.words
        assert "45% · 495 MB of 1.1 GB · 5.5 MB/s · 2 min left" in drive.words
        gate.set()
        await until(lambda: "its digest holds" in drive.text)
        await drive.quiet()
        assert "not here" not in drive.text


async def test_a_fetch_is_stopped_only_after_a_question() -> None:
    async with opened() as drive:
        drive.front.application.model_gate = threading.Event()
        await at_an_absent_model(drive)
        await drive.keys("g")
        await drive.press("y")
        await until(lambda: "45%" in drive.text)
        await drive.press("escape")
        await until(lambda: "Stop it?" in drive.text)
        await drive.press("n")
        await until(lambda: "Stop it?" not in drive.text)
        assert "45%" in drive.text
        await drive.press("escape")
        await until(lambda: "Stop it?" in drive.text)
        await drive.press("y")
        await until(lambda: "Stopped." in drive.text)
        await drive.quiet()
        await drive.keys("escape")
        assert isinstance(drive.app.screen, ChatScreen)


async def test_what_is_here_or_forbidden_is_not_fetched() -> None:
    async with opened() as drive:
        await drive.keys("f7")
        await drive.keys("g")
        assert "It is here already." in drive.words
        application = drive.front.application
        application.models = [
            msgspec.structs.replace(one, present=one.id != "giant") for one in application.models
        ]
        await drive.keys("escape")
        await drive.keys("f7")
        await drive.keys(*["down"] * 4)
        await drive.keys("g")
        assert "Not allowed here." in drive.words
        assert not application.asked(PullModel)


async def test_a_model_is_hashed_again_and_an_added_one_forgotten() -> None:
    async with opened() as drive:
        await drive.keys("f7")
        await drive.keys("v")
        await until(lambda: "its digest holds" in drive.text)
        await drive.keys("d")
        assert "belongs to the catalogue" in drive.words
        await drive.keys("down", "down")
        await drive.keys("v")
        await until(lambda: "The model's file is not" in drive.words)
        await drive.keys("d")
        await drive.keys("y")
        await until(lambda: "It is forgotten" in drive.text)
        assert [request.id for request in drive.front.application.asked(RemoveModel)] == ["broken"]
        assert "Bro" not in drive.text


def test_time_left_is_said_only_once_it_can_be_told() -> None:
    start = ModelProgress("fetching", 0, 1000, 0.0)
    assert "left" not in progress_line(start, "x")
    assert progress_line(ModelProgress("checking", 0, 0, 3.0), "x") == "Checking x…"
    late = ModelProgress("fetching", 10_000_000, 70_000_000_000, 10.0)
    assert progress_line(late, "x").endswith("1.0 MB/s · 19.4 h left")
