"""A `policy sign` that fails leaves the draft as it was, so the corrected command works."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assistant.errors import AssistantError, PolicyInvalid, PolicyRefusal, UsageError
from assistant.policy.authoring import SignOrder, SignOutcome, sign_draft
from assistant.policy.keys import KeyPair, generate_key
from assistant.policy.storage import Disk
from tests.policy_documents import raw_document
from tests.publisher import NOW
from tests.unit.policy.test_adapters import DATA, _rule


@dataclass
class Author:
    """One person with a folder, a key and a publishing key."""

    folder: Path
    ann: KeyPair
    web: KeyPair

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def begin(self, document: Path) -> SignOrder:
        people = (self.ann.public,)
        return SignOrder(document, people=people, threshold=1, publishing=self.web.public)

    def write(self, version: int, **more: object) -> Path:
        path = self.folder / f"policy-{version}.json"
        path.write_text(json.dumps(raw_document(version=version, **more)))
        return path

    def sign(self, order: SignOrder, key: KeyPair | None = None) -> SignOutcome:
        return sign_draft(self.work, order, (key or self.ann).private, None, NOW, Disk())

    def fails(
        self, order: SignOrder, error: type[AssistantError], key: KeyPair | None = None
    ) -> None:
        before = self.draft()
        with pytest.raises(error):
            self.sign(order, key)
        assert self.draft() == before

    def draft(self) -> dict[str, bytes]:
        files = (path for path in self.work.rglob("*") if path.is_file())
        return {str(path.relative_to(self.work)): path.read_bytes() for path in files}


@pytest.fixture
def author(tmp_path: Path) -> Author:
    ann, web = (generate_key(tmp_path, name, None, Disk()) for name in ("ann", "web"))
    return Author(tmp_path, ann, web)


def test_an_authority_is_not_begun_by_a_document_that_lacks_its_file(author: Author) -> None:
    order = author.begin(author.write(1, rules=[_rule()]))
    author.fails(order, PolicyInvalid)
    assert author.draft() == {}
    (author.folder / "harm.adapter").write_bytes(DATA)
    assert author.sign(order).missing == ()


def test_a_changed_document_that_was_never_signed_takes_no_version_number(author: Author) -> None:
    author.sign(author.begin(author.write(1)))
    author.fails(SignOrder(author.write(2, rules=[_rule()])), PolicyInvalid)
    assert author.sign(SignOrder(author.write(2, summary="Without the file."))).missing == ()


def test_a_resource_of_a_name_no_bundle_holds_is_refused_before_anything_is_written(
    author: Author,
) -> None:
    (author.folder / "Notes.TXT").write_text("x")
    order = author.begin(author.write(1))
    author.fails(replace(order, resources=(author.folder / "Notes.TXT",)), UsageError)
    assert author.sign(order).missing == ()


def test_keys_are_not_replaced_by_a_command_whose_document_or_key_is_refused(
    author: Author,
) -> None:
    author.sign(author.begin(author.write(2)))
    stranger = generate_key(author.folder, "eve", None, Disk())
    rotation = SignOrder(
        people=(author.ann.public,), threshold=1, publishing=author.web.public, rotate=True
    )
    author.fails(rotation, UsageError, stranger)
    author.fails(replace(rotation, document=author.write(1)), PolicyRefusal)
    assert author.sign(rotation).missing == ()
