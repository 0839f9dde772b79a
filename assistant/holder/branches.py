"""Branches of a conversation, its place in the history, and keeping an incognito one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from assistant.conversation.branches import Branches, choose_tip, chosen_tip
from assistant.conversation.incognito import PREFIX, IncognitoLedger
from assistant.conversation.ledger import title_of
from assistant.errors import NoSuchItem, UsageError
from assistant.holder.branches_wire import (
    BranchReply,
    BranchRequest,
    KeepIncognito,
    MoveConversation,
    PinConversation,
    SwitchBranch,
    TreeItem,
    TreeQuery,
)
from assistant.holder.history import History
from assistant.holder.memory import MemoryFeed
from assistant.holder.replies import ConversationItem, Done, TurnItem
from assistant.holder.requests import Ask, EraseItem
from assistant.vault.records import Conversation, Turn, TurnStatus

if TYPE_CHECKING:
    from assistant.vault import Vault
    from assistant.vault.transfer import ExportedTurn

MAX_FOLDER = 60
_PREVIEW = 400


class Tree:
    """Answers the requests of ``branches_wire``, for kept and incognito conversations alike.

    ``risks`` says how near each conversation came to what is forbidden; keeping one does
    not make that forgotten.
    """

    def __init__(
        self,
        vault: Vault,
        history: History,
        incognito: IncognitoLedger,
        feed: MemoryFeed,
        risks: dict[str, float],
    ) -> None:
        self._vault, self._history, self._incognito = vault, history, incognito
        self._feed, self._risks = feed, risks

    def answers(self, request: object) -> bool:
        """Whether a request is for here: erasing what was never written is."""
        if isinstance(request, EraseItem):
            return request.kind == "turn" and bool(self._incognito.home_of(request.id))
        return isinstance(request, BranchRequest)

    def handle(self, request: Any) -> Iterator[BranchReply | TurnItem | ConversationItem | Done]:
        """Answer one request."""
        match request:
            case EraseItem():
                self._incognito.erase(request.id)
                yield Done("Dropped: it was never written.")
            case TreeQuery():
                yield from self._tree(request.conversation)
            case SwitchBranch():
                yield from self._switch(request)
            case KeepIncognito():
                yield self._keep(request.conversation)
            case PinConversation():
                identity = self._history.conversation_id(request.id)
                self._vault.conversations.pin(identity, request.pinned)
                yield Done("Pinned." if request.pinned else "No longer pinned.")
            case MoveConversation():
                yield self._move(request)

    def placed(self, request: Ask) -> Ask:
        """A request to answer again says the question and the conversation of that turn."""
        if not request.again_of:
            return request
        home = self._incognito.home_of(request.again_of)
        turn = self._turn(home, request.again_of)
        if request.conversation not in {"", "last", turn.conversation_id}:
            raise UsageError("That turn is in another conversation.")
        return msgspec.structs.replace(
            request, text=request.text or turn.question, conversation=turn.conversation_id
        )

    # -- the tree --------------------------------------------------------------------------

    def _turns(self, conversation: str) -> tuple[tuple[Turn, ...], str]:
        """A conversation's turns and the tip of the branch being read."""
        if self._incognito.holds(conversation):
            return self._incognito.turns(conversation), self._incognito.tip(conversation)
        turns = self._vault.turns.list(self._history.conversation_id(conversation))
        home = turns[0].conversation_id if turns else conversation
        return turns, chosen_tip(self._vault, home, Branches(turns))

    def _turn(self, home: str, identity: str) -> Turn:
        if not home:
            return self._vault.turns.get(identity)
        return next(turn for turn in self._incognito.turns(home) if turn.id == identity)

    def _tree(self, conversation: str) -> Iterator[TreeItem]:
        turns, tip = self._turns(conversation)
        branches = Branches(turns)
        read = {turn.id for turn in branches.path(tip)}
        for turn in turns:
            yield TreeItem(
                turn.id, branches.parent(turn.id), turn.question[:_PREVIEW],
                turn.answer[:_PREVIEW], turn.status.value, turn.created.isoformat(),
                turn.id in read, self._history.rating(turn.id),
            )  # fmt: skip

    def _switch(self, request: SwitchBranch) -> Iterator[TurnItem]:
        home = self._incognito.home_of(request.turn)
        conversation = self._turn(home, request.turn).conversation_id
        turns, tip = self._turns(conversation)
        branches = Branches(turns)
        siblings = branches.siblings(request.turn)
        place = (siblings.index(request.turn) + request.step) % len(siblings)
        wanted = siblings[place]
        if wanted not in {turn.id for turn in branches.path(tip)}:
            tip = branches.tip_below(wanted)
        if home:
            self._incognito.choose_tip(home, tip)
        else:
            choose_tip(self._vault, conversation, tip)
        yield from self._history.items(branches, tip)

    # -- keeping and placing ---------------------------------------------------------------

    def _keep(self, conversation: str) -> ConversationItem:
        from assistant.vault.transfer import ExportDocument, ExportedConversation

        turns, tip = self._incognito.turns(conversation), self._incognito.tip(conversation)
        if not turns:
            raise NoSuchItem("There is no such incognito conversation.")
        if any(turn.status is TurnStatus.OPEN for turn in turns):
            raise UsageError("An answer is being written.", hint="Wait for it, or stop it.")
        kept = Conversation(
            conversation.removeprefix(PREFIX), title_of(turns[0].question), turns[0].created,
            turns[-1].created,
        )  # fmt: skip
        exported = tuple(self._exported(turn, kept.id) for turn in turns)
        document = ExportDocument((ExportedConversation(kept, exported),))
        self._vault.import_document(document)
        choose_tip(self._vault, kept.id, tip.removeprefix(PREFIX))
        for turn in exported:
            self._feed.turn_added(turn.turn.id)
        self._risks[kept.id] = self._risks.pop(conversation, 0.0)
        self._incognito.forget(conversation)
        return ConversationItem(
            kept.id, kept.title, kept.created.isoformat(), kept.updated.isoformat(), len(turns)
        )

    def _exported(self, turn: Turn, conversation: str) -> ExportedTurn:
        from dataclasses import replace

        from assistant.vault.transfer import ExportedTurn

        parent = (turn.parent_id or "").removeprefix(PREFIX)
        kept = replace(
            turn, id=turn.id.removeprefix(PREFIX), conversation_id=conversation, parent_id=parent
        )
        files = self._incognito.files.exported(turn.id, kept.id)
        return ExportedTurn(kept, self._incognito.used(turn.id), (), files)

    def _move(self, request: MoveConversation) -> Done:
        folder = " ".join(request.folder.split())
        if len(folder) > MAX_FOLDER:
            raise UsageError(f"A folder's name has at most {MAX_FOLDER} characters.")
        identity = self._history.conversation_id(request.id)
        self._vault.conversations.move(identity, folder)
        return Done("Moved." if folder else "Taken out of its folder.")
