"""`assistant policy attest`: sign what binds this home; check what another home signed."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.cli.context import Context
from assistant.cli.output import print_json, say
from assistant.errors import UsageError

_TIERS = {"national": 1, "organisation": 2}


def register(verbs: Any) -> None:
    """Add the verb to `policy`."""
    about = "a signed statement of what binds this home; --check reads another home's"
    parser = verbs.add_parser("attest", help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--check", type=Path, metavar="FILE", help="verify a statement, and say what it states"
    )
    parser.add_argument(
        "--home-key", metavar="ID", help="with --check: the key id this home had before"
    )
    parser.set_defaults(run=attest_home)


def attest_home(arguments: argparse.Namespace, context: Context) -> int:
    """A signed statement for compliance, with nothing of the user in it."""
    if arguments.check is not None:
        return _check(arguments)
    if arguments.home_key is not None:
        raise UsageError("--home-key belongs to --check.", hint="Give --check FILE.")
    from assistant import __version__
    from assistant.policy.attest import attest

    front = context.front
    say(attest(front.places, front.now(), __version__, None, front.disk).decode())
    return 0


def _check(arguments: argparse.Namespace) -> int:
    """Exit 0 where the statement is as its home signed it, 4 where it is not."""
    from assistant.policy.attest import MAX_STATEMENT, read_attestation
    from assistant.policy.storage import read_limited

    raw = read_limited(arguments.check.absolute(), MAX_STATEMENT)
    if raw is None:
        raise UsageError("There is no file at that path.", hint="Check the path.")
    home, statement = read_attestation(raw, arguments.home_key)
    if arguments.json:
        print_json({"home_key": home, "statement": statement})
    else:
        _say(home, statement)
    return 0


def _say(home: str, statement: Mapping[str, Any]) -> None:
    say(f"As its home signed it, {statement['time']['trusted']}, program {statement['program']}")
    say(f"  home key {home}")
    for one in statement["authorities"]:
        tier = _TIERS.get(one["tier"], one["tier"])
        say(f"{one['issuer']}, tier {tier}, version {one['version']} ({one['freshness']})")
        say(f"  authority {one['authority']}")
    for one in statement["problems"]:
        say(f"{one['issuer']}: {one['problem']}")
    for alarm in statement["alarms"]:
        say(f"Alarm: {alarm}")
    failed = statement["canaries"]["failed"]
    told = f"Canaries that failed: {', '.join(failed)}"
    say(told if failed else "Every canary was judged rightly.")
