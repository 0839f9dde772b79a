"""Feedback in the line mode, and what is proposed because of it."""

from __future__ import annotations

from assistant.cli import feedback_compare
from assistant.cli.output import say
from assistant.cli.plain.session import Session, read_line
from assistant.errors import UsageError
from assistant.holder.interface import (
    AddPreference,
    Done,
    EditPreference,
    FeedbackGiven,
    FeedbackKind,
    GiveFeedback,
    ListPreferences,
    PreferenceItem,
    SetPreferenceState,
    UndoFeedback,
)
from assistant.holder.phrasing_wire import AwaitProposal


def give(
    session: Session,
    kind: FeedbackKind,
    value: str = "",
    note: str = "",
    reasons: tuple[str, ...] = (),
) -> None:
    """One act on the latest answer; what is proposed because of it is said."""
    request = GiveFeedback(kind, session.latest(), value, note, reasons)
    for reply in session.application.handle(request):
        if isinstance(reply, FeedbackGiven):
            say("Noted.")
            if reply.proposal is not None:
                _offer(session, reply.proposal)
            elif reply.pending:
                session.pending = reply.pending
                say("A proposal may follow: /proposals shows it.")


def up(session: Session, _rest: str) -> None:
    """It was good."""
    give(session, "up")


def down(session: Session, _rest: str) -> None:
    """It was not."""
    give(session, "down")


def score(session: Session, rest: str) -> None:
    """From 1 to 100; the holder refuses anything else."""
    give(session, "score", rest)


def edit(session: Session, rest: str) -> None:
    """How the answer should have been."""
    give(session, "edit", rest)
    session.answer = rest


def note(session: Session, rest: str) -> None:
    """A remark."""
    give(session, "note", note=rest)


def reason(session: Session, rest: str) -> None:
    """Reasons from the list, and a remark if there is one."""
    reasons, _, remark = rest.partition(" ")
    give(session, "note", note=remark.strip(), reasons=tuple(filter(None, reasons.split(","))))


def undo(session: Session, rest: str) -> None:
    """The latest act, or the one named, with all it taught."""
    session.proposal = None
    _tell(session, UndoFeedback(rest))


def compare(session: Session, _rest: str) -> None:
    """Prepared answers, at most ten."""
    feedback_compare.ask_each(session.application, read_line)


def prefer(session: Session, rest: str) -> None:
    """State a preference."""
    for reply in session.application.handle(AddPreference(rest)):
        if isinstance(reply, PreferenceItem):
            say(f"Kept: {reply.text}")


def proposals(session: Session, _rest: str) -> None:
    """What waits for a yes; the first one is what /accept means from now on."""
    if session.pending:
        list(session.application.handle(AwaitProposal(session.pending)))
        session.pending = ""
    waiting = [
        item
        for item in session.application.handle(ListPreferences("proposed"))
        if isinstance(item, PreferenceItem)
    ]
    for item in waiting:
        say(f"{item.id}  {item.text}")
    session.proposal = waiting[0] if waiting else None
    say("/accept or /reject, with an ID for another than the first." if waiting
        else "Nothing is proposed.")  # fmt: skip


def accept(session: Session, rest: str) -> None:
    """Keep it."""
    _decide(session, rest, kept=True)


def reject(session: Session, rest: str) -> None:
    """Drop it; it is not proposed again."""
    _decide(session, rest, kept=False)


def reword(session: Session, rest: str) -> None:
    """Keep it in the person's own words."""
    if session.proposal is None or not rest:
        raise UsageError("Nothing is reworded.", hint="After a proposal, say /reword YOUR WORDS.")
    list(session.application.handle(EditPreference(session.proposal.id, rest)))
    _decide(session, "", kept=True)


def _offer(session: Session, proposal: PreferenceItem) -> None:
    session.proposal = proposal
    say(f"{proposal.text} — keep this? /accept, /reject or /reword YOUR WORDS")


def _decide(session: Session, identity: str, *, kept: bool) -> None:
    named = identity or (session.proposal.id if session.proposal else "")
    if not named:
        raise UsageError("Nothing is proposed.", hint="/proposals shows what waits.")
    list(session.application.handle(SetPreferenceState(named, "active" if kept else "rejected")))
    if session.proposal is not None and session.proposal.id == named:
        session.proposal = None
    say("Kept." if kept else "Dropped.")


def _tell(session: Session, request: UndoFeedback) -> None:
    for reply in session.application.handle(request):
        if isinstance(reply, Done):
            say(reply.what or "Done.")
