"""Attacks with the clock: set back, set forward, unreadable. Nothing is ever extended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assistant.errors import BundleStale, DocumentInvalid
from assistant.policy.authorities import remember, verify
from assistant.policy.clock import BELIEVABLE_AHEAD, trusted_now
from assistant.policy.floors import Floors
from assistant.policy.install import install
from assistant.policy.loader import Freshness, PolicyState, load_policy
from assistant.policy.storage import Disk
from tests.publisher import NOW, encoded, write_folder
from tests.redteam.test_bundle_attacks import World, make_world

ISSUED = datetime(2027, 1, 1, tzinfo=UTC)
NAIVE = datetime(2027, 3, 1)  # noqa: DTZ001 - the unreadable clock


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path)


def state_at(world: World, now: datetime, vault: Floors | None = None) -> PolicyState:
    return load_policy(world.where.home, world.where.system, world.where.baseline, now, vault)


def test_the_latest_of_clock_mark_and_issue_date_is_believed() -> None:
    day = timedelta(days=1)
    assert trusted_now(NOW, None, [ISSUED]).moment == NOW
    assert trusted_now(NOW, NOW + day, [ISSUED]).moment == NOW + day
    assert trusted_now(ISSUED - 99 * day, None, [ISSUED]).moment == ISSUED


def test_a_clock_set_back_revives_no_expired_policy(world: World) -> None:
    late = datetime(2029, 1, 1, tzinfo=UTC)
    state = state_at(world, late)
    assert state.authorities[-1].freshness is Freshness.EXPIRED
    remember(world.where, state.floors, Disk())
    again = state_at(world, NOW)
    assert again.authorities[-1].freshness is Freshness.EXPIRED
    assert any("behind" in alarm for alarm in again.alarms)


def test_with_the_mark_deleted_the_vaults_copy_still_holds(world: World) -> None:
    state = state_at(world, datetime(2029, 1, 1, tzinfo=UTC))
    again = state_at(world, NOW, state.floors)
    assert again.authorities[-1].freshness is Freshness.EXPIRED


def test_a_clock_set_back_does_not_make_an_expired_bundle_installable(world: World) -> None:
    remember(world.where, state_at(world, datetime(2029, 1, 1, tzinfo=UTC)).floors, Disk())
    world.publisher.update(3)
    folder = write_folder(world.where.home.parent / "late", world.publisher.bundle())
    with pytest.raises(BundleStale):
        install(world.where, folder, NOW, world.disk)


def test_a_flat_battery_extends_nothing_and_is_said(world: World) -> None:
    remember(world.where, state_at(world, NOW).floors, Disk())
    state = state_at(world, datetime(1970, 1, 1, tzinfo=UTC))
    assert state.now == NOW
    assert any("behind" in alarm for alarm in state.alarms)
    assert state.documents[-1].version == 2


def test_a_clock_years_ahead_is_not_believed_and_poisons_nothing(world: World) -> None:
    far = datetime(2106, 2, 7, tzinfo=UTC)
    state = state_at(world, far)
    assert any("ahead" in alarm for alarm in state.alarms)
    remember(world.where, state.floors, Disk())
    after = state_at(world, NOW)
    assert after.authorities[-1].freshness is Freshness.FRESH
    assert after.alarms == ()


def test_the_edge_of_what_is_believed() -> None:
    edge = ISSUED + BELIEVABLE_AHEAD
    assert trusted_now(edge, None, [ISSUED]).moment == edge
    assert trusted_now(edge + timedelta(seconds=1), None, [ISSUED]).moment == ISSUED


def test_a_clock_that_names_no_instant_is_not_used(world: World) -> None:
    remember(world.where, state_at(world, NOW).floors, Disk())
    state = state_at(world, NAIVE)
    assert state.now == NOW
    assert any("cannot be read" in alarm for alarm in state.alarms)


def test_freshness_ends_at_its_second(world: World) -> None:
    ends = NOW + timedelta(days=30)
    folder = world.where.home.parent / "good"
    assert verify(world.where, folder, ends - timedelta(seconds=1)).freshness is Freshness.FRESH
    assert verify(world.where, folder, ends).freshness is Freshness.STALE


def test_dates_out_of_order_are_no_document(world: World) -> None:
    from tests.publisher import document

    raw = encoded(document(3, issued="2027-06-01T00:00:00Z", effective="2027-01-01T00:00:00Z"))
    world.publisher.put_document(raw)
    world.publisher.bump("targets", "snapshot", "timestamp")
    folder = write_folder(world.where.home.parent / "odd", world.publisher.bundle())
    with pytest.raises(DocumentInvalid):
        install(world.where, folder, NOW, world.disk)
