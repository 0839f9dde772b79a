"""`policy attest`: a signed statement of what binds this home, for compliance.

It holds versions, floors, dates and alarms, and nothing of the user: no name, no path, no
host, no text. It is signed by an ed25519 key of this home alone, made at the first
statement and kept beside the policy. That key proves that two statements come from the
same home and were not altered on the way; it does not prove that the program is genuine,
because whoever controls the machine controls the key. A fleet records the key id at
enrolment and compares it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from securesystemslib.exceptions import Error as VendorError
from securesystemslib.formats import encode_canonical

from assistant.errors import BundleUnverified, PolicyInvalid
from assistant.policy.authorities import PolicyStatus, status
from assistant.policy.baseline import BASELINE_DIGEST
from assistant.policy.canaries import failing_canaries
from assistant.policy.floors import Floors, read_floors
from assistant.policy.keys import load_signer, public_from
from assistant.policy.loader import Places
from assistant.policy.storage import Disk, exclusive, replace_file
from assistant.policy.strict_json import read_strict_json
from assistant.policy.tuf_edge import CryptoSigner, Signature, SSlibKey

ATTEST_FORMAT = "policy-attestation/1"
ATTEST_KEY = "attest.key"
MAX_STATEMENT = 1024 * 1024


def attest(
    places: Places,
    now: datetime,
    program_version: str,
    vault_floors: Floors | None,
    disk: Disk,
) -> bytes:
    """The signed statement, as JSON for a file or a fleet's inventory.

    The canaries are asked anew: known-bad and known-good texts through the gate, and the
    first examples of every document in force.

    Raises:
        PolicyInvalid: the baseline was altered. StorageError: no key could be kept.
    """
    found = status(places, now, vault_floors)
    floors, _ = read_floors(places.home)
    return signed(places, _statement(found, floors, now, program_version), disk)


def signed(places: Places, statement: dict[str, Any], disk: Disk) -> bytes:
    """A statement as JSON, signed by this home's key.

    Raises:
        StorageError: no key could be kept.
    """
    signer = _home_signer(places, disk)
    signature = signer.sign(_canonical(statement))
    whole = {
        "statement": statement,
        "key": {"keyid": signer.public_key.keyid, **signer.public_key.to_dict()},
        "signature": signature.signature,
    }
    return json.dumps(whole, indent=1, sort_keys=True).encode() + b"\n"


def _statement(
    found: PolicyStatus,
    floors: Floors,
    now: datetime,
    program_version: str,
) -> dict[str, Any]:
    return {
        "format": ATTEST_FORMAT,
        "program": program_version,
        "baseline": BASELINE_DIGEST,
        "time": {"clock": _stamp(now), "trusted": _stamp(found.now)},
        "authorities": [
            {
                "authority": one.authority,
                "tier": one.tier.value,
                "issuer": one.issuer,
                "version": one.version,
                "managed_by": one.managed_by.value,
                "freshness": one.freshness.value,
                "expires": _stamp(one.expires),
                "fresh_until": _stamp(one.fresh_until),
                "last_import": _stamp(one.last_import),
                "alarm": one.alarm,
            }
            for one in found.authorities
        ],
        "problems": [
            {"authority": one.authority, "issuer": one.issuer, "problem": type(one.error).__name__}
            for one in found.problems
        ],
        "floors": {
            authority: {name: floor.version for name, floor in sorted(entry.roles.items())}
            for authority, entry in sorted(floors.authorities.items())
        },
        "canaries": {"failed": list(failing_canaries(found.documents))},
        "alarms": list(found.alarms),
    }


def _stamp(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _home_signer(places: Places, disk: Disk) -> CryptoSigner:
    path = places.home / ATTEST_KEY
    with exclusive(places.home, disk):
        if not path.exists():
            key = Ed25519PrivateKey.generate()
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            replace_file(disk, path, pem)
    return load_signer(path, None)


def read_attestation(unverified_raw: bytes, keyid: str | None) -> tuple[str, Mapping[str, Any]]:
    """Home key id and statement of an attestation, verified; the fleet's side of `policy attest`.

    ``keyid`` is the home's key id recorded earlier, or None to accept a first one.

    Raises:
        BundleUnverified: altered, malformed, or signed by another home.
    """
    signer, statement = read_signed(unverified_raw, limit=MAX_STATEMENT, what="attestation")
    if keyid is not None and signer != keyid:
        raise BundleUnverified("The attestation comes from another home.")
    return signer, statement


def read_signed(unverified_raw: bytes, *, limit: int, what: str) -> tuple[str, Mapping[str, Any]]:
    """The id of the home's key, and the statement it signed.

    Raises:
        BundleUnverified: altered, malformed, or longer than ``limit`` bytes.
    """
    try:
        whole = read_strict_json(unverified_raw, limit=limit)
        key = public_from(whole["key"])
        payload = _canonical(whole["statement"])
        key.verify_signature(Signature(key.keyid, whole["signature"]), payload)
        statement: dict[str, Any] = dict(whole["statement"])
    except (PolicyInvalid, VendorError, KeyError, TypeError, ValueError) as error:
        raise BundleUnverified(f"The {what} was altered or is none.") from error
    # The id is a claim of the file, so it must be the one that belongs to the key.
    if _default_keyid(key) != key.keyid:
        raise BundleUnverified(f"The {what}'s key id is not its key's.")
    return key.keyid, statement


def _default_keyid(key: SSlibKey) -> str:
    return hashlib.sha256(_canonical(key.to_dict())).hexdigest()


def _canonical(value: dict[str, Any]) -> bytes:
    encoded = encode_canonical(value)
    if encoded is None:
        raise ValueError("nothing to encode")
    return encoded.encode("utf-8")
