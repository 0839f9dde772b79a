"""Copying in the line mode, each time after policy was asked.

On a terminal the text goes to its clipboard (OSC 52, which many terminals know); into a
pipe, which has none, it is printed as it is.
"""

from __future__ import annotations

import base64
import sys
from functools import partial

from assistant.cli.output import complain, say
from assistant.cli.plain.session import Session
from assistant.errors import NoSuchItem, UsageError, YesNeeded
from assistant.holder.interface import CopyAllowed, CopyText


def copy(session: Session, rest: str) -> None:
    """The answer, or its N-th code block or address: ``code 2``, ``link``."""
    session.latest()
    text, what = _chosen(session.answer, rest)
    session.confirming = None
    _ask(session, text, what)


def _ask(session: Session, text: str, what: str, confirmed: tuple[str, ...] = ()) -> None:
    """Copy what policy allows; where a rule wants a yes, the person is asked for it."""
    try:
        replies = list(session.application.handle(CopyText(text, confirmed)))
    except YesNeeded as needed:
        complain(needed.message)
        again = partial(_ask, session, text, what, (*confirmed, needed.rule))
        if session.agreed("Copy it?"):
            again()
            return
        session.confirming = again
        if not session.context.terminal:
            complain("To go on: /yes")
        return
    for reply in replies:
        if isinstance(reply, CopyAllowed):
            _hand_over(reply, what, whole=reply.text == text)


def _chosen(answer: str, rest: str) -> tuple[str, str]:
    from assistant.conversation.markdown_parts import code_blocks_in, links_in

    kind, _, number = rest.partition(" ")
    if not kind:
        return answer, "The answer"
    if kind not in {"code", "link"} or not (number or "1").isdecimal():
        raise UsageError("What is to be copied?", hint="Say /copy, /copy code N or /copy link N.")
    found = code_blocks_in(answer) if kind == "code" else links_in(answer)
    what = "code block" if kind == "code" else "address"
    place = int(number or "1")
    if not 1 <= place <= len(found):
        raise NoSuchItem(
            f"There is no {what} {place} in this answer.", hint=f"It has {len(found)}."
        )
    return found[place - 1], f"{what.capitalize()} {place} of {len(found)}"


def _hand_over(allowed: CopyAllowed, what: str, *, whole: bool) -> None:
    if sys.stdout.isatty():
        coded = base64.b64encode(allowed.text.encode()).decode()
        sys.stdout.write(f"\x1b]52;c;{coded}\x07")
        say(f"{what} is in the clipboard.")
    else:
        say(allowed.text)
    if allowed.ruling is not None:
        left = "" if whole else "Parts were left out. "
        complain(f"{left}{allowed.ruling.issuer}: {allowed.ruling.reason or allowed.ruling.title}")
