"""Conversations in the line mode: begin, go on, find, branch, keep, erase."""

from __future__ import annotations

from collections.abc import Iterable

from assistant.cli.history import show_replies, told_turn
from assistant.cli.output import say
from assistant.cli.plain import turns
from assistant.cli.plain.session import Session
from assistant.errors import ConfirmationMissing, NoSuchItem, UsageError
from assistant.holder.branches_wire import KeepIncognito, SwitchBranch, TreeQuery
from assistant.holder.interface import (
    AnyRequest,
    ConversationItem,
    Done,
    EraseItem,
    SearchHistory,
    ShowConversation,
    TurnItem,
)


def new(session: Session, _rest: str) -> None:
    """Another conversation, incognito only where the whole chat was begun so."""
    session.begin(incognito=session.always_incognito)
    say("A new conversation." + (" Incognito: nothing is written." if session.incognito else ""))


def incognito(session: Session, _rest: str) -> None:
    """Another conversation that writes nothing."""
    session.begin(incognito=True)
    say("A new conversation. Incognito: nothing of it is written.")


def keep(session: Session, _rest: str) -> None:
    """Write an incognito conversation from here on."""
    if not session.incognito or not session.conversation:
        raise UsageError(
            "This is not an incognito chat with a turn in it.",
            hint="/incognito begins one; ask something in it first.",
        )
    for kept in session.application.handle(KeepIncognito(session.conversation)):
        if isinstance(kept, ConversationItem):
            session.conversation = kept.id
    session.incognito = False
    for turn in session.application.handle(ShowConversation(session.conversation)):
        if isinstance(turn, TurnItem):
            session.turn = turn.id  # kept turns have ids of their own
    say("Kept: from here on it is written like any other conversation.")


def resume(session: Session, rest: str) -> None:
    """Go on with a conversation; its turns are read out."""
    session.begin(incognito=False)
    _read_out(session, session.application.handle(ShowConversation(rest or "last")))
    if session.conversation:
        turns.remembered(session)


def search(session: Session, rest: str) -> None:
    """Earlier turns with these words."""
    _each(session, SearchHistory(rest), nothing="Nothing was found.")


def tree(session: Session, _rest: str) -> None:
    """Every turn of all branches of this conversation."""
    _each(session, TreeQuery(_current(session)), nothing="There is no turn yet.")


def branch(session: Session, rest: str) -> None:
    """Read the branch through a turn from now on."""
    if not rest:
        raise UsageError("Which turn?", hint="/tree lists them; say /branch TURN.")
    _read_out(session, session.application.handle(SwitchBranch(rest)))


def before(session: Session, _rest: str) -> None:
    """The branch before, at the last turn that has several."""
    _step(session, -1)


def after(session: Session, _rest: str) -> None:
    """The branch after."""
    _step(session, 1)


def forget(session: Session, rest: str) -> None:
    """Erase the latest turn and all that came of it."""
    turn = session.latest()
    if rest != "yes" and not session.agreed("Erase this turn and what came of it for good?"):
        raise ConfirmationMissing("Nothing was erased.", hint="Say /forget yes.")
    for reply in session.application.handle(EraseItem("turn", turn)):
        if isinstance(reply, Done):
            say(reply.what or "Erased.")
    session.turn = session.question = session.answer = ""
    session.pasted = ()


def _step(session: Session, step: int) -> None:
    turns = session.application.handle(ShowConversation(_current(session)))
    forked = [turn for turn in turns if isinstance(turn, TurnItem) and turn.places > 1]
    if not forked:
        raise NoSuchItem("There is one branch here.", hint="/fork MESSAGE begins another.")
    _read_out(session, session.application.handle(SwitchBranch(forked[-1].id, step)))


def _read_out(session: Session, replies: Iterable[object]) -> None:
    for item in replies:
        if isinstance(item, TurnItem):
            session.conversation, session.turn = item.conversation, item.id
            session.question, session.answer = item.question, item.answer
            session.pasted = ()
            mark = f"‹{item.place}/{item.places}› " if item.places > 1 else ""
            say(f"{mark}{told_turn(item)}")


def _each(session: Session, request: AnyRequest, *, nothing: str) -> None:
    if not show_replies(session.application.handle(request)):
        say(nothing)


def _current(session: Session) -> str:
    if not session.conversation:
        raise UsageError("There is no turn yet.", hint="Ask something, or /resume ID.")
    return session.conversation
