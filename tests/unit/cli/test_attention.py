"""A policy that ran out, or soon will, is told beside the answer and never in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from assistant.cli.attach import Waiting
from assistant.cli.attention import call_attention
from assistant.cli.context import Context
from assistant.cli.main import main
from assistant.cli.plain.overview import greet
from assistant.cli.plain.session import Session
from assistant.holder.policy_dates import SOON, most_pressing, policy_dates
from assistant.policy import AuthorityState, Freshness, ManagedBy, Tier
from tests.holder_world import World
from tests.policy_documents import document
from tests.vault_world import noon


def authority(left: timedelta, freshness: Freshness = Freshness.FRESH) -> AuthorityState:
    """An authority whose policy has so long to run."""
    return AuthorityState(
        tier=Tier.ORGANISATION, issuer="Acme", version=7, authority="e" * 64,
        expires=noon() + left, fresh_until=noon() + left, freshness=freshness,
        last_import=None, managed_by=ManagedBy.ENROLLED, alarm="",
    )  # fmt: skip


def put_in_force(world: World, *found: AuthorityState, alarms: tuple[str, ...] = ()) -> None:
    world.holder._parts = replace(world.holder._parts, authorities=found, alarms=alarms)


def run(world: World, *words: str) -> int:
    return main(["--home", str(world.folder), *words], lambda _: 1)


@pytest.mark.parametrize(
    ("left", "freshness", "said"),
    [
        (SOON + timedelta(seconds=1), Freshness.FRESH, ""),
        (SOON + timedelta(seconds=1), Freshness.STALE, ""),
        (SOON, Freshness.FRESH, "runs out on"),
        (timedelta(0), Freshness.FRESH, "ran out on"),
        (-SOON, Freshness.EXPIRED, "ran out on"),
        # Judged at the trusted time when it was loaded; a clock set back revives nothing.
        (2 * SOON, Freshness.EXPIRED, "ran out on"),
    ],
)
def test_an_end_is_spoken_of_two_weeks_before_and_from_then_on(
    left: timedelta, freshness: Freshness, said: str
) -> None:
    told = policy_dates([authority(left, freshness)], noon())
    assert len(told) == bool(said)
    day = f"{noon() + left:%Y-%m-%d}"
    assert most_pressing(told) == ((said == "ran out on", day) if said else None)
    assert all(said in line and "Acme" in line and "newer one" in line for line in told)


def test_of_several_ends_the_first_presses_most_whatever_an_issuer_calls_itself() -> None:
    soon, over = authority(SOON), authority(-SOON, Freshness.EXPIRED)
    named = replace(soon, issuer="A ran out on 2001-01-01; B")
    day = f"{noon() - SOON:%Y-%m-%d}"
    assert most_pressing(policy_dates([named, over], noon())) == (True, day)
    assert most_pressing(policy_dates([named], noon())) == (False, f"{noon() + SOON:%Y-%m-%d}")


def test_ask_says_once_on_stderr_that_the_policy_ran_out(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put_in_force(world, authority(-SOON, Freshness.EXPIRED), alarms=("The clock was set back.",))
    assert run(world, "ask", "Hello?") == 0
    out, err = capsys.readouterr()
    assert out == "A scripted answer.\n"
    assert err.count("Attention: The policy of Acme ran out on") == 1
    assert err.count("Attention: The clock was set back.") == 1


def test_ask_json_keeps_its_one_object_and_says_it_on_stderr(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put_in_force(world, authority(SOON / 2))
    assert run(world, "ask", "Hello?", "--json", "--beside") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["answer"] == "A scripted answer."
    assert err.count("runs out on") == 1


def test_ask_says_nothing_where_all_is_well(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put_in_force(world, authority(10 * SOON))
    assert run(world, "ask", "Hello?") == 0
    assert capsys.readouterr() == ("A scripted answer.\n", "")


def test_a_vault_locked_since_the_answer_has_nothing_to_add(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put_in_force(world, authority(-SOON))
    world.holder.lock("the lid was closed")
    call_attention(world.holder)
    assert capsys.readouterr() == ("", "")


def test_the_line_mode_says_it_when_it_begins(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    put_in_force(world, authority(-SOON))
    with Context(world.folder, None, lambda _: 1) as context:
        greet(Session(context, world.holder, False, Waiting(world.holder)))
    out, err = capsys.readouterr()
    assert "ran out" not in out
    assert err.count("ran out on") == 1


MACHINE = {"id": "machine", "kind": "disclosure", "reason": "Law.", "text": "A machine answers."}


def test_ask_says_what_a_tier_wants_said_where_a_conversation_begins_and_not_after(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.enforce(document(requirements=[MACHINE]))
    assert run(world, "ask", "Hello?") == 0
    assert capsys.readouterr() == ("A scripted answer.\n", "A machine answers.\n")
    assert run(world, "ask", "And now?", "--conversation", "last") == 0
    assert capsys.readouterr() == ("A scripted answer.\n", "")


def test_ask_json_has_what_is_to_be_said_as_a_field(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(world, "ask", "Hello?", "--json") == 0
    assert json.loads(capsys.readouterr().out)["disclosure"] == []
    world.enforce(document(requirements=[MACHINE]))
    assert run(world, "ask", "Hello?", "--json", "--incognito") == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["disclosure"] == ["A machine answers."]
    assert err == ""
