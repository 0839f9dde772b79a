"""History requests: conversations, turns, search, and the account of one answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.conversation.branches import Branches, chosen_tip
from assistant.conversation.events import KeptOut, Ruling, UsedItem
from assistant.conversation.ledger import log_rulings, turn_notes
from assistant.conversation.prompt import VIEWPOINTS_LINE, question_message, system_message
from assistant.conversation.rulings import ruling_of
from assistant.errors import NoSuchItem
from assistant.holder.citations import Citations
from assistant.holder.interface import (
    ConversationItem,
    DecisionItem,
    DecisionQuery,
    ListConversations,
    RenameConversation,
    SearchHistory,
    SearchHit,
    ShowConversation,
    TurnItem,
    Why,
    WhyQuery,
)
from assistant.holder.interface import Done as DoneReply
from assistant.holder.meant import conversation_meant, turn_meant
from assistant.holder.refusals import by_rule
from assistant.personal.feedback import lesson
from assistant.policy import Effect, Origin, Segment, Where
from assistant.policy.requirements import obligations
from assistant.vault.records import Conversation, FeedbackKind, ItemKind, Turn
from assistant.vault.search import terms_of

if TYPE_CHECKING:
    from assistant.conversation.desk import Personaliser
    from assistant.policy import EffectivePolicy, Gate
    from assistant.vault import Vault

ERASED = "[erased]"
PROFILE_LINES = "what the style profile would have asked for"
TITLES = 20
"""Conversations a search finds by their titles alone."""
HIT_OPENS, HIT_CLOSES = "\ue000", "\ue001"


class History:
    """Reads and changes what was said."""

    def __init__(self, vault: Vault, gate: Gate) -> None:
        self._vault, self._gate = vault, gate
        self.citations = Citations(vault)

    def conversations(self, request: ListConversations) -> Iterator[ConversationItem]:
        """The list, pinned and latest first."""
        listed = self._vault.conversations.list(
            limit=request.limit, folder=request.folder, pinned_first=request.pinned_first
        )
        yield from self._items(listed)

    def _items(self, listed: Sequence[Conversation]) -> Iterator[ConversationItem]:
        counts = self._vault.turns.counts(found.id for found in listed)
        for found in listed:
            yield ConversationItem(
                found.id, found.title, found.created.isoformat(), found.updated.isoformat(),
                counts.get(found.id, 0), found.pinned, found.folder,
            )  # fmt: skip

    def conversation_id(self, given: str) -> str:
        """Resolve "last"; raises NoSuchItem for an id that names nothing."""
        return conversation_meant(self._vault, given)

    def show(self, request: ShowConversation) -> Iterator[TurnItem]:
        """The turns of the branch being read, in order, with their rating."""
        conversation = self.conversation_id(request.id)
        branches = Branches(self._vault.turns.list(conversation))
        yield from self.items(branches, chosen_tip(self._vault, conversation, branches))

    def items(self, branches: Branches, tip: str) -> Iterator[TurnItem]:
        """The turns of one branch, as the faces show them."""
        path = branches.path(tip)
        sources, names = self.citations.sources(path), self.citations.names(path)
        for turn in path:
            siblings = branches.siblings(turn.id)
            yield TurnItem(
                turn.id, turn.conversation_id, turn.question, turn.answer, turn.status.value,
                turn.created.isoformat(), self.rating(turn.id), strictest(turn),
                turn.tokens, turn.tokens_per_s, siblings.index(turn.id) + 1, len(siblings),
                names.get(turn.id, ()), sources.get(turn.id, ()),
            )  # fmt: skip

    def rating(self, turn_id: str) -> str:
        """How a turn is rated now: "", "up", "down" or a score."""
        rating = ""
        for act in self._vault.feedback.list(turn_id=turn_id):
            if act.kind in {FeedbackKind.UP, FeedbackKind.DOWN}:
                rating = act.kind.value
            elif act.kind is FeedbackKind.SCORE:
                rating = act.value
        return rating

    def search(self, request: SearchHistory) -> Iterator[SearchHit | ConversationItem]:
        """Full-text hits with the found words marked, then those found by title alone."""
        said = set()
        for hit in self._vault.search.history(request.query, limit=request.limit):
            snippet = "".join(
                f"{HIT_OPENS}{part.text}{HIT_CLOSES}" if part.hit else part.text
                for part in hit.parts
            )
            said.add(hit.conversation_id)
            yield SearchHit(
                hit.turn_id, hit.conversation_id, hit.title, snippet,
                hit.created.isoformat(), hit.file,
            )  # fmt: skip
        terms, most = terms_of(request.query), min(TITLES, request.limit)
        titled = self._vault.conversations.titled(terms, limit=most, without=said)
        yield from self._items(titled)

    def rename(self, request: RenameConversation) -> Iterator[DoneReply]:
        """Another title, through the gate as what is typed. May raise PolicyRefusal."""
        title = request.title
        decision = self._gate.check([Segment(title, Origin.USER)], Where.INPUT)
        if decision.effect is not Effect.NONE:
            ruling = ruling_of(decision, Where.INPUT)
            log_rulings(self._vault, [ruling])
            if decision.effect in (Effect.BLOCK, Effect.CONFIRM):
                raise by_rule(ruling, "this title")
            if decision.effect is Effect.REDACT:
                title = self._gate.redact(title, Where.INPUT)
        self._vault.conversations.rename(self.conversation_id(request.id), title)
        yield DoneReply("Renamed.")

    def decisions(self, request: DecisionQuery) -> Iterator[DecisionItem]:
        """The decision log, its chain of hashes verified first."""
        self._vault.decision_log.verify()
        for entry in self._vault.decision_log.list(limit=request.limit):
            yield DecisionItem(
                entry.seq, entry.at.isoformat(), entry.rule, entry.tier, entry.issuer,
                entry.where, entry.effect, entry.score, entry.view,
            )  # fmt: skip

    def turn(self, given: str) -> Turn:
        """The turn with that id; "" is the latest. Raises NoSuchItem."""
        return turn_meant(self._vault, given)


def strictest(turn: Turn) -> Ruling | None:
    """The turn's strictest ruling as stored, with what its columns do not hold."""
    if turn.effect in {"", "none"}:
        return None
    for ruling in rulings(turn):
        if ruling.rule == turn.rule:
            return ruling
    return Ruling(turn.effect, turn.rule, turn.tier, turn.issuer, turn.rule, turn.reason, "")


def rulings(turn: Turn) -> tuple[Ruling, ...]:
    """Every ruling of the turn."""
    stored: Any = turn_notes(turn).get("rulings", [])
    try:
        return msgspec.convert(stored, tuple[Ruling, ...])
    except msgspec.ValidationError:
        return ()


class Account:
    """Answers `why`: ids are stored, texts are looked up anew, erased ones say so."""

    def __init__(
        self,
        vault: Vault,
        history: History,
        policy: EffectivePolicy,
        gate: Gate,
        personaliser: Personaliser,
    ) -> None:
        self._vault, self._history, self._gate = vault, history, gate
        self._policy, self._personaliser = policy, personaliser

    def why(self, request: WhyQuery) -> Iterator[Why]:
        """The whole account of one answer."""
        turn = self._history.turn(request.turn)
        notes: Any = turn_notes(turn)
        used = self._used(turn)
        profile = tuple((str(d), str(v)) for d, v in notes.get("profile", []))
        yield Why(
            turn=turn.id, conversation=turn.conversation_id, status=turn.status.value,
            model=turn.model_id, model_sha256=turn.model_digest, seed=turn.seed,
            personalised=turn.personalised, used=used, profile=profile,
            rules=rulings(turn), rules_in_force=int(notes.get("rules_in_force", 0)),
            prompt=self._prompt(turn, used), question=turn.question, answer=turn.answer,
            files=self._history.citations.account(turn), kept_out=self._kept_out(notes),
        )  # fmt: skip

    def _used(self, turn: Turn) -> tuple[UsedItem, ...]:
        stored = self._vault.turns.used(turn.id)
        texts, parts = self._texts(stored), self._history.citations.used(stored)
        return tuple(
            parts.get(u.item_id)
            or UsedItem(u.kind.value, u.item_id, texts.get(u.item_id, ERASED), u.score)
            for u in stored
        )

    def _kept_out(self, notes: Any) -> tuple[KeptOut, ...]:
        """What stood back, looked up anew; of the profile's own lines nothing was stored."""
        noted: list[tuple[str, str, str]] = notes.get("kept_out", [])
        texts = {
            p.id: p.text
            for p in self._vault.preferences.many(item for _, item, _ in noted).values()
        }
        texts[""] = PROFILE_LINES
        return tuple(
            KeptOut(UsedItem(kind, item, texts.get(item, ERASED), 0.0), why)
            for kind, item, why in noted
        )

    def _texts(self, stored: Any) -> dict[str, str]:
        def ids(kind: ItemKind) -> list[str]:
            return [u.item_id for u in stored if u.kind is kind]

        texts = {
            p.id: p.text for p in self._vault.preferences.many(ids(ItemKind.PREFERENCE)).values()
        }
        turns = self._vault.turns.many(ids(ItemKind.TURN))
        texts |= {t.id: t.question for t in turns.values()}
        for identity in ids(ItemKind.FEEDBACK):
            try:
                act = self._vault.feedback.get(identity)
                found = lesson(act, self._vault.turns.get(act.turn_id))
                if found is not None:
                    texts[identity] = found.text
            except NoSuchItem:
                pass
        return texts

    def _prompt(self, turn: Turn, used: tuple[UsedItem, ...]) -> str:
        """The prompt rendered anew from ids, the template version and the turns before."""
        notes: Any = turn_notes(turn)
        parts = [item.id for item in used if item.kind == ItemKind.CHUNK.value]
        memories = [item for item in used if item.kind != ItemKind.CHUNK.value]
        wishes, _, _ = self._personaliser.render(memories, tuple(notes.get("instructions", ())))
        branch = Branches(self._vault.turns.list(turn.conversation_id)).path(turn.id)
        lines = [f"[system] {system_message(self._policy.system_lines).content}"]
        for earlier in branch[:-1]:
            if earlier.answer and earlier.status.value in {"complete", "cancelled", "interrupted"}:
                lines += [f"[user] {earlier.question}", f"[assistant] {earlier.answer}"]
        due = obligations(self._policy, turn.question)
        own = (VIEWPOINTS_LINE,) if notes.get("viewpoints") == "asked" else ()
        files = self._history.citations.prompt(parts, self._gate)
        asked = question_message((*due.lines, *own), wishes, turn.question, files)
        lines.append(f"[user] {asked.content}")
        return "\n".join(lines)
