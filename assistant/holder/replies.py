"""What the holder of a vault answers, one frozen struct a reply; see ``requests``."""

from __future__ import annotations

from typing import Literal

from assistant.conversation.events import AttachedFile, KeptOut, Ruling, Source, UsedItem
from assistant.holder.wire import Reply


class Done(Reply, frozen=True, tag="done"):
    """It is done; ``what`` is one short sentence for a person, without user text."""

    what: str = ""


class PreferenceItem(Reply, frozen=True, tag="preference"):
    """A preference as stored. ``state``: active, proposed, disabled, rejected.

    ``conflicts`` and ``same_as`` name active ones that contradict it or say the same.
    """

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
    same_as: tuple[str, ...] = ()


class FeedbackGiven(Reply, frozen=True, tag="feedback-given"):
    """The act's id and, when something may be learned, a proposal waiting for a yes.

    ``pending`` is not empty while the model phrases one: ``AwaitProposal`` takes it.
    """

    id: str
    turn: str
    proposal: PreferenceItem | None = None
    pending: str = ""


class FeedbackItem(Reply, frozen=True, tag="feedback-item"):
    """An act of feedback as stored; ``turn`` is empty for a comparison at the start."""

    id: str
    turn: str
    kind: str
    value: str
    note: str
    reasons: tuple[str, ...]
    created: str
    undone: bool


class RecallHit(Reply, frozen=True, tag="recall-hit"):
    """A candidate memory; ``passed`` says whether it may stand beside, ``reason`` why not."""

    kind: str
    id: str
    text: str
    score: float
    bm25: float
    dense: float
    passed: bool
    reason: str = ""


class Why(Reply, frozen=True, tag="why-reply"):
    """Everything that shaped one answer; erased items show as "[erased]".

    ``kept_out``: wishes that applied and stood back from the prompt, with the reason.
    """

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
    files: tuple[AttachedFile, ...] = ()
    kept_out: tuple[KeptOut, ...] = ()


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
    """A stored turn. ``rating`` is "", "up", "down" or a score.

    It is the ``place``-th, from 1, of ``places`` turns that stand in the same place, each
    on a branch of its own. ``attached`` names the files that came with it; ``sources`` are
    those that were read for its answer.
    """

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
    place: int = 1
    places: int = 1
    attached: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()


class SearchHit(Reply, frozen=True, tag="search-hit"):
    """A found turn; hits in ``snippet`` stand between U+E000 and U+E001.

    ``file`` names the attached file in which it was found, "" for what was said.
    """

    turn: str
    conversation: str
    title: str
    snippet: str
    created: str
    file: str = ""


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
    ``policy_dates`` is what to say of policies that ran out or soon will.
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
    policy_dates: tuple[str, ...] = ()


class ProfileItem(Reply, frozen=True, tag="profile-item"):
    """One dimension of the style profile: value and error bar from -1 to 1.

    ``source`` is neutral, learned, picked, set or locked; ``acts`` whether it shapes answers.
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


class CopyAllowed(Reply, frozen=True, tag="copy-allowed"):
    """The text that may be copied, redacted where a rule says so; ``ruling`` is then set,
    and where a rule only notes or warns.
    """

    text: str
    ruling: Ruling | None = None


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
