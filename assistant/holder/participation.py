"""Comments on rules and shared preferences: what a person says to others, by file only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from assistant.errors import NoSuchItem, PolicyRefusal, UsageError, YesNeeded
from assistant.holder import controls
from assistant.holder.bounds import require_export
from assistant.holder.interface import AnyReply, Done
from assistant.holder.leaving import Leaving
from assistant.personal.special import stated
from assistant.policy import RuleSource, Tier
from assistant.policy.comment import MAX_TEXT, RuleComment
from assistant.vault.records import PreferenceSource, PreferenceState

if TYPE_CHECKING:
    from assistant.holder.learning import Learning
    from assistant.holder.parts import Parts
    from assistant.vault.records import Preference

_COMMENT = "comment."
MAX_PACK = 256 * 1024
_Sentence = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class SharedPreference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A preference others may read: its sentence and topic, nothing about its owner."""

    text: _Sentence
    topic: Annotated[str, msgspec.Meta(max_length=100)] = ""


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A readable file by which a community documents how it wants to be answered."""

    format: Literal["preference-pack/1"]
    title: Annotated[str, msgspec.Meta(max_length=200)]
    about: Annotated[str, msgspec.Meta(max_length=2000)]
    preferences: Annotated[tuple[SharedPreference, ...], msgspec.Meta(max_length=200)]


ParticipationRequest = (
    controls.AddComment | controls.ListComments | controls.DeleteComment | controls.MakePack
    | controls.AdoptPack
)  # fmt: skip


class Participation:
    """Answers the requests about comments and packs."""

    def __init__(self, parts: Parts, learning: Learning) -> None:
        self._parts, self._learning = parts, learning
        self._leaving = Leaving(parts.vault, parts.gate)

    def handle(self, request: Any) -> Iterator[AnyReply]:
        """Answer one request; see ``controls``."""
        match request:
            case controls.AddComment():
                yield self._comment(request)
            case controls.ListComments():
                yield from self._written(request) if request.export else self._comments()
            case controls.DeleteComment():
                self._kept(request.id)
                self._parts.vault.settings.delete(_COMMENT + request.id)
                yield Done("The comment is deleted.")
            case controls.MakePack():
                yield self._share(request)
            case controls.AdoptPack():
                yield from self._adopt(request)

    # -- comments --------------------------------------------------------------------------

    def _comment(self, request: controls.AddComment) -> controls.CommentItem:
        text = request.text.strip()
        if not text or len(text) > MAX_TEXT:
            raise UsageError(f"A comment has 1 to {MAX_TEXT} characters.")
        source = self._source(request.rule)
        kept = RuleComment(
            rule=request.rule, tier=source.tier.value, issuer=source.issuer,  # type: ignore[arg-type]
            version=self._version(source), kind=request.kind,
            day=f"{self._parts.now():%Y-%m-%d}", text=text,
        )  # fmt: skip
        identity = self._parts.new_id()
        self._parts.vault.settings.put(_COMMENT + identity, msgspec.json.encode(kept).decode())
        return controls.CommentItem(identity, kept)

    def _source(self, rule: str) -> RuleSource:
        """Who set the rule, bound or requirement of that id, the highest tier first."""
        policy = self._parts.policy
        sources = [found.source for found in policy.rules]
        sources += [wish.source for found in policy.bounds for wish in found.wishes]
        sources += [found.source for found in policy.requirements]
        named = [s for s in sources if s.rule_id == rule and s.tier is not Tier.USER]
        if not named:
            raise NoSuchItem(
                "No tier has a rule of that id in force.", hint="See `assistant policy status`."
            )
        return min(named, key=lambda source: source.tier.rank)

    def _version(self, source: RuleSource) -> int:
        said = (d for d in self._parts.documents if d.issuer == source.issuer)
        return next((d.version for d in said if d.authority_tier is source.tier), 0)

    def _kept(self, identity: str) -> RuleComment:
        value = self._parts.vault.settings.get(_COMMENT + identity)
        if value is None:
            raise NoSuchItem("There is no comment with that id.")
        return msgspec.json.decode(value, type=RuleComment)

    def _comments(self) -> Iterator[controls.CommentItem]:
        for key in sorted(self._parts.vault.settings.all()):
            if key.startswith(_COMMENT):
                identity = key.removeprefix(_COMMENT)
                yield controls.CommentItem(identity, self._kept(identity))

    def _written(self, request: controls.ListComments) -> Iterator[AnyReply]:
        """Every comment as policy lets it leave. Raises PolicyRefusal where all must stay."""
        confirmed = frozenset(request.confirmed)
        leaving = Leaving(self._parts.vault, self._parts.gate, confirmed)
        going, staying = [], []
        for item in self._comments():
            try:
                self._require_way_out(item.comment)
                text = leaving.text(item.comment.text)
            except YesNeeded:
                raise
            except PolicyRefusal as refusal:
                staying.append((item.id, refusal))
                continue
            said = msgspec.structs.replace(item.comment, text=text)
            going.append(controls.CommentItem(item.id, said))
        if staying and not going:
            raise staying[0][1]
        yield from going
        if staying:
            yield Done(
                "\n".join(f"Comment {one} stays here. {why.message}" for one, why in staying)
            )

    def _require_way_out(self, comment: RuleComment) -> None:
        """Raise PolicyRefusal where a tier keeps a comment from reaching another issuer.

        Nobody's bound on exports stands between a person and its own author: what is said
        to an issuer may always be handed to it.
        """
        bounding = {
            (document.authority_tier.value, document.issuer)
            for document in self._parts.documents
            for bound in document.bounds
            if bound.key == "export" and bound.allowed is not None and "json" not in bound.allowed
        }
        if bounding != {(comment.tier, comment.issuer)}:
            require_export(self._parts.policy, "json")

    # -- packs -----------------------------------------------------------------------------

    def _share(self, request: controls.MakePack) -> controls.PackItem:
        """Chosen preferences as a file's content: never feedback, history or dates."""
        require_export(self._parts.policy, "json")
        known = {p.id: p for p in self._parts.vault.preferences.list(state=PreferenceState.ACTIVE)}
        chosen = []
        for identity in request.ids:
            if identity not in known:
                raise NoSuchItem("There is no active preference with that id.")
            chosen.append(self._shared(known[identity]))
        if not chosen:
            raise UsageError("Name the preferences to share.", hint="Give their IDs.")
        return controls.PackItem(_readable(request.title, request.about, chosen))

    def _shared(self, preference: Preference) -> SharedPreference:
        if stated(preference.text):
            raise UsageError(
                "One of these says something of a special category; such are never shared.",
                hint="Your consent was to keep it here, not to give it away.",
            )
        topic = preference.scope_ref if preference.scope.value == "topic" else ""
        return SharedPreference(self._leaving.text(preference.text), topic)

    def _adopt(self, request: controls.AdoptPack) -> Iterator[AnyReply]:
        """Every sentence as a proposal: nothing of a pack acts before its yes."""
        pack = read_pack(request.content.encode())
        known = {p.text.casefold() for p in self._parts.vault.preferences.list()}
        passed_over = 0
        for shared in pack.preferences:
            text = " ".join(shared.text.split())
            whole = f"{shared.topic} {text}".strip()
            if text.casefold() in known or not self._learning.may_keep(whole):
                passed_over += 1
                continue
            known.add(text.casefold())
            yield self._learning.propose_text(
                text, source=PreferenceSource.IMPORTED, topic=shared.topic
            )
        yield Done(
            f"{len(pack.preferences) - passed_over} proposals wait for your yes; "
            f"{passed_over} were passed over (known already, or not allowed)."
        )


def _readable(title: str, about: str, chosen: list[SharedPreference]) -> str:
    pack = Pack("preference-pack/1", title, about, tuple(chosen))
    return msgspec.json.format(msgspec.json.encode(pack), indent=1).decode() + "\n"


def read_pack(unverified_raw: bytes) -> Pack:
    """The pack in a file. Raises UsageError where it is too large or none."""
    if len(unverified_raw) > MAX_PACK:
        raise UsageError("The pack is larger than 256 KiB.", hint="Share fewer preferences.")
    try:
        return msgspec.json.decode(unverified_raw, type=Pack)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(
            "The file is not a preference pack.", hint="`assistant preferences share` writes one."
        ) from error
