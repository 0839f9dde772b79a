"""What a face can ask of the holder of a vault, one frozen struct a request.

Requests about bounds, policy and models have files of their own (``controls``,
``overview_wire``); ``interface`` joins them all.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from assistant.holder.wire import Request


class Exchange(msgspec.Struct, frozen=True):
    """A question and its answer as a client tells them: unverified text on both sides."""

    question: str
    answer: str


class Ask(Request, frozen=True, tag="ask"):
    """One turn. ``conversation`` "" means a new one, "last" the latest.

    ``confirmed`` names rules the user has said yes to for this text. ``candidates`` 1 to 3.
    ``again_of`` is a turn this one takes the place of, on a branch of its own: the old one
    stays. Without ``text`` its question is asked again. ``earlier`` stands in the prompt in
    the place of what the conversation holds, after the gate read it. ``viewpoints`` asks
    for several. ``keeps_time``: the face itself says the session notice of ``StatusLine``.
    ``attachments`` are ids of files made ready by ``Attach``. ``pasted`` are parts of ``text``
    that nobody typed: the gate reads them as data, too. Replies: the turn's events.
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
    attachments: tuple[str, ...] = ()
    pasted: tuple[str, ...] = ()


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
    """Reply: ``ConversationItem`` each, newest first, pinned ones before unless asked not to.

    ``folder`` None lists all, "" those in no folder.
    """

    limit: int = 200
    folder: str | None = None
    pinned_first: bool = True


class ShowConversation(Request, frozen=True, tag="show-conversation"):
    """Reply: ``TurnItem`` for each turn of the branch being read, in order.

    "last" is the latest conversation.
    """

    id: str


class SearchHistory(Request, frozen=True, tag="search-history"):
    """Full-text search. Reply: ``SearchHit`` each, newest first; then ``ConversationItem``
    for each whose title alone holds all the words.
    """

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
    """Write chosen items in the clear. ``conversations`` None is all. Reply: ``Done``.

    ``confirmed`` names rules that ask for a yes before such text leaves, and were given it;
    raises YesNeeded for another. What a rule stops is left out and the reply names it;
    raises PolicyRefusal where that is every conversation asked for.
    """

    path: str
    format: Literal["json", "markdown"]
    conversations: tuple[str, ...] | None = None
    preferences: bool = True
    overwrite: bool = False
    confirmed: tuple[str, ...] = ()


class CopyText(Request, frozen=True, tag="copy"):
    """Ask before a text goes to the clipboard, as an export does. Reply: ``CopyAllowed``.

    Raises PolicyRefusal where a rule forbids it, YesNeeded for a yes not in ``confirmed``.
    """

    text: str
    confirmed: tuple[str, ...] = ()


class Import(Request, frozen=True, tag="import"):
    """Read an export of this program or of ChatGPT. Reply: ``Done``.

    ``consent``: to keep preferences about special categories; without it they are left out.
    ``watched``: an ``ImportProgress`` comes before it for each part that was added.
    """

    path: str
    consent: bool = False
    watched: bool = False


class EraseItem(Request, frozen=True, tag="erase"):
    """Erase an item, or what was learned. ``kind`` "learned" with an id of a conversation
    or "" for everything; "older" with a number of days. ``backups`` removes the
    backups this vault wrote as well, which would still hold it. Reply: ``Done``.
    """

    kind: Literal[
        "turn", "feedback", "preference", "attachment", "conversation", "learned", "older"
    ]
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
