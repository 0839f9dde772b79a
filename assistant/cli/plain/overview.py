"""What is in force now, in lines: status, settings, style; what shaped an answer."""

from __future__ import annotations

from assistant.cli import why as why_command
from assistant.cli.output import complain, say
from assistant.cli.plain.session import Session
from assistant.cli.recall import told
from assistant.errors import UsageError
from assistant.holder.interface import (
    ChangeSetting,
    Lock,
    ProfileItem,
    RecallHit,
    RecallQuery,
    SetProfile,
    SettingItem,
    StatusLine,
    StatusQuery,
    Why,
    WhyQuery,
)


def greet(session: Session) -> None:
    """What tiers want said at the start of a chat, and what the vault has to tell."""
    for line in session.application.handle(StatusQuery()):
        if isinstance(line, StatusLine):
            for text in line.disclosure:
                say(text)
            for text in (*line.alarms, *line.notices):
                say(f"Attention: {text}")
            for text in line.policy_dates:
                complain(f"Attention: {text}")
            session.unread = bool(line.notices)


def status(session: Session, _rest: str) -> None:
    """Model, memory, tiers, context; whether anything of this chat is written."""
    for line in session.application.handle(StatusQuery()):
        if isinstance(line, StatusLine):
            say(f"Model {line.model}: {line.model_state}. Memory: {line.memory_state}.")
            say(f"Tiers in force: {', '.join(line.tiers)}.")
            say(f"Personalisation is {'on' if line.personalise else 'off'}.")
            used = f"{line.context_used} of {line.context_size} tokens"
            say(f"Context: {used if line.context_size else 'empty, nothing was asked yet'}.")
            if not session.personalise:
                say("This conversation is answered without anything learned.")
            if session.incognito:
                say("Incognito: nothing of this conversation is written.")
            for alarm in (*line.alarms, *line.notices, *line.policy_dates):
                say(f"Attention: {alarm}")


def why(session: Session, rest: str) -> None:
    """The account of the latest answer, or of the turn named."""
    for reply in session.application.handle(WhyQuery(rest or session.latest())):
        if isinstance(reply, Why):
            why_command.show(reply)


def recall(session: Session, rest: str) -> None:
    """What would be remembered for a text, best first."""
    hits = [r for r in session.application.handle(RecallQuery(rest)) if isinstance(r, RecallHit)]
    for line in told(hits):
        say(line)
    if not hits:
        say("Nothing relevant is remembered.")


def change(session: Session, rest: str) -> None:
    """A setting as it is from now on; a tier may hold it back and says so."""
    key, _, value = rest.partition(" ")
    if not value:
        raise UsageError("Which value?", hint="Say /set KEY VALUE; /settings lists them.")
    for item in session.application.handle(ChangeSetting(key, value.strip())):
        if isinstance(item, SettingItem):
            say(f"{item.key} is now {item.value}.")
            if item.managed is not None:
                complain(f"Managed by {item.managed.issuer}: {item.managed.reason}")


def slide(session: Session, rest: str) -> None:
    """Set a dimension of the style profile."""
    dimension, _, value = rest.partition(" ")
    try:
        number = float(value)
    except ValueError:
        raise UsageError(
            "A dimension has a value from -1 to 1.", hint="Say /slide DIMENSION VALUE."
        ) from None
    for item in session.application.handle(SetProfile(dimension, number)):
        if isinstance(item, ProfileItem):
            say(f"{item.dimension}: {item.words}.")


def lock(session: Session, _rest: str) -> None:
    """Close the vault; the chat ends with it."""
    list(session.application.handle(Lock()))
    say("Locked.")
