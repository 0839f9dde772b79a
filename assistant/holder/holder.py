"""The holder of an open vault: one place that answers every request, then locks.

TUI, CLI and the socket all end here. One turn runs at a time; everything else may run
beside it. Locking closes the vault, kills both children and tells whoever asked to know.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from assistant.conversation.desk import Desk
from assistant.conversation.events import TurnEnded, TurnEvent, TurnFailed
from assistant.conversation.incognito import IncognitoLedger
from assistant.conversation.ledger import VaultLedger, log_rulings
from assistant.conversation.question import Question
from assistant.conversation.turn import run_turn
from assistant.engine.model_messages import Sampling
from assistant.errors import EngineError, UsageError, VaultLocked
from assistant.holder import controls, overview, overview_wire
from assistant.holder import interface as ask
from assistant.holder.attachments import Attachments
from assistant.holder.bounds import Bounds
from assistant.holder.branches import Tree
from assistant.holder.consents import Consents
from assistant.holder.drafts import Drafts
from assistant.holder.earlier import with_past
from assistant.holder.flattery import MAX_TOKENS, SEED
from assistant.holder.history import Account, History
from assistant.holder.idle import IdleLock
from assistant.holder.impersonal import Impersonal
from assistant.holder.impersonal_wire import ChatPersonalisation
from assistant.holder.interface import AnyReply, AnyRequest, Cancellation, Done
from assistant.holder.keeping import Keeping, KeepingRequest
from assistant.holder.learning import Learning
from assistant.holder.leaving import Leaving
from assistant.holder.memory import MemoryFeed
from assistant.holder.models import Models
from assistant.holder.notices import Notices
from assistant.holder.participation import Participation, ParticipationRequest
from assistant.holder.parts import Parts
from assistant.holder.phrasing import Phrasing
from assistant.holder.settings import MANNERS, UserSettings
from assistant.holder.sparing import spares_facts
from assistant.holder.status import status_line
from assistant.holder.taste import Taste


class Holder:
    """Implements ``interface.Application`` over an open vault."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        vault = parts.vault
        self.settings = UserSettings(vault, parts.policy)
        self._feed = MemoryFeed(vault, parts.memory, parts.embedder_digest)
        consents = Consents(vault, parts.policy, parts.now)
        self._taste = Taste(
            vault, parts.memory, self._feed, parts.policy, parts.now, parts.patience, consents,
            spares_facts(parts.models, self.settings),
        )  # fmt: skip
        self._history = History(vault, parts.gate)
        self._notices = Notices(vault, self.settings, parts.policy, parts.now, parts.local_time)
        self._learning = Learning(
            vault, parts.gate, self._feed, self._taste, self.settings, consents, parts.now,
            Phrasing(vault, parts.model, parts.policy),
        )  # fmt: skip
        self._participation = Participation(parts, self._learning)
        self._keeping = Keeping(vault, parts.gate, parts.policy, self._learning, parts.new_kdf)
        self._bounds = Bounds(parts, self._taste, consents, self.settings)
        why = self._taste.for_turn(0, earlier=True)
        self._account = Account(vault, self._history, parts.policy, parts.gate, why)
        self._vault_ledger = VaultLedger(vault)
        self._attachments = Attachments(parts, self._feed)
        self._incognito = IncognitoLedger(
            parts.new_id, lambda rulings: log_rulings(vault, rulings), parts.now,
            self._attachments.incognito,
        )  # fmt: skip
        self._impersonal = Impersonal(vault, self._history, self._incognito.holds)
        self._risks: dict[str, float] = {}
        self._models = Models(lambda: self._parts)
        self._drafts = Drafts(vault, self._incognito.holds, self._history.conversation_id)
        self._tree = Tree(vault, self._history, self._incognito, self._feed, self._risks)
        self._running, self._turn = Cancellation(), threading.Lock()
        self._locked, self._locking = threading.Event(), threading.Lock()
        self._listeners: list[Callable[[str], None]] = []
        self._context = (0, 0)
        self._feed.start()
        self._idle = IdleLock(parts, self.settings, self._keeping, self._locked, self.lock)
        self._idle.start()

    # -- requests --------------------------------------------------------------------------

    def handle(
        self, request: AnyRequest, cancellation: Cancellation | None = None
    ) -> Iterator[TurnEvent | AnyReply]:
        """Answer one request; see ``interface`` for each one's replies."""
        if self._locked.is_set():
            raise VaultLocked("The vault is locked.", hint="Unlock it and try again.")
        if (why := self._parts.policy_changed()) and not isinstance(request, ask.Lock):
            self.lock(why)
            raise VaultLocked(f"The vault was locked: {why}.", hint="Unlock it to go on.")
        # A face asks for the status by itself: that is nobody using the vault.
        with self._idle.used(by_somebody=not isinstance(request, ask.StatusQuery)):
            yield from self._answer(request, cancellation or Cancellation())

    def _answer(
        self, request: AnyRequest, cancellation: Cancellation
    ) -> Iterator[TurnEvent | AnyReply]:
        match request:
            case ask.Ask():
                yield from self._ask(request, cancellation)
            case ask.Lock():
                self.lock("locked on request")
                yield Done("Locked.")
            case ask.WhyQuery():
                yield from self._account.why(request)
            case ask.RecallQuery():
                yield from self._recall(request)
            case ask.CopyText():
                yield Leaving(self._parts.vault, self._parts.gate).copied(request)
            case controls.CheckFlattery():
                yield from self._bounds.flattery(
                    lambda text, personalise: self._aside(text, personalise, cancellation)
                )
            case _ if self._models.answers(request):
                yield from self._models.handle(request, cancellation)
            case _ if self._tree.answers(request):
                yield from self._tree.handle(request)
            case _ if self._attachments.answers(request):
                yield from self._attachments.handle(request)
            case _:
                yield from self._told(request)

    def _told(self, request: Any) -> Iterator[AnyReply]:
        """Requests about how things stand: settings, bounds, policy, drafts, notices."""
        match request:
            case ask.GetSettings():
                yield from self.settings.items()
            case ask.ChangeSetting():
                yield self.settings.change(request.key, request.value)
            case ask.StatusQuery():
                yield status_line(self._parts, self.settings, self._context)
            case controls.CardQuery():
                yield self._bounds.card(request)
            case controls.RisksQuery():
                yield from self._bounds.risks()
            case overview_wire.PolicyQuery():
                yield from overview.policy_items(self._parts, self.settings)
            case overview_wire.GetDraft() | overview_wire.KeepDraft():
                yield self._drafts.handle(request)
            case overview_wire.AcknowledgeNotices():
                self._parts.vault.acknowledge_notices()
                yield Done("They will not be shown again.")
            case _:
                yield from self._kept(request)

    def _kept(self, request: Any) -> Iterator[AnyReply]:
        """Requests about what is kept: history, preferences, feedback."""
        match request:
            case ChatPersonalisation():
                yield self._impersonal.handle(request)
            case ask.ListConversations():
                yield from self._history.conversations(request)
            case ask.ShowConversation():
                yield from self._history.show(request)
            case ask.SearchHistory():
                yield from self._history.search(request)
            case ask.RenameConversation():
                yield from self._history.rename(request)
            case ask.DecisionQuery():
                yield from self._history.decisions(request)
            case ask.DeleteConversation():
                identity = self._history.conversation_id(request.id)
                yield from self._keeping.handle(ask.EraseItem("conversation", identity))
            case _ if isinstance(request, KeepingRequest):
                yield from self._keeping.handle(request)
            case _ if isinstance(request, ParticipationRequest):
                yield from self._participation.handle(request)
            case _:
                yield from self._learning.handle(request)

    def _recall(self, request: ask.RecallQuery) -> Iterator[AnyReply]:
        if not 1 <= request.k <= 50:
            raise UsageError("-k is from 1 to 50.")
        found = self._taste.recollect(request.query, "", request.k)
        for item in found.considered[: request.k]:
            yield ask.RecallHit(
                item.kind.value, item.id, item.text, round(item.score, 4),
                round(item.bm25, 4), round(item.dense, 4), item.passed, item.reason,
            )  # fmt: skip

    # -- a turn ----------------------------------------------------------------------------

    def _ask(self, request: ask.Ask, cancellation: Cancellation) -> Iterator[TurnEvent]:
        with self._turn, self._learning.phrasing.quiet(), self._parts.quiet():
            self._running = cancellation
            desk, question = self._prepare(self._tree.placed(request))
            for event in run_turn(
                question, desk, cancellation.when_cancelled, lambda: cancellation.cancelled
            ):
                yield self._noted(event, request)

    def _aside(self, text: str, personalise: bool, cancellation: Cancellation) -> TurnEnded:
        """One answer for the program's own check: incognito, and forgotten at once."""
        request = ask.Ask(
            text, incognito=True, personalise=personalise, seed=SEED, max_tokens=MAX_TOKENS
        )
        for event in self._ask(request, cancellation):
            if isinstance(event, TurnFailed):
                raise EngineError(event.message, hint=event.hint)
            if isinstance(event, TurnEnded):
                self._incognito.forget(event.conversation)
                if event.status == "cancelled":
                    raise UsageError("The check was stopped.", hint="Nothing was kept.")
                return event
        raise AssertionError("a turn ends with TurnEnded or TurnFailed")

    def _noted(self, event: TurnEvent, request: ask.Ask) -> TurnEvent:
        self._attachments.heard(event, request.attachments)
        if not isinstance(event, TurnEnded):
            return event
        if event.context_size:
            self._context = (event.context_used, event.context_size)
        if event.turn and not self._incognito.holds(event.conversation):
            self._feed.turn_added(event.turn)
            if event.status == "complete":
                said = self._notices.due(
                    personalised=event.personalised,
                    timed=not request.keeps_time,
                    answer=event.answer,
                )
                return msgspec.structs.replace(event, suggestion=said)
        return event

    def _prepare(self, request: ask.Ask) -> tuple[Desk, Question]:
        settings, parts = self.settings, self._parts
        conversation = request.conversation
        incognito = request.incognito or self._incognito.holds(conversation)
        if conversation and not incognito:
            conversation = self._history.conversation_id(conversation)
        personalise = request.personalise and settings.on("personalisation")
        personalise = personalise and not self._impersonal.off(conversation)
        most = int(settings.number("max_tokens"))
        question = Question(
            text=request.text,
            conversation=conversation,
            personalise=personalise,
            seed=parts.new_seed() if request.seed is None else request.seed,
            max_tokens=min(request.max_tokens or most, self._most_tokens(most, request)),
            candidates=max(request.candidates, int(settings.number("candidates"))),
            exact=request.seed is not None,
            confirmed=request.confirmed,
            viewpoints=request.viewpoints,
            again_of=request.again_of,
            documents=self._attachments.documents(request.attachments),
            pasted=request.pasted,
        )
        return self._desk(request, incognito=incognito, personalise=personalise), question

    def _desk(self, request: ask.Ask, *, incognito: bool, personalise: bool) -> Desk:
        settings, parts = self.settings, self._parts
        k = int(settings.number("context_memories"))
        manner = MANNERS[settings.text("persona")]
        taste = self._taste.for_turn(k, earlier=settings.on("recall"), manner=manner)
        ledger = self._incognito if incognito else self._vault_ledger
        return Desk(
            ledger=with_past(ledger, request.earlier, parts.gate) if request.earlier else ledger,
            gate=parts.gate,
            policy=parts.policy,
            model=parts.model,
            model_file=parts.model_file(),
            personaliser=taste if personalise else None,
            sampling=Sampling(
                temperature=settings.number("temperature"), top_p=0.95, min_p=0.05,
                repeat_penalty=1.1,
            ),
            clock=parts.clock,
            pause_background=self._feed.pause,
            risks=self._risks,
            shelf=self._attachments.shelf(incognito=incognito),
        )  # fmt: skip

    def _most_tokens(self, most: int, request: ask.Ask) -> int:
        """A length asked for on the command line may exceed the setting, not a bound."""
        wished = float(request.max_tokens or most)
        return int(float(str(self._parts.policy.clamp("max_tokens", wished).value)))

    # -- locking ---------------------------------------------------------------------------

    def when_locked(self, act: Callable[[str], None]) -> None:
        """Be told, from another thread, that and why it was locked."""
        self._listeners.append(act)

    @property
    def locked(self) -> bool:
        """Whether the vault is closed."""
        return self._locked.is_set()

    def lock(self, why: str) -> None:
        """Cancel a running turn, kill both children, close the vault. Once only.

        Neither a turn nobody listens to any more nor a child that cannot be stopped
        keeps the vault open.
        """
        with self._locking:
            if self._locked.is_set():
                return
            self._locked.set()
        parts = self._parts
        self._running.cancel()
        ended = self._turn.acquire(timeout=parts.turn_ends)
        with contextlib.ExitStack() as closing:
            # Done from the last to the first, whatever any of them raises.
            for act in reversed(self._listeners):
                closing.callback(act, why)
            if ended:
                closing.callback(self._turn.release)
            for close in (
                parts.vault.close, parts.memory.stop, parts.model.stop,
                self._attachments.clear, self._feed.stop,
            ):  # fmt: skip
                closing.callback(close)
