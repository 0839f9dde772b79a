"""Preferences and feedback: stated, given, proposed, taken back, erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from assistant.conversation.ledger import log_rulings, turn_notes
from assistant.conversation.rulings import ruling_of
from assistant.errors import NoSuchItem, PolicyRefusal, UsageError
from assistant.holder import controls
from assistant.holder import interface as ask
from assistant.holder.comparisons import Comparisons
from assistant.holder.comparisons_wire import NextComparison, PickComparison
from assistant.holder.consents import Consents
from assistant.holder.given import feedback_item, profile_item
from assistant.holder.interface import AnyReply, Done, FeedbackGiven, FeedbackItem, PreferenceItem
from assistant.holder.meant import turn_meant
from assistant.holder.memory import MemoryFeed
from assistant.holder.merging import merge
from assistant.holder.merging_wire import MergePreferences, ScopePreference
from assistant.holder.phrasing import Phrasing
from assistant.holder.phrasing_wire import AwaitProposal
from assistant.holder.refusals import by_rule
from assistant.holder.scoping import scoped
from assistant.holder.settings import UserSettings
from assistant.holder.taste import Taste
from assistant.personal.dimensions import Dimension
from assistant.personal.feedback import Act, chosen_answer, read_act
from assistant.personal.preferences import (
    MAX_PREFERENCE_CHARS,
    Reading,
    conflicting,
    read_preference,
    same_as,
)
from assistant.personal.proposals import is_known, propose
from assistant.personal.special import mentioned
from assistant.policy import Effect, Origin, Segment, Where
from assistant.vault.records import (
    Erased,
    Feedback,
    FeedbackKind,
    ItemKind,
    Preference,
    PreferenceSource,
    PreferenceState,
    ProfileValue,
    Scope,
    Turn,
)

if TYPE_CHECKING:
    from assistant.policy import Gate
    from assistant.vault import Vault


class Learning:
    """Answers every request about what the person wants and thought."""

    def __init__(
        self,
        vault: Vault,
        gate: Gate,
        feed: MemoryFeed,
        taste: Taste,
        settings: UserSettings,
        consents: Consents,
        now: Callable[[], datetime],
        phrasing: Phrasing,
    ) -> None:
        self._vault, self._gate, self._feed, self._taste = vault, gate, feed, taste
        self._settings, self.consents, self.now = settings, consents, now
        self.phrasing = phrasing

    def handle(self, request: Any) -> Iterator[AnyReply]:
        """Answer one request; see ``interface``."""
        match request:
            case ask.AddPreference():
                yield self._add(request)
            case ask.ListPreferences():
                yield from self._list(request)
            case ask.EditPreference():
                yield self._edit(request)
            case ask.SetPreferenceState():
                yield self._set_state(request)
            case ScopePreference():
                self._vault.preferences.set_scope(
                    request.id, *scoped(self._vault, request.scope, request.scope_ref)
                )
                yield self._item(self._vault.preferences.get(request.id))
            case MergePreferences():
                yield merge(self._vault, self, request)
            case ask.DeletePreference():
                self._vault.preferences.get(request.id)
                self.forget(self._vault.erase.item(ItemKind.PREFERENCE, request.id))
                yield Done("Erased.")
            case _:
                yield from self._taught(request)

    def _taught(self, request: Any) -> Iterator[AnyReply]:
        """Requests about what preferences rest on: consents, feedback, the profile."""
        match request:
            case controls.ListConsents():
                yield from map(controls.ConsentItem, self.consents.list())
            case controls.RevokeConsent():
                self.consents.require_known(request.id)
                self.forget(self._vault.erase.item(ItemKind.PREFERENCE, request.id))
                yield Done("The consent is revoked and what it covered is erased.")
            case ask.GiveFeedback():
                yield self._give(request)
            case ask.ListFeedback():
                yield from self._feedback(request)
            case ask.UndoFeedback():
                yield self._undo(request)
            case ask.ProfileQuery():
                yield from (profile_item(state) for state in self._taste.profile.states)
            case ask.SetProfile():
                yield self._set_profile(request)
            case AwaitProposal():
                yield self.phrasing.wait(request.feedback) or Done("Nothing came of it.")
            case NextComparison() | PickComparison():
                yield from Comparisons(self._vault, self._taste).handle(request)
            case _:
                raise UsageError("The holder does not know this request.")

    # -- preferences -----------------------------------------------------------------------

    def _add(self, request: ask.AddPreference) -> PreferenceItem:
        text = self._checked(request.text)
        scope, scope_ref = scoped(self._vault, request.scope, request.scope_ref)
        special = self.consents.require(text, given=request.consent)
        reading = read_preference(text)
        kept = self._vault.preferences.add(
            text, scope=scope, scope_ref=scope_ref, expires=self._expiry(reading),
            domain=",".join(sorted(reading.domains)),
        )  # fmt: skip
        self.consents.give(kept.id, special)
        self._feed.changed()
        return self._item(kept)

    def _expiry(self, reading: Reading) -> datetime | None:
        return self.now() + reading.expires_after if reading.expires_after else None

    def _checked(self, given: str) -> str:
        """A preference's text, through the gate before it is stored. May raise."""
        text = " ".join(given.split())
        if not text:
            raise UsageError("The preference is empty.")
        if len(text) > MAX_PREFERENCE_CHARS:
            raise UsageError(f"A preference has at most {MAX_PREFERENCE_CHARS} characters.")
        decision = self._gate.check([Segment(text, Origin.PREFERENCE)], Where.PREFERENCE)
        if decision.effect is Effect.NONE:
            return text
        ruling = ruling_of(decision, Where.PREFERENCE)
        log_rulings(self._vault, [ruling])
        if decision.effect < Effect.CONFIRM:
            return text
        raise by_rule(ruling, "this preference")

    def _list(self, request: ask.ListPreferences) -> Iterator[PreferenceItem]:
        kept = self._vault.preferences.list()
        if request.state == "":
            wanted = {PreferenceState.ACTIVE, PreferenceState.DISABLED}
        elif request.state == "all":
            wanted = set(PreferenceState)
        else:
            wanted = {PreferenceState(request.state)}
        for preference in kept:
            if preference.state in wanted:
                yield self._item(preference)

    def _edit(self, request: ask.EditPreference) -> PreferenceItem:
        self._vault.preferences.get(request.id)
        text = self._checked(request.text)
        special = self.consents.require(text, given=request.consent, known=request.id)
        reading = read_preference(text)
        self._vault.preferences.reword(request.id, text)
        self._vault.preferences.set_domain(request.id, ",".join(sorted(reading.domains)))
        self._vault.preferences.set_expiry(request.id, self._expiry(reading))
        self.consents.give(request.id, special)
        self._feed.forget([(ItemKind.PREFERENCE, request.id)])
        self._feed.changed()
        return self._item(self._vault.preferences.get(request.id))

    def _set_state(self, request: ask.SetPreferenceState) -> PreferenceItem:
        preference = self._vault.preferences.get(request.id)
        if request.state == "active":
            self._checked(preference.text)
            special = self.consents.require(
                preference.text, given=request.consent, known=request.id
            )
            self.consents.give(request.id, special)
        self._vault.preferences.set_state(request.id, PreferenceState(request.state))
        return self._item(self._vault.preferences.get(request.id))

    def _item(self, preference: Preference) -> PreferenceItem:
        others = self._vault.preferences.list(state=PreferenceState.ACTIVE)
        return PreferenceItem(
            preference.id, preference.text, preference.scope.value, preference.scope_ref,
            preference.source.value, preference.state.value, preference.created.isoformat(),
            preference.uses, preference.provenance or "",
            preference.expires.isoformat() if preference.expires else "",
            conflicting(preference, others), same_as(preference, others),
        )  # fmt: skip

    # -- feedback --------------------------------------------------------------------------

    def _give(self, request: ask.GiveFeedback) -> FeedbackGiven:
        turn = turn_meant(self._vault, request.turn)
        notes: Any = turn_notes(turn)
        answers = tuple(map(str, notes.get("candidates", ())))
        acts = read_act(
            request.kind, request.value, note=request.note,
            reasons=request.reasons, answers=answers,
        )  # fmt: skip
        for act in acts:
            if act.value and act.kind in {FeedbackKind.EDIT, FeedbackKind.NOTE}:
                self._check_note(act.value)
            if act.kind is FeedbackKind.NOTE:
                self.consents.refuse_note(act.value)
        learns = self._settings.on("learning")
        # One transaction: a person waits for one sync of the disk, not for three.
        stored, proposal = self._vault.atomically(lambda: self._keep(acts, turn, learns=learns))
        self._feed.changed()
        self._taste.changed()
        pending = learns and proposal is None and self._phrases(stored[-1], turn)
        return FeedbackGiven(stored[0].id, turn.id, proposal, stored[-1].id if pending else "")

    def _phrases(self, act: Feedback, turn: Turn) -> bool:
        return self.phrasing.begin(act, turn, lambda text: self._propose_phrased(act, text))

    def _propose_phrased(self, given: Feedback, text: str) -> PreferenceItem | None:
        """Keep what the model phrased, unless the act was taken back or it is known."""
        act = self._vault.feedback.get(given.id)
        source = PreferenceSource.PROPOSED
        if act.kind is FeedbackKind.EDIT:
            source = PreferenceSource.EDIT
        known = self._vault.preferences.list()
        if act.undone or is_known(text, known) or not self.may_keep(text):
            return None
        return self._proposed(text, source, act.id)

    def _keep(
        self, acts: Sequence[Act], turn: Turn, *, learns: bool
    ) -> tuple[list[Feedback], PreferenceItem | None]:
        stored = [
            self._vault.feedback.add(turn.id, act.kind, act.value, act.reasons) for act in acts
        ]
        if acts[0].kind is FeedbackKind.CHOICE:
            self._vault.turns.set_answer(turn.id, chosen_answer(stored[0]))
        return stored, self._propose(stored, turn) if learns else None

    def _check_note(self, text: str) -> None:
        """What is kept for later prompts passes the gate as a memory would. May raise."""
        decision = self._gate.check([Segment(text, Origin.USER)], Where.MEMORY)
        if decision.effect is Effect.BLOCK:
            ruling = ruling_of(decision, Where.MEMORY)
            log_rulings(self._vault, [ruling])
            raise by_rule(ruling, "keeping this")

    def _propose(self, acts: list[Feedback], turn: Turn) -> PreferenceItem | None:
        """At most one proposal, stored as such; it acts on nothing until it is accepted."""
        ids = {act.id for act in acts}
        compares = acts[0].kind in {FeedbackKind.CHOICE, FeedbackKind.EDIT}
        earlier = self._taste.acts() if compares else []
        earlier = [pair for pair in earlier if pair[0].id not in ids]
        known = self._vault.preferences.list()
        for act in acts:
            found = propose(act, turn, earlier=earlier, known=known)
            if found is not None and self.may_keep(found.text):
                return self._proposed(found.text, found.source, found.provenance)
        return None

    def _proposed(self, text: str, source: PreferenceSource, act: str) -> PreferenceItem:
        kept = self._vault.preferences.add(
            text, source=source, provenance=act, state=PreferenceState.PROPOSED
        )
        return self._item(kept)

    def propose_text(
        self, text: str, *, source: PreferenceSource, topic: str = ""
    ) -> PreferenceItem:
        """A sentence of somebody else as a proposal; ``may_keep`` was asked before."""
        kept = self._vault.preferences.add(
            text, source=source, state=PreferenceState.PROPOSED,
            scope=Scope.TOPIC if topic else Scope.ALWAYS, scope_ref=topic,
            domain=",".join(sorted(read_preference(text).domains)),
        )  # fmt: skip
        self._feed.changed()
        return self._item(kept)

    def may_keep(self, text: str) -> bool:
        """Nothing of a special category is ever inferred, whatever was consented to."""
        if mentioned(text):
            self.consents.count_refused()
            return False
        try:
            self.consents.require_allowed(text)
        except PolicyRefusal:
            return False
        decision = self._gate.check([Segment(text, Origin.PREFERENCE)], Where.PREFERENCE)
        return decision.effect < Effect.CONFIRM

    def _set_profile(self, request: ask.SetProfile) -> ask.ProfileItem:
        try:
            dimension = Dimension(request.dimension)
        except ValueError as error:
            raise UsageError(f"A dimension is one of {', '.join(Dimension)}.") from error
        if request.value is not None and not -1.0 <= request.value <= 1.0:
            raise UsageError("A dimension lies between -1 and 1.")
        if request.value is None and not request.locked:
            self._vault.profile.delete(dimension.value)
            self._taste.picks.release(dimension.value)
        else:
            value = ProfileValue(dimension.value, request.value, request.locked)
            self._vault.profile.put(value)
        self._taste.changed()
        return profile_item(self._taste.profile[dimension])

    def _feedback(self, request: ask.ListFeedback) -> Iterator[FeedbackItem]:
        acts = [feedback_item(act) for act in self._vault.feedback.list(with_undone=True)]
        acts = sorted([*acts, *self._taste.picks.items()], key=lambda act: act.created)
        yield from reversed(acts[-request.limit :])

    def _undo(self, request: ask.UndoFeedback) -> Done:
        identity = request.id or self._latest_act()
        if self._taste.picks.undo(identity):
            self._taste.changed()
            return Done("Taken back.")
        act = self._vault.feedback.get(identity)
        self._vault.feedback.undo(act.id)
        self._taste.changed()
        # What was inferred from it goes too, kept or not, as it does when the act is erased.
        # A proposal that was turned down stays, so that it is not made again.
        learned = [
            preference
            for preference in self._vault.preferences.list()
            if preference.provenance == act.id and preference.state is not PreferenceState.REJECTED
        ]
        for preference in learned:
            self.forget(self._vault.erase.item(ItemKind.PREFERENCE, preference.id))
        kept = [p.text for p in learned if p.state is not PreferenceState.PROPOSED]
        return Done(" ".join(["Taken back.", *(f"With it went: {text}" for text in kept)]))

    def _latest_act(self) -> str:
        given = self._vault.feedback.list()[-1:]
        acts = [(act.created.isoformat(), act.id) for act in given]
        acts += [(item.created, item.id) for item in self._taste.picks.items() if not item.undone]
        if not acts:
            raise NoSuchItem("There is no feedback to take back.", hint="Rate an answer first.")
        return max(acts)[1]

    # -- erasing ---------------------------------------------------------------------------

    def forget_pick(self, identity: str) -> bool:
        """Erase a pick made in a comparison; False where the id is of another kind."""
        if not self._taste.picks.erase(identity):
            return False
        self._taste.changed()
        return True

    def forget_picks_before(self, instant: datetime) -> None:
        """Erase picks that are older than the retention of feedback allows."""
        if self._taste.picks.erase_before(instant):
            self._taste.changed()

    def forget(self, erased: Erased) -> None:
        """What was erased leaves the running indexes and the profile at once."""
        self._feed.forget(erased.items)
        self.consents.drop(id_ for kind, id_ in erased.items if kind is ItemKind.PREFERENCE)
        self._taste.changed()

    def refill(self) -> None:
        """Something was imported: index it."""
        self._feed.changed()
        self._taste.changed()
