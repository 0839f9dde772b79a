"""A front and an application for tests: real behaviour, scripted answers, no model.

Not a mock: it keeps conversations, preferences and feedback as the real one does, in
memory. What it answers is decided by ``Script``; a test may hold an answer at a point
with a ``Gate`` and let it go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from assistant.conversation.events import (
    AnswerText,
    PolicyNotice,
    Recalled,
    Ruling,
    TurnBegan,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    UsedItem,
    Waiting,
)
from assistant.errors import (
    AssistantError,
    ConsentNeeded,
    ModelInvalid,
    NoSuchItem,
    PolicyRefusal,
    UsageError,
    VaultExists,
    WrongPassphrase,
    YesNeeded,
)
from assistant.holder.attachments_wire import Attach, Detach, ListAttachments
from assistant.holder.branches_wire import (
    KeepIncognito,
    MoveConversation,
    PinConversation,
    SwitchBranch,
    TreeItem,
    TreeQuery,
)
from assistant.holder.card import BaseModel, Card, Counts, PolicyLine, Slider, Taught, TierPart
from assistant.holder.comparisons_wire import ComparisonItem, NextComparison, PickComparison
from assistant.holder.controls import (
    AddComment,
    CardQuery,
    CardReply,
    CommentItem,
    RiskItem,
    RisksQuery,
)
from assistant.holder.impersonal_wire import ChatPersonal, ChatPersonalisation
from assistant.holder.interface import (
    AddPreference,
    AnyReply,
    AnyRequest,
    Application,
    Ask,
    BackUp,
    Cancellation,
    ChangePassphrase,
    ChangeSetting,
    ConversationItem,
    CopyAllowed,
    CopyText,
    DecisionItem,
    DecisionQuery,
    DeleteConversation,
    DeletePreference,
    Done,
    EditPreference,
    EraseItem,
    Export,
    FeedbackGiven,
    FeedbackItem,
    GetSettings,
    GiveFeedback,
    Import,
    ListConversations,
    ListFeedback,
    ListPreferences,
    Lock,
    PreferenceItem,
    ProfileItem,
    ProfileQuery,
    RecallHit,
    RecallQuery,
    RecoveryKey,
    RenameConversation,
    SearchHistory,
    SearchHit,
    SetPreferenceState,
    SetProfile,
    SettingItem,
    ShowConversation,
    Situation,
    StatusLine,
    StatusQuery,
    Strength,
    TurnItem,
    UndoFeedback,
    UseKeychain,
    UseModel,
    Why,
    WhyQuery,
)
from assistant.holder.merging_wire import MergePreferences, ScopePreference
from assistant.holder.models_wire import ModelProgress, PullModel, RemoveModel, VerifyModel
from assistant.holder.overview_wire import (
    AcknowledgeNotices,
    AuthorityItem,
    Draft,
    GetDraft,
    KeepDraft,
    ModelItem,
    ModelsQuery,
    PolicyItem,
    PolicyQuery,
    PolicyWish,
)
from assistant.holder.phrasing_wire import AwaitProposal
from assistant.holder.risks import RiskRow
from assistant.holder.vault_wire import ImportProgress, NewRecoveryKey, VaultQuery, VaultState
from assistant.policy.comment import RuleComment
from tests.tui.scripted_files import ScriptedFiles, read_of, sources_of

R = TypeVar("R")

PASSPHRASE = "moss"
RECOVERY_KEY = "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ-2345-6789"
STAMP = "2026-03-02T09:30:00+00:00"
BANK_RULE = Ruling(
    effect="block", rule="no-investment-advice", tier="organisation", issuer="Example Bank",
    title="No personal investment advice",
    reason="Advice on what to buy needs a licensed adviser.",
    appeal="compliance@bank.example", help="Ask for an appointment with an adviser.",
)  # fmt: skip
CONFIRM_RULE = Ruling(
    effect="confirm", rule="medical-dosage", tier="national", issuer="Baseline",
    title="Dosages", reason="Doses differ from person to person; ask a pharmacist.",
    appeal="appeals@baseline.example",
)  # fmt: skip
ASKED = "Clients are asked before this leaves the vault (rule clients, Example Bank)."
NOTE_RULE = Ruling(
    effect="note", rule="ai-disclosure", tier="national", issuer="Baseline", title="Disclosure",
    reason="This was written by a machine.", appeal="appeals@baseline.example",
)  # fmt: skip
DEFAULT_ANSWER = "Good bread needs **flour**, water, salt and time.\n\n1. Mix\n2. Wait\n3. Bake\n"


@dataclass
class Script:
    """What to answer. ``answers`` maps a word in the question to the answer's text."""

    answers: dict[str, str] = field(default_factory=dict)
    default: str = DEFAULT_ANSWER
    piece: int = 12
    used: tuple[UsedItem, ...] = ()
    before: tuple[TurnEvent, ...] = ()
    gate: threading.Event | None = None  # the answer waits here after its first piece
    prefill_gate: threading.Event | None = None  # the prompt evaluation waits here
    end_gate: threading.Event | None = None  # the record waits here, stopped or not
    fail: TurnFailed | AssistantError | None = None
    fault: Exception | None = None
    propose: str = ""
    suggestion: str = ""
    comparisons: tuple[ComparisonItem, ...] = ()
    phrases: str = ""

    def answer(self, question: str) -> str:
        """The whole answer to a question."""
        for word, answer in self.answers.items():
            if word in question:
                return answer
        return self.default


class ScriptedApplication:
    """Keeps what the vault would keep; answers every request of the interface."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.lock_ = threading.Lock()
        self.requests: list[AnyRequest] = []
        self.conversations: dict[str, ConversationItem] = {}
        self.turns: dict[str, TurnItem] = {}
        self.preferences: dict[str, PreferenceItem] = {}
        self.feedback: dict[str, FeedbackItem] = {}
        self.settings: dict[str, SettingItem] = {item.key: item for item in _settings()}
        self.status = StatusLine(
            model="SmolLM2-135M", model_state="ready", memory_state="ready",
            tiers=("Baseline", "Example Bank"), alarms=(), personalise=True,
            context_used=0, context_size=8192,
        )  # fmt: skip
        self.profile = {item.dimension: item for item in _profile()}
        self.policy: list[AuthorityItem | PolicyItem] = _policy()
        self.models: list[ModelItem] = _models()
        self.drafts: dict[str, str] = {}
        self.impersonal: set[str] = set()
        self.vault = VaultState(("passphrase", "recovery"), ("/media/stick/vault.backup",), 41, 7)
        self.import_steps = [ImportProgress(1, 4, 0), ImportProgress(2, 9, 0)]
        self.import_gate: threading.Event | None = None
        self.model_gate: threading.Event | None = None
        self.decisions: list[DecisionItem] = _decisions()
        self.recalled: list[RecallHit] = [
            RecallHit(
                "preference", "p1", "Use bullet lists where they fit.", 0.81, 4.2, 0.74, True
            ),
            RecallHit("turn", "t1", "How do I start with sourdough?", 0.52, 6.1, 0.43, True),
            RecallHit("feedback", "f1", "Planets by size", 0.11, 0.0, 0.21, False),
        ]
        self.files = ScriptedFiles()
        self.parents: dict[str, str] = {}
        self.tips: dict[str, str] = {}
        self.incognito: dict[str, TurnItem] = {}
        self.error: AssistantError | None = None
        self.gates: dict[type, threading.Event] = {}  # requests of a kind wait here
        self.locked = False
        self._number = 0

    def handle(
        self, request: AnyRequest, cancellation: Cancellation | None = None
    ) -> Iterator[TurnEvent | AnyReply]:
        """Answer as the real one does; raises ``error`` where a test has set one."""
        with self.lock_:
            self.requests.append(request)
        if self.error is not None:
            raise self.error
        if gate := self.gates.get(type(request)):
            assert gate.wait(20), "a gate was left shut"
        if isinstance(request, Ask):
            yield from self._ask(request, cancellation or Cancellation())
            return
        if isinstance(request, PullModel | VerifyModel):
            yield from self._fetch(request, cancellation or Cancellation())
            return
        if isinstance(request, Import):
            yield from _import(self)
            return
        yield from list(_HANDLERS[type(request)](self, request))

    def asked(self, kind: type[R]) -> list[R]:
        """The requests of a kind so far."""
        with self.lock_:
            return [request for request in self.requests if isinstance(request, kind)]

    # -- a turn ----------------------------------------------------------------------------

    def _ask(self, ask: Ask, off: Cancellation) -> Iterator[TurnEvent]:
        script = self.script
        turn, conversation = self._id("t"), ask.conversation or self._id("c")
        if ask.again_of:
            conversation = self._known(ask.again_of).conversation
        if (asked := self._ruling(ask)) is not None and asked.effect == "confirm":
            yield self._end(ask, "", ask.conversation, "", "confirm", asked)
            return
        yield TurnBegan(turn, conversation)
        if script.fault is not None:
            raise script.fault
        yield from script.before
        if script.prefill_gate is not None:
            yield Waiting("prompt", 512, 2000)
            self._wait(script.prefill_gate, off)
            if off.cancelled:
                script.prefill_gate.clear()  # the next prompt waits again
        ruling = self._ruling(ask)
        if ruling is not None:
            yield self._end(ask, turn, conversation, "", "refused", ruling)
            return
        if "note" in ask.text:
            yield PolicyNotice(NOTE_RULE)
        yield Recalled(script.used if ask.personalise else ())
        yield Waiting("answer")
        texts = [script.answer(ask.text)]
        if ask.candidates > 1:
            texts.append("Flour, water, salt, time.")
        released = [""] * len(texts)
        for candidate, text in enumerate(texts):
            for start in range(0, len(text), script.piece):
                if off.cancelled:
                    break
                piece = text[start : start + script.piece]
                released[candidate] += piece
                yield AnswerText(piece, candidate)
                if start == 0 and script.gate is not None:
                    self._wait(script.gate, off)
                if start == 0 and script.fail is not None:
                    self._record(ask, turn, conversation, piece, "interrupted", None)
                    if isinstance(script.fail, AssistantError):
                        raise script.fail
                    yield script.fail
                    return
        status = "cancelled" if off.cancelled else "complete"
        several = tuple(released) if len(released) > 1 else ()
        assert script.end_gate is None or script.end_gate.wait(20), "a gate was left shut"
        yield self._end(ask, turn, conversation, released[0], status, None, several)

    def _ruling(self, ask: Ask) -> Ruling | None:
        if "shares" in ask.text:
            return BANK_RULE
        if "dose" in ask.text and CONFIRM_RULE.rule not in ask.confirmed:
            return CONFIRM_RULE
        return None

    @staticmethod
    def _wait(gate: threading.Event, off: Cancellation) -> None:
        off.when_cancelled(gate.set)
        assert gate.wait(20), "a test forgot to open its gate"

    def _end(
        self, ask: Ask, turn: str, conversation: str, answer: str, status: str,
        ruling: Ruling | None, candidates: tuple[str, ...] = (),
    ) -> TurnEnded:  # fmt: skip
        tokens = max(1, len(answer) // 4)
        files = self.files.asked(ask.attachments) if status != "confirm" else ()
        self._fill_context(1200)
        if ask.incognito and status != "confirm":
            self._place(turn, conversation, ask)
            self.incognito[turn] = TurnItem(turn, conversation, ask.text, answer, status, STAMP)
        elif status != "confirm":
            self._record(ask, turn, conversation, answer, status, ruling)
            names = tuple(item.name for item in files)
            self.turns[turn] = msgspec.structs.replace(
                self.turns[turn], attached=names, sources=sources_of(files)
            )
        return TurnEnded(
            turn=turn, conversation=conversation, status=status, answer=answer,  # type: ignore[arg-type]
            model="SmolLM2-135M", ruling=ruling, used=self.script.used if ask.personalise else (),
            tokens=tokens, prompt_tokens=120, first_token_s=0.2, first_shown_s=0.25,
            tokens_per_s=91.0, context_used=1200, context_size=8192, seed=7,
            personalised=ask.personalise, candidates=candidates,
            suggestion=self.script.suggestion, sources=sources_of(files),
            attachments=read_of(files),
        )  # fmt: skip

    def _fill_context(self, used: int) -> None:
        self.status = msgspec.structs.replace(self.status, context_used=used)

    def _record(
        self, ask: Ask, turn: str, conversation: str, answer: str, status: str,
        ruling: Ruling | None,
    ) -> None:  # fmt: skip
        self._place(turn, conversation, ask)
        title = ask.text.split("\n")[0][:40]
        new = ConversationItem(conversation, title, STAMP, STAMP, 0)
        old = self.conversations.pop(conversation, new)
        kept = {conversation: msgspec.structs.replace(old, turns=old.turns + 1)}
        self.conversations = {**kept, **self.conversations}
        self.turns[turn] = TurnItem(
            turn, conversation, ask.text, answer, status, STAMP, ruling=ruling, tokens_per_s=91.0
        )

    # -- branches --------------------------------------------------------------------------

    def _known(self, turn: str) -> TurnItem:
        return self.turns[turn] if turn in self.turns else self.incognito[turn]

    def _place(self, turn: str, conversation: str, ask: Ask) -> None:
        before = self._parent(ask.again_of) if ask.again_of else self._tip(conversation)
        self.parents[turn] = before
        self.tips.pop(conversation, None)

    def _all(self, conversation: str) -> list[TurnItem]:
        everything = [*self.turns.values(), *self.incognito.values()]
        return [turn for turn in everything if turn.conversation == conversation]

    def _tip(self, conversation: str) -> str:
        turns = [turn.id for turn in self._all(conversation)]
        return self.tips.get(conversation, turns[-1] if turns else "")

    def _parent(self, turn: str) -> str:
        """A turn that a test put there follows the one before it."""
        turns = [one.id for one in self._all(self._known(turn).conversation)]
        return self.parents.get(turn, ["", *turns][turns.index(turn)])

    def _beside(self, turn: str) -> list[str]:
        turns = [one.id for one in self._all(self._known(turn).conversation)]
        return [one for one in turns if self._parent(one) == self._parent(turn)]

    def _branch(self, conversation: str) -> list[TurnItem]:
        path, tip = [], self._tip(conversation)
        several = bool(self.parents)
        while tip:
            beside = self._beside(tip) if several else [tip]
            place = beside.index(tip) + 1
            path.append(msgspec.structs.replace(self._known(tip), place=place, places=len(beside)))
            tip = self._parent(tip)
        return path[::-1]

    def _switch(self, request: SwitchBranch) -> Iterator[AnyReply]:
        conversation = self._known(request.turn).conversation
        turns = [turn.id for turn in self._all(conversation)]
        beside = self._beside(request.turn)
        tip = beside[(beside.index(request.turn) + request.step) % len(beside)]
        if tip not in [turn.id for turn in self._branch(conversation)]:
            while below := [one for one in turns if self._parent(one) == tip]:
                tip = below[-1]
            self.tips[conversation] = tip
        yield from self._branch(conversation)

    def _tree(self, request: TreeQuery) -> Iterator[AnyReply]:
        read = {turn.id for turn in self._branch(request.conversation)}
        for turn in self._all(request.conversation):
            yield TreeItem(
                turn.id, self._parent(turn.id), turn.question, turn.answer, turn.status, STAMP,
                turn.id in read,
            )  # fmt: skip

    def _keep_incognito(self, request: KeepIncognito) -> Iterator[AnyReply]:
        kept = [
            turn for turn in self.incognito.values() if turn.conversation == request.conversation
        ]
        if not kept:
            raise NoSuchItem("There is no such incognito conversation.")
        self.turns |= {turn.id: turn for turn in kept}
        self.incognito = {k: t for k, t in self.incognito.items() if k not in self.turns}
        item = ConversationItem(request.conversation, kept[0].question, STAMP, STAMP, len(kept))
        self.conversations = {item.id: item, **self.conversations}
        yield item

    def _put(self, conversation: str, **changes: object) -> Iterator[AnyReply]:
        old = self.conversations[conversation]
        self.conversations[conversation] = msgspec.structs.replace(old, **changes)
        yield Done("Done.")

    def _list(self, request: ListConversations) -> list[ConversationItem]:
        listed = [item for item in self.conversations.values()
                  if request.folder is None or item.folder == request.folder]  # fmt: skip
        if request.pinned_first:
            listed.sort(key=lambda item: not item.pinned)
        return listed[: request.limit]

    def _id(self, prefix: str) -> str:
        with self.lock_:
            self._number += 1
            return f"{prefix}{self._number}"

    # -- the rest --------------------------------------------------------------------------

    def _turn(self, turn: str) -> TurnItem:
        if turn in self.turns:
            return self.turns[turn]
        if turn or not self.turns:
            raise NoSuchItem("There is no such turn.")
        return list(self.turns.values())[-1]

    def _give(self, request: GiveFeedback) -> Iterator[AnyReply]:
        act = self._id("f")
        self.feedback[act] = FeedbackItem(
            act, request.turn, request.kind, request.value, request.note, request.reasons,
            STAMP, undone=False,
        )  # fmt: skip
        proposal = None
        if self.script.propose and request.kind in {"edit", "down", "up"}:
            proposal = self._prefer(self.script.propose, "proposed", "from an edit")
        yield FeedbackGiven(act, request.turn, proposal, act if self.script.phrases else "")

    def _undo(self, request: UndoFeedback) -> Iterator[AnyReply]:
        act = request.id or next(reversed(self.feedback), "")
        if act not in self.feedback:
            raise NoSuchItem("There is no feedback to take back.")
        del self.feedback[act]
        self.preferences = {
            key: item for key, item in self.preferences.items() if item.state != "proposed"
        }
        yield Done("Taken back.")

    def _prefer(self, text: str, state: str, source: str) -> PreferenceItem:
        item = PreferenceItem(self._id("p"), text, "always", "", source, state, STAMP, 0)
        self.preferences[item.id] = item
        return item

    def _change(self, key: str, **changes: str) -> PreferenceItem:
        if key not in self.preferences:
            raise NoSuchItem("There is no such preference.")
        item = self.preferences[key]
        new = PreferenceItem(
            item.id, changes.get("text", item.text), item.scope, item.scope_ref, item.source,
            changes.get("state", item.state), item.created, item.uses, item.provenance,
        )  # fmt: skip
        self.preferences[key] = new
        return new

    def _search(self, request: SearchHistory) -> Iterator[AnyReply]:
        said = set()
        for turn in self.turns.values():
            where = turn.question.casefold().find(request.query.casefold())
            if where >= 0:
                said.add(turn.conversation)
                end = where + len(request.query)
                text = turn.question
                snippet = f"{text[:where]}\ue000{text[where:end]}\ue001{text[end:]}"
                title = self.conversations[turn.conversation].title
                yield SearchHit(turn.id, turn.conversation, title, snippet, STAMP)
        terms = request.query.casefold().split()
        for kept in self.conversations.values():
            if kept.id not in said and all(term in kept.title.casefold() for term in terms):
                yield kept

    def _forget(self, request: DeleteConversation) -> Iterator[AnyReply]:
        self.conversations.pop(request.id)
        self.turns = {k: t for k, t in self.turns.items() if t.conversation != request.id}
        yield Done("Erased.")

    def _why(self, request: WhyQuery) -> Iterator[AnyReply]:
        turn = self._turn(request.turn)
        yield Why(
            turn=turn.id, conversation=turn.conversation, status=turn.status,
            model="SmolLM2-135M", model_sha256="b179c9523d0e6a0f" * 4, seed=7, personalised=True,
            used=self.script.used, profile=(("length", "short ± 0.3"), ("structure", "lists")),
            rules=(turn.ruling,) if turn.ruling else (), rules_in_force=14,
            prompt=f"<system>\nYou are helpful.\n<user>\n{turn.question}", question=turn.question,
            answer=turn.answer,
        )  # fmt: skip

    def _set(self, request: ChangeSetting) -> Iterator[AnyReply]:
        old = self.settings[request.key]
        value = old.value if old.managed else request.value
        new = SettingItem(old.key, value, request.value, old.kind, old.choices, old.managed,
                          old.about)  # fmt: skip
        self.settings[request.key] = new
        yield new

    def _keep(self, request: KeepDraft) -> Iterator[AnyReply]:
        if request.conversation and request.conversation not in self.conversations:
            raise NoSuchItem("There is no such conversation.")
        self.drafts[request.conversation] = request.text
        yield Done()

    def _acknowledge(self) -> Iterator[AnyReply]:
        self.status = msgspec.structs.replace(self.status, notices=())
        yield Done("They will not be shown again.")

    def _fetch(self, request: PullModel | VerifyModel, off: Cancellation) -> Iterator[AnyReply]:
        stage: Literal["fetching", "checking"] = "checking"
        if isinstance(request, PullModel):
            stage = "fetching"
        if "broken" in request.id:
            raise ModelInvalid("The model's file is not the one that was added.")
        yield ModelProgress(stage, 495_000_000, 1_100_000_000, 90.0)
        if self.model_gate is not None:
            self._wait(self.model_gate, off)
        if off.cancelled:
            raise UsageError("Fetching was stopped.")
        self.models = [
            msgspec.structs.replace(one, present=True) if one.id == request.id else one
            for one in self.models
        ]
        yield Done("It is here, and its digest holds.")

    def _remove(self, identity: str) -> Iterator[AnyReply]:
        self.models = [one for one in self.models if one.id != identity]
        yield Done("It is forgotten; its file is where it was.")

    def _use(self, identity: str) -> Iterator[AnyReply]:
        (chosen,) = [one for one in self.models if one.id == identity]
        if "broken" in identity:
            raise ModelInvalid("The model's file is not the one that was added.")
        self.models = [msgspec.structs.replace(one, in_use=one is chosen) for one in self.models]
        yield Done("The model is in use.")

    def _export(self, request: Export) -> Iterator[AnyReply]:
        if "clients" in request.path and "clients" not in request.confirmed:
            raise YesNeeded(
                ASKED, hint="Say yes to it. Appeal: appeals@example.org", rule="clients"
            )
        yield Done("Exported in the clear: 2 conversations.")

    def _copy(self, request: CopyText) -> Iterator[AnyReply]:
        if "secret" in request.text:
            raise PolicyRefusal("Policy does not let this text leave the vault: it is secret.")
        if "clients" in request.text and "clients" not in request.confirmed:
            raise YesNeeded(
                ASKED, hint="Say yes to it. Appeal: appeals@example.org", rule="clients"
            )
        if "private" in request.text:
            yield CopyAllowed(request.text.replace("private", "[redacted]"), NOTE_RULE)
        else:
            yield CopyAllowed(request.text)

    def _lock(self) -> Iterator[AnyReply]:
        self.locked = True
        yield Done("Locked.")

    def _conversation(self, name: str) -> list[TurnItem]:
        if name == "last":
            name = next(iter(self.conversations), "")
        if name not in self.conversations:
            raise NoSuchItem("There is no such conversation.")
        return self._branch(name)


def _listed(app: ScriptedApplication, state: str) -> list[PreferenceItem]:
    states = {state} if state else {"active", "disabled"}
    return [item for item in app.preferences.values() if item.state in states]


def _set_profile(app: ScriptedApplication, request: SetProfile) -> list[AnyReply]:
    old = app.profile[request.dimension]
    value = 0.0 if request.value is None else request.value
    source = "locked" if request.locked else "neutral" if request.value is None else "set"
    new = msgspec.structs.replace(old, value=value, low=value, high=value, source=source)
    app.profile[request.dimension] = new
    return [new]


def _with_passphrase(app: ScriptedApplication, current: str, *replies: AnyReply) -> list[AnyReply]:
    if current != PASSPHRASE:
        raise WrongPassphrase("The passphrase is wrong.")
    return list(replies)


def _import(app: ScriptedApplication) -> Iterator[AnyReply]:
    for step in app.import_steps:
        yield step
        if app.import_gate is not None:
            assert app.import_gate.wait(20)
    yield Done("Imported 2 conversations with 9 turns and 0 preferences; 1 were there already.")


def _erase(app: ScriptedApplication, request: EraseItem) -> list[AnyReply]:
    if request.kind != "turn":
        return [Done("Erased 3 item(s).")]
    turns = app.turns if request.id in app.turns else app.incognito
    before = app._parent(request.id)
    erased = turns.pop(request.id)
    app.parents.pop(request.id, None)
    app.parents = {t: before if p == request.id else p for t, p in app.parents.items()}
    if app.tips.get(erased.conversation) == request.id:
        app.tips[erased.conversation] = before
    return [Done("Erased.")]


def _state(app: ScriptedApplication, request: AddPreference) -> list[AnyReply]:
    if "diabetes" in request.text and not request.consent:
        raise ConsentNeeded("This says something about health, kept only with your consent.")
    return [app._prefer(request.text, "active", "stated")]


def _card() -> Card:
    bank = TierPart(
        "organisation", "Example Bank", 4, "2030-01-01", "fresh", "system", "No advice.",
        ("The works council",), "policy@bank.example", "appeals@bank.example",
        (PolicyLine("advice", "No investment advice", "Not licensed.", "block"),), (), (),
    )  # fmt: skip
    return Card(
        "2026-05-04T12:00:00+00:00", BaseModel("SmolLM2-135M", "b179" * 16, "a hub", "Apache-2.0"),
        (bank,), Counts(1, 1, 0, 0, 0, 0, 0, 0, (("up", 2),), 0),
        (Taught("p1", "Short \x1b[31mlists", "stated", "always", 3, "2026-05-01"),), (), (),
        (Slider("length", -0.6, -0.9, -0.3, "learned", True, "short", "long", "short"),), (),
        (("a preference", "assistant preferences edit"),),
    )  # fmt: skip


def _policy() -> list[AuthorityItem | PolicyItem]:
    baseline = AuthorityItem(
        "national", "Baseline", 3, "e3b7" * 16, "2035-01-01T00:00:00+00:00",
        "2035-01-01T00:00:00+00:00", "fresh", "", "package", "", "What most countries forbid.",
        "policy@baseline.example", "appeals@baseline.example", ("Legal scholars",),
    )  # fmt: skip
    bank = AuthorityItem(
        "organisation", "Example Bank", 4, "241d" * 16, "2027-01-01T00:00:00+00:00",
        "2026-02-01T00:00:00+00:00", "stale", "2026-01-20T08:15:00+00:00", "system", "",
        "Rules for staff.", "policy@bank.example", "compliance@bank.example", ("Works council",),
    )  # fmt: skip
    views = Ruling(
        "requirement", "both-sides", "national", "Baseline", "Several viewpoints",
        "Contested questions deserve more than one side.", "appeals@baseline.example",
    )  # fmt: skip
    month = Ruling(
        "bound", "one-month", "organisation", "Example Bank", "Keep it short",
        "Conversations are kept for 30 days at most.", "compliance@bank.example",
    )  # fmt: skip
    dosage = msgspec.structs.replace(CONFIRM_RULE, effect="confirm")
    return [
        baseline, bank,
        PolicyItem("medical-dosage", "rule", "confirm", dosage, ("input",), (
            PolicyWish("national", "Baseline", "medical-dosage", "confirm", decided=True),
        ), (), baseline),
        PolicyItem("no-investment-advice", "rule", "block", BANK_RULE, ("input", "output"), (
            PolicyWish("organisation", "Example Bank", "no-investment-advice", "warn", False),
            PolicyWish("organisation", "Example Bank", "stricter-now", "block", True),
        ), (), bank),
        PolicyItem("retention_days", "bound", "at most 30", month, (), (
            PolicyWish("national", "Baseline", "one-year", "at most 365", False),
            PolicyWish("organisation", "Example Bank", "one-month", "at most 30", True),
        ), ("retention_days: you asked for 365, 30 holds",), bank),
        PolicyItem("both-sides", "requirement", "viewpoints", views, (), (), (), baseline),
    ]  # fmt: skip


def _comment(request: AddComment) -> CommentItem:
    kept = RuleComment(
        request.rule, "organisation", "Example Bank", 4, request.kind, "2026-03-02", request.text
    )
    return CommentItem("k1", kept)


def _decisions() -> list[DecisionItem]:
    def one(seq: int, rule: str, tier: str, where: str, effect: str,
            score: float | None = None, view: str = "") -> DecisionItem:  # fmt: skip
        issuer = "Baseline" if tier == "national" else "Example Bank"
        return DecisionItem(seq, STAMP, rule, tier, issuer, where, effect, score, view)

    return [
        one(1, "ai-disclosure", "national", "output", "note"),
        one(2, "no-investment-advice", "organisation", "input", "block", 0.82),
        one(3, "hide-accounts", "organisation", "export", "redact", None, "digits"),
        one(4, "no-investment-advice", "organisation", "input", "block", 0.61, "turns+"),
        one(5, "medical-dosage", "national", "input", "confirm", 0.41),
    ]


def _models() -> list[ModelItem]:
    mb, gb = 1_000_000, 1_000_000_000
    reviewed = Ruling(
        "bound", "reviewed-models", "organisation", "Example Bank", "Reviewed models only",
        "Models are reviewed before use.", "compliance@bank.example",
    )  # fmt: skip

    def chat(identity: str, name: str, size: int, **more: Any) -> ModelItem:
        kept: dict[str, Any] = {"licence": "Apache-2.0", "in_use": False, "present": True,
                                "added": False, "fits": "yes", **more}  # fmt: skip
        return ModelItem(id=identity, name=name, kind=kept.pop("kind", "chat"), size=size,
                         memory=2 * size, sha256="b179" * 16, machine=8 * gb, **kept)  # fmt: skip

    return [
        chat("smollm2-135m", "SmolLM2-135M-Instruct", 98 * mb, in_use=True),
        chat("smollm2-1.7b", "SmolLM2-1.7B-Instruct", 1_100 * mb, present=False),
        chat("broken", "Bro\x1b[31mken", 300 * mb, added=True, licence=""),
        chat("qwen", "Qwen-0.5B", 400 * mb, fits="tight"),
        chat("giant", "Giant-70B", 40 * gb, fits="no", managed=reviewed),
        chat("minilm", "all-MiniLM-L6-v2", 91 * mb, kind="embedding"),
    ]


def _risks() -> tuple[RiskRow, ...]:
    return (
        RiskRow("benefit", "individual", "efficiency", "memory", "personalisation on",
                "1 of 2 answers", "you", "settings"),
        RiskRow("risk", "societal", "labour displacement", "none", "none", "not measured",
                "nobody", "none", "A program on one machine can do nothing about this."),
    )  # fmt: skip


def _drop(app: ScriptedApplication, key: str) -> list[AnyReply]:
    del app.preferences[key]
    return [Done("Erased.")]


_HANDLERS: dict[type, Callable[..., Iterable[AnyReply]]] = {
    Attach: lambda app, r: app.files.attach(r),
    Detach: lambda app, r: app.files.detach(r),
    ListAttachments: lambda app, r: (
        app.files.kept if r.conversation else app.files.waiting
    ).values(),
    VaultQuery: lambda app, r: [app.vault],
    ChangePassphrase: lambda app, r: _with_passphrase(
        app,
        r.current,
        RecoveryKey(RECOVERY_KEY) if r.rekey else Done("The passphrase was changed."),
    ),
    NewRecoveryKey: lambda app, r: _with_passphrase(app, r.current, RecoveryKey(RECOVERY_KEY)),
    UseKeychain: lambda app, r: _with_passphrase(app, r.current, Done("It opens it too.")),
    BackUp: lambda app, r: [Done("Backed up and verified: 81,920 bytes.")],
    Export: lambda app, r: app._export(r),
    GiveFeedback: lambda app, r: app._give(r),
    UndoFeedback: lambda app, r: app._undo(r),
    NextComparison: lambda app, r: _next(app, r),
    AwaitProposal: lambda app, r: [app._prefer(app.script.phrases, "proposed", "from a note")],
    PickComparison: lambda app, r: [FeedbackGiven("start-" + r.dimension, "")],
    ListFeedback: lambda app, r: list(app.feedback.values())[: r.limit],
    ListPreferences: lambda app, r: _listed(app, r.state),
    AddPreference: lambda app, r: _state(app, r),
    CardQuery: lambda app, r: [CardReply(_card())],
    RisksQuery: lambda app, r: [RiskItem(row) for row in _risks()],
    EditPreference: lambda app, r: [app._change(r.id, text=r.text)],
    SetPreferenceState: lambda app, r: [app._change(r.id, state=r.state)],
    MergePreferences: lambda app, r: _merge(app, r),
    ScopePreference: lambda app, r: _scope(app, r),
    ChatPersonalisation: lambda app, r: _personal(app, r),
    DeletePreference: lambda app, r: _drop(app, r.id),
    RecallQuery: lambda app, r: app.recalled[: r.k],
    WhyQuery: lambda app, r: app._why(r),
    ListConversations: lambda app, r: app._list(r),
    TreeQuery: lambda app, r: app._tree(r),
    SwitchBranch: lambda app, r: app._switch(r),
    KeepIncognito: lambda app, r: app._keep_incognito(r),
    PinConversation: lambda app, r: app._put(r.id, pinned=r.pinned),
    MoveConversation: lambda app, r: app._put(r.id, folder=r.folder),
    DecisionQuery: lambda app, r: app.decisions[-r.limit :],
    CopyText: lambda app, r: app._copy(r),
    ShowConversation: lambda app, r: app._conversation(r.id),
    SearchHistory: lambda app, r: app._search(r),
    DeleteConversation: lambda app, r: app._forget(r),
    RenameConversation: lambda app, r: app._put(r.id, title=r.title),
    ProfileQuery: lambda app, r: list(app.profile.values()),
    SetProfile: lambda app, r: _set_profile(app, r),
    EraseItem: lambda app, r: _erase(app, r),
    GetSettings: lambda app, r: list(app.settings.values()),
    ChangeSetting: lambda app, r: app._set(r),
    StatusQuery: lambda app, r: [app.status],
    AcknowledgeNotices: lambda app, r: app._acknowledge(),
    AddComment: lambda app, r: [_comment(r)],
    GetDraft: lambda app, r: [Draft(app.drafts.get(r.conversation, ""))],
    KeepDraft: lambda app, r: app._keep(r),
    PolicyQuery: lambda app, r: app.policy,
    ModelsQuery: lambda app, r: app.models,
    UseModel: lambda app, r: app._use(r.id),
    RemoveModel: lambda app, r: app._remove(r.id),
    Lock: lambda app, r: app._lock(),
}


def _merge(app: ScriptedApplication, request: MergePreferences) -> list[AnyReply]:
    for other in request.others:
        del app.preferences[other]
    kept = msgspec.structs.replace(app.preferences[request.keep], same_as=())
    app.preferences[request.keep] = kept
    return [kept]


def _personal(app: ScriptedApplication, request: ChatPersonalisation) -> list[AnyReply]:
    if request.on is not None:
        (app.impersonal.discard if request.on else app.impersonal.add)(request.conversation)
    return [ChatPersonal(request.conversation, request.conversation not in app.impersonal)]


def _scope(app: ScriptedApplication, request: ScopePreference) -> list[AnyReply]:
    new = msgspec.structs.replace(
        app.preferences[request.id], scope=request.scope, scope_ref=request.scope_ref
    )
    app.preferences[request.id] = new
    return [new]


def _next(app: ScriptedApplication, request: NextComparison) -> list[AnyReply]:
    left = [item for item in app.script.comparisons if item.dimension not in request.passed]
    return [msgspec.structs.replace(left[0], left=len(left))] if left else [Done()]


def _profile() -> tuple[ProfileItem, ...]:
    return (
        ProfileItem("length", -0.6, -0.9, -0.3, "learned", True, "short", "long",
                    "Keep it short."),
        ProfileItem("formality", 0.0, -0.7, 0.7, "neutral", False, "relaxed", "formal", ""),
        ProfileItem("emoji", -0.8, -0.8, -0.8, "locked", True, "none", "many", "No emoji."),
    )  # fmt: skip


def _settings() -> tuple[SettingItem, ...]:
    retention = Ruling(
        effect="note", rule="retention", tier="organisation", issuer="Example Bank",
        title="Retention", reason="Conversations are kept for 30 days at most.",
        appeal="compliance@bank.example",
    )  # fmt: skip
    return (
        SettingItem("personalise", "on", "on", "switch", about="Use what is remembered."),
        SettingItem("retention_days", "30", "365", "number", managed=retention,
                    about="How long conversations are kept."),
        SettingItem("style", "balanced", "balanced", "choice", ("precise", "balanced", "free"),
                    about="How freely words are chosen."),
        SettingItem("name", "", "", "text", about="How you want to be called."),
    )  # fmt: skip


class ScriptedFront:
    """A front whose vault is this process's memory; it survives locking and restarts."""

    def __init__(self, script: Script | None = None, *, vault: str = "locked") -> None:
        self.script = script or Script()
        self.application = ScriptedApplication(self.script)
        self.vault = vault
        self.home = "/home/ada/.local/share/assistant"
        self.passphrase = PASSPHRASE
        self.calls: list[str] = []
        self.situation_gate: threading.Event | None = None
        self.policy_error: AssistantError | None = None
        self.unlock_error: AssistantError | None = None
        self.alarms: tuple[str, ...] = ()
        self._when_locked: list[Callable[[str], None]] = []

    def situation(self) -> Situation:
        self.calls.append("situation")
        if self.situation_gate is not None:
            assert self.situation_gate.wait(20)
        if self.policy_error is not None:
            raise self.policy_error
        return Situation(self.vault, self.home, "SmolLM2-135M", ("Baseline",), self.alarms)  # type: ignore[arg-type]

    def warm_up(self) -> None:
        self.calls.append("warm_up")

    def strength(self, passphrase: str) -> Strength:
        score = min(4, len(passphrase) // 6)
        words = ("very weak", "weak", "fair", "good", "strong")
        return Strength(score, words[score], "" if score > 2 else "Four random words are better.")

    def create_vault(self, passphrase: str) -> tuple[Application, str]:
        self.calls.append("create_vault")
        self.passphrase, self.vault = passphrase, "open"
        return self.application, RECOVERY_KEY

    def unlock(self, passphrase: str) -> Application:
        self.calls.append("unlock")
        if self.unlock_error is not None:
            raise self.unlock_error
        if passphrase != self.passphrase:
            raise WrongPassphrase("The passphrase is wrong.")
        self.vault = "open"
        return self.application

    def recover(self, recovery_key: str, passphrase: str) -> None:
        self.calls.append("recover")
        if recovery_key != RECOVERY_KEY:
            raise WrongPassphrase("The recovery key is wrong.")
        self.passphrase = passphrase

    def restore(self, backup: Path, secret: str, *, recovery: bool, overwrite: bool) -> None:
        self.calls.append(f"restore {backup}")
        if self.vault != "missing" and not overwrite:
            raise VaultExists("There is already a vault in this home.")
        if secret != (RECOVERY_KEY if recovery else PASSPHRASE):
            raise WrongPassphrase("That does not open the backup.")
        self.vault, self.passphrase = "locked", PASSPHRASE

    def erase_vault(self) -> None:
        self.calls.append("erase_vault")
        self.application = ScriptedApplication(self.script)
        self.vault = "missing"

    def lock(self) -> None:
        self.calls.append("lock")
        if self.vault == "open":
            self.lock_from_elsewhere("")

    def when_locked(self, act: Callable[[str], None]) -> None:
        self._when_locked.append(act)

    def lock_from_elsewhere(self, why: str) -> None:
        """As the idle time-out or another shell's ``lock`` does it."""
        self.vault = "locked"
        for act in self._when_locked:
            act(why)
