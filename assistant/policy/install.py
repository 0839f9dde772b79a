"""Installing a bundle: nothing counts until everything holds.

The order is the point (design.md section 5): client workflow in staging, every expiry
judged again by the trusted time, floors, document and its tests; then the bundle is put
in place by one rename, and the floors are committed last. Killed anywhere, the next start
finds the old policy or the new one, whole.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.errors import (
    BundleRolledBack,
    BundleStale,
    BundleUnverified,
    PolicyMissing,
)
from assistant.policy.admission import check_for_install, read_document
from assistant.policy.bundle import VerifiedBundle, signed_digest, verify_bundle
from assistant.policy.client import LOCAL_URL, SourceFetcher, update
from assistant.policy.clock import trusted_now
from assistant.policy.document import PolicyDocument
from assistant.policy.floors import floors_files, refuse_below
from assistant.policy.loader import Found, Freshness, Places, Survey, freshness_of, survey
from assistant.policy.root_chain import authority_of, parse_metadata
from assistant.policy.roots import Pin
from assistant.policy.shelf import bundle_files
from assistant.policy.sources import MAX_METADATA, BundleSource, MemorySource, open_source
from assistant.policy.storage import Disk, exclusive, replace_files
from assistant.policy.tuf_edge import Timestamp

_NEVER_EXPIRED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation did. ``changed`` is False when this policy was in force already."""

    pin: Pin
    version: int
    changed: bool
    freshness: Freshness
    alarms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A bundle that came through the client workflow, not yet judged."""

    source: MemorySource
    timestamp: bytes | None
    needs_freshness: bool


def install(places: Places, path: Path, now: datetime, disk: Disk) -> Installed:
    """Install the bundle in the folder or zip at ``path`` for the authority it belongs to.

    Freshness that ran out is accepted and marked: otherwise a machine without network
    would be dead a month after its stick was written. Everything else must hold.

    Raises:
        PolicyMissing: nothing pins its authority. PolicyInvalid and its kinds, or
        PolicyConflict, PolicyTestsFailed: refused, the last good one stays.
        StorageError: it could not be stored; the last good one stays.
    """
    source = open_source(path)
    first = source.read("1.root.json", MAX_METADATA)
    if first is None:
        raise BundleUnverified("There is no bundle at that path: it has no first root.")
    with exclusive(places.home, disk):
        sweep(places.home)
        known = survey(places, now, None)
        found = pinned(known, authority_of(first))
        fetcher = SourceFetcher(source)
        offered = update(first, _stored(found), fetcher, LOCAL_URL, _NEVER_EXPIRED, places.home)
        # The updater does not read what it has already; a damaged copy of the bundle in
        # force must be called damaged all the same.
        verify_bundle(source, found.pin.authority)
        offer = Offer(offered, fetcher.timestamp, needs_freshness=False)
        return admit(places, known, found, offer, now, disk)


def pinned(known: Survey, authority: str) -> Found:
    """What is known of an authority.

    Raises:
        PolicyMissing: neither the administrator nor the user pinned it.
    """
    found = known.of(authority)
    if found is None or found.pin.managed_by == "package":
        raise PolicyMissing(
            "That bundle belongs to an authority nobody enrolled here.",
            hint="Enrol its root first: assistant policy enrol ROOT --fingerprint SHA256.",
        )
    return found


def _stored(found: Found) -> BundleSource | None:
    return None if found.bundle is None else MemorySource(found.bundle.files)


def admit(
    places: Places, known: Survey, found: Found, offer: Offer, now: datetime, disk: Disk
) -> Installed:
    """Judge an offer and, if everything holds, store it and commit the floors.

    Raises:
        Like ``install``; and BundleStale when the offer must be fresh and is not.
    """
    bundle = verify_bundle(offer.source, found.pin.authority)
    if (bundle.tier, bundle.issuer) != (found.pin.tier, found.pin.issuer):
        raise BundleUnverified("The bundle's tier or issuer is not the pinned one.")
    _refuse_other_timestamp(bundle, offer.timestamp)
    document = read_document(bundle)
    refuse_below(bundle, document.version, known.floors)
    dates = [document.issued, *(one.issued for one in known.documents())]
    moment = trusted_now(now, known.floors.high_water, dates).moment
    check_for_install(bundle, known.documents(without=found.pin.authority), moment)
    freshness = freshness_of(bundle, document, moment)
    if offer.needs_freshness and freshness is not Freshness.FRESH:
        raise BundleStale("The server's freshness ran out; it may be withholding a newer policy.")
    _store(places, known, bundle, document, moment, disk)
    changed = found.bundle is None or found.bundle.document != bundle.document
    return Installed(found.pin, document.version, changed, freshness, known.alarms)


def _store(
    places: Places,
    known: Survey,
    bundle: VerifiedBundle,
    document: PolicyDocument,
    moment: datetime,
    disk: Disk,
) -> None:
    floors = known.floors.raised(bundle, document.version, moment).seen(moment)
    contents = bundle_files(places.home, bundle.authority, bundle.files, disk)
    # The floors last: a cut before them leaves a bundle above its floors, which is sound.
    replace_files(disk, [*contents, *floors_files(places.home, floors)])


def _refuse_other_timestamp(bundle: VerifiedBundle, offered: bytes | None) -> None:
    # The updater keeps its own timestamp when versions are equal and says nothing.
    if offered is None:
        return
    metadata = parse_metadata(offered, Timestamp)
    if metadata.signed.version != bundle.timestamp.version:
        return
    if signed_digest(metadata) != bundle.timestamp.digest:
        raise BundleRolledBack("The timestamp has an accepted version but other content.")


def sweep(policy_home: Path) -> None:
    """Remove staging folders that a killed installation left behind."""
    for leftover in policy_home.glob(".staging-*"):
        shutil.rmtree(leftover, ignore_errors=True)
