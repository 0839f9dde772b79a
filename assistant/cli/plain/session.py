"""What the line mode knows between two lines."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.cli.attach import Waiting
from assistant.cli.context import Context
from assistant.cli.output import complain
from assistant.errors import UsageError
from assistant.holder.interface import Application, PreferenceItem

_LINE_LIMIT = 4 * 1024 * 1024
_FENCE = '"""'
DATA_FROM = 200
"""Characters from which a text between fences is data, too: as for a paste in the app."""


@dataclass(frozen=True, slots=True)
class Message:
    """What was entered: one line, or (``fenced``) what stood between two lines of three quotes.

    Between the quotes anything may stand: a text that begins with a slash is no command there.
    """

    text: str
    fenced: bool = False

    @property
    def pasted(self) -> tuple[str, ...]:
        """What is to be read as data besides: several lines are seldom typed in a line mode."""
        return (self.text,) if self.fenced and len(self.text) >= DATA_FROM else ()


@dataclass(slots=True)
class Session:
    """One chat in lines: the conversation, its latest turn, what was just proposed,
    the act of feedback (``pending``) about which a proposal is still being phrased,
    and what is done (``confirming``) on a yes that a rule wants. ``code`` is the exit code
    of the latest turn; ``ahead`` a message read already and not yet acted on.

    ``always_incognito`` is a chat begun with ``--incognito``: nothing in it is ever written
    unless it is kept on purpose.
    """

    context: Context
    application: Application
    always_incognito: bool
    files: Waiting
    incognito: bool = field(init=False)
    personalise: bool = True
    conversation: str = ""
    turn: str = ""
    question: str = ""
    pasted: tuple[str, ...] = ()
    answer: str = ""
    proposal: PreferenceItem | None = None
    pending: str = ""
    confirming: Callable[[], object] | None = None
    code: int = 0
    ahead: Message | None = None
    unread: bool = False

    def __post_init__(self) -> None:
        self.incognito = self.always_incognito

    def begin(self, *, incognito: bool) -> None:
        """Another conversation; the one before stays where it is kept."""
        self.incognito = incognito
        self.conversation = self.turn = self.question = self.answer = ""
        self.pasted = ()
        self.proposal, self.personalise = None, True

    def latest(self) -> str:
        """The latest turn. Raises UsageError before there is one."""
        if not self.turn:
            raise UsageError("There is no answer yet.", hint="Ask something first.")
        return self.turn

    def agreed(self, question: str) -> bool:
        """A yes typed on a terminal; without one nothing is asked and the answer is no."""
        if not self.context.terminal:
            return False
        complain(f"{question} [y/N]")
        return (read_line() or "").strip().lower() in {"y", "yes"}


def read_line() -> str | None:
    """The next line without its end; None when input has ended."""
    line = sys.stdin.readline(_LINE_LIMIT)
    return line.rstrip("\n") if line else None


def read_message(*, prompt: str = "") -> Message | None:
    '''The next message: a line, or all lines between two lines of """.

    A ``prompt`` is for a person, whose line can then be edited as it is typed.
    '''
    try:
        first = input(prompt) if prompt else read_line()
    except EOFError:
        return None
    if first is None:
        return None
    if first.strip() != _FENCE:
        return Message(first)
    lines: list[str] = []
    while (line := read_line()) is not None and line.strip() != _FENCE:
        lines.append(line)
        if sum(map(len, lines)) > _LINE_LIMIT:
            raise UsageError("The message is longer than 4 MiB.", hint="Shorten it.")
    return Message("\n".join(lines), fenced=True)
