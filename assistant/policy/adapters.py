"""The adapters a document refers to: files that travel with it, held to their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from assistant.errors import BundleUnverified, PolicyInvalid
from assistant.policy.document import PolicyDocument
from assistant.policy.document_match import Adapter
from assistant.policy.storage import read_limited

MAX_ADAPTER: Final = 12 * 1024 * 1024
"""Longest adapter in a bundle; two of the packaged one's size are far below."""


def adapters_of(document: PolicyDocument) -> tuple[Adapter, ...]:
    """Every adapter that a rule of the document names."""
    meanings = (rule.match.meaning for rule in document.rules)
    return tuple(one.adapter for one in meanings if one is not None and one.adapter is not None)


def required_adapters(document: PolicyDocument, resources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The bytes of every adapter of the document by their digest.

    Raises:
        PolicyInvalid: one is not among ``resources``. BundleUnverified: one is another file
        than the document names, or too long.
    """
    found: dict[str, bytes] = {}
    for adapter in adapters_of(document):
        data = resources.get(adapter.resource)
        if data is None:
            raise PolicyInvalid(
                f"The policy lacks its file {adapter.resource}.",
                hint="Keep it beside the document, or sign it with --resource.",
            )
        if len(data) > MAX_ADAPTER or hashlib.sha256(data).hexdigest() != adapter.sha256:
            raise BundleUnverified(f"{adapter.resource} is not the file the document names.")
        found[adapter.sha256] = data
    return found


def held_adapters(
    documents: Iterable[PolicyDocument], resources: Iterable[Mapping[str, bytes]]
) -> dict[str, bytes]:
    """The adapters of documents that were admitted, each with its own resources."""
    return {
        adapter.sha256: own[adapter.resource]
        for document, own in zip(documents, resources, strict=True)
        for adapter in adapters_of(document)
    }


def beside(document: PolicyDocument, folder: Path) -> dict[str, bytes]:
    """The files in ``folder`` that the document names; what is absent is left out."""
    names = dict.fromkeys(adapter.resource for adapter in adapters_of(document))
    read = {name: read_limited(folder / name, MAX_ADAPTER) for name in names}
    return {name: data for name, data in read.items() if data is not None}
