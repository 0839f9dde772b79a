"""The application interface: every command, once, as a request with typed replies.

A face (TUI, CLI, editor) builds a ``Request`` and iterates over the replies. It makes no
difference whether the holder is in this process or behind the home's socket.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from assistant.conversation.events import TurnEvent
from assistant.holder.attachments_wire import AttachmentReply, AttachmentRequest
from assistant.holder.branches_wire import BranchReply, BranchRequest
from assistant.holder.comparisons_wire import ComparisonReply, ComparisonRequest
from assistant.holder.controls import ControlReply, ControlRequest
from assistant.holder.impersonal_wire import ChatPersonal, ChatPersonalisation
from assistant.holder.merging_wire import MergingRequest
from assistant.holder.models_wire import ModelReply, ModelRequest
from assistant.holder.overview_wire import OverviewReply, OverviewRequest
from assistant.holder.phrasing_wire import PhrasingRequest
from assistant.holder.replies import (
    ConversationItem,
    CopyAllowed,
    DecisionItem,
    Done,
    FeedbackGiven,
    FeedbackItem,
    PreferenceItem,
    ProfileItem,
    RecallHit,
    RecoveryKey,
    SearchHit,
    SettingItem,
    StatusLine,
    TurnItem,
    Why,
)
from assistant.holder.requests import (
    AddPreference,
    Ask,
    BackUp,
    ChangePassphrase,
    ChangeSetting,
    CopyText,
    DecisionQuery,
    DeleteConversation,
    DeletePreference,
    EditPreference,
    EraseItem,
    Exchange,
    Export,
    FeedbackKind,
    GetSettings,
    GiveFeedback,
    Import,
    ListConversations,
    ListFeedback,
    ListPreferences,
    Lock,
    ProfileQuery,
    RecallQuery,
    RenameConversation,
    SearchHistory,
    SetPreferenceState,
    SetProfile,
    ShowConversation,
    StatusQuery,
    UndoFeedback,
    UseKeychain,
    UseModel,
    WhyQuery,
)
from assistant.holder.vault_wire import VaultReply, VaultRequest

__all__ = [
    "AddPreference",
    "AnyReply",
    "AnyRequest",
    "Application",
    "Ask",
    "BackUp",
    "Cancellation",
    "ChangePassphrase",
    "ChangeSetting",
    "ConversationItem",
    "CopyAllowed",
    "CopyText",
    "DecisionItem",
    "DecisionQuery",
    "DeleteConversation",
    "DeletePreference",
    "Done",
    "EditPreference",
    "EraseItem",
    "Exchange",
    "Export",
    "FeedbackGiven",
    "FeedbackItem",
    "FeedbackKind",
    "Front",
    "GetSettings",
    "GiveFeedback",
    "Import",
    "ListConversations",
    "ListFeedback",
    "ListPreferences",
    "Lock",
    "PreferenceItem",
    "ProfileItem",
    "ProfileQuery",
    "RecallHit",
    "RecallQuery",
    "RecoveryKey",
    "RenameConversation",
    "SearchHistory",
    "SearchHit",
    "SetPreferenceState",
    "SetProfile",
    "SettingItem",
    "ShowConversation",
    "Situation",
    "StatusLine",
    "StatusQuery",
    "Strength",
    "TurnItem",
    "UndoFeedback",
    "UseKeychain",
    "UseModel",
    "Why",
    "WhyQuery",
]

AnyRequest = (
    Ask | GiveFeedback | UndoFeedback | ListFeedback | ListPreferences | AddPreference
    | EditPreference | SetPreferenceState | DeletePreference | RecallQuery | WhyQuery
    | ListConversations | ShowConversation | SearchHistory | DeleteConversation
    | RenameConversation | ProfileQuery | SetProfile | ChangePassphrase | UseKeychain | BackUp
    | Export | CopyText | Import | EraseItem | DecisionQuery | GetSettings | ChangeSetting
    | StatusQuery | UseModel | Lock | ControlRequest | OverviewRequest | ComparisonRequest
    | PhrasingRequest | MergingRequest | ChatPersonalisation
    | BranchRequest | AttachmentRequest
    | VaultRequest | ModelRequest
)  # fmt: skip

AnyReply = (
    Done | PreferenceItem | FeedbackGiven | FeedbackItem | RecallHit | Why | ConversationItem
    | TurnItem | SearchHit | SettingItem | StatusLine | ProfileItem | RecoveryKey
    | DecisionItem | CopyAllowed | ControlReply | OverviewReply | ComparisonReply
    | ChatPersonal | BranchReply
    | AttachmentReply
    | VaultReply | ModelReply
)  # fmt: skip


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

    def recover(self, recovery_key: str, passphrase: str) -> None:
        """Set another passphrase with the recovery key. Raises WrongPassphrase, VaultBusy."""
        ...

    def restore(self, backup: Path, secret: str, *, recovery: bool, overwrite: bool) -> None:
        """Put a backup's vault in place, opened by its passphrase or its recovery key.

        Raises VaultExists unless ``overwrite``, WrongPassphrase, VaultDamaged, VaultBusy.
        """
        ...

    def erase_vault(self) -> None:
        """Remove the whole vault; needs no passphrase. Raises VaultBusy while it is open."""
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
