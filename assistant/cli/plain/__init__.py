"""The line mode: one message a line, commands after a slash; no screen, no colour.

For screen readers, pipes and slow connections. Everything printed is a full line; a
change of state is said in words. It runs the same turn pipeline as the terminal app and
does everything its screens do (``commands``).
"""

from __future__ import annotations

import contextlib

from assistant.cli.attach import Waiting
from assistant.cli.context import Context
from assistant.cli.output import complain, say
from assistant.cli.plain import overview, turns
from assistant.cli.plain.commands import COMMANDS
from assistant.cli.plain.editing import editing
from assistant.cli.plain.session import Message, Session, read_message
from assistant.errors import AssistantError

_LEAVE = {"quit", "exit", "q"}


def converse(context: Context, *, incognito: bool) -> int:
    """Read lines until they end. Exit code 0; 1 if the last turn was refused by policy."""
    application = context.application(warm=True)
    session = Session(context, application, incognito, Waiting(application))
    if context.terminal:
        say("Type a question, or /help. Ctrl-C stops an answer, Ctrl-D leaves.")
    overview.greet(session)
    with editing() if context.terminal else contextlib.nullcontext():
        return _lines(context, session)


def _lines(context: Context, session: Session) -> int:
    while (message := _next(context, session)) is not None:
        line = message.text
        if not line.strip():
            continue
        word, _, rest = line.removeprefix("/").partition(" ")
        try:
            if message.fenced or not line.startswith("/"):
                turns.put(session, line, pasted=message.pasted)
            elif word in _LEAVE:
                break
            elif word in COMMANDS:
                COMMANDS[word].act(session, rest.strip())
                if word == "lock":
                    break
            else:
                complain(f"/{word} is not a command. /help lists them.")
        except AssistantError as error:
            complain(f"{error.message}\n{error.hint}")
    return session.code


def _next(context: Context, session: Session) -> Message | None:
    ahead, session.ahead = session.ahead, None
    return ahead or _read(context)


def _read(context: Context) -> Message | None:
    try:
        return read_message(prompt="> " if context.terminal else "")
    except KeyboardInterrupt:
        print()
        return Message("")
