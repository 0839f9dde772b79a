"""`assistant doctor`: what this machine can and cannot do for you, checked for real."""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant import __version__
from assistant.cli.context import Context
from assistant.cli.output import print_json, say
from assistant.errors import AssistantError, UsageError

if TYPE_CHECKING:
    from assistant.engine import MemoryClient, ModelFile

_WAIT = 120.0
_PROBE = 64


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: ``state`` is ok, note or problem."""

    what: str
    state: str
    detail: str
    exit_code: int = 0


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("doctor", help="check this installation", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--calibrate", action="store_true",
        help="measure now how the model runs best here (some ten seconds; an open chat does it "
        "by itself when idle) and use that from now on",
    )  # fmt: skip
    parser.add_argument(
        "--quantised-cache", action="store_true",
        help="with --calibrate: also try a cache in eight bits, which changes answers a little",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, context: Context) -> int:
    """Check everything; exit with the first problem's code."""
    code = 0
    if arguments.quantised_cache and not arguments.calibrate:
        raise UsageError("--quantised-cache goes with --calibrate.")
    for finding in _findings(context, arguments):
        if arguments.json:
            print_json({"what": finding.what, "state": finding.state, "detail": finding.detail})
        else:
            mark = {"ok": "✓", "note": "·", "problem": "✗"}[finding.state]
            say(f"{mark} {finding.what:<18} {finding.detail}")
        code = code or finding.exit_code
    return code


def _findings(context: Context, arguments: argparse.Namespace) -> Iterator[Finding]:
    yield Finding("program", "ok", f"assistant {__version__}, Python {sys.version.split()[0]}")
    yield _home(context)
    yield from _policy(context)
    yield from _models(context)
    if arguments.calibrate:
        yield _calibrate(context, quantised_cache=arguments.quantised_cache)
    yield from _children(context)


def _home(context: Context) -> Finding:
    home = context.front.settings.home
    try:
        context.front.make_home()
    except AssistantError as error:
        return Finding("home", "problem", f"{home}: {error.message}", error.exit_code)
    free = shutil.disk_usage(home).free
    state = "ok" if free > 200 * 10**6 else "note"
    return Finding("home", state, f"{home}, {free / 1e9:.1f} GB free")


def _policy(context: Context) -> Iterator[Finding]:
    try:
        state = context.front.policy_state()
    except AssistantError as error:
        yield Finding("policy", "problem", f"{error.message} {error.hint}", error.exit_code)
        return
    for one in state.authorities:
        yield Finding(
            "policy", "ok", f"{one.issuer} version {one.version}, verified, {one.freshness.value}"
        )
    for alarm in state.alarms:
        yield Finding("policy", "note", alarm)


def _models(context: Context) -> Iterator[Finding]:
    registry = context.front.registry
    for entry in registry.list():
        if not entry.in_use and entry.kind == "chat":
            continue
        try:
            registry.verify(entry.id)
        except AssistantError as error:
            yield Finding("model", "problem", f"{entry.id}: {error.message}", error.exit_code)
        else:
            yield Finding("model", "ok", f"{entry.id}, its digest holds")


def _calibrate(context: Context, *, quantised_cache: bool) -> Finding:
    from assistant.engine import calibration

    if context.front.holder_elsewhere() is not None:
        # A turn and a measurement would spoil each other.
        return Finding("calibration", "note", "not while the vault is open: lock it, ask again")
    try:
        model = context.front.registry.in_use()
        made = calibration.calibrate(model, quantised_cache=quantised_cache)
        calibration.keep(context.front.settings.home, model, made)
    except OSError:
        return Finding("calibration", "problem", "it could not be written to the home", 70)
    except AssistantError as error:
        return Finding("calibration", "problem", error.message, error.exit_code)
    told = f"{made.tried} ways tried, {made.gain:.2f}× the default's speed"
    return Finding("calibration", "ok", told)


def _running(context: Context, model: ModelFile) -> Finding:
    """How the model is run, and whether that was measured."""
    from assistant.engine import calibration

    return Finding("engine settings", "ok", calibration.told(context.front.settings.home, model))


def _children(context: Context) -> Iterator[Finding]:
    """One decode and one embedding, each in its walled child: the builds are proven."""
    from assistant.engine import MemoryClient, ModelClient, calibration, front_not_dumpable

    if not front_not_dumpable():
        yield Finding("memory reading", "note", "this platform lets other programs ask to read us")
    version = importlib.metadata.version("llama-cpp-python")
    model, memory = ModelClient(), MemoryClient()
    try:
        memory.start(context.front.registry.embedder())
        used = context.front.registry.in_use()
        yield _running(context, used)
        model.start(used, calibration.settings_for(context.front.settings.home, used))
        model.wait_ready(_WAIT)
        probe = model.probe_decode(_PROBE)
        speed = probe.tokens / probe.seconds
        yield Finding("decoding", "ok", f"llama-cpp-python {version}, about {speed:.0f} tokens/s")
        yield from _wall("model child", model.wall)
        memory.wait_ready(_WAIT)
        yield _embedding(context, memory)
        yield from _wall("memory child", memory.wall)
    except AssistantError as error:
        yield Finding("engine", "problem", f"{error.message} {error.hint}", error.exit_code)
    finally:
        model.stop()
        memory.stop()


_SENTENCES = ("one sentence", "Suggest a dinner without meat.", "Ünïcödé — and numbers: 1,234")
_EQUAL = 1e-3


def _embedding(context: Context, memory: MemoryClient) -> Finding:
    """The fast pass against sentence-transformers itself, in a child of its own."""
    from assistant.engine import MemoryClient, MemorySettings

    library = MemoryClient(MemorySettings(library=True))
    try:
        library.start(context.front.registry.embedder())
        fast = memory.embed(_SENTENCES)
        library.wait_ready(_WAIT)
        difference = max(
            abs(a - b)
            for one, other in zip(fast, library.embed(_SENTENCES), strict=True)
            for a, b in zip(memoryview(one).cast("f"), memoryview(other).cast("f"), strict=True)
        )
    finally:
        library.stop()
    version = importlib.metadata.version("sentence-transformers")
    size = len(fast[0]) // 4
    told = f"{size} dimensions, within {difference:.0e} of sentence-transformers {version}"
    if difference > _EQUAL:
        return Finding("embedding", "problem", f"wrong: {told}", 70)
    return Finding("embedding", "ok", told)


def _wall(who: str, report: object) -> Iterator[Finding]:
    held = getattr(report, "held", ())
    missing = getattr(report, "missing", {})
    yield Finding(f"wall, {who}", "ok", ", ".join(layer.value for layer in held))
    for layer, why in missing.items():
        yield Finding(f"wall, {who}", "note", f"no {layer.value}: {why}")
