"""Typing in the line mode on a terminal: editing, earlier lines by arrow key, Tab.

What was typed before is held in this process alone, never in a file, and is forgotten
when the chat ends. Where Python has no readline, lines are read as the terminal gives them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from assistant.cli.plain.commands import COMMANDS
from assistant.cli.plain.nouns import NOUNS


@contextlib.contextmanager
def editing() -> Iterator[None]:
    """Tab completes commands, arrows bring earlier lines, until the end of the block."""
    try:
        import readline
    except ImportError:
        yield
        return
    offered: list[str] = []

    def complete(text: str, state: int) -> str | None:
        if state == 0:
            offered[:] = completions(readline.get_line_buffer()[: readline.get_begidx()], text)
        return offered[state] if state < len(offered) else None

    readline.set_completer_delims(" ")
    readline.set_completer(complete)
    readline.parse_and_bind("tab: complete")
    try:
        yield
    finally:
        readline.clear_history()
        readline.set_completer(None)


def completions(before: str, text: str) -> list[str]:
    """What ``text`` may become after ``before``: a command, or the verb of one."""
    if not before.strip():
        return [f"/{word} " for word in COMMANDS if f"/{word}".startswith(text or "?")]
    words = before.split()
    noun = words[0].removeprefix("/")
    if not before.startswith("/") or noun not in NOUNS:
        return []
    from assistant.cli.command_tree import read
    from assistant.cli.main import build_parser

    command = next(one for one in read(build_parser(noun)).verbs if one.words[-1] == noun)
    for word in words[1:]:
        command = next((verb for verb in command.verbs if verb.words[-1] == word), command)
    flags = [flag.names[-1] for flag in command.flags if not flag.hidden]
    verbs = [verb.words[-1] for verb in command.verbs]
    choices = [choice for place in command.places for choice in place.choices]
    found = flags if text.startswith("-") else verbs + choices
    return [f"{one} " for one in found if one.startswith(text)]
