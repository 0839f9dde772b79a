"""`assistant ask TEXT`: one turn, streamed to stdout or as one JSON object."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from assistant.cli.attach import attach_all, read_all, show_sources
from assistant.cli.attention import call_attention, disclosed
from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, ruling_lines, say, say_part
from assistant.conversation.attachments.reading import FileBytes
from assistant.conversation.events import (
    AnswerText,
    PolicyNotice,
    TurnEnded,
    TurnEvent,
    TurnFailed,
    Waiting,
)
from assistant.errors import UsageError
from assistant.holder.interface import AnyReply, Application, Ask, Cancellation

_TEXT_LIMIT = 4 * 1024 * 1024


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command and its flags."""
    parser = commands.add_parser("ask", help="ask one question", description=__doc__)
    parser.add_argument("text", metavar="TEXT", help='the question; "-" reads standard input')
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.add_argument("--incognito", action="store_true", help="store nothing, learn nothing")
    parser.add_argument(
        "--no-personalisation", action="store_true", help="answer without what was learned"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="repeatable sampling")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="longest answer, in tokens")
    parser.add_argument(
        "--candidates", type=int, choices=(1, 2, 3), default=1,
        help="generate so many answers and keep the one your profile prefers",
    )  # fmt: skip
    parser.add_argument(
        "--confirm", action="append", default=[], metavar="RULE",
        help="say yes beforehand to a rule that asks for confirmation",
    )  # fmt: skip
    parser.add_argument(
        "--viewpoints", action="store_true", help="ask for several viewpoints, taking no side"
    )
    parser.add_argument(
        "--beside", action="store_true",
        help="then answer it without what was learned as well, storing nothing of that",
    )  # fmt: skip
    parser.add_argument(
        "--conversation", default="", metavar="ID", help='go on with it ("last" is the latest)'
    )
    parser.add_argument(
        "--fork", default="", metavar="TURN",
        help="in place of that turn's question, on a branch of its own; the old one stays",
    )  # fmt: skip
    parser.add_argument(
        "--attach", action="append", default=[], type=Path, metavar="FILE",
        help="ask about a text, Markdown, PDF or code file (may be repeated)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Ask and print; the exit code says how the turn ended."""
    request = _request(arguments)
    files = read_all(arguments.attach)
    application = context.application(warm=True)
    disclosure = _disclosed(request, application, quiet=arguments.json)
    request = _with(files, request, application, quiet=arguments.json)
    cancellation = Cancellation()
    with Interrupt(cancellation):
        events = application.handle(request, cancellation)
        ending = print_turn(events, quiet=arguments.json)
    call_attention(application)
    if isinstance(ending, TurnFailed):
        complain(f"{ending.message}\n{ending.hint}")
        return ending.exit_code
    again = _with(files, request, application, quiet=True) if arguments.beside else request
    plain = _beside(again, ending, application) if arguments.beside else None
    if arguments.json:
        told = as_json(ending) | {"disclosure": disclosure}
        print_json(told | ({"beside": plain.answer} if plain else {}))
    elif plain is not None:
        say(f"\n(Without what was learned:)\n{plain.answer}")
    return exit_code(ending)


def _request(arguments: argparse.Namespace) -> Ask:
    text = _text(arguments.text)
    request = Ask(
        text=text,
        # What comes through a pipe was seldom typed: a mail, a page, a log.
        pasted=(text,) if arguments.text == "-" else (),
        conversation=arguments.conversation,
        incognito=arguments.incognito,
        personalise=not arguments.no_personalisation,
        seed=arguments.seed,
        max_tokens=arguments.max_tokens,
        candidates=arguments.candidates,
        confirmed=tuple(arguments.confirm),
        viewpoints=arguments.viewpoints,
        again_of=arguments.fork,
    )
    _check(request)
    return request


def _disclosed(request: Ask, application: Application, *, quiet: bool) -> tuple[str, ...]:
    """What is to be said where a conversation begins: said (not ``quiet``) and given."""
    told = () if request.conversation or request.again_of else disclosed(application)
    for text in () if quiet else told:
        complain(text)
    return told


def _with(files: list[FileBytes], request: Ask, application: Application, *, quiet: bool) -> Ask:
    """The request with the files made ready for it."""
    items = attach_all(application, files, quiet=quiet)
    return msgspec.structs.replace(request, attachments=tuple(item.id for item in items))


def _beside(request: Ask, ending: TurnEnded, application: Application) -> TurnEnded | None:
    """The same question and seed without personalisation; kept nowhere."""
    if ending.status != "complete":
        return None
    again = msgspec.structs.replace(
        request, conversation="", again_of="", incognito=True, personalise=False, seed=ending.seed
    )
    cancellation = Cancellation()
    with Interrupt(cancellation):
        plain = print_turn(application.handle(again, cancellation), quiet=True)
    return plain if isinstance(plain, TurnEnded) else None


def _check(request: Ask) -> None:
    if not request.text.strip():
        raise UsageError("The question is empty.", hint='Write it as assistant ask "…".')
    if request.seed is not None and not 0 <= request.seed < 2**32:
        raise UsageError("The seed must be from 0 to 4294967295.")
    if request.max_tokens is not None and not 1 <= request.max_tokens <= 131_072:
        raise UsageError("--max-tokens must be from 1 to 131072.")


def _text(given: str) -> str:
    if given != "-":
        return given
    raw = sys.stdin.buffer.read(_TEXT_LIMIT + 1)
    if len(raw) > _TEXT_LIMIT:
        raise UsageError("The question is longer than 4 MiB.", hint="Shorten it.")
    return raw.decode(errors="replace").strip()


class Interrupt:
    """Ctrl-C cancels the turn, which then ends in order; a second one leaves at once."""

    def __init__(self, cancellation: Cancellation) -> None:
        self._cancellation = cancellation

    def __enter__(self) -> None:
        self._before = signal.getsignal(signal.SIGINT)
        signal.signal(signal.SIGINT, self._act)

    def _act(self, _signal: int, _frame: object) -> None:
        if self._cancellation.cancelled:
            raise KeyboardInterrupt
        self._cancellation.cancel()

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)


def print_turn(
    events: Iterator[TurnEvent | AnyReply], *, quiet: bool, go_on: str = "add --confirm {rule}"
) -> TurnEnded | TurnFailed:
    """Show a turn as it happens; returns its ending. ``quiet`` shows nothing.

    ``go_on`` says what a person does to say yes to ``{rule}``; "" where they are asked next.
    """
    shown = False
    ending: TurnEnded | TurnFailed | None = None
    for event in events:
        match event:
            case TurnEnded() | TurnFailed():
                ending = event
            case _ if quiet:
                pass
            case AnswerText(candidate=0):
                say_part(event.text)
                shown = True
            case PolicyNotice():
                if shown and sys.stdout.isatty():
                    say()  # the answer's line is still open on the same screen
                complain(ruling_lines(event.ruling, heading=f"Policy: {event.ruling.effect}"))
            case Waiting(what=what) if what in _WAITING and sys.stderr.isatty():
                complain(f"({_WAITING[what]})")
    if ending is None:
        raise AssertionError("a turn ends with TurnEnded or TurnFailed")
    if not quiet and isinstance(ending, TurnEnded):
        _print_ending(ending, shown=shown, go_on=go_on)
    return ending


_WAITING = {
    "model": "loading the model",
    "memory": "loading the memory",
    "files": "reading the attached files",
    "withheld": "writing; shown once your guard model has read it",
}


def _print_ending(ending: TurnEnded, *, shown: bool, go_on: str) -> None:
    if shown:
        say()
    if ending.chosen:
        say(f"\n(Your profile prefers another candidate:)\n{ending.answer}")
    show_sources(ending)
    if ending.suggestion:
        complain(f"({ending.suggestion})")
    if ending.status == "refused" and ending.ruling is not None:
        complain(ruling_lines(ending.ruling, heading="This is not answered here."))
    elif ending.status == "confirm" and ending.ruling is not None:
        complain(ruling_lines(ending.ruling, heading="This needs your yes."))
        if go_on:
            complain(f"To go on: {go_on.format(rule=ending.ruling.rule)}")
    elif ending.status == "cancelled":
        complain("Stopped.")


def exit_code(ending: TurnEnded) -> int:
    """0 answered, 1 a policy decision, 130 stopped."""
    return {"refused": 1, "confirm": 1, "cancelled": 130}.get(ending.status, 0)


def as_json(ending: TurnEnded) -> dict[str, object]:
    """The object of `ask --json`; its keys are an interface and only ever added to."""
    ruling = ending.ruling
    return {
        "answer": ending.answer,
        "turn": ending.turn,
        "conversation": ending.conversation,
        "status": ending.status,
        "model": ending.model,
        "effect": ruling.effect if ruling else "none",
        "rule": ruling.rule if ruling else None,
        "tier": ruling.tier if ruling else None,
        "issuer": ruling.issuer if ruling else None,
        "reason": ruling.reason if ruling else None,
        "appeal": ruling.appeal if ruling else None,
        "used": ending.used,
        "personalised": ending.personalised,
        "tokens": ending.tokens,
        "prompt_tokens": ending.prompt_tokens,
        "first_token_s": ending.first_token_s,
        "first_shown_s": ending.first_shown_s,
        "tokens_per_s": ending.tokens_per_s,
        "context_used": ending.context_used,
        "context_size": ending.context_size,
        "seed": ending.seed,
        "suggestion": ending.suggestion,
        "candidates": ending.candidates,
        "chosen": ending.chosen,
        "sources": ending.sources,
        "attachments": ending.attachments,
    }
