"""The application interface: every command, once, as a request with typed replies.

A face (TUI, CLI, editor) builds a ``Request`` and iterates over the replies. It makes no
difference whether the holder is in this process or behind the home's socket.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import msgspec

from assistant.conversation.events import Ruling, TurnEvent, UsedItem
from assistant.holder.controls import ControlReply, ControlRequest
from assistant.holder.overview_wire import OverviewReply, OverviewRequest
from assistant.holder.wire import Reply, Request

# -- requests ------------------------------------------------------------------------------


class Exchange(msgspec.Struct, frozen=True):
    """A question and its answer as a client tells them: unverified text on both sides."""

    question: str
    answer: str


class Ask(Request, frozen=True, tag="ask"):
    """One turn. ``conversation`` "" means a new one, "last" the latest.

    ``confirmed`` names rules the user has said yes to for this text. ``candidates`` 1 to 3.
    ``again_of`` regenerates the answer of that turn. ``earlier`` stands in the prompt in
    the place of what the conversation holds, after the gate read it. ``viewpoints`` asks
    for several. ``keeps_time``: the face itself says the session notice of ``StatusLine``.
    Replies: the turn's events.
    """

    text: str
    conversation: str = ""
    incognito: bool = False
    personalise: bool = True
    seed: int | None = None
    max_tokens: int | None = None
    candidates: int = 1
    confirmed: tuple[str, ...] = ()
    again_of: str = ""
    earlier: tuple[Exchange, ...] = ()
    viewpoints: bool = False
    keeps_time: bool = False


FeedbackKind = Literal["up", "down", "score", "edit", "choice", "note"]


class GiveFeedback(Request, frozen=True, tag="feedback"):
    """An act of feedback on a turn ("" is the latest). Reply: ``FeedbackGiven``.

    ``value``: the score 1 to 100, the edited answer, or the index of the chosen candidate.
    ``reasons`` come from PRISM's list.
    """

    kind: FeedbackKind
    turn: str = ""
    value: str = ""
    note: str = ""
    reasons: tuple[str, ...] = ()


class UndoFeedback(Request, frozen=True, tag="undo-feedback"):
    """Take back an act and everything learned from it ("" is the latest). Reply: ``Done``."""

    id: str = ""


class ListFeedback(Request, frozen=True, tag="list-feedback"):
    """Reply: ``FeedbackItem`` for each act, newest first."""

    limit: int = 200


class ListPreferences(Request, frozen=True, tag="list-preferences"):
    """Reply: ``PreferenceItem`` each. ``state`` "" lists active and disabled ones."""

    state: str = ""


class AddPreference(Request, frozen=True, tag="add-preference"):
    """State a preference in plain words. Reply: ``PreferenceItem``; may raise PolicyRefusal,
    and ConsentNeeded where it speaks of a special category and ``consent`` is not given.
    """

    text: str
    scope: str = "always"
    scope_ref: str = ""
    consent: bool = False


class EditPreference(Request, frozen=True, tag="edit-preference"):
    """Reword a preference or a proposal. Reply: ``PreferenceItem``; as ``AddPreference``."""

    id: str
    text: str
    consent: bool = False


class SetPreferenceState(Request, frozen=True, tag="set-preference"):
    """Accept, reject, disable, enable. Reply: ``PreferenceItem``; as ``AddPreference``."""

    id: str
    state: Literal["active", "disabled", "rejected"]
    consent: bool = False


class DeletePreference(Request, frozen=True, tag="delete-preference"):
    """Erase a preference and its traces. Reply: ``Done``."""

    id: str


class RecallQuery(Request, frozen=True, tag="recall"):
    """What would be recalled for a question. Reply: ``RecallHit`` each, best first."""

    query: str
    k: int = 5


class WhyQuery(Request, frozen=True, tag="why"):
    """What shaped an answer ("" is the latest turn). Reply: ``Why``."""

    turn: str = ""


class ListConversations(Request, frozen=True, tag="list-conversations"):
    """Reply: ``ConversationItem`` each, newest first."""

    limit: int = 200


class ShowConversation(Request, frozen=True, tag="show-conversation"):
    """Reply: ``TurnItem`` each, in order ("last" is the latest conversation)."""

    id: str


class SearchHistory(Request, frozen=True, tag="search-history"):
    """Full-text search. Reply: ``SearchHit`` each, best first."""

    query: str
    limit: int = 20


class DeleteConversation(Request, frozen=True, tag="delete-conversation"):
    """Erase a conversation and what was learned from it. Reply: ``Done``."""

    id: str


class RenameConversation(Request, frozen=True, tag="rename-conversation"):
    """Reply: ``Done``."""

    id: str
    title: str


class GetSettings(Request, frozen=True, tag="get-settings"):
    """Reply: ``SettingItem`` each, with who manages it where a tier does."""


class ChangeSetting(Request, frozen=True, tag="change-setting"):
    """Reply: ``SettingItem`` as it is now in force; a clamped wish says by whom."""

    key: str
    value: str


class StatusQuery(Request, frozen=True, tag="status"):
    """Reply: ``StatusLine``."""


class ProfileQuery(Request, frozen=True, tag="profile"):
    """Reply: ``ProfileItem`` for each dimension, in a fixed order."""


class SetProfile(Request, frozen=True, tag="set-profile"):
    """Set, lock or release (``value`` None, not locked) a dimension. Reply: ``ProfileItem``."""

    dimension: str
    value: float | None = None
    locked: bool = False


class ChangePassphrase(Request, frozen=True, tag="passwd"):
    """Wrap the master key anew; ``rekey`` makes a new one and encrypts everything again.

    ``current`` must be the vault's passphrase: an open vault is not enough. Reply:
    ``RecoveryKey`` after a rekey (shown once), otherwise ``Done``.
    """

    current: str
    passphrase: str
    rekey: bool = False


class UseKeychain(Request, frozen=True, tag="keychain"):
    """Let the OS keychain open the vault too, or no longer. Never the only way in. Reply: Done."""

    current: str
    on: bool


class BackUp(Request, frozen=True, tag="backup"):
    """Write one encrypted, verified file. Reply: ``Done``."""

    path: str
    overwrite: bool = False


class Export(Request, frozen=True, tag="export"):
    """Write chosen items in the clear. ``conversations`` None is all. Reply: ``Done``."""

    path: str
    format: Literal["json", "markdown"]
    conversations: tuple[str, ...] | None = None
    preferences: bool = True
    overwrite: bool = False


class Import(Request, frozen=True, tag="import"):
    """Read an export of this program or of ChatGPT. Reply: ``Done``.

    ``consent``: to keep preferences about special categories; without it they are left out.
    """

    path: str
    consent: bool = False


class EraseItem(Request, frozen=True, tag="erase"):
    """Erase an item, or what was learned. ``kind`` "learned" with an id of a conversation
    or "" for everything; "older" with a number of days. ``backups`` removes the
    backups this vault wrote as well, which would still hold it. Reply: ``Done``.
    """

    kind: Literal["turn", "feedback", "preference", "conversation", "learned", "older"]
    id: str = ""
    backups: bool = False


class DecisionQuery(Request, frozen=True, tag="decisions"):
    """The log of policy decisions. Reply: ``DecisionItem`` each, oldest first."""

    limit: int = 200


class UseModel(Request, frozen=True, tag="use-model"):
    """Change the chat model; the previous one stays if the new one fails. Reply: ``Done``."""

    id: str


class Lock(Request, frozen=True, tag="lock"):
    """Close the vault, kill both children. Reply: ``Done``, sent when it has locked."""


AnyRequest = (
    Ask | GiveFeedback | UndoFeedback | ListFeedback | ListPreferences | AddPreference
    | EditPreference | SetPreferenceState | DeletePreference | RecallQuery | WhyQuery
    | ListConversations | ShowConversation | SearchHistory | DeleteConversation
    | RenameConversation | ProfileQuery | SetProfile | ChangePassphrase | UseKeychain | BackUp
    | Export | Import | EraseItem | DecisionQuery | GetSettings | ChangeSetting | StatusQuery
    | UseModel | Lock | ControlRequest | OverviewRequest
)  # fmt: skip

# -- replies -------------------------------------------------------------------------------


class Done(Reply, frozen=True, tag="done"):
    """It is done; ``what`` is one short sentence for a person, without user text."""

    what: str = ""


class PreferenceItem(Reply, frozen=True, tag="preference"):
    """A preference as stored. ``state``: active, proposed, disabled, rejected."""

    id: str
    text: str
    scope: str
    scope_ref: str
    source: str
    state: str
    created: str
    uses: int
    provenance: str = ""
    expires: str = ""
    conflicts: tuple[str, ...] = ()


class FeedbackGiven(Reply, frozen=True, tag="feedback-given"):
    """The act's id and, when something may be learned, a proposal waiting for a yes."""

    id: str
    turn: str
    proposal: PreferenceItem | None = None


class FeedbackItem(Reply, frozen=True, tag="feedback-item"):
    """An act of feedback as stored."""

    id: str
    turn: str
    kind: str
    value: str
    note: str
    reasons: tuple[str, ...]
    created: str
    undone: bool


class RecallHit(Reply, frozen=True, tag="recall-hit"):
    """A candidate memory; ``passed`` says whether the relevance gate let it through."""

    kind: str
    id: str
    text: str
    score: float
    bm25: float
    dense: float
    passed: bool


class Why(Reply, frozen=True, tag="why-reply"):
    """Everything that shaped one answer; erased items show as "[erased]"."""

    turn: str
    conversation: str
    status: str
    model: str
    model_sha256: str
    seed: int
    personalised: bool
    used: tuple[UsedItem, ...]
    profile: tuple[tuple[str, str], ...]
    rules: tuple[Ruling, ...]
    rules_in_force: int
    prompt: str
    question: str
    answer: str


class ConversationItem(Reply, frozen=True, tag="conversation"):
    """One line of the history list."""

    id: str
    title: str
    created: str
    updated: str
    turns: int
    pinned: bool = False
    folder: str = ""


class TurnItem(Reply, frozen=True, tag="turn"):
    """A stored turn. ``rating`` is "", "up", "down" or a score."""

    id: str
    conversation: str
    question: str
    answer: str
    status: str
    created: str
    rating: str = ""
    ruling: Ruling | None = None
    tokens: int = 0
    tokens_per_s: float | None = None


class SearchHit(Reply, frozen=True, tag="search-hit"):
    """A found turn; hits in ``snippet`` stand between U+E000 and U+E001."""

    turn: str
    conversation: str
    title: str
    snippet: str
    created: str


class SettingItem(Reply, frozen=True, tag="setting"):
    """A setting in force: what the user wished, what holds, and who bounds it."""

    key: str
    value: str
    wish: str
    kind: Literal["switch", "number", "choice", "text"]
    choices: tuple[str, ...] = ()
    managed: Ruling | None = None
    about: str = ""


class StatusLine(Reply, frozen=True, tag="status-line"):
    """What the status line shows; ``model_state`` loading, ready, restarting or stopped.

    ``disclosure`` is said at the start of a chat; ``notice_text`` after ``notice_minutes``
    of one session, where a tier requires it (0: none does). ``held_by`` is the face that
    holds the vault (command, terminal app, agent, server) and ``pid`` its process.
    """

    model: str
    model_state: str
    memory_state: str
    tiers: tuple[str, ...]
    alarms: tuple[str, ...]
    personalise: bool
    context_used: int
    context_size: int
    notices: tuple[str, ...] = ()
    disclosure: tuple[str, ...] = ()
    notice_minutes: int = 0
    notice_text: str = ""
    held_by: str = ""
    pid: int = 0


class ProfileItem(Reply, frozen=True, tag="profile-item"):
    """One dimension of the style profile: value and error bar from -1 to 1.

    ``source`` is neutral, learned, set or locked; ``acts`` whether it shapes answers.
    """

    dimension: str
    value: float
    low: float
    high: float
    source: str
    acts: bool
    low_end: str
    high_end: str
    words: str
    managed: Ruling | None = None


class RecoveryKey(Reply, frozen=True, tag="recovery-key"):
    """A new recovery key, shown once."""

    recovery_key: str


class DecisionItem(Reply, frozen=True, tag="decision"):
    """One entry of the decision log: rule and tier, never text."""

    seq: int
    at: str
    rule: str
    tier: str
    issuer: str
    where: str
    effect: str
    score: float | None
    view: str


AnyReply = (
    Done | PreferenceItem | FeedbackGiven | FeedbackItem | RecallHit | Why | ConversationItem
    | TurnItem | SearchHit | SettingItem | StatusLine | ProfileItem | RecoveryKey
    | DecisionItem | ControlReply | OverviewReply
)  # fmt: skip

# -- the interface -------------------------------------------------------------------------


class Cancellation:
    """A request's off switch, safe to pull from any thread, any number of times."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._acts: list[Callable[[], None]] = []

    def cancel(self) -> None:
        """Run every registered act once; acts registered later run at once."""
        with self._lock:
            self._event.set()
            acts, self._acts = self._acts, []
        for act in acts:
            act()

    @property
    def cancelled(self) -> bool:
        """Whether ``cancel`` was called."""
        return self._event.is_set()

    def when_cancelled(self, act: Callable[[], None]) -> None:
        """Register what stops the work; must be quick and must not raise."""
        with self._lock:
            if not self._event.is_set():
                self._acts.append(act)
                return
        act()


class Application(Protocol):
    """What every face talks to, local or remote."""

    def handle(
        self, request: AnyRequest, cancellation: Cancellation | None = None
    ) -> Iterator[TurnEvent | AnyReply]:
        """Answer a request. Raises AssistantError; iteration may block for seconds."""
        ...


class Situation(msgspec.Struct, frozen=True):
    """What a face must know before the vault is open."""

    vault: Literal["missing", "locked", "held", "open"]
    home: str
    model: str
    tiers: tuple[str, ...]
    alarms: tuple[str, ...]


class Strength(msgspec.Struct, frozen=True):
    """An estimate of a passphrase: 0 to 4, a word, and what would help."""

    score: int
    word: str
    advice: str


class Front(Protocol):
    """What the terminal app is given by ``app.py``: doors to a vault not yet open."""

    def situation(self) -> Situation:
        """The state of this home. Quick; raises PolicyError when there may be no chat."""
        ...

    def warm_up(self) -> None:
        """Start both children now; returns at once."""
        ...

    def strength(self, passphrase: str) -> Strength:
        """Estimate a passphrase; pure and quick enough for every key press."""
        ...

    def create_vault(self, passphrase: str) -> tuple[Application, str]:
        """Make the vault; returns the open application and the recovery key, shown once."""
        ...

    def unlock(self, passphrase: str) -> Application:
        """Open the vault. Raises WrongPassphrase, UnlockTooSoon, VaultDamaged, VaultBusy."""
        ...

    def lock(self) -> None:
        """Close the vault and kill both children; harmless when already locked."""
        ...

    def when_locked(self, act: Callable[[str], None]) -> None:
        """Be told, from another thread, that the vault was locked, and why in a few words.

        It may be this face's own doing, the idle time-out, or another shell's `lock`. The
        face must clear its screen of content.
        """
        ...
