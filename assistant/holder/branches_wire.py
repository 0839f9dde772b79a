"""Requests and replies about branches, places in the history, and keeping an incognito chat.

Part of the application interface; ``interface`` puts them into its unions.
"""

from __future__ import annotations

from assistant.holder.wire import Reply, Request


class TreeQuery(Request, frozen=True, tag="tree"):
    """Every turn of a conversation, incognito or not. Reply: ``TreeItem`` each, as written."""

    conversation: str


class TreeItem(Reply, frozen=True, tag="tree-item"):
    """A turn and the one it follows ("" for a first one); texts are cut short.

    ``read`` says whether it is on the branch that is being read.
    """

    id: str
    parent: str
    question: str
    answer: str
    status: str
    created: str
    read: bool
    rating: str = ""


class SwitchBranch(Request, frozen=True, tag="switch-branch"):
    """Read the branch through this turn, or through its sibling ``step`` places on.

    Past the last sibling comes the first. Replies: ``TurnItem`` for each turn of the branch.
    """

    turn: str
    step: int = 0


class KeepIncognito(Request, frozen=True, tag="keep-incognito"):
    """Write an incognito conversation into the vault from here on, its turns so far as well.

    Learning begins with what is said of it afterwards. Reply: ``ConversationItem``.
    """

    conversation: str


class PinConversation(Request, frozen=True, tag="pin-conversation"):
    """Keep it on top of the list, or no longer. Reply: ``Done``."""

    id: str
    pinned: bool


class MoveConversation(Request, frozen=True, tag="move-conversation"):
    """Put it into a project folder; "" takes it out. Reply: ``Done``.

    Preferences with the scope ``project`` and that folder's name hold in it.
    """

    id: str
    folder: str


BranchRequest = TreeQuery | SwitchBranch | KeepIncognito | PinConversation | MoveConversation
BranchReply = TreeItem
