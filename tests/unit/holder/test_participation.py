"""Comments and appeals by signed file, and preferences shared as readable packs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.errors import (
    BundleUnverified,
    NoSuchItem,
    PolicyRefusal,
    UsageError,
    YesNeeded,
)
from assistant.holder.controls import (
    AddComment,
    AdoptPack,
    DeleteComment,
    ListComments,
    MakePack,
)
from assistant.holder.interface import (
    AddPreference,
    Done,
    GiveFeedback,
    ListPreferences,
    SetPreferenceState,
)
from assistant.holder.participation import read_pack
from assistant.policy import Places, packaged_baseline
from assistant.policy.comment import RuleComment
from assistant.policy.comments import export_comments, read_comments, redacted, summarise
from assistant.policy.document import PolicyDocument
from assistant.policy.storage import Disk
from tests.holder_world import ACCOUNT, BOMB, World, open_world
from tests.policy_documents import document, rule

VECTOR = Path(__file__).parents[2] / "vectors" / "preference_pack.json"
OFFICE = document(
    id="office", issuer="Acme", tier="organisation", version=3,
    rules=[rule("secrets", "block", ["export"], terms=["project falcon"])],
    bounds=[{"id": "calm", "key": "temperature", "reason": "Calm.", "maximum": 0.5}],
)  # fmt: skip


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    documents = (document(rules=[BOMB, {**ACCOUNT, "where": ["export"]}]), OFFICE)
    yield from open_world(tmp_path / "home", documents=documents)


def places(folder: Path) -> Places:
    home = folder / "policy"
    home.mkdir(parents=True)
    return Places(home, folder / "none", packaged_baseline())


def comment(text: str = "Too strict.", **changes: object) -> RuleComment:
    said = {
        "rule": "no-bombs", "tier": "national", "issuer": "Test Authority", "version": 1,
        "kind": "comment", "day": "2026-05-04", "text": text, **changes,
    }  # fmt: skip
    return RuleComment(**said)  # type: ignore[arg-type]


# -- comments ------------------------------------------------------------------------------


def test_a_comment_names_the_rule_its_issuer_and_the_version_it_was_about(world: World) -> None:
    item = world.one(AddComment("calm", "Too calm for poems.", "appeal"))
    assert item.comment == RuleComment(
        "calm", "organisation", "Acme", 3, "appeal", "2026-05-04", "Too calm for poems."
    )
    assert world.one(ListComments()) == item
    world.one(DeleteComment(item.id))
    assert world.all(ListComments()) == []


def test_a_comment_on_a_rule_nobody_set_is_refused(world: World) -> None:
    with pytest.raises(NoSuchItem):
        world.one(AddComment("no-such-rule", "Why?"))
    with pytest.raises(UsageError):
        world.one(AddComment("calm", "x" * 2001))


def test_policy_decides_what_of_a_comment_may_leave(world: World) -> None:
    world.one(AddComment("calm", "My account 1234-5678 was hidden."))
    assert "1234-5678" in world.one(ListComments()).comment.text
    assert "1234-5678" not in world.one(ListComments(export=True)).comment.text
    falcon = world.one(AddComment("calm", "Project Falcon needs it."))
    told, done = world.all(ListComments(export=True))
    assert "1234-5678" not in told.comment.text
    assert f"Comment {falcon.id} stays here." in done.what
    assert "Acme" in done.what
    assert "alcon" not in done.what
    world.one(DeleteComment(told.id))
    with pytest.raises(PolicyRefusal, match="Acme"):
        world.all(ListComments(export=True))


def test_a_comment_a_rule_wants_a_yes_for_leaves_after_it(tmp_path: Path) -> None:
    asks = document(rules=[BOMB, rule("clients", "confirm", ["export"], terms=["client list"])])
    for world in open_world(tmp_path, documents=(asks,)):
        item = world.one(AddComment("no-bombs", "The client list is harmless."))
        with pytest.raises(YesNeeded):
            world.all(ListComments(export=True))
        assert world.one(ListComments(export=True, confirmed=("clients",))) == item


@pytest.mark.parametrize(
    "trace",
    ["ann@example.org", "+49 170 1234567", "https://example.org/me", "/home/ann/notes.txt",
     "DE44 5001 0517 5407 3249 31", "@ann_b", "192.168.0.12", "C:\\Users\\Ann\\x",
     "4111 1111 1111 1111"],
)  # fmt: skip
def test_traces_of_a_person_are_redacted(trace: str) -> None:
    assert trace not in redacted(f"Write to {trace}, please.")


def test_ordinary_words_and_small_numbers_are_not_redacted() -> None:
    text = "Rule 12 stopped 3 of my 20 questions since 2024; that is 15 % too many (v1.2)."
    assert redacted(text) == text


def test_an_exported_file_is_verified_and_carries_nothing_else(tmp_path: Path) -> None:
    raw = export_comments(places(tmp_path), [comment("Mail a@b.org.")], "2026-05-05", Disk())
    keyid, file = read_comments(raw)
    assert file.comments[0].text == "Mail [redacted]."
    assert set(json.loads(raw)) == {"statement", "key", "signature"}
    assert set(json.loads(raw)["statement"]) == {"format", "written", "comments"}
    assert str(tmp_path).encode() not in raw
    assert len(keyid) == 64


@pytest.mark.parametrize("change", ["text", "signature", "key", "extra", "cut"])
def test_an_altered_file_is_refused(tmp_path: Path, change: str) -> None:
    raw = export_comments(places(tmp_path), [comment()], "2026-05-05", Disk())
    other = export_comments(places(tmp_path / "b"), [comment()], "2026-05-05", Disk())
    whole = json.loads(raw)
    match change:
        case "text":
            whole["statement"]["comments"][0]["text"] = "Fine."
        case "signature" | "key":
            whole[change] = json.loads(other)[change]
        case "extra":
            whole["statement"]["name"] = "Ann"
    altered = raw[:-20] if change == "cut" else json.dumps(whole).encode()
    with pytest.raises(BundleUnverified):
        read_comments(altered)


def test_many_files_are_counted_by_rule_and_no_home_twice(tmp_path: Path) -> None:
    files = []
    for number in range(4):
        home = places(tmp_path / str(number))
        said = [comment(f"Words {number}"), comment(rule="calm", issuer="Acme", kind="appeal")]
        files.append((f"{number}.json", export_comments(home, said, "2026-05-05", Disk())))
        if number == 0:
            more = [*said, comment(rule="secrets", issuer="Acme")]
            files.append(("again.json", export_comments(home, more, "2026-05-06", Disk())))
    files.append(("bad.json", files[1][1].replace(b"Words", b"Wards")))
    found = summarise(files)
    counted = {(c.issuer, c.rule): (c.comments, c.appeals, c.homes) for c in found.rules}
    assert counted == {
        ("Acme", "calm"): (0, 4, 4),
        ("Test Authority", "no-bombs"): (4, 0, 4),
        ("Acme", "secrets"): (1, 0, 1),
    }
    assert (found.homes, found.superseded) == (4, 1)
    assert [name for name, _ in found.refused] == ["bad.json"]


def test_an_older_file_of_a_home_does_not_replace_its_newer_one(tmp_path: Path) -> None:
    home = places(tmp_path)
    new = export_comments(home, [comment("new")], "2026-06-01", Disk())
    old = export_comments(home, [comment("old")], "2026-05-01", Disk())
    assert summarise([("a", new), ("b", old)]).rules[0].texts == ("new",)


# -- packs ---------------------------------------------------------------------------------


def test_a_pack_holds_the_sentences_and_nothing_of_their_owner(world: World) -> None:
    world.ask("What is rain?")
    world.one(GiveFeedback("up"))
    kept = world.one(AddPreference("Write plain English"))
    world.one(AddPreference("Keep answers short"))
    made = world.one(MakePack((kept.id,), "Plain", "For our reading group.")).content
    assert json.loads(made) == {
        "format": "preference-pack/1", "title": "Plain", "about": "For our reading group.",
        "preferences": [{"text": "Write plain English", "topic": ""}],
    }  # fmt: skip
    assert kept.id not in made
    assert made == VECTOR.read_text()


def test_a_pack_is_imported_as_proposals_that_act_only_once_accepted(world: World) -> None:
    *proposals, done = world.all(AdoptPack(VECTOR.read_text()))
    assert isinstance(done, Done)
    (proposal,) = proposals
    assert (proposal.state, proposal.source) == ("proposed", "imported")
    world.ask("What is rain?")
    assert "plain English" not in world.prompt
    world.one(SetPreferenceState(proposal.id, "active"))
    world.ask("What is snow?")
    assert "plain English" in world.prompt
    assert len(world.all(AdoptPack(VECTOR.read_text()))) == 1  # known: nothing but Done


def test_nothing_special_or_forbidden_comes_out_of_or_into_a_pack(world: World) -> None:
    kept = world.one(AddPreference("I have diabetes", consent=True))
    with pytest.raises(UsageError):
        world.one(MakePack((kept.id,)))
    pack = json.loads(VECTOR.read_text())
    pack["preferences"] = [
        {"text": "User is a Muslim"}, {"text": "Explain a pipe bomb"}, {"text": "Use tables"}
    ]  # fmt: skip
    world.all(AdoptPack(json.dumps(pack)))
    assert [p.text for p in world.all(ListPreferences("proposed"))] == ["Use tables"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format":"preference-pack/2"}', "x" * 300_000]
)
def test_what_is_no_pack_is_refused(content: str) -> None:
    with pytest.raises(UsageError):
        read_pack(content.encode())


def _shutting(*allowed: str, **changes: object) -> PolicyDocument:
    bound = {"id": "shut", "key": "export", "reason": "Shut.", "allowed": list(allowed)}
    return document(bounds=[bound], **changes)


@pytest.mark.parametrize("allowed", ["none", "markdown"])
def test_a_tier_that_forbids_such_exports_forbids_packs_and_says_what_may_leave(
    tmp_path: Path, allowed: str
) -> None:
    for world in open_world(tmp_path, documents=(_shutting(allowed),)):
        kept = world.one(AddPreference("Keep answers short"))
        with pytest.raises(PolicyRefusal, match=r"Shut\.") as refused:
            world.all(MakePack((kept.id,)))
        assert ("As markdown it may leave" in refused.value.hint) == (allowed == "markdown")
        assert "Appeal: appeal@example.org" in refused.value.hint


def test_an_issuers_bound_on_exports_keeps_no_comment_from_reaching_it(tmp_path: Path) -> None:
    office = _shutting("markdown", id="office", issuer="Acme", tier="organisation")
    for world in open_world(tmp_path, documents=(document(rules=[BOMB]), office)):
        other = world.one(AddComment("no-bombs", "Too strict."))
        with pytest.raises(PolicyRefusal, match=r"Acme.*Shut\."):
            world.all(ListComments(export=True))
        appeal = world.one(AddComment("shut", "I need JSON.", "appeal"))
        told, done = world.all(ListComments(export=True))
        assert told == appeal
        assert f"Comment {other.id} stays here." in done.what


def test_two_issuers_that_forbid_exports_keep_comments_to_either_here(tmp_path: Path) -> None:
    office = _shutting("none", id="office", issuer="Acme", tier="organisation")
    for world in open_world(tmp_path, documents=(_shutting("none", rules=[BOMB]), office)):
        world.one(AddComment("no-bombs", "Too strict."))
        with pytest.raises(PolicyRefusal):
            world.all(ListComments(export=True))
