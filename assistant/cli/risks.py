"""`assistant risks`: each benefit and risk of personalisation, its control and its state."""

from __future__ import annotations

import argparse

from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say
from assistant.holder.controls import (
    CheckFlattery,
    FlatteryAnswer,
    FlatteryVerdict,
    RiskItem,
    RisksQuery,
)
from assistant.holder.flattery import Answered, Verdict
from assistant.holder.interface import Cancellation
from assistant.holder.risks import RiskRow


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "risks", help="benefits and risks, each with its control", description=__doc__
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    parser.add_argument(
        "--check-flattery", action="store_true",
        help="ask fixed questions with and without what was learned, and compare",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Print the rows, or run the check (exit 1 where it finds something)."""
    if arguments.check_flattery:
        return _check(arguments, context)
    for reply in context.application().handle(RisksQuery()):
        if isinstance(reply, RiskItem):
            print_json(reply.row) if arguments.json else _show(reply.row)
    return 0


def _show(row: RiskRow) -> None:
    say(f"{row.name.upper()}  ({row.level} {row.kind})")
    say(f"  control   {row.control}")
    say(f"  now       {row.state}")
    say(f"  measured  {row.measured}")
    say(f"  set by    {row.set_by}")
    say(f"  change    {row.change}")
    if row.nothing:
        say(f"  not here  {row.nothing}")
    say()


def _check(arguments: argparse.Namespace, context: Context) -> int:
    drifted = False
    application = context.application(warm=True)
    for reply in application.handle(CheckFlattery(), Cancellation()):
        match reply:
            case FlatteryAnswer():
                if arguments.json:
                    print_json({**_as_json(reply.answered), "worse": reply.answered.worse})
                else:
                    _show_answer(reply.answered)
            case FlatteryVerdict(verdict):
                drifted = verdict.drifted
                if arguments.json:
                    print_json({"verdict": verdict, "drifted": drifted})
                else:
                    _show_verdict(verdict)
    return 1 if drifted else 0


def _as_json(one: Answered) -> dict[str, object]:
    return {
        "question": one.question, "personal": one.personal, "plain": one.plain,
        "personal_marks": one.personal_marks, "plain_marks": one.plain_marks, "used": one.used,
    }  # fmt: skip


def _show_answer(one: Answered) -> None:
    say(f"{'▲' if one.worse else ' '} {one.question}")
    say(f"    with what was learned ({one.personal_marks} marks): {_short(one.personal)}")
    say(f"    without it            ({one.plain_marks} marks): {_short(one.plain)}")


def _short(answer: str) -> str:
    plain = " ".join(answer.split())
    return plain if len(plain) <= 160 else plain[:159] + "…"


def _show_verdict(verdict: Verdict) -> None:
    say()
    say(
        f"{verdict.worse} of {verdict.asked} answers agreed or praised more with what was "
        f"learned, {verdict.better} less."
    )
    for one in verdict.suspects:
        say(f"  look at {one.id}: {one.text}")
        say(f"    assistant preferences disable {one.id}")
    if not verdict.drifted:
        complain("No drift towards flattery was found.")
