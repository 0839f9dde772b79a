"""Asking in the line mode: a question, again, in other words, twice, from several sides."""

from __future__ import annotations

from functools import partial
from typing import Any

from assistant.cli.ask import Interrupt, print_turn
from assistant.cli.output import complain, ruling_lines, say
from assistant.cli.plain.feedback import give
from assistant.cli.plain.session import Session, read_message
from assistant.conversation.events import TurnEnded, TurnFailed
from assistant.errors import UsageError
from assistant.holder.impersonal_wire import ChatPersonal, ChatPersonalisation
from assistant.holder.interface import Ask, Cancellation
from assistant.holder.overview_wire import AcknowledgeNotices


def put(session: Session, text: str, **more: Any) -> None:
    """One turn, streamed; asks for a yes where a rule wants one."""
    confirmed: tuple[str, ...] = more.pop("confirmed", ())
    session.confirming = None
    while True:
        ending = _asked(session, text, quiet=False, confirmed=confirmed, **more)
        if isinstance(ending, TurnFailed):
            complain(f"{ending.message}\n{ending.hint}")
            return
        if ending.status != "confirm":
            session.files.asked()
        if ending.status != "confirm" or ending.ruling is None:
            return
        confirmed = (*confirmed, ending.ruling.rule)
        if not session.agreed("Go on?"):
            session.confirming = partial(put, session, text, confirmed=confirmed, **more)
            return


def _asked(session: Session, text: str, *, quiet: bool, **more: Any) -> TurnEnded | TurnFailed:
    cancellation = Cancellation()
    more.setdefault("personalise", session.personalise)
    request = Ask(
        text, session.conversation, session.incognito, attachments=session.files.ids, **more
    )
    with Interrupt(cancellation):
        events = session.application.handle(request, cancellation)
        go_on = "" if session.context.terminal else "/yes"
        ending = print_turn(events, quiet=quiet, go_on=go_on)
    if isinstance(ending, TurnFailed):
        session.code = ending.exit_code
    else:
        session.code = int(ending.status in {"refused", "confirm"})
    if isinstance(ending, TurnEnded):
        begun = not session.conversation
        session.conversation = ending.conversation or session.conversation
        if begun and session.conversation and not session.personalise:
            remembered(session, change=True)
        session.turn, session.question, session.answer = ending.turn, text, ending.answer
        session.pasted = request.pasted
        _seen(session)
    return ending


def _seen(session: Session) -> None:
    """The vault's notices stood above; going on means that they were read."""
    if session.unread:
        list(session.application.handle(AcknowledgeNotices()))
        session.unread = False


def remembered(session: Session, *, change: bool = False) -> None:
    """Whether this conversation is answered with what was learned, as the vault keeps it."""
    wish = session.personalise if change else None
    for reply in session.application.handle(ChatPersonalisation(session.conversation, on=wish)):
        if isinstance(reply, ChatPersonal):
            session.personalise = reply.on


def yes(session: Session, _rest: str) -> None:
    """Do again what a rule wanted a yes for, with that yes."""
    again = session.confirming
    if again is None:
        raise UsageError("Nothing waits for a yes.", hint="/yes answers a rule that asks first.")
    session.confirming = None
    again()


def again(session: Session, _rest: str) -> None:
    """The same question, answered anew beside the old answer."""
    put(session, session.question, again_of=session.latest(), pasted=session.pasted)


def plainly(session: Session, _rest: str) -> None:
    """Again, without what was learned."""
    put(session, session.question, again_of=session.latest(), personalise=False,
        pasted=session.pasted)  # fmt: skip


def viewpoints(session: Session, _rest: str) -> None:
    """Again, with several viewpoints, taking no side."""
    put(session, session.question, again_of=session.latest(), viewpoints=True,
        pasted=session.pasted)  # fmt: skip


def fork(session: Session, rest: str) -> None:
    """The latest question in other words, on a branch of its own; the old one stays."""
    if not rest:
        raise UsageError("The message is empty.", hint="Say /fork YOUR MESSAGE.")
    put(session, rest, again_of=session.latest())


def impersonal(session: Session, rest: str) -> None:
    """One message without anything remembered, or without words: all from here on."""
    if rest:
        put(session, rest, personalise=False)
        return
    session.personalise = not session.personalise
    if session.conversation:
        remembered(session, change=True)
    on = "with what was learned again" if session.personalise else "without anything learned"
    say(f"From here on this conversation is answered {on}.")


def two(session: Session, _rest: str) -> None:
    """Two answers to the latest question; the pick is an act of feedback."""
    turn = session.latest()
    complain("Writing two answers.")
    ending = _asked(session, session.question, quiet=True, candidates=2, again_of=turn,
                    pasted=session.pasted)  # fmt: skip
    if isinstance(ending, TurnFailed):
        complain(f"{ending.message}\n{ending.hint}")
        return
    if ending.status != "complete" or len(ending.candidates) < 2:
        if ending.ruling is not None:
            complain(ruling_lines(ending.ruling, heading="This is not answered here."))
        complain("There are not two answers to pick from.")
        return
    for number, answer in enumerate(ending.candidates, 1):
        say(f"{number}:\n{answer or '(stopped by policy)'}")
    say("1 or 2 picks; an empty line picks neither.")
    _pick(session, ending.candidates)


def _pick(session: Session, answers: tuple[str, ...]) -> None:
    """The next line picks; one that is no number was meant for the chat and goes there."""
    message = read_message()
    picked = message.text.strip() if message else ""
    if picked in {"1", "2"}:
        session.answer = answers[int(picked) - 1]
        give(session, "choice", str(int(picked) - 1))
    elif picked:
        complain("That is not 1 or 2: neither was picked.")
        session.ahead = None if picked.isdecimal() else message
