"""`assistant policy …`: see, verify, install; the author's verbs are in policy_author."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from assistant.cli import policy_attest, policy_author, policy_comments, policy_sign
from assistant.cli.context import Context
from assistant.cli.output import complain, print_json, say, table
from assistant.errors import AssistantError, ConfirmationMissing, VaultLocked
from assistant.holder.interface import DecisionItem, DecisionQuery, StatusQuery


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the noun and its verbs."""
    noun = commands.add_parser(
        "policy", help="the rules in force, and how to write and sign them", description=__doc__
    )
    noun.set_defaults(run=status, json=False)
    verbs = noun.add_subparsers(dest="verb", metavar="VERB")
    _add(verbs, "status", status, "what is in force, from whom, until when")
    explain = _add(verbs, "explain", explain_value, "who set a value, and what was clamped")
    explain.add_argument("key", nargs="?", default="", metavar="KEY", help="a rule or setting")
    check = _add(verbs, "verify", verify, "check a bundle without installing it")
    check.add_argument("bundle", type=Path, metavar="DIR|ZIP", help="what `policy publish` wrote")
    put = _add(verbs, "install", install, "install a bundle of a pinned authority")
    put.add_argument(
        "bundle",
        type=Path,
        metavar="DIR|ZIP",
        help="what `policy publish` wrote, on any disk or stick",
    )
    enrol = _add(verbs, "enrol", enrol_authority, "pin an authority for this home")
    enrol.add_argument("root", type=Path, metavar="ROOT", help="root.json, a bundle, or a zip")
    enrol.add_argument("--fingerprint", metavar="SHA256", help="of the root, from another source")
    leave = _add(verbs, "leave", leave_authority, "undo an enrolment of this home")
    leave.add_argument("authority", metavar="ISSUER|ID", help="as `policy status` shows it")
    leave.add_argument("--yes", action="store_true", help="do not ask")
    simulate = _add(verbs, "simulate", simulate_lines, "decide about JSON lines from a file")
    simulate.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="default: standard input"
    )
    simulate.add_argument("--document", type=Path, metavar="FILE", help="this document alone")
    fetch = _add(verbs, "sync", sync_url, "fetch a newer bundle; this uses the network")
    fetch.add_argument("url", metavar="URL", help="where the folder of `policy publish` is served")
    policy_attest.register(verbs)
    log = _add(verbs, "log", decisions, "what the rules have decided in this vault")
    log.add_argument(
        "--limit", type=int, default=200, metavar="N", help="at most so many decisions, the latest"
    )
    policy_author.register(verbs)
    policy_sign.register(verbs)
    policy_comments.register(verbs)


def _add(verbs: Any, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = verbs.add_parser(name, help=about, description=about)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)
    return parser


def status(arguments: argparse.Namespace, context: Context) -> int:
    """Every authority with its bundle; exit 4 when one of them is missing or invalid."""
    from assistant.policy.authorities import status as policy_status

    front = context.front
    found = policy_status(front.places, front.now(), None)
    if arguments.json:
        told = _status_object(found)
        if not found.problems:
            told["in_force"] = _in_force(front.policy_state())
        print_json(told)
        return 4 if found.problems else 0
    for one in found.authorities:
        say(f"{one.issuer}, {_TIER[one.tier.value]}, version {one.version}")
        say(f"  in force until {one.expires:%Y-%m-%d} ({one.freshness.value})")
        say(f"  managed by {_MANAGED[one.managed_by.value]}, authority {one.authority[:16]}…")
        if one.last_import:
            say(f"  last import {one.last_import:%Y-%m-%d %H:%M} UTC")
        if one.alarm:
            complain(f"  ALARM: {one.alarm}")
    for problem in found.problems:
        complain(f"{problem.issuer}: {problem.error.message}\n  {problem.error.hint}")
    for alarm in found.alarms:
        complain(f"ALARM: {alarm}")
    if not found.problems:
        _say_rules(front.policy_state())
    return 4 if found.problems else 0


_TIER = {"national": "tier 1", "organisation": "tier 2", "user": "tier 3"}
_MANAGED = {
    "package": "this program",
    "system": "this computer's administrator",
    "enrolled": "you (enrolled in this home)",
}


def _in_force(state: Any) -> list[dict[str, Any]]:
    """Every rule, bound and requirement: its value, who set it, until when, who else asked."""
    from assistant.policy.explain import explain

    found = []
    for one in explain(state.effective(_no_wishes())):
        sources = []
        for source in one.sources:
            by = next((a for a in state.authorities if a.issuer == source.issuer), None)
            dates = {
                "version": by.version, "expires": by.expires.isoformat(),
                "last_import": by.last_import.isoformat() if by.last_import else None,
                "managed_by": by.managed_by.value,
            } if by else {}  # fmt: skip
            sources.append({**_source(source), **dates})
        wishes = [{**_source(w.source), "value": w.value} for w in one.wishes]
        overridden = [wish for wish in wishes if wish["value"] != one.value]
        found.append(
            {"key": one.key, "kind": one.kind, "value": one.value, "sources": sources,
             "overridden": overridden}
        )  # fmt: skip
    return found


def _say_rules(state: Any) -> None:
    in_force = _in_force(state)
    say(f"\n{len(in_force)} rules, bounds and requirements in force:")
    for one in in_force:
        say(f"\n{one['key']} ({one['kind']}): {one['value']}")
        for by in one["sources"]:
            until = ""
            if by.get("version"):
                until = f", version {by['version']}, until {by['expires'][:10]}"
            imported = f", imported {by['last_import'][:10]}" if by.get("last_import") else ""
            say(f"  {by['title']} — {_TIER[by['tier']]}, {by['issuer']}{until}{imported}")
            say(f"  because {by['reason']}")
            say(f"  appeal: {by['appeal']}")
        for wish in one["overridden"]:
            say(f"  overridden: {wish['issuer']} asks for {wish['value']}")


def _no_wishes() -> Any:
    from assistant.policy import Wishes

    return Wishes()


def _status_object(found: Any) -> dict[str, Any]:
    return {
        "now": found.now.isoformat(),
        "alarms": list(found.alarms),
        "authorities": [
            {
                "issuer": one.issuer, "tier": one.tier.value, "version": one.version,
                "authority": one.authority, "expires": one.expires.isoformat(),
                "fresh_until": one.fresh_until.isoformat(), "freshness": one.freshness.value,
                "managed_by": one.managed_by.value, "alarm": one.alarm,
                "last_import": one.last_import.isoformat() if one.last_import else None,
            }
            for one in found.authorities
        ],
        "problems": [
            {
                "issuer": one.issuer, "tier": one.tier.value, "authority": one.authority,
                "managed_by": one.managed_by.value, "error": one.error.message,
                "hint": one.error.hint,
            }
            for one in found.problems
        ],
    }  # fmt: skip


def explain_value(arguments: argparse.Namespace, context: Context) -> int:
    """Who won under each key and what every tier asked for."""
    from assistant.policy.explain import explain

    effective = context.front.policy_state().effective(_no_wishes())
    for one in explain(effective, arguments.key):
        if arguments.json:
            print_json(
                {
                    "key": one.key, "kind": one.kind, "value": one.value, "wished": one.wished,
                    "sources": [_source(source) for source in one.sources],
                    "wishes": [{**_source(w.source), "value": w.value} for w in one.wishes],
                }
            )  # fmt: skip
            continue
        say(f"{one.key} ({one.kind}): {one.value}")
        for source in one.sources:
            say(f"  set by {source.issuer} ({_TIER[source.tier.value]}), {source.rule_id}")
            say(f"  because {source.reason}")
            say(f"  appeal: {source.appeal}")
        for wish in one.wishes:
            say(f"  {wish.source.issuer} asks for {wish.value}")
        if one.wished:
            say(f"  you asked for {one.wished}")
    return 0


def _source(source: Any) -> dict[str, str]:
    return {
        "tier": source.tier.value, "issuer": source.issuer, "rule": source.rule_id,
        "title": source.title, "reason": source.reason, "appeal": source.appeal,
    }  # fmt: skip


def verify(arguments: argparse.Namespace, context: Context) -> int:
    """Check signatures, hashes, dates, floors and the document's own tests."""
    from assistant.policy.authorities import verify as verify_bundle

    checked = verify_bundle(context.front.places, arguments.bundle, context.front.now())
    if arguments.json:
        print_json(
            {
                "issuer": checked.claim.issuer, "tier": checked.claim.tier.value,
                "authority": checked.claim.authority, "version": checked.version,
                "pinned_by": checked.pinned_by.value if checked.pinned_by else None,
            }
        )  # fmt: skip
    else:
        say(f"Valid: {checked.claim.issuer}, {_TIER[checked.claim.tier.value]}, "
            f"version {checked.version}")  # fmt: skip
        say(f"  authority {checked.claim.authority}")
        pinned = checked.pinned_by
        say(f"  pinned by {_MANAGED[pinned.value]}" if pinned else "  not pinned on this machine")
    return 0


def install(arguments: argparse.Namespace, context: Context) -> int:
    """Install; the last good bundle stays in force if anything is wrong."""
    from assistant.policy.install import install as install_bundle

    front = context.front
    done = install_bundle(front.places, arguments.bundle, front.now(), front.disk)
    if arguments.json:
        print_json(
            {
                "issuer": done.pin.issuer, "tier": done.pin.tier.value,
                "authority": done.pin.authority, "version": done.version,
                "changed": done.changed, "freshness": done.freshness.value,
            }
        )  # fmt: skip
    else:
        what = "is now in force" if done.changed else "was already in force"
        say(f"{done.pin.issuer} version {done.version} {what} ({done.freshness.value}).")
    _lock_what_is_open(context)
    return 0


def enrol_authority(arguments: argparse.Namespace, context: Context) -> int:
    """Pin a trust root; the fingerprint comes from a source other than the root itself."""
    from assistant.policy.authorities import enrol, read_root

    front = context.front
    fingerprint = arguments.fingerprint
    claim, _ = read_root(arguments.root)
    if fingerprint is None:
        if not context.terminal:
            raise ConfirmationMissing(
                "Enrolling needs the root's fingerprint.", hint="Give --fingerprint SHA256."
            )
        say(f"{claim.issuer} ({_TIER[claim.tier.value]}) wants to set rules for this home.")
        complain("Type the fingerprint they gave you by another way:")
        fingerprint = input().strip()
    pin = enrol(front.places, arguments.root, fingerprint, front.now(), front.disk)
    if arguments.json:
        print_json({"issuer": pin.issuer, "tier": pin.tier.value, "authority": pin.authority})
    else:
        say(f"{pin.issuer} is enrolled for this home only ({_TIER[pin.tier.value]}).")
        say("Install its bundle with `assistant policy install`; until then there is no chat.")
    _lock_what_is_open(context)
    return 0


def leave_authority(arguments: argparse.Namespace, context: Context) -> int:
    """Undo an enrolment; never an administrator's."""
    from assistant.policy.authorities import leave

    front = context.front
    context.confirm(f"Leave {arguments.authority}?", yes=arguments.yes)
    pin = leave(front.places, arguments.authority, front.disk)
    if arguments.json:
        print_json({"issuer": pin.issuer, "tier": pin.tier.value, "authority": pin.authority})
    else:
        say(f"{pin.issuer} no longer binds this home.")
    _lock_what_is_open(context)
    return 0


def _lock_what_is_open(context: Context) -> None:
    """Whoever holds the vault finds, when asked anything, that its policy has changed."""
    holder = context.front.holder_elsewhere()
    if holder is None:
        return
    try:
        list(holder.handle(StatusQuery()))
    except VaultLocked:
        complain("The vault was open and is locked now: unlock it to go on under this policy.")
    except AssistantError:
        return  # it ended in this moment; whoever opens the vault next works under it


def simulate_lines(arguments: argparse.Namespace, context: Context) -> int:
    """Read {"text", "where"} a line; write one decision a line. Nothing is stored."""
    from assistant.policy.simulate import simulate

    gate = context.front.gate_for(arguments.document)
    source = arguments.file.open("rb") if arguments.file else sys.stdin.buffer
    with source:
        for decision in simulate(gate, _lines(source)):
            print_json(decision)
    return 0


def _lines(source: BinaryIO) -> Iterator[str]:
    """Lines of a file, each read to a limit that is refused beyond by the reader."""
    from assistant.policy.simulate import MAX_LINE

    while line := source.readline(4 * MAX_LINE):
        yield line.decode(errors="replace")


def sync_url(arguments: argparse.Namespace, context: Context) -> int:
    """The same client as `install`, over HTTP; refuses stale freshness."""
    from assistant.policy.sync import sync

    front = context.front
    done = sync(front.places, arguments.url, front.now(), front.disk)
    if arguments.json:
        print_json(
            {
                "issuer": done.installed.pin.issuer, "version": done.installed.version,
                "changed": done.installed.changed, "freshness": done.installed.freshness.value,
                "requests": done.requests, "bytes": done.body_bytes,
            }
        )  # fmt: skip
    else:
        what = "is now in force" if done.installed.changed else "was already in force"
        say(f"{done.installed.pin.issuer} version {done.installed.version} {what}.")
        say(f"{done.requests} requests, {done.body_bytes:,} bytes.")
    _lock_what_is_open(context)
    return 0


def decisions(arguments: argparse.Namespace, context: Context) -> int:
    """The vault's log of decisions: rule, tier, score and view, never the text."""
    rows = []
    for entry in context.application().handle(DecisionQuery(arguments.limit)):
        if not isinstance(entry, DecisionItem):
            continue
        if arguments.json:
            print_json(entry)
        score = "" if entry.score is None else f"{entry.score:.2f}"
        rows.append(
            (str(entry.seq), entry.at[:16], entry.effect, entry.where, entry.rule,
             entry.issuer, entry.view, score)
        )  # fmt: skip
    if not arguments.json:
        table(rows)
        if not rows:
            complain("No rule has acted yet.")
    return 0
