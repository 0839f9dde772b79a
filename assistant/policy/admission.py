"""Whether a verified document may come into force, or be signed at all.

Verification says who signed the bytes; this says whether they may be policy here: they
parse, speak for the pinned tier and issuer, are in their dates, leave an allowed value
for every bound together with what is in force, and give the decisions their author
expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assistant.errors import BundleStale, BundleUnverified, PolicyInvalid
from assistant.policy.adapters import adapters_of
from assistant.policy.bundle import VerifiedBundle
from assistant.policy.document import PolicyDocument
from assistant.policy.document_tests import require_passing
from assistant.policy.effective import Wishes
from assistant.policy.meaning import MeaningScorer
from assistant.policy.resolver import resolve


def read_document(bundle: VerifiedBundle) -> PolicyDocument:
    """The document of a verified bundle, bound to the tier and issuer of its root.

    Raises:
        DocumentInvalid: it does not parse. BundleUnverified: it speaks for somebody else, or
        an adapter it names is another file. PolicyInvalid: such a file is not there.
    """
    document = PolicyDocument.from_bytes(bundle.document)
    if (document.authority_tier, document.issuer) != (bundle.tier, bundle.issuer):
        raise BundleUnverified("The document's tier or issuer is not the one it is signed for.")
    for adapter in adapters_of(document):
        if adapter.resource not in bundle.resources:
            raise PolicyInvalid(f"The bundle lacks its file {adapter.resource}.")
        # Verified under this name, which holds the digest: no need to hash megabytes again.
        if f"targets/{adapter.sha256}.{adapter.resource}" not in bundle.files:
            raise BundleUnverified(f"{adapter.resource} is not the file the document names.")
    return document


def check_for_signing(raw: bytes, scorer: MeaningScorer | None = None) -> PolicyDocument:
    """The document an author wants to sign, if it may be signed.

    Without a ``scorer`` rules by meaning stand aside and their examples are not judged.

    Raises:
        DocumentInvalid: it does not parse. PolicyConflict: it contradicts itself.
        PolicyTestsFailed: its own examples give other decisions than it says.
    """
    document = PolicyDocument.from_bytes(raw)
    resolve([document], Wishes())
    require_passing(document, scorer)
    return document


def check_for_install(
    bundle: VerifiedBundle, others: Sequence[PolicyDocument], moment: datetime
) -> PolicyDocument:
    """The document of a verified bundle, if it may come into force at ``moment``.

    Freshness (snapshot and timestamp) is not judged here: ``install`` from local media
    tolerates that it ran out and ``sync`` does not.

    Raises:
        BundleStale: root, targets or document expired. PolicyInvalid: not in force yet.
        DocumentInvalid, BundleUnverified, PolicyConflict, PolicyTestsFailed: as above.
    """
    document = read_document(bundle)
    ends = min(bundle.root.expires, bundle.targets.expires, document.expires)
    if moment >= ends:
        raise BundleStale("The policy has expired.", hint="Ask its issuer for a newer one.")
    if moment < document.effective:
        raise PolicyInvalid(
            f"The policy takes effect on {document.effective:%Y-%m-%d}.",
            hint="Install it from that day on; the present one stays in force until then.",
        )
    resolve([*others, document], Wishes())
    # No scorer here: an installation runs unattended and starts no children. Examples of
    # rules by meaning were judged on every signer's machine.
    require_passing(document)
    return document
