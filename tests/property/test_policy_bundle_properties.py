"""Floors form a lattice, formats round-trip, and no bytes at all crash a reader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import BundleUnverified, PolicyError, PolicyInvalid
from assistant.policy.attest import read_attestation
from assistant.policy.bundle import verify_bundle
from assistant.policy.clock import trusted_now
from assistant.policy.floors import Floors
from assistant.policy.sources import MemorySource, ZipSource, pack
from tests.generators import bundle_edits, floors_records, utc_moments
from tests.publisher import Publisher

PUBLISHER = Publisher()
FILES = PUBLISHER.bundle()


@given(floors_records(), floors_records())
def test_joining_floors_lowers_none_and_order_does_not_matter(one: Floors, other: Floors) -> None:
    joined = one.merged(other)
    assert joined.authorities == other.merged(one).authorities
    for part in (one, other):
        for authority, entry in part.authorities.items():
            for name, floor in entry.roles.items():
                assert joined.of(authority).roles[name] >= floor
        if part.high_water is not None:
            assert joined.high_water is not None
            assert joined.high_water >= part.high_water


@given(floors_records())
def test_joining_floors_with_themselves_changes_nothing(one: Floors) -> None:
    assert one.merged(one) == one
    assert one.merged(None) == one


@given(floors_records())
def test_floors_survive_their_stored_form(one: Floors) -> None:
    assert Floors.from_bytes(one.to_bytes()) == one
    assert Floors.from_bytes(one.to_bytes()).to_bytes() == one.to_bytes()


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader_of_floors(raw: bytes) -> None:
    try:
        Floors.from_bytes(raw)
    except PolicyInvalid:
        pass


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader_of_attestations(raw: bytes) -> None:
    try:
        read_attestation(raw, None)
    except BundleUnverified:
        pass


@given(st.binary(max_size=400) | st.binary(max_size=60).map(lambda raw: pack(FILES)[:-60] + raw))
def test_no_bytes_crash_the_reader_of_zips(raw: bytes) -> None:
    try:
        verify_bundle(ZipSource(raw), PUBLISHER.authority)
    except PolicyError:
        pass


@settings(max_examples=150)
@given(bundle_edits(FILES))
def test_no_edit_of_the_json_is_accepted_with_a_changed_meaning(files: dict[str, bytes]) -> None:
    honest = verify_bundle(MemorySource(FILES), PUBLISHER.authority)
    try:
        found = verify_bundle(MemorySource(files), PUBLISHER.authority)
    except PolicyError:
        return
    assert (found.document, found.roles) == (honest.document, honest.roles)


@given(utc_moments(), utc_moments(), st.lists(utc_moments(), min_size=1, max_size=3))
def test_trusted_time_never_goes_back(
    wall: datetime, mark: datetime, issued: list[datetime]
) -> None:
    first = trusted_now(wall, mark, issued).moment
    assert first >= max(mark, *issued)
    assert trusted_now(wall - timedelta(days=400), first, issued).moment >= first
    assert trusted_now(datetime(1, 1, 2, tzinfo=UTC), first, issued).moment == first
