"""What was learned about a person, as one turn needs it: found, rendered, chosen by."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.conversation.events import KeptOut, UsedItem
from assistant.errors import AssistantError, NoSuchItem
from assistant.holder.comparisons import Picks
from assistant.holder.consents import Consents
from assistant.holder.memory import LiveEmbedder, MemoryFeed, TurnIndex
from assistant.personal.choosing import choose, most_informative
from assistant.personal.considered import STOOD_BACK, Considered, Recollection
from assistant.personal.feedback import Role, lesson
from assistant.personal.history_index import lend
from assistant.personal.placement import Beside, beside, beside_again
from assistant.personal.plain_facts import asks_for_a_fact
from assistant.personal.profile import Bound, Profile, build_profile, instructions
from assistant.personal.recall import Recall
from assistant.personal.special import Category, speaks_of_a_person, stated
from assistant.personal.styles import Style, read_wishes
from assistant.vault.records import Feedback, Found, ItemKind, Turn

if TYPE_CHECKING:
    from datetime import datetime

    from assistant.engine.interfaces import Memory
    from assistant.policy import EffectivePolicy
    from assistant.vault import Vault

_BUDGET_TOKENS = 160
_LEARNED_FROM = 600
_SETTLED = 0.3
"""Seconds after an act at which the profile is built anew, for all acts until then."""
ERASED = "[erased]"


class _Words:
    """Full-text search: the neighbour-aware index once it is filled; until then, and for
    histories too long for it, the vault's, whose hits lend to their neighbours."""

    def __init__(self, vault: Vault, feed: MemoryFeed) -> None:
        self._vault, self._feed = vault, feed

    def turns(self, text: str, limit: int) -> Sequence[Found]:
        """Finished turns, best first."""
        if self._feed.history_ready:
            return self._feed.history.turns(text, limit)
        found = self._vault.search.turns(text, limit)
        return lend(found, self._vault.turns.around([f.item_id for f in found], 2), limit)

    def preferences(self, text: str, limit: int) -> Sequence[Found]:
        """Preferences, best first."""
        return self._vault.search.preferences(text, limit)


class Taste:
    """Wires ``personal`` to the vault and the memory child."""

    def __init__(
        self,
        vault: Vault,
        memory: Memory,
        feed: MemoryFeed,
        policy: EffectivePolicy,
        now: Callable[[], datetime],
        patience: float,
        consents: Consents,
        spare_facts: Callable[[], bool],
    ) -> None:
        self._vault, self._feed, self._patience = vault, feed, patience
        self._spare_facts = spare_facts
        self._consents = consents
        self.picks = Picks(vault, now)
        self._bounds = profile_bounds(policy)
        self._profile: Profile | None = None
        self._built = self._changes = 0
        self._due = False
        self._building = threading.Lock()
        self._recall = Recall(
            search=_Words(vault, feed),
            embedder=LiveEmbedder(memory),
            preferences=vault.preferences,
            feedback=vault.feedback,
            turns=vault.turns,
            preference_index=feed.preferences,
            turn_index=TurnIndex(memory),
            now=now,
        )

    def recollect(self, question: str, conversation: str, k: int) -> Recollection:
        """Everything weighed for a question. Waits for the embedder as long as wired to."""
        self._feed.catch_up(self._patience)
        found = self._recall.find(
            question, conversation=conversation, project=self._folder_of(conversation), k=k,
            budget_tokens=_BUDGET_TOKENS, spare_facts=self._spare_facts(),
        )  # fmt: skip
        return self._permitted(found)

    def spares(self, question: str) -> bool:
        """Whether general wishes about style stay out of this question."""
        return self._spare_facts() and asks_for_a_fact(question)

    def _folder_of(self, conversation: str) -> str:
        """The project folder it lies in; "" for none, as for one that is not kept."""
        if not conversation:
            return ""
        try:
            return self._vault.conversations.get(conversation).folder
        except NoSuchItem:
            return ""

    def _permitted(self, found: Recollection) -> Recollection:
        """Without memories of a special category that no consent covers.

        A preference needs its own; earlier turns and rated answers, which are kept as
        history and not as memory, come back where some consent covers the category.
        """
        everywhere: set[Category] | None = None

        def kept(item: Considered) -> bool:
            nonlocal everywhere
            if item.kind is ItemKind.PREFERENCE:
                said = set(stated(item.text))
                return not said or said <= self._consents.of(item.id)
            told = set(speaks_of_a_person(item.text))
            # The vault is asked only where something was told: most memories tell nothing.
            if told and everywhere is None:
                everywhere = set(self._consents.everywhere())
            return not told or told <= (everywhere or set())

        return replace(
            found,
            items=tuple(item for item in found.items if kept(item)),
            considered=tuple(
                item if kept(item) else item.dropped("no consent") for item in found.considered
            ),
        )

    @property
    def profile(self) -> Profile:
        """The style profile, recomputed from the acts that stand since it last changed."""
        with self._building:
            if self._profile is None or self._built != self._changes:
                changes = self._changes
                self._profile = build_profile(
                    self.acts(), self._vault.profile.list(), self._bounds, self.picks.values()
                )
                self._built = changes
            return self._profile

    def acts(self) -> list[tuple[Feedback, Turn]]:
        """The newest acts that stand, at most ``_LEARNED_FROM``, each with its turn, oldest first.

        Learning keeps the newest 400 comparisons among them: what an act costs does not
        grow with all that came before.
        """
        acts = self._vault.feedback.latest(_LEARNED_FROM)
        turns = self._vault.turns.many({act.turn_id for act in acts})
        return [(act, turns[act.turn_id]) for act in acts if act.turn_id in turns]

    def changed(self) -> None:
        """Feedback or a slider changed: the profile is built anew, never patched.

        In a moment and beside: with hundreds of acts it takes 50 ms, which neither this act
        nor the next turn need wait for.
        """
        self._changes += 1
        if not self._due:
            self._due = True
            timer = threading.Timer(_SETTLED, self._rebuild)
            timer.name, timer.daemon = "profile", True
            timer.start()

    def _rebuild(self) -> None:
        self._due = False
        try:
            _ = self.profile
        except AssistantError:
            # Locked meanwhile: whoever opens the vault next builds it.
            return

    def for_turn(self, k: int, *, earlier: bool, manner: str = "") -> TurnTaste:
        """One turn's view: at most ``k`` memories; earlier turns only where allowed."""
        return TurnTaste(self, self._vault, k, earlier, manner)


class TurnTaste:
    """Implements ``conversation.turn.Personaliser`` for one turn, or for `why`."""

    def __init__(self, taste: Taste, vault: Vault, k: int, earlier: bool, manner: str) -> None:
        self._taste, self._vault, self._k, self._earlier = taste, vault, k, earlier
        self._manner = (manner,) if manner else ()
        self._found: dict[tuple[str, str], Considered] = {}
        self._spared = False
        self._kept_out: tuple[KeptOut, ...] = ()

    def find(self, question: str, conversation: str) -> tuple[UsedItem, ...]:
        """Relevant memories in the order they are placed."""
        self._spared = self._taste.spares(question)
        if self._k == 0:
            return ()
        found = self._taste.recollect(question, conversation, self._k)
        kept = [i for i in found.items if self._earlier or i.kind is not ItemKind.TURN]
        self._kept_out = tuple(
            KeptOut(_used(item), item.reason)
            for item in found.considered
            if item.reason in STOOD_BACK
        )
        self._found = {(i.kind.value, i.id): i for i in kept}
        return tuple(_used(item) for item in kept)

    def render(
        self, items: Sequence[UsedItem], instructed: Sequence[str] | None = None
    ) -> tuple[Beside, tuple[tuple[str, str], ...], tuple[str, ...]]:
        """What stands beside the question, the profile values in it, its instructions.

        ``instructed`` are the instructions of an earlier turn, to render it as it was.
        """
        profile = self._taste.profile
        lines = tuple(instructed or ())
        if instructed is None:
            lines = (*self._manner, *self._taught(profile, items))
        shown = profile.shown() if lines else ()
        found = [self._found.get((item.kind, item.id)) for item in items]
        if all(one is not None for one in found):
            return beside([one for one in found if one is not None], lines), shown, lines
        return self._again(items, lines), shown, lines

    def _taught(self, profile: Profile, items: Sequence[UsedItem]) -> tuple[str, ...]:
        """The profile's instructions; beside a plain fact only those that suit it."""
        kept_back = [each.item for each in self._kept_out if each.reason == "fact"]
        covered = _covered([*items, *kept_back])
        said = instructions(profile, covered)
        suit = instructions(profile, covered, of_a_fact=True) if self._spared else said
        if back := [line for line in said if line not in suit]:
            item = UsedItem("profile", "", " ".join(back), 0.0)
            self._kept_out += (KeptOut(item, "fact"),)
        return suit

    def kept_out(self) -> tuple[KeptOut, ...]:
        """Wishes that applied and yet stood back from the prompt."""
        return self._kept_out

    def _again(self, items: Sequence[UsedItem], lines: Sequence[str]) -> Beside:
        known: dict[tuple[ItemKind, str], tuple[str, Role | None]] = {}
        for item in items:
            if item.text != ERASED:
                known[ItemKind(item.kind), item.id] = (item.text, self._role(item))
        return beside_again([(ItemKind(i.kind), i.id) for i in items], known, lines)

    def _role(self, item: UsedItem) -> Role | None:
        if item.kind != ItemKind.FEEDBACK.value:
            return None
        act = self._vault.feedback.get(item.id)
        found = lesson(act, self._vault.turns.get(act.turn_id))
        return found.role if found else None

    def choose(self, answers: Sequence[str], items: Sequence[UsedItem]) -> int:
        """The index of the answer this person would prefer."""
        wishes = [item.text for item in items if item.kind == ItemKind.PREFERENCE.value]
        return choose(answers, self._taste.profile, wishes).index

    def compare(self, answers: Sequence[str]) -> tuple[int, int]:
        """The two answers the profile is least sure about."""
        return most_informative(answers, self._taste.profile)


def _used(item: Considered) -> UsedItem:
    return UsedItem(item.kind.value, item.id, item.text, round(item.score, 4))


def _covered(items: Sequence[UsedItem]) -> set[Style]:
    """Styles a stated preference speaks of already: the user's own words win."""
    said = (i.text for i in items if i.kind == ItemKind.PREFERENCE.value)
    return {wish.style for text in said for wish in read_wishes(text)}


def profile_bounds(policy: EffectivePolicy) -> dict[str, Bound]:
    """What the tiers allow of each dimension, with who says so."""
    bounds = {}
    for found in policy.bounds:
        prefix, _, dimension = found.key.partition(".")
        if prefix != "profile":
            continue
        edge = found.maximum or found.minimum
        if edge is not None:
            bounds[dimension] = Bound(
                found.minimum.value if found.minimum else -1.0,
                found.maximum.value if found.maximum else 1.0,
                edge.source.issuer,
                edge.source.reason,
            )
    return bounds
